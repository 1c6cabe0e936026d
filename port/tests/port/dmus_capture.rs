//! The capture sink of DirectMusic, with both forms of a client's buffers.

use std::rc::Rc;

use portcls_emulator::{Irql, NtStatus};
use portcls_port::CAPTURE_LIMIT;
use portcls_port::dmus_event::{DmusEventFlags, EventChain};
use portcls_port::ks::KsState;
use proptest::prelude::*;

use crate::fake_dmus::on_dmus_device;
use crate::frames::{Frame, bytes_of, captured, captured_events, data_used};
use crate::plan::{CAPTURE, RENDER};
use crate::rig::{READ_STREAM, Rig};

const WHOLE: DmusEventFlags = DmusEventFlags::empty();
const RAW: DmusEventFlags = DmusEventFlags::INCOMPLETE;
const MS: i64 = 10_000;

/// Lets the newest stream send raw bytes on: one event for each slice, with the same time, all in
/// one chain.
fn come_in(rig: &Rig, time_100ns: i64, cuts: &[&[u8]]) {
    let stream = rig.fake.dmus.stream();
    let events = cuts.iter().map(|cut| stream.event(&rig.kernel, RAW, time_100ns, cut));
    stream.send(&rig.kernel, events.collect());
}

#[test]
fn an_interrupt_leads_to_one_call_and_what_it_sends_fills_one_buffer() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let irp = pin.read(&[Frame::room(64)]);
        rig.fake.dmus.answer_service(|kernel, stream| {
            let time = stream.clock.get_time(kernel)?;
            for cut in [&[0x90, 0x3C][..], &[0x40], &[0xF8]] {
                stream.send(kernel, stream.event(kernel, RAW, time, cut).into());
            }
            Ok(())
        });
        rig.fake.words();
        rig.fake.interrupt(&rig.kernel);
        assert_eq!(rig.fake.words(), ["PutMessage"]);
        let records = vec![(0, vec![0x90, 0x3C, 0x40]), (0, vec![0xF8])];
        assert_eq!(captured(&irp), [(0, records)]);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 56));
    });
}

#[test]
fn a_chain_of_raw_events_becomes_messages_with_the_time_of_their_first_byte() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(CAPTURE);
        let now = rig.master_100ns();
        come_in(rig, now, &[&[0x90, 1, 2, 3], &[4, 0xF0, 5, 0xF8]]);
        come_in(rig, now + MS, &[&[6, 0xF7, 0x80, 7]]);
        come_in(rig, now + 3 * MS, &[&[8]]);
        let irp = pin.read(&[Frame::room(400)]);
        let events = vec![
            (0, 1, vec![0x90, 1, 2]),
            (0, 1, vec![0x90, 3, 4]),
            (0, 0, vec![0xF8]),
            (0, 0, vec![0xF0, 5, 6, 0xF7]),
            (MS, 1, vec![0x80, 7, 8]),
        ];
        assert_eq!(captured_events(&irp), [(now, events)]);
    });
}

#[test]
fn a_channel_message_that_was_cut_off_is_no_structured_event() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(CAPTURE);
        let now = rig.master_100ns();
        come_in(rig, now, &[&[0x90, 1, 0x80, 2, 3]]);
        let irp = pin.read(&[Frame::room(100)]);
        let events = vec![(0, 0, vec![0x90, 1]), (0, 1, vec![0x80, 2, 3])];
        assert_eq!(captured_events(&irp), [(now, events)]);
    });
}

#[test]
fn what_comes_during_a_reset_is_thrown_away() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let now = rig.master_100ns();
        come_in(rig, now, &[&[0x90, 1, 1, 0x90]]);
        assert_eq!(pin.reset(0), NtStatus::SUCCESS);
        come_in(rig, now, &[&[2, 2, 0xF0, 3]]);
        assert_eq!(pin.reset(1), NtStatus::SUCCESS);
        let irp = pin.read(&[Frame::room(64)]);
        assert!(!irp.is_completed());
        come_in(rig, now, &[&[0x90, 4, 4]]);
        assert_eq!(bytes_of(&captured(&irp)), [0x90, 4, 4]);
    });
}

