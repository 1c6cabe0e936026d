//! Requests of a render pin: paused, stopped, cancelled, reset, repeated.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Irp, Irql, NtStatus};
use portcls_port::ks::KsState;

use crate::frames::Frame;
use crate::plan::{RENDER, StreamGroup};
use crate::rig::{RESET_STATE, Sender, WRITE_STREAM, on_device, on_planned_device};

const NOTE: &[(u32, &[u8])] = &[(0, &[0x90, 0x3C, 0x40])];

#[test]
fn pause_holds_and_the_streams_clock_stands_still() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let irp = pin.write(&[Frame::at_ms(10, &[(0, &[1]), (10, &[2])])]);
        rig.pass_ms(15);
        assert_eq!(rig.fake.taken(), [1]);
        pin.set_state(KsState::Pause);
        rig.pass_ms(100);
        assert_eq!(rig.fake.taken(), [1]);
        pin.set_state(KsState::Run);
        rig.pass_ms(10);
        assert_eq!(rig.fake.times_us(), [10_000, 120_000]);
        assert_eq!(irp.status(), NtStatus::SUCCESS);
    });
}

#[test]
fn a_message_half_sent_at_pause_goes_on_where_it_was() {
    on_device(|rig| {
        let room = Rc::new(Cell::new(4));
        let left = Rc::clone(&room);
        rig.fake.answer_write(move |_, data| {
            let taken = left.get().min(data.len() as u32);
            left.set(left.get() - taken);
            Ok(taken)
        });
        let pin = rig.run_pin(RENDER);
        let irp = pin.write(&[Frame::now(&[(0, &[1, 2, 3, 4, 5, 6])])]);
        pin.set_state(KsState::Pause);
        room.set(100);
        rig.pass_ms(10);
        assert_eq!(rig.fake.taken(), [1, 2, 3, 4]);
        pin.set_state(KsState::Run);
        assert_eq!(rig.fake.taken(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(irp.status(), NtStatus::SUCCESS);
    });
}

#[test]
fn stop_cancels_with_what_was_used_so_far_and_the_clock_begins_anew() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let begun = pin.write(&[Frame::at_ms(0, &[(0, &[1]), (50, &[2])]), Frame::now(NOTE)]);
        let queued = pin.write(&[Frame::now(NOTE)]);
        rig.pass_ms(30);
        pin.set_state(KsState::Stop);
        assert_eq!((begun.status(), begun.information()), (NtStatus::CANCELLED, 12));
        assert_eq!((queued.status(), queued.information()), (NtStatus::CANCELLED, 0));
        pin.set_state(KsState::Run);
        pin.write(&[Frame::at_ms(5, &[(0, &[3])])]);
        rig.pass_ms(10);
        assert_eq!(rig.fake.times_us(), [0, 35_000]);
    });
}

#[test]
fn a_queued_request_can_be_cancelled_and_a_half_sent_one_too() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let front = pin.write(&[Frame::at_ms(0, &[(0, &[1]), (50, &[2])])]);
        let middle = pin.write(&[Frame::at_ms(60, &[(0, &[3])])]);
        let last = pin.write(&[Frame::at_ms(10, &[(0, &[4])])]);
        rig.pass_ms(20);
        assert!(rig.kernel.cancel_request(&middle));
        assert_eq!((middle.status(), middle.information()), (NtStatus::CANCELLED, 0));
        assert_eq!(rig.fake.taken(), [1]);
        assert!(rig.kernel.cancel_request(&front));
        assert_eq!((front.status(), front.information()), (NtStatus::CANCELLED, 12));
        // The last request was due at 10 ms, so its byte goes out at once.
        assert_eq!(rig.fake.times_us(), [0, 20_000]);
        assert_eq!(last.status(), NtStatus::SUCCESS);
        assert!(!rig.kernel.cancel_request(&last));
    });
}

#[test]
fn a_request_that_is_cancelled_before_it_arrives_is_not_queued() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let sender = rig.sender(&pin, WRITE_STREAM);
        let irp = sender.prepare(&[Frame::now(NOTE)]);
        rig.kernel.cancel_request(&irp);
        assert_eq!(sender.send(&rig.kernel, &irp), NtStatus::CANCELLED);
        assert!(rig.fake.writes().is_empty());
    });
}

