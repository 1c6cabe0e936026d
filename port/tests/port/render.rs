//! The render sequencer: when bytes go out, in which order, and what becomes of the request.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Irp, Irql, NtStatus};
use portcls_port::ks::KsState;

use crate::fake::{RENDER, StreamGroup};
use crate::rig::{
    Frame, RESET_STATE, Sender, WRITE_STREAM, data_used, on_device, on_planned_device,
};

const NOTE: &[(u32, &[u8])] = &[(0, &[0x90, 0x3C, 0x40])];

/// A request with one buffer of six bytes in three records.
fn three_records() -> Frame {
    Frame::now(&[(0, &[1, 2]), (0, &[3]), (0, &[4, 5, 6])])
}

#[test]
fn what_is_due_as_soon_as_possible_goes_out_inside_the_request() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let irp = pin.write(&[three_records()]);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 56));
        assert_eq!(data_used(&irp), [36]);
        let offered: Vec<_> = rig.fake.writes().into_iter().map(|it| it.offered).collect();
        assert_eq!(offered, [vec![1, 2], vec![3], vec![4, 5, 6]]);
        assert_eq!(rig.kernel.now_ns(), 0);
    });
}

#[test]
fn a_record_goes_out_at_its_time_and_deltas_add_up() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let records: &[(u32, &[u8])] = &[(0, &[1]), (5, &[2]), (0, &[3]), (7, &[4])];
        let irp = pin.write(&[Frame::at_ms(10, records)]);
        rig.pass_ms(30);
        assert_eq!(rig.fake.times_us(), [10_000, 15_000, 15_000, 22_000]);
        assert_eq!(irp.status(), NtStatus::SUCCESS);
    });
}

#[test]
fn nothing_goes_out_early_and_an_idle_machine_is_at_most_a_millisecond_late() {
    on_device(|rig| {
        let (_, pin) = rig.open_pin(RENDER);
        // The stream's clock begins between two clock interrupts.
        rig.kernel.stall_us(333);
        pin.set_state(KsState::Run);
        pin.write(&[Frame::at_ms(10, &[(0, &[1]), (1, &[2]), (1, &[3])])]);
        rig.pass_ms(30);
        for (late_us, due_us) in rig.fake.times_us().iter().zip([10_333, 11_333, 12_333]) {
            assert!((due_us..due_us + 1_000).contains(late_us), "{late_us} for {due_us}");
        }
    });
}

#[test]
fn a_time_that_has_passed_is_played_at_once_and_a_negative_one_counts() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        rig.pass_ms(20);
        pin.write(&[Frame::at_ms(3, &[(0, &[1]), (4, &[2])])]);
        assert_eq!(rig.fake.times_us(), [20_000, 20_000]);
        pin.write(&[Frame::at_ms(-10, &[(5, &[3]), (30, &[4]), (5, &[5])])]);
        rig.pass_ms(20);
        assert_eq!(rig.fake.times_us()[2..], [20_000, 25_000, 30_000]);
    });
}

#[test]
fn without_a_valid_time_deltas_count_from_when_the_buffer_is_reached() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        rig.pass_ms(4);
        let mut unset = Frame::now(&[(2, &[1]), (3, &[2])]);
        unset.header.presentation_time.denominator = 0;
        pin.write(&[unset, Frame::now(&[(1, &[3])])]);
        rig.pass_ms(20);
        assert_eq!(rig.fake.times_us(), [6_000, 9_000, 10_000]);
    });
}

#[test]
fn the_farthest_times_wait_for_ever_and_can_be_cancelled() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let mut far = Frame::at_ms(0, &[(u32::MAX, &[1]), (u32::MAX, &[2])]);
        far.header.presentation_time.time = i64::MAX;
        far.header.presentation_time.numerator = 1;
        let irp = pin.write(&[far]);
        rig.pass_ms(100_000);
        assert!(!irp.is_completed());
        rig.kernel.cancel_request(&irp);
        assert_eq!(irp.status(), NtStatus::CANCELLED);
    });
}

#[test]
fn requests_are_served_one_after_the_other_whatever_their_times() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let first = pin.write(&[Frame::at_ms(20, &[(0, &[1])]), Frame::at_ms(5, &[(0, &[2])])]);
        let second = pin.write(&[Frame::at_ms(0, &[(0, &[3])])]);
        rig.pass_ms(19);
        assert!(rig.fake.writes().is_empty());
        rig.pass_ms(1);
        assert_eq!(rig.fake.taken(), [1, 2, 3]);
        assert_eq!(rig.fake.times_us(), [20_000; 3]);
        assert_eq!(first.status(), NtStatus::SUCCESS);
        assert_eq!((second.status(), second.information()), (NtStatus::SUCCESS, 56));
        assert_eq!(first.information(), 112);
    });
}