#[test]
fn a_whole_event_passes_on_as_it_is() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(CAPTURE);
        let now = rig.master_100ns();
        let stream = rig.fake.dmus.stream();
        let long = [&[0xF0][..], &[9; 20], &[0xF7]].concat();
        let chain: EventChain = [&[0xB0, 1, 2][..], &long]
            .map(|bytes| stream.event(&rig.kernel, WHOLE, now + 2 * MS, bytes))
            .into_iter()
            .collect();
        stream.send(&rig.kernel, chain);
        let irp = pin.read(&[Frame::room(100)]);
        let events = vec![(0, 1, vec![0xB0, 1, 2]), (0, 0, long)];
        assert_eq!(captured_events(&irp), [(now + 2 * MS, events)]);
    });
}

#[test]
fn the_events_of_a_package_pass_on_one_by_one() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(CAPTURE);
        let (stream, now) = (rig.fake.dmus.stream(), rig.master_100ns());
        let event = |bytes: &[u8]| stream.event(&rig.kernel, WHOLE, now, bytes);
        let mut inner = event(&[]);
        inner.set_package(event(&[0xC0, 2]).into());
        let mut package = event(&[]);
        package.set_package([event(&[0xC0, 1]), inner, event(&[0xC0, 3])].into_iter().collect());
        stream.send(&rig.kernel, [package, event(&[0xC0, 4])].into_iter().collect());
        let irp = pin.read(&[Frame::room(400)]);
        let bytes: Vec<_> = captured_events(&irp)[0].1.iter().map(|it| it.2[1]).collect();
        assert_eq!(bytes, [1, 2, 3, 4]);
    });
}

#[test]
fn times_on_a_midi_pin_are_those_of_the_stream() {
    on_dmus_device(|rig| {
        let (_, pin) = rig.open_pin(CAPTURE);
        rig.pass_ms(7);
        pin.set_state(KsState::Run);
        rig.kernel.stall_us(2_300);
        let first = rig.master_100ns();
        rig.kernel.stall_us(3_000);
        // The first event has an earlier time than the call that puts it, as when an ISR has taken
        // the time.
        come_in(rig, first, &[&[0xC0, 1]]);
        come_in(rig, rig.master_100ns(), &[&[0xC0, 2]]);
        let irp = pin.read(&[Frame::room(64)]);
        let records = vec![(0, vec![0xC0, 1]), (3, vec![0xC0, 2])];
        assert_eq!(captured(&irp), [(2_300, records)]);
    });
}

#[test]
fn pause_still_delivers_and_below_it_all_is_discarded() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let send = |byte| come_in(rig, rig.master_100ns(), &[&[0xC0, byte]]);
        send(1);
        pin.set_state(KsState::Pause);
        send(2);
        let irp = pin.read(&[Frame::room(64)]);
        assert_eq!(bytes_of(&captured(&irp)), [0xC0, 1, 0xC0, 2]);
        send(3);
        pin.set_state(KsState::Acquire);
        send(4);
        pin.set_state(KsState::Run);
        send(5);
        let irp = pin.read(&[Frame::room(64)]);
        assert_eq!(bytes_of(&captured(&irp)), [0xC0, 5]);
    });
}

#[test]
fn what_comes_during_a_reset_is_discarded() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let send = |byte| come_in(rig, rig.master_100ns(), &[&[0xC0, byte]]);
        send(1);
        pin.reset(0);
        send(2);
        pin.reset(1);
        send(3);
        let irp = pin.read(&[Frame::room(64)]);
        assert_eq!(bytes_of(&captured(&irp)), [0xC0, 3]);
    });
}

#[test]
fn what_is_open_of_a_message_does_not_outlive_stop() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        come_in(rig, rig.master_100ns(), &[&[0x90, 1]]);
        pin.set_state(KsState::Stop);
        pin.set_state(KsState::Run);
        come_in(rig, rig.master_100ns(), &[&[2, 0xFE]]);
        let irp = pin.read(&[Frame::room(64)]);
        assert_eq!(captured(&irp)[0].1, [(0, vec![2]), (0, vec![0xFE])]);
    });
}