#[test]
fn a_reset_cancels_and_refuses_data_until_it_ends() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let irp = pin.write(&[Frame::at_ms(50, NOTE)]);
        assert_eq!(pin.reset(0), NtStatus::SUCCESS);
        assert_eq!(irp.status(), NtStatus::CANCELLED);
        let (_, refused) = pin.stream(WRITE_STREAM, &[Frame::now(NOTE)]);
        assert_eq!(refused, NtStatus::DEVICE_NOT_READY);
        assert_eq!(pin.reset(2), NtStatus::INVALID_PARAMETER);
        assert_eq!(pin.control(RESET_STATE, &[0, 0], &[], 0).status(), NtStatus::INVALID_PARAMETER);
        assert_eq!(pin.reset(1), NtStatus::SUCCESS);
        pin.write(&[Frame::now(NOTE)]);
        assert_eq!(rig.fake.taken(), [0x90, 0x3C, 0x40]);
        assert_eq!(pin.state(), 3);
    });
}

#[test]
fn a_request_that_ends_inside_write_does_not_go_on_and_the_next_one_begins() {
    for result in [Ok(2), Ok(0), Err(NtStatus::IO_DEVICE_ERROR)] {
        on_device(|rig| {
            let pin = rig.run_pin(RENDER);
            let sender = rig.sender(&pin, WRITE_STREAM);
            let first = sender.prepare(&[Frame::at_ms(1, &[(0, &[0xF0, 1, 2, 3, 0xF7])])]);
            let victim = Cell::new(Some(first.clone()));
            rig.fake.answer_write(move |kernel, data| match victim.take() {
                Some(irp) => {
                    assert!(kernel.cancel_request(&irp));
                    result
                }
                None => Ok(data.len() as u32),
            });
            sender.send(&rig.kernel, &first);
            let second = pin.write(&[Frame::at_ms(2, NOTE)]);
            rig.pass_ms(10);
            let taken = &[0xF0, 1][..result.unwrap_or(0) as usize];
            assert_eq!(rig.fake.taken(), [taken, &[0x90, 0x3C, 0x40]].concat());
            assert_eq!((first.status(), first.information()), (NtStatus::CANCELLED, 0));
            assert_eq!((second.status(), second.information()), (NtStatus::SUCCESS, 12));
        });
    }
}

#[test]
fn the_rest_of_a_message_that_was_taken_in_part_is_offered_whole() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        rig.fake.answer_write(|_, data| Ok(data.len().min(3) as u32));
        let irp = pin.write(&[Frame::now(&[(0, &[0xF0, 1, 2, 3, 0xF7])])]);
        let offered: Vec<_> = rig.fake.writes().iter().map(|it| it.offered.clone()).collect();
        assert_eq!(offered, [vec![0xF0, 1, 2, 3, 0xF7], vec![3, 0xF7]]);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 16));
    });
}

#[test]
fn closing_the_handle_cancels_what_is_queued() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let irp = pin.write(&[Frame::at_ms(50, NOTE)]);
        pin.close();
        assert_eq!(irp.status(), NtStatus::CANCELLED);
        rig.pass_ms(100);
        assert!(rig.fake.writes().is_empty());
    });
}

/// Lets each completion send a copy of `frame` until `left` is used up.
fn send_again(sender: &Sender, irp: &Irp, frame: Frame, left: &Rc<Cell<u32>>) {
    let (sender, left) = (sender.clone(), Rc::clone(left));
    irp.set_completion_routine(Box::new(move |kernel, _| {
        if left.get() > 0 {
            left.set(left.get() - 1);
            let next = sender.prepare(std::slice::from_ref(&frame));
            send_again(&sender, &next, frame, &left);
            sender.send(kernel, &next);
        }
    }));
}

#[test]
fn a_completion_routine_may_send_the_next_request() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let sender = rig.sender(&pin, WRITE_STREAM);
        let left = Rc::new(Cell::new(20_000));
        let frame = Frame::now(&[(0, &[0xF8])]);
        let irp = sender.prepare(std::slice::from_ref(&frame));
        send_again(&sender, &irp, frame, &left);
        assert_eq!(sender.send(&rig.kernel, &irp), NtStatus::PENDING);
        rig.pass_ms(10);
        assert_eq!(rig.fake.taken(), [0xF8; 20_001]);
    });
}

