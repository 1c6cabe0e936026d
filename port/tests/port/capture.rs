//! The capture side: Read until empty, times, bytes kept or discarded.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::trace::Event;
use portcls_emulator::{Irp, NtStatus};
use portcls_port::CAPTURE_LIMIT;
use portcls_port::ks::KsState;

use crate::frames::{Frame, bytes_of, captured, data_used};
use crate::plan::{CAPTURE, RENDER};
use crate::rig::{READ_STREAM, Rig, Sender, WRITE_STREAM, on_device};

/// Gives the driver bytes to read, each slice for one Read, and calls Notify like an ISR.
fn come_in(rig: &Rig, chunks: &[&[u8]]) {
    rig.fake.incoming.borrow_mut().extend(chunks.iter().map(|chunk| chunk.to_vec()));
    rig.fake.interrupt(&rig.kernel);
}

#[test]
fn an_interrupt_leads_to_reads_until_nothing_is_left() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let irp = pin.read(&[Frame::room(64)]);
        rig.fake.words();
        come_in(rig, &[&[0x90, 1], &[2], &[0xF8]]);
        assert_eq!(rig.fake.words(), ["Service"]);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 56));
        let records = vec![(0, vec![0x90, 1]), (0, vec![2]), (0, vec![0xF8])];
        assert_eq!(captured(&irp), [(0, records)]);
        assert_eq!(data_used(&irp), [36]);
    });
}

#[test]
fn a_buffer_carries_the_time_of_its_first_byte_and_records_their_distance() {
    on_device(|rig| {
        let (_, pin) = rig.open_pin(CAPTURE);
        rig.pass_ms(7);
        pin.set_state(KsState::Run);
        rig.kernel.stall_us(2_300);
        come_in(rig, &[&[1]]);
        rig.kernel.stall_us(1_900);
        come_in(rig, &[&[2]]);
        rig.kernel.stall_us(1_900);
        come_in(rig, &[&[3]]);
        let irp = pin.read(&[Frame::room(64)]);
        // 2.3, 4.2 and 6.1 ms give whole milliseconds since the first time, without drift.
        let records = vec![(0, vec![1]), (1, vec![2]), (2, vec![3])];
        assert_eq!(captured(&irp), [(2_300, records)]);
    });
}

#[test]
fn the_streams_clock_stands_still_in_pause() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        rig.pass_ms(5);
        pin.set_state(KsState::Pause);
        rig.pass_ms(100);
        come_in(rig, &[&[1]]);
        pin.set_state(KsState::Run);
        rig.pass_ms(3);
        come_in(rig, &[&[2]]);
        let irp = pin.read(&[Frame::room(64)]);
        assert_eq!(captured(&irp), [(5_000, vec![(0, vec![1]), (3, vec![2])])]);
    });
}

#[test]
fn data_that_nobody_waits_for_is_kept_in_order() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        come_in(rig, &[&[1, 2]]);
        come_in(rig, &[&[3]]);
        let irp = pin.read(&[Frame::room(64)]);
        assert_eq!(bytes_of(&captured(&irp)), [1, 2, 3]);
        let next = pin.read(&[Frame::room(64)]);
        assert!(!next.is_completed());
        come_in(rig, &[&[4]]);
        assert_eq!(bytes_of(&captured(&next)), [4]);
    });
}

#[test]
fn small_frames_split_a_chunk_and_each_carries_its_time() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        rig.pass_ms(3);
        let irp = pin.read(&[Frame::room(12), Frame::room(15), Frame::room(64)]);
        come_in(rig, &[&[1, 2, 3, 4, 5, 6, 7, 8, 9]]);
        let expected = [vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9]];
        assert_eq!(captured(&irp), expected.map(|bytes| (3_000, vec![(0, bytes)])));
        assert_eq!(data_used(&irp), [12, 12, 12]);
        assert_eq!(irp.information(), 168);
    });
}

#[test]
fn headers_that_are_not_reached_come_back_empty() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let mut untouched = Frame::room(64);
        untouched.header.data_used = 40;
        let irp = pin.read(&[Frame::room(64), untouched]);
        come_in(rig, &[&[1]]);
        assert_eq!(data_used(&irp), [12, 0]);
        assert_eq!(irp.information(), 56, "the size of the one header that was used");
        assert_eq!(irp.mdls()[1].borrow()[..], [0xEE; 64]);
    });
}

