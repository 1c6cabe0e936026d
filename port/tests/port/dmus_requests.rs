//! Requests of a DirectMusic render pin: how they end, and lost events.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::choice::{Choice, Question};
use portcls_emulator::{Kernel, NtStatus};
use portcls_port::ks::KsState;
use proptest::prelude::*;

use crate::fake_dmus::on_dmus_device;
use crate::frames::{Event, Frame, bytes_of, captured, event_records, headers};
use crate::plan::{CAPTURE, RENDER};
use crate::rig::{Rig, WRITE_STREAM};

const NOTE: &[u8] = &[0x90, 0x3C, 0x40];
const MS: i64 = 10_000;

/// Three notes, 10 ms apart. The first is due now.
fn three_notes(rig: &Rig) -> Frame {
    let events: &[Event<'_>] = &[(0, 1, NOTE), (10 * MS, 1, NOTE), (20 * MS, 1, NOTE)];
    Frame::events_at(rig.master_100ns(), events)
}

#[test]
fn a_request_is_complete_when_its_last_event_was_put() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        let irp = pin.write(&[three_notes(rig)]);
        rig.pass_ms(19);
        assert!(!irp.is_completed());
        rig.pass_ms(1);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 72));
    });
}

#[test]
fn a_request_with_nothing_in_it_is_complete_in_run() {
    on_dmus_device(|rig| {
        let filter = rig.open_filter().unwrap();
        let pin = filter.dmus_pin(RENDER).unwrap();
        pin.set_state(KsState::Pause);
        let irps =
            [pin.write(&[Frame::events_now(&[])]), pin.write(&[Frame::events_now(&[(0, 0, &[])])])];
        assert!(irps.iter().all(|irp| !irp.is_completed()));
        pin.set_state(KsState::Run);
        assert!(irps.iter().all(|irp| irp.status() == NtStatus::SUCCESS));
    });
}

#[test]
fn a_failure_of_the_miniport_is_the_status_of_the_request_and_the_rest_goes_out() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        rig.fake.dmus.answer_put(|kernel, stream, chain| {
            let is_bad = chain.iter().any(|event| event.bytes() == [0xC0, 1]);
            stream.allocator.put_message(kernel, Some(chain))?;
            if is_bad { Err(NtStatus::IO_DEVICE_ERROR) } else { Ok(()) }
        });
        let events: &[Event<'_>] = &[(0, 1, NOTE), (0, 1, &[0xC0, 1]), (0, 1, NOTE)];
        let bad = pin.write(&[Frame::events_now(events)]);
        let good = pin.write(&[Frame::events_now(&[(0, 1, NOTE)])]);
        assert_eq!((bad.status(), bad.information()), (NtStatus::IO_DEVICE_ERROR, 72));
        assert_eq!(good.status(), NtStatus::SUCCESS);
        assert_eq!(rig.fake.dmus.bytes().len(), 4);
    });
}

#[test]
fn any_request_can_be_cancelled_and_says_how_far_it_came() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        let irps: Vec<_> =
            (0..3).map(|_| pin.write(&[three_notes(rig), three_notes(rig)])).collect();
        rig.pass_ms(5);
        assert_eq!(rig.fake.dmus.bytes().len(), 6);
        for irp in [&irps[1], &irps[0]] {
            assert!(rig.kernel.cancel_request(irp));
            assert_eq!((irp.status(), irp.information()), (NtStatus::CANCELLED, 48));
        }
        rig.pass_ms(30);
        assert_eq!(irps[2].status(), NtStatus::SUCCESS);
        assert_eq!(rig.fake.dmus.bytes().len(), 6 + 4);
    });
}