#[test]
fn a_channel_message_is_never_split_and_a_long_one_is() {
    on_dmus_device(|rig| {
        let long = [&[0xF0][..], &[7; 14], &[0xF7]].concat();
        let midi = rig.run_pin(CAPTURE);
        // One record with 3 bytes takes 12 of 20 bytes; the other 8 have no room for a record.
        come_in(rig, rig.master_100ns(), &[&[0x90, 1, 2, 3, 4, 5], &[6], &long]);
        let irp = midi.read(&[Frame::room(20), Frame::room(31), Frame::room(24), Frame::room(24)]);
        let records: Vec<_> = captured(&irp).into_iter().map(|(_, records)| records).collect();
        let bytes: Vec<Vec<_>> =
            records.iter().map(|it| it.iter().map(|(_, bytes)| bytes.len()).collect()).collect();
        assert_eq!(bytes, [vec![3], vec![3, 3], vec![16]]);
        assert_eq!(data_used(&irp), [12, 24, 24, 0]);

        let dmus = rig.run_dmus_pin(CAPTURE);
        come_in(rig, rig.master_100ns(), &[&[0x90, 1, 2, 3, 4], &long]);
        let frames = [24, 30, 47, 64].map(Frame::room);
        let irp = dmus.read(&frames);
        let lengths: Vec<Vec<_>> = captured_events(&irp)
            .iter()
            .map(|(_, events)| events.iter().map(|(_, _, bytes)| bytes.len()).collect())
            .collect();
        assert_eq!(lengths, [vec![3], vec![3], vec![16]]);
        assert_eq!(data_used(&irp), [24, 24, 40, 0]);
    });
}

#[test]
fn a_long_message_is_cut_where_a_buffer_ends() {
    on_dmus_device(|rig| {
        let long = [&[0xF0][..], &[7; 98], &[0xF7]].concat();
        for open in [Rig::run_pin, Rig::run_dmus_pin] {
            let pin = open(rig, CAPTURE);
            come_in(rig, rig.master_100ns(), &[&long]);
            let irp = pin.read(&[Frame::room(72), Frame::room(90)]);
            let used = data_used(&irp);
            let pieces: Vec<u8> = irp
                .mdls()
                .iter()
                .zip(used)
                .flat_map(|(data, used)| data.borrow()[..used as usize].to_vec())
                .filter(|byte| *byte == 7)
                .collect();
            assert_eq!(pieces.len(), 98);
        }
    });
}

#[test]
fn a_read_buffer_needs_room_for_the_least_record_of_its_form() {
    on_dmus_device(|rig| {
        let (midi, dmus) = (rig.run_pin(CAPTURE), rig.run_dmus_pin(CAPTURE));
        for (pin, least) in [(midi, 12), (dmus, 24)] {
            let (_, status) = pin.stream(READ_STREAM, &[Frame::room(least - 1)]);
            assert_eq!(status, NtStatus::INVALID_BUFFER_SIZE);
            let irp = pin.read(&[Frame::room(least)]);
            rig.kernel.cancel_request(&irp);
            assert_eq!(irp.status(), NtStatus::CANCELLED);
        }
    });
}

#[test]
fn no_more_than_the_limit_is_held_for_a_client_that_does_not_read() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let piece = [&[0xF0][..], &[1; 1_022], &[0xF7]].concat();
        for _ in 0..CAPTURE_LIMIT / 1_024 + 10 {
            come_in(rig, 0, &[&piece]);
        }
        let mut total = 0;
        loop {
            let (irp, _) = pin.stream(READ_STREAM, &[Frame::room(1 << 20)]);
            if !irp.is_completed() {
                break;
            }
            total += bytes_of(&captured(&irp)).len();
        }
        assert_eq!(total, CAPTURE_LIMIT);
    });
}

#[test]
fn a_completion_that_reads_again_is_served_by_what_is_left() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let sender = rig.sender(&pin, READ_STREAM);
        let first = sender.prepare(&[Frame::room(12)]);
        let second = sender.prepare(&[Frame::room(12)]);
        let (again, next) = (sender.clone(), second.clone());
        first.set_completion_routine(Box::new(move |kernel, _| {
            again.send(kernel, &next);
        }));
        sender.send(&rig.kernel, &first);
        come_in(rig, rig.master_100ns(), &[&[0xC0, 1, 0xC0, 2]]);
        assert_eq!(bytes_of(&captured(&first)), [0xC0, 1]);
        assert_eq!(bytes_of(&captured(&second)), [0xC0, 2]);
    });
}