#[test]
fn a_client_that_sends_for_ever_without_data_lets_time_pass() {
    for (bytes, status) in [(&[][..], NtStatus::SUCCESS), (&[1], NtStatus::IO_DEVICE_ERROR)] {
        on_device(|rig| {
            rig.fake.answer_write(move |_, _| Err(status));
            let pin = rig.run_pin(RENDER);
            let sender = rig.sender(&pin, WRITE_STREAM);
            let left = Rc::new(Cell::new(1_000_000));
            let frame = Frame::now(&[(0, bytes)]);
            let irp = sender.prepare(std::slice::from_ref(&frame));
            send_again(&sender, &irp, frame, &left);
            sender.send(&rig.kernel, &irp);
            assert!(left.get() > 0, "one call served a million requests");
            rig.pass_ms(2);
            assert_eq!(irp.status(), status);
            left.set(0);
            rig.pass_ms(2);
        });
    }
}

#[test]
fn a_completion_routine_may_cancel_the_requests_behind_its_own() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let sender = rig.sender(&pin, WRITE_STREAM);
        let first = sender.prepare(&[Frame::at_ms(5, &[(0, &[1])])]);
        let second = sender.prepare(&[Frame::at_ms(5, &[(0, &[2])])]);
        let third = sender.prepare(&[Frame::at_ms(5, &[(0, &[3])])]);
        let victim = second.clone();
        first.set_completion_routine(Box::new(move |kernel, _| {
            kernel.cancel_request(&victim);
        }));
        for irp in [&first, &second, &third] {
            sender.send(&rig.kernel, irp);
        }
        rig.pass_ms(10);
        assert_eq!(rig.fake.taken(), [1, 3]);
        assert_eq!(second.status(), NtStatus::CANCELLED);
    });
}

#[test]
fn a_long_flood_lets_others_run_at_least_every_100_ms() {
    on_device(|rig| {
        rig.fake.answer_write(|kernel, data| {
            kernel.stall_us(320 * data.len() as u32);
            Ok(data.len() as u32)
        });
        let pin = rig.run_pin(RENDER);
        let bytes = [0x55; 8];
        let records = vec![(0, &bytes[..]); 1_000];
        let irp = pin.write(&[Frame::now(&records)]);
        let mut last_ns = rig.kernel.now_ns();
        assert!(last_ns < 105_000_000, "{last_ns}");
        while !irp.is_completed() {
            rig.kernel.turn(u64::MAX);
            let now_ns = rig.kernel.now_ns();
            assert!(now_ns - last_ns < 105_000_000, "{last_ns} to {now_ns}");
            last_ns = now_ns;
        }
        assert_eq!(rig.fake.taken().len(), 8_000);
        // Each gap between two turns of the sequencer lasts until the next clock interrupt.
        assert!(last_ns < 8_000 * 320_000 + 30_000_000);
    });
}

#[test]
fn a_request_for_service_asks_a_busy_device_again_before_its_time() {
    on_planned_device(
        |plan| plan.stream_group = StreamGroup::Shared,
        |rig| {
            let busy = Rc::new(Cell::new(true));
            let now_busy = Rc::clone(&busy);
            rig.fake.answer_write(move |_, data| {
                Ok(if now_busy.get() { 0 } else { data.len() as u32 })
            });
            let pin = rig.run_pin(RENDER);
            let irp = pin.write(&[Frame::now(NOTE)]);
            busy.set(false);
            rig.kernel.stall_us(100);
            rig.fake.interrupt(&rig.kernel);
            assert_eq!(rig.fake.times_us(), [100]);
            assert_eq!(irp.status(), NtStatus::SUCCESS);
        },
    );
}

#[test]
fn a_full_queue_refuses_the_next_request() {
    on_device(|rig| {
        let (_, pin) = rig.open_pin(RENDER);
        pin.set_state(KsState::Pause);
        for _ in 0..65_536 {
            pin.write(&[Frame::now(&[])]);
        }
        let (_, status) = pin.stream(WRITE_STREAM, &[Frame::now(&[])]);
        assert_eq!(status, NtStatus::INSUFFICIENT_RESOURCES);
        pin.set_state(KsState::Stop);
    });
}

#[test]
fn requests_may_be_sent_from_dispatch_level() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let old = rig.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        let irp = pin.write(&[Frame::now(NOTE)]);
        assert_eq!(rig.kernel.current_irql(), Irql::DISPATCH_LEVEL);
        rig.kernel.lower_irql(old);
        assert_eq!(irp.status(), NtStatus::SUCCESS);
    });
}