#[test]
fn a_request_that_is_cancelled_inside_put_message_goes_no_further() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        let sender = rig.sender(&pin, WRITE_STREAM);
        let later = Frame::events_at(rig.master_100ns() + MS, &[(0, 1, NOTE), (0, 1, NOTE)]);
        let first = sender.prepare(&[later]);
        let victim = Cell::new(Some(first.clone()));
        rig.fake.dmus.answer_put(move |kernel, stream, chain| {
            if let Some(irp) = victim.take() {
                assert!(kernel.cancel_request(&irp));
            }
            stream.allocator.put_message(kernel, Some(chain))?;
            Err(NtStatus::IO_DEVICE_ERROR)
        });
        sender.send(&rig.kernel, &first);
        let second = pin.write(&[Frame::events_at(rig.master_100ns() + 2 * MS, &[(0, 1, NOTE)])]);
        rig.pass_ms(5);
        assert_eq!(rig.fake.dmus.bytes(), [NOTE, NOTE], "one of each request");
        assert_eq!(first.status(), NtStatus::CANCELLED);
        assert_eq!(second.status(), NtStatus::IO_DEVICE_ERROR, "that of its own event");
    });
}

#[test]
fn a_request_that_is_cancelled_inside_its_last_put_message_counts_all_its_bytes() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        let sender = rig.sender(&pin, WRITE_STREAM);
        let later = Frame::events_at(rig.master_100ns() + MS, &[(0, 1, NOTE)]);
        let length = later.data.len() as u64;
        let irp = sender.prepare(&[later.clone(), later]);
        let (victim, puts) = (Cell::new(Some(irp.clone())), Cell::new(0));
        rig.fake.dmus.answer_put(move |kernel, stream, chain| {
            puts.set(puts.get() + 1);
            if puts.get() == 2
                && let Some(irp) = victim.take()
            {
                assert!(kernel.cancel_request(&irp));
            }
            stream.allocator.put_message(kernel, Some(chain))
        });
        sender.send(&rig.kernel, &irp);
        rig.pass_ms(5);
        assert_eq!(rig.fake.dmus.bytes(), [NOTE, NOTE]);
        assert_eq!((irp.status(), irp.information()), (NtStatus::CANCELLED, 2 * length));
    });
}

#[test]
fn many_cancelled_requests_leave_nothing_behind() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        let far = rig.master_100ns() + 1_000 * MS;
        let kept = pin.write(&[Frame::events_at(far, &[(0, 1, NOTE)])]);
        for _ in 0..3_000 {
            let irp = pin.write(&[Frame::events_at(far - MS, &[(0, 1, NOTE)])]);
            assert!(rig.kernel.cancel_request(&irp));
        }
        rig.pass_ms(1_001);
        assert_eq!(kept.status(), NtStatus::SUCCESS);
        assert_eq!(rig.fake.dmus.times_us(), [1_000_000]);
    });
}

#[test]
fn below_pause_all_events_are_given_back() {
    on_dmus_device(|rig| {
        for state in [KsState::Acquire, KsState::Stop] {
            let pin = rig.run_dmus_pin(RENDER);
            let irp = pin.write(&[three_notes(rig)]);
            pin.set_state(KsState::Pause);
            rig.pass_ms(40);
            assert!(!irp.is_completed());
            pin.set_state(state);
            assert_eq!((irp.status(), irp.information()), (NtStatus::CANCELLED, 24));
            // If an event were still out now, the port would report a violation.
            pin.close();
        }
    });
}

#[test]
fn a_reset_and_a_close_give_all_events_back() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        let reset = pin.write(&[three_notes(rig)]);
        pin.reset(0);
        assert_eq!(reset.status(), NtStatus::CANCELLED);
        pin.reset(1);
        let closed = pin.write(&[three_notes(rig)]);
        pin.close();
        assert_eq!(closed.status(), NtStatus::CANCELLED);
    });
}

#[test]
fn a_reset_forgets_an_open_message() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(RENDER);
        pin.write(&[Frame::now(&[(0, &[0x90, 1])])]);
        pin.reset(0);
        pin.reset(1);
        pin.write(&[Frame::now(&[(0, &[0x80, 2, 3])])]);
        assert_eq!(rig.fake.dmus.bytes(), [[0x80, 2, 3]]);
    });
}