#[test]
fn requests_are_filled_in_order_and_nothing_is_lost_between_them() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let requests: Vec<_> = (0..40).map(|_| pin.read(&[Frame::room(28)])).collect();
        let bytes: Vec<u8> = (0..=255).collect();
        let chunks: Vec<&[u8]> = bytes.chunks(17).collect();
        come_in(rig, &chunks);
        let done = requests.iter().filter(|irp| irp.is_completed());
        let found: Vec<u8> = done.flat_map(|irp| bytes_of(&captured(irp))).collect();
        assert_eq!(found, bytes);
    });
}

#[test]
fn a_read_that_claims_more_than_there_was_room_is_a_violation() {
    on_device(|rig| {
        rig.expect_violations(&["read-overrun"]);
        let once = Cell::new(true);
        rig.fake.answer_read(move |_, buffer| {
            buffer.fill(7);
            Ok(if once.replace(false) { buffer.len() as u32 + 1 } else { 0 })
        });
        let pin = rig.run_pin(CAPTURE);
        let irp = pin.read(&[Frame::room(1_024)]);
        rig.fake.interrupt(&rig.kernel);
        assert_eq!(bytes_of(&captured(&irp)), [7; 256]);
    });
}

#[test]
fn a_read_that_never_ends_is_a_violation_and_the_limit_holds() {
    on_device(|rig| {
        rig.expect_violations(&["read-without-end"]);
        rig.fake.answer_read(|_, buffer| Ok(buffer.len() as u32));
        let pin = rig.run_pin(CAPTURE);
        rig.fake.interrupt(&rig.kernel);
        rig.fake.answer_read(|_, _| Ok(0));
        let irp = pin.read(&[Frame::room(2 << 20)]);
        assert_eq!(CAPTURE_LIMIT, 1 << 20);
        assert_eq!(bytes_of(&captured(&irp)).len(), CAPTURE_LIMIT);
    });
}

#[test]
fn a_read_that_fails_ends_the_service_and_keeps_what_came_before() {
    on_device(|rig| {
        let calls = Cell::new(0);
        rig.fake.answer_read(move |_, buffer| {
            calls.set(calls.get() + 1);
            buffer[0] = 5;
            if calls.get() == 1 { Ok(1) } else { Err(NtStatus::IO_DEVICE_ERROR) }
        });
        let pin = rig.run_pin(CAPTURE);
        let irp = pin.read(&[Frame::room(64)]);
        rig.fake.interrupt(&rig.kernel);
        assert_eq!(bytes_of(&captured(&irp)), [5]);
        let notes = notes_of(rig);
        assert_eq!(notes, ["capture: Read failed with STATUS_IO_DEVICE_ERROR, no more is read"]);
    });
}

#[test]
fn after_a_read_that_fails_the_request_waits_for_the_bytes_of_a_later_service() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let calls = Rc::new(Cell::new(0));
        let count = Rc::clone(&calls);
        rig.fake.answer_read(move |_, buffer| {
            count.set(count.get() + 1);
            buffer[0] = 7;
            match count.get() {
                1 => Err(NtStatus::IO_DEVICE_ERROR),
                2 => Ok(1),
                _ => Ok(0),
            }
        });
        let irp = pin.read(&[Frame::room(64)]);
        rig.fake.interrupt(&rig.kernel);
        assert_eq!((calls.get(), irp.is_completed()), (1, false));
        rig.fake.interrupt(&rig.kernel);
        assert_eq!(bytes_of(&captured(&irp)), [7]);
    });
}

/// The notes in the trace that begin with `capture`.
fn notes_of(rig: &Rig) -> Vec<String> {
    let log = rig.kernel.trace().log();
    let texts = log.events().filter_map(|event| match event.event {
        Event::Note(text) => Some(log.text(text).to_owned()),
        _ => None,
    });
    texts.filter(|text| text.starts_with("capture")).collect()
}