#[test]
fn a_part_that_was_taken_is_followed_by_the_rest_at_once() {
    on_device(|rig| {
        rig.fake.answer_write(|_, data| Ok(data.len().min(4) as u32));
        let pin = rig.run_pin(RENDER);
        let irp = pin.write(&[Frame::now(&[(0, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])])]);
        let lengths: Vec<_> = rig.fake.writes().iter().map(|it| it.offered.len()).collect();
        assert_eq!(lengths, [10, 6, 2]);
        assert_eq!(rig.fake.taken(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!((rig.kernel.now_ns(), irp.status()), (0, NtStatus::SUCCESS));
    });
}

#[test]
fn a_busy_device_is_asked_again_every_millisecond() {
    on_device(|rig| {
        let busy = Cell::new(3);
        rig.fake.answer_write(move |_, data| {
            busy.set(busy.get() - 1);
            Ok(if busy.get() < 0 { data.len() as u32 } else { 0 })
        });
        let pin = rig.run_pin(RENDER);
        let irp = pin.write(&[Frame::now(NOTE)]);
        rig.pass_ms(10);
        let times: Vec<_> = rig.fake.writes().iter().map(|it| it.time_ns / 1_000).collect();
        assert_eq!(times, [0, 1_000, 2_000, 3_000]);
        assert_eq!(irp.status(), NtStatus::SUCCESS);
    });
}

#[test]
fn a_device_that_stays_busy_fails_the_request_and_the_next_one_begins() {
    on_device(|rig| {
        rig.expect_violations(&["PC-03"]);
        rig.fake.answer_write(|_, data| Ok(if data[0] == 9 { 1 } else { 0 }));
        let pin = rig.run_pin(RENDER);
        let dead = pin.write(&[Frame::now(&[(0, &[9]), (0, &[1, 2, 3])])]);
        let next = pin.write(&[Frame::now(&[(0, &[9])])]);
        rig.pass_ms(9_998);
        assert!(!dead.is_completed());
        rig.pass_ms(2);
        assert_eq!(dead.status(), NtStatus::IO_DEVICE_ERROR);
        assert_eq!(data_used(&dead), [12]);
        assert_eq!(next.status(), NtStatus::SUCCESS);
    });
}

#[test]
fn an_error_of_write_completes_the_request_with_how_far_it_came() {
    on_device(|rig| {
        rig.fake.answer_write(|_, data| match data[0] {
            3 => Err(NtStatus::IO_DEVICE_ERROR),
            _ => Ok(data.len() as u32),
        });
        let pin = rig.run_pin(RENDER);
        let irp = pin.write(&[Frame::now(NOTE), three_records(), Frame::now(NOTE)]);
        assert_eq!((irp.status(), irp.information()), (NtStatus::IO_DEVICE_ERROR, 168));
        assert_eq!(data_used(&irp), [12, 12, 0]);
        assert_eq!(rig.fake.taken(), [0x90, 0x3C, 0x40, 1, 2]);
        let next = pin.write(&[Frame::now(NOTE)]);
        assert_eq!(next.status(), NtStatus::SUCCESS);
    });
}

#[test]
fn a_write_that_claims_more_than_it_got_is_a_violation() {
    on_device(|rig| {
        rig.expect_violations(&["PC-02"; 3]);
        rig.fake.answer_write(|_, data| Ok(data.len() as u32 + 1));
        let pin = rig.run_pin(RENDER);
        let irp = pin.write(&[three_records()]);
        assert_eq!(irp.status(), NtStatus::SUCCESS);
        let offered: Vec<_> = rig.fake.writes().into_iter().map(|it| it.offered).collect();
        assert_eq!(offered, [vec![1, 2], vec![3], vec![4, 5, 6]]);
    });
}

#[test]
fn no_byte_is_lost_or_doubled_when_the_device_takes_what_it_likes() {
    on_device(|rig| {
        let step = Cell::new(0_u32);
        rig.fake.answer_write(move |kernel, data| {
            kernel.stall_us(137);
            step.set(step.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
            Ok((step.get() >> 24) % (data.len() as u32 + 1))
        });
        let pin = rig.run_pin(RENDER);
        let bytes: Vec<u8> = (0..=255).collect();
        let mut sent = Vec::new();
        let mut requests = Vec::new();
        for round in 0..20 {
            let records: Vec<(u32, &[u8])> =
                bytes.chunks(round + 1).map(|chunk| (u32::from(chunk[0] % 16 == 0), chunk)).collect();
            sent.extend(&bytes);
            requests.push(pin.write(&[Frame::at_ms(round as i64, &records)]));
        }
        rig.pass_ms(10_000);
        assert_eq!(rig.fake.taken(), sent);
        assert!(requests.iter().all(|irp| irp.status() == NtStatus::SUCCESS));
    });
}

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
        assert_eq!((begun.status(), data_used(&begun)), (NtStatus::CANCELLED, vec![12, 0]));
        assert_eq!((queued.status(), data_used(&queued)), (NtStatus::CANCELLED, vec![0]));
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
        assert_eq!((middle.status(), data_used(&middle)), (NtStatus::CANCELLED, vec![0]));
        assert_eq!(rig.fake.taken(), [1]);
        assert!(rig.kernel.cancel_request(&front));
        assert_eq!((front.status(), data_used(&front)), (NtStatus::CANCELLED, vec![12]));
        // What stood behind it was due and goes out at once.
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

/// Has each completion send a copy of `frame` until `left` is used up.
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
        // The gaps that this costs are one clock interrupt each.
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