#[test]
fn what_the_miniport_holds_may_come_back_with_its_destructor() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        rig.fake.dmus.answer_put(|_, stream, chain| {
            stream.held.borrow_mut().extend(chain);
            Ok(())
        });
        pin.write(&[three_notes(rig)]);
        rig.pass_ms(30);
        assert_eq!(rig.fake.dmus.stream().held.borrow().len(), 3);
    });
}

#[test]
fn events_that_are_not_back_when_the_stream_closes_break_a_rule() {
    on_dmus_device(|rig| {
        rig.expect_violations(&["events-outstanding"]);
        let pin = rig.run_dmus_pin(RENDER);
        rig.fake.dmus.answer_put(|_, _, chain| {
            drop(chain);
            Ok(())
        });
        let long = [&[0xF0][..], &[1; 8], &[0xF7]].concat();
        pin.write(&[Frame::events_now(&[(0, 1, NOTE), (0, 0, &long)])]);
        pin.close();
        let message = rig.kernel.violations()[0].message.clone();
        assert!(message.contains("2 events and 1 buffers out"), "{message}");
    });
}

#[test]
fn a_stream_for_whose_events_there_is_no_memory_is_not_opened() {
    on_dmus_device(|rig| {
        let filter = rig.open_filter().unwrap();
        rig.kernel.set_oracle(Rc::new(refuse_allocations));
        assert_eq!(filter.dmus_pin(RENDER).err(), Some(NtStatus::INSUFFICIENT_RESOURCES));
        rig.kernel.set_oracle(Rc::new(|_: &Kernel, _: &Question| 0));
    });
}

#[test]
fn a_request_for_which_there_are_not_enough_events_fails_whole() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        rig.kernel.set_oracle(Rc::new(refuse_allocations));
        let events: Vec<Event<'_>> = (0..1_001).map(|_| (0, 1, NOTE)).collect();
        let failed = pin.write(&[Frame::events_now(&events)]);
        assert_eq!((failed.status(), failed.information()), (NtStatus::INSUFFICIENT_RESOURCES, 0));
        assert_eq!(rig.fake.dmus.bytes().len(), 0);
        let fits = pin.write(&[Frame::events_now(&events[1..])]);
        assert_eq!(fits.status(), NtStatus::SUCCESS);
        assert_eq!(rig.fake.dmus.bytes().len(), 1_000);
        rig.kernel.set_oracle(Rc::new(|_: &Kernel, _: &Question| 0));
    });
}

fn refuse_allocations(_: &Kernel, question: &Question) -> u32 {
    u32::from(question.choice == Choice::Allocation)
}

/// A record whose head says this byte count and this group.
fn raw_record(byte_count: u32, group: u32, flags: u32, data: &[u8]) -> Vec<u8> {
    let mut record = event_records(&[(0, flags, data)]);
    record[..4].copy_from_slice(&byte_count.to_le_bytes());
    record[4..8].copy_from_slice(&group.to_le_bytes());
    record
}

#[test]
fn a_malformed_buffer_is_refused_before_any_of_it_goes_out() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        let good = event_records(&[(0, 1, NOTE)]);
        let malformed = [
            ("a short head", [&good[..], &[0; 19]].concat()),
            ("a count past the end", [&good[..], &raw_record(99, 1, 1, NOTE)].concat()),
            ("the largest count", raw_record(u32::MAX, 1, 0, NOTE)),
            ("a group beyond 16 bits", raw_record(3, 0x1_0000, 1, NOTE)),
            ("a structured record without data", raw_record(0, 1, 1, &[])),
            ("a structured record with half a message", raw_record(2, 1, 1, &[0x90, 1])),
            ("a structured record with two", raw_record(4, 1, 1, &[0xC0, 1, 0xC0, 2])),
        ];
        for (what, data) in malformed {
            let (irp, status) =
                pin.stream(WRITE_STREAM, &[Frame::of(good.clone()), Frame::of(data)]);
            assert_eq!(status, NtStatus::INVALID_PARAMETER, "{what}");
            assert_eq!(irp.status(), status, "{what}");
        }
        assert_eq!(rig.fake.dmus.bytes().len(), 0);
    });
}