#[test]
fn acquire_and_stop_discard_pause_keeps() {
    on_device(|rig| {
        let (_, pin) = rig.open_pin(CAPTURE);
        come_in(rig, &[&[1]]);
        pin.set_state(KsState::Acquire);
        come_in(rig, &[&[2]]);
        pin.set_state(KsState::Pause);
        come_in(rig, &[&[3]]);
        pin.set_state(KsState::Run);
        come_in(rig, &[&[4]]);
        let irp = pin.read(&[Frame::room(64)]);
        assert_eq!(bytes_of(&captured(&irp)), [3, 4]);
        come_in(rig, &[&[5]]);
        pin.set_state(KsState::Stop);
        pin.set_state(KsState::Run);
        let next = pin.read(&[Frame::room(64)]);
        assert!(!next.is_completed());
        assert!(rig.fake.incoming.borrow().is_empty(), "every byte was fetched");
    });
}

#[test]
fn stop_reset_and_cancel_give_read_requests_back_empty() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let first = pin.read(&[Frame::room(64)]);
        assert!(rig.kernel.cancel_request(&first));
        let second = pin.read(&[Frame::room(64)]);
        assert_eq!(pin.reset(0), NtStatus::SUCCESS);
        let (_, refused) = pin.stream(READ_STREAM, &[Frame::room(64)]);
        assert_eq!(refused, NtStatus::DEVICE_NOT_READY);
        assert_eq!(pin.reset(1), NtStatus::SUCCESS);
        let third = pin.read(&[Frame::room(64)]);
        pin.set_state(KsState::Stop);
        for irp in [first, second, third] {
            assert_eq!((irp.status(), data_used(&irp)), (NtStatus::CANCELLED, vec![0]));
            assert_eq!(irp.information(), 0);
        }
        let (_, stopped) = pin.stream(READ_STREAM, &[Frame::room(64)]);
        assert_eq!(stopped, NtStatus::INVALID_DEVICE_STATE);
    });
}

#[test]
fn what_comes_during_a_reset_is_thrown_away() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        come_in(rig, &[&[1]]);
        assert_eq!(pin.reset(0), NtStatus::SUCCESS);
        come_in(rig, &[&[2]]);
        assert_eq!(pin.reset(1), NtStatus::SUCCESS);
        let irp = pin.read(&[Frame::room(64)]);
        assert!(!irp.is_completed());
        come_in(rig, &[&[3]]);
        assert_eq!(bytes_of(&captured(&irp)), [3]);
    });
}

#[test]
fn a_pin_takes_only_requests_of_its_direction() {
    on_device(|rig| {
        let (filter, capture) = rig.open_pin(CAPTURE);
        let render = filter.pin(RENDER).unwrap();
        let wrong = NtStatus::INVALID_DEVICE_REQUEST;
        assert_eq!(capture.stream(WRITE_STREAM, &[Frame::now(&[])]).1, wrong);
        assert_eq!(render.stream(READ_STREAM, &[Frame::room(64)]).1, wrong);
    });
}

#[test]
fn a_completion_routine_that_reads_again_gets_the_rest_piece_by_piece() {
    on_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let chunks = vec![&[0x55; 256][..]; 1_024];
        come_in(rig, &chunks);
        let sender = rig.sender(&pin, READ_STREAM);
        let count = Rc::new(Cell::new(0));
        let irp = sender.prepare(&[Frame::room(12)]);
        read_again(&sender, &irp, &count);
        sender.send(&rig.kernel, &irp);
        assert_eq!(count.get(), 1_024 * 256);
    });
}

/// Lets each completion count its bytes and send the next read, until the pin is closed.
fn read_again(sender: &Sender, irp: &Irp, count: &Rc<Cell<usize>>) {
    let (sender, count) = (sender.clone(), Rc::clone(count));
    irp.set_completion_routine(Box::new(move |kernel, done| {
        if done.status() == NtStatus::SUCCESS {
            count.set(count.get() + bytes_of(&captured(done)).len());
            let next = sender.prepare(&[Frame::room(12)]);
            read_again(&sender, &next, &count);
            sender.send(kernel, &next);
        }
    }));
}
