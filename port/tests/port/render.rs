//! The render sequencer: times and order of bytes, end of the request.

use std::cell::Cell;

use portcls_emulator::NtStatus;
use portcls_port::ks::KsState;

use crate::frames::{Frame, data_used};
use crate::plan::RENDER;
use crate::rig::on_device;

const NOTE: &[(u32, &[u8])] = &[(0, &[0x90, 0x3C, 0x40])];

/// One buffer with six bytes in three records.
fn three_records() -> Frame {
    Frame::now(&[(0, &[1, 2]), (0, &[3]), (0, &[4, 5, 6])])
}

#[test]
fn what_is_due_as_soon_as_possible_goes_out_inside_the_request() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let irp = pin.write(&[three_records()]);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 36));
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
        assert_eq!((second.status(), second.information()), (NtStatus::SUCCESS, 12));
        assert_eq!(first.information(), 24);
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
        rig.expect_violations(&["write-takes-nothing"]);
        rig.fake.answer_write(|_, data| Ok(if data[0] == 9 { 1 } else { 0 }));
        let pin = rig.run_pin(RENDER);
        let dead = pin.write(&[Frame::now(&[(0, &[9]), (0, &[1, 2, 3])])]);
        let next = pin.write(&[Frame::now(&[(0, &[9])])]);
        rig.pass_ms(9_990);
        assert!(!dead.is_completed());
        rig.pass_ms(10);
        assert_eq!((dead.status(), dead.information()), (NtStatus::IO_DEVICE_ERROR, 12));
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
        assert_eq!((irp.status(), irp.information()), (NtStatus::IO_DEVICE_ERROR, 24));
        assert_eq!(rig.fake.taken(), [0x90, 0x3C, 0x40, 1, 2]);
        let next = pin.write(&[Frame::now(NOTE)]);
        assert_eq!(next.status(), NtStatus::SUCCESS);
    });
}

#[test]
fn a_write_that_claims_more_than_it_got_is_a_violation() {
    on_device(|rig| {
        rig.expect_violations(&["write-overrun"; 3]);
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
            let records: Vec<(u32, &[u8])> = bytes
                .chunks(round + 1)
                .map(|chunk| (u32::from(chunk[0] % 16 == 0), chunk))
                .collect();
            sent.extend(&bytes);
            requests.push(pin.write(&[Frame::at_ms(round as i64, &records)]));
        }
        rig.pass_ms(10_000);
        assert_eq!(rig.fake.taken(), sent);
        assert!(requests.iter().all(|irp| irp.status() == NtStatus::SUCCESS));
    });
}