#[test]
fn a_buffer_that_its_client_cuts_while_it_waits_has_been_read_already() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        let irp = pin.write(&[three_notes(rig)]);
        irp.mdls()[0].borrow_mut().clear();
        rig.pass_ms(30);
        assert_eq!(irp.status(), NtStatus::SUCCESS);
        assert_eq!(rig.fake.dmus.bytes().len(), 3);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The client sends any bytes in either form. The port refuses them or puts them, and loses no
    /// event: the rig checks that each request ends, and the port checks that no event is out.
    #[test]
    fn any_bytes_are_refused_or_go_out_whole(
        data in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..100),
            prop::collection::vec(
                (any::<u16>(), 0_u32..2, prop::collection::vec(any::<u8>(), 0..5)),
                0..5,
            )
                .prop_map(|records| {
                    let records = records.iter().map(|(time, flags, data)| {
                        let mut record = event_records(&[(i64::from(*time), *flags, data)]);
                        record[4] = *time as u8;
                        record
                    });
                    records.collect::<Vec<_>>().concat()
                }),
        ],
    ) {
        on_dmus_device(|rig| {
            for pin in [rig.run_dmus_pin(RENDER), rig.run_pin(RENDER)] {
                let before = rig.fake.dmus.bytes().concat().len();
                let (irp, status) = pin.stream(WRITE_STREAM, &[Frame::of(data.clone())]);
                rig.pass_ms(100);
                let sent = rig.fake.dmus.bytes().concat().len() - before;
                if status == NtStatus::PENDING {
                    assert_eq!(headers(&irp).len(), 1);
                } else {
                    assert_eq!((status, sent), (NtStatus::INVALID_PARAMETER, 0));
                }
                pin.close();
            }
        });
    }
}

#[test]
fn a_request_that_is_cancelled_while_its_event_is_put_goes_no_further() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        let sender = rig.sender(&pin, WRITE_STREAM);
        let events: &[Event<'_>] = &[(0, 1, NOTE), (0, 1, NOTE), (0, 1, NOTE)];
        let irp = sender.prepare(&[Frame::events_now(events)]);
        let victim = RefCell::new(Some(irp.clone()));
        rig.fake.dmus.answer_put(move |kernel, stream, chain| {
            let victim = victim.take().expect("it goes no further");
            kernel.cancel_request(&victim);
            stream.allocator.put_message(kernel, Some(chain))
        });
        sender.send(&rig.kernel, &irp);
        assert_eq!((irp.status(), irp.information()), (NtStatus::CANCELLED, 24));
        assert_eq!(rig.fake.dmus.bytes().len(), 1);
    });
}

#[test]
fn a_miniport_may_echo_what_it_is_put_to_its_capture_stream() {
    on_dmus_device(|rig| {
        let capture = rig.run_pin(CAPTURE);
        let input = Rc::downgrade(&rig.fake.dmus.stream());
        let render = rig.run_pin(RENDER);
        rig.fake.dmus.answer_put(move |kernel, stream, chain| {
            let input = input.upgrade().expect("it is open");
            let time_100ns = input.clock.get_time(kernel)?;
            let copies = chain
                .iter()
                .map(|event| input.event(kernel, event.flags, time_100ns, event.bytes()));
            input.send(kernel, copies.collect());
            stream.allocator.put_message(kernel, Some(chain))
        });
        let read = capture.read(&[Frame::room(64)]);
        let long = [&[0xF0][..], &[5; 10], &[0xF7]].concat();
        render.write(&[Frame::now(&[(0, &long)])]);
        assert_eq!(bytes_of(&captured(&read)), long);
    });
}