#[test]
fn a_disconnected_stream_and_a_null_chain_find_nothing_to_do() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        let sink = rig.fake.dmus.stream().output.borrow().clone().unwrap();
        let old = rig.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        assert_eq!(sink.put_message(&rig.kernel, None), Ok(()));
        rig.kernel.lower_irql(old);
        let stream = rig.fake.dmus.stream();
        let late = stream.event(&rig.kernel, WHOLE, 0, &[0xC0, 1]);
        let allocator = Rc::clone(&stream.allocator);
        drop(stream);
        rig.expect_violations(&["events-outstanding"]);
        pin.close();
        // The event was out when the pin closed. The sink still puts the event to the allocator.
        assert_eq!(sink.put_message(&rig.kernel, Some(late.into())), Ok(()));
        assert_eq!(allocator.get_message(&rig.kernel).unwrap().number(), 0);
    });
}

#[test]
fn events_of_another_allocator_are_told() {
    on_dmus_device(|rig| {
        rig.expect_violations(&["event-foreign", "events-outstanding"]);
        let (filter, first) = rig.open_pin(CAPTURE);
        let other = rig.fake.dmus.stream();
        let second = filter.pin(CAPTURE).unwrap();
        second.set_state(KsState::Run);
        let stream = rig.fake.dmus.stream();
        let event = other.event(&rig.kernel, WHOLE, 0, &[0xC0, 1]);
        drop(other);
        stream.send(&rig.kernel, event.into());
        drop(stream);
        second.close();
        first.close();
    });
}

#[test]
fn a_failure_of_the_miniport_ends_a_service_and_nothing_else() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(CAPTURE);
        rig.fake.dmus.answer_service(|_, _| Err(NtStatus::IO_DEVICE_ERROR));
        let irp = pin.read(&[Frame::room(64)]);
        rig.fake.interrupt(&rig.kernel);
        assert!(!irp.is_completed());
        come_in(rig, rig.master_100ns(), &[&[0xFE]]);
        assert_eq!(bytes_of(&captured(&irp)), [0xFE]);
    });
}

/// A whole message: a channel message, a tune request or a system exclusive message.
fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0x80_u8..0xC0, 0_u8..0x80, 0_u8..0x80).prop_map(|(status, a, b)| vec![status, a, b]),
        (0xC0_u8..0xE0, 0_u8..0x80).prop_map(|(status, a)| vec![status, a]),
        Just(vec![0xF6]),
        prop::collection::vec(0_u8..0x80, 0..60)
            .prop_map(|inner| [&[0xF0], &inner[..], &[0xF7]].concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// With MIDI bytes and with DirectMusic events, the client writes the captured buffer unchanged
    /// to a render pin.
    #[test]
    fn what_was_captured_can_be_played_back(
        messages in prop::collection::vec((message(), 0_i64..5), 0..12),
    ) {
        on_dmus_device(|rig| {
            for open in [Rig::run_pin, Rig::run_dmus_pin] {
                let capture = open(rig, CAPTURE);
                let stream = rig.fake.dmus.stream();
                let mut time_100ns = rig.master_100ns();
                for (message, delta_ms) in &messages {
                    time_100ns += delta_ms * MS;
                    let event = stream.event(&rig.kernel, RAW, time_100ns, message);
                    stream.send(&rig.kernel, event.into());
                }
                drop(stream);
                // One more byte, so that the read request also ends when there is no message.
                come_in(rig, time_100ns, &[&[0xFE]]);
                let read = capture.read(&[Frame::room(4_096)]);
                capture.close();

                let render = open(rig, RENDER);
                let used = data_used(&read)[0] as usize;
                let written = render.write(&[Frame::of(read.mdls()[0].borrow()[..used].to_vec())]);
                rig.pass_ms(100);
                assert_eq!(written.status(), NtStatus::SUCCESS);
                let played = rig.fake.dmus.puts.take();
                let bytes: Vec<_> = played.iter().map(|put| put.bytes.clone()).collect();
                let sent = messages.iter().map(|(message, _)| message.clone());
                assert_eq!(bytes, sent.chain([vec![0xFE]]).collect::<Vec<_>>());
                assert!(played.iter().all(|put| put.flags == WHOLE));
                render.close();
            }
        });
    }
}
