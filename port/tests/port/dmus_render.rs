//! The sequencer of DirectMusic: which events it puts, when, and in what form.

use portcls_emulator::NtStatus;
use portcls_port::dmus_event::{DmusEventFlags, EventData, NO_BYTE_POSITION};
use portcls_port::ks::KsState;
use proptest::prelude::*;

use crate::fake_dmus::{Put, on_dmus_device};
use crate::frames::{Event, Frame};
use crate::plan::RENDER;

/// DMUS_EVENT_STRUCTURED
const CHANNEL: u32 = 1;
const WHOLE: DmusEventFlags = DmusEventFlags::empty();
const RAW: DmusEventFlags = DmusEventFlags::INCOMPLETE;
const MS: i64 = 10_000;

/// A note with this key. A test recognises the note by the key.
fn note(key: u8) -> [u8; 3] {
    [0x90, key, 0x40]
}

fn keys(puts: &[Vec<u8>]) -> Vec<u8> {
    puts.iter().map(|bytes| bytes[1]).collect()
}

#[test]
fn a_message_of_midi_bytes_becomes_an_event_in_group_1_with_its_master_time() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(RENDER);
        rig.pass_ms(5);
        let master_100ns = rig.master_100ns();
        let irp = pin.write(&[Frame::at_ms(8, &[(0, &[0x90, 0x3C, 0x40]), (2, &[0xC0, 5])])]);
        rig.pass_ms(10);
        let event = |at_ns, time_100ns, bytes: &[u8]| Put {
            at_ns,
            time_100ns,
            channel_group: 1,
            flags: WHOLE,
            bytes: bytes.to_vec(),
        };
        assert_eq!(
            *rig.fake.dmus.puts.borrow(),
            [
                event(8_000_000, master_100ns + 3 * MS, &[0x90, 0x3C, 0x40]),
                event(10_000_000, master_100ns + 5 * MS, &[0xC0, 5]),
            ]
        );
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 24));
    });
}

#[test]
fn running_status_and_cuts_of_records_make_whole_messages() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let records: &[(u32, &[u8])] = &[(0, &[0x90, 1]), (0, &[2, 3]), (0, &[0xF8, 4])];
        pin.write(&[Frame::now(records)]);
        pin.write(&[Frame::now(&[(0, &[5])])]);
        pin.write(&[Frame::now(&[(0, &[6])])]);
        let expected: [&[u8]; 4] = [&[0x90, 1, 2], &[0xF8], &[0x90, 3, 4], &[0x90, 5, 6]];
        assert_eq!(rig.fake.dmus.bytes(), expected);
    });
}

#[test]
fn bytes_that_are_no_message_go_out_raw() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(RENDER);
        pin.write(&[Frame::now(&[(0, &[0x11, 0xF0, 1, 2])])]);
        pin.write(&[Frame::now(&[(0, &[3, 0xF7])])]);
        let puts = rig.fake.dmus.puts.borrow().clone();
        let shown: Vec<_> = puts.iter().map(|put| (put.flags, put.bytes.clone())).collect();
        let expected = [(RAW, vec![0x11]), (RAW, vec![0xF0, 1, 2]), (WHOLE, vec![3, 0xF7])];
        assert_eq!(shown, expected);
    });
}

#[test]
fn a_long_message_goes_out_in_buffers_incomplete_but_for_the_last() {
    on_dmus_device(|rig| {
        let mut message = vec![0x22; 2_500];
        message[0] = 0xF0;
        message[2_499] = 0xF7;
        rig.run_pin(RENDER).write(&[Frame::now(&[(0, &message)])]);
        rig.run_dmus_pin(RENDER).write(&[Frame::events_now(&[(0, 0, &message)])]);
        let puts = rig.fake.dmus.puts.borrow().clone();
        let shown: Vec<_> = puts.iter().map(|put| (put.flags, put.bytes.len())).collect();
        let once = [(RAW, 1_024), (RAW, 1_024), (WHOLE, 452)];
        assert_eq!(shown, [once, once].concat());
        let bytes = rig.fake.dmus.bytes().concat();
        assert_eq!(bytes, [&message[..], &message].concat());
    });
}

#[test]
fn five_bytes_need_a_buffer_where_pointers_have_four() {
    for (inline_limit, buffers) in [(8, 0), (4, 1)] {
        on_dmus_device(|rig| {
            rig.fake.dmus.inline_limit.set(inline_limit);
            let pin = rig.run_pin(RENDER);
            rig.fake.dmus.answer_put(move |kernel, stream, mut chain| {
                let mut event = chain.pop().unwrap();
                assert_eq!(event.byte_position, NO_BYTE_POSITION);
                let data = event.take_data();
                let is_buffer = matches!(data, EventData::Buffer(_));
                assert_eq!(u32::from(is_buffer), buffers);
                if let EventData::Buffer(buffer) = data {
                    assert_eq!(stream.allocator.put_buffer(kernel, buffer), Ok(()));
                }
                stream.allocator.put_message(kernel, Some(event.into()))
            });
            pin.write(&[Frame::now(&[(0, &[0xF0, 1, 2, 3, 0xF7])])]);
            assert_eq!(rig.fake.dmus.bytes(), [[0xF0, 1, 2, 3, 0xF7]]);
        });
    }
}

#[test]
fn directmusic_events_are_due_by_the_master_clock_from_the_start_of_their_buffer() {
    on_dmus_device(|rig| {
        let pin = rig.run_dmus_pin(RENDER);
        rig.pass_ms(3);
        let start = rig.master_100ns() + 4 * MS;
        let events: &[Event<'_>] =
            &[(0, CHANNEL, &note(1)), (2 * MS, CHANNEL, &note(2)), (3 * MS, 0, &[0xF0, 0xF7])];
        let irp = pin.write(&[Frame::events_at(start, events)]);
        rig.pass_ms(20);
        assert_eq!(rig.fake.dmus.times_us(), [7_000, 9_000, 10_000]);
        let puts = rig.fake.dmus.puts.borrow();
        let times: Vec<_> = puts.iter().map(|put| put.time_100ns - start).collect();
        assert_eq!(times, [0, 2 * MS, 3 * MS]);
        assert_eq!(irp.status(), NtStatus::SUCCESS);
    });
}

#[test]
fn the_streams_clock_pauses_and_the_master_clock_does_not() {
    on_dmus_device(|rig| {
        let midi = rig.run_pin(RENDER);
        let dmus = rig.run_dmus_pin(RENDER);
        midi.write(&[Frame::at_ms(10, &[(0, &note(1))])]);
        dmus.write(&[Frame::events_at(rig.master_100ns() + 10 * MS, &[(0, 1, &note(2))])]);
        rig.pass_ms(5);
        midi.set_state(KsState::Pause);
        dmus.set_state(KsState::Pause);
        rig.pass_ms(20);
        assert_eq!(rig.fake.dmus.bytes().len(), 0);
        midi.set_state(KsState::Run);
        dmus.set_state(KsState::Run);
        rig.pass_ms(20);
        assert_eq!(keys(&rig.fake.dmus.bytes()), [2, 1]);
        assert_eq!(rig.fake.dmus.times_us(), [25_000, 30_000]);
    });
}

#[test]
fn requests_are_merged_by_time_and_equal_times_keep_their_order() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let first = pin.write(&[Frame::at_ms(5, &[(0, &note(1)), (5, &note(2))])]);
        let second = pin.write(&[Frame::at_ms(5, &[(0, &note(3)), (2, &note(4))])]);
        let third = pin.write(&[Frame::at_ms(1, &[(0, &note(5))])]);
        rig.pass_ms(1);
        assert_eq!((third.is_completed(), second.is_completed()), (true, false));
        rig.pass_ms(7);
        assert_eq!((second.is_completed(), first.is_completed()), (true, false));
        rig.pass_ms(7);
        assert!(first.is_completed());
        assert_eq!(keys(&rig.fake.dmus.bytes()), [5, 1, 3, 4, 2]);
    });
}

#[test]
fn a_prefetch_gives_events_so_much_earlier_with_their_own_time() {
    for (prefetch_100ns, at_us) in [(0, 10_000), (3 * MS as u64, 7_000), (u64::MAX, 0)] {
        on_dmus_device(|rig| {
            rig.fake.dmus.prefetch_100ns.set(prefetch_100ns);
            let pin = rig.run_pin(RENDER);
            let master_100ns = rig.master_100ns();
            pin.write(&[Frame::at_ms(10, &[(0, &note(1))])]);
            rig.pass_ms(20);
            assert_eq!(rig.fake.dmus.times_us(), [at_us]);
            assert_eq!(rig.fake.dmus.puts.borrow()[0].time_100ns, master_100ns + 10 * MS);
            let told = format!("the next event is due in {} us", 10_000 - at_us);
            assert_eq!(rig.has_note(&told), prefetch_100ns > 0);
        });
    }
}

#[test]
fn an_event_that_is_not_held_passes_later_ones_but_none_that_was_due() {
    on_dmus_device(|rig| {
        let filter = rig.open_filter().unwrap();
        let pin = filter.dmus_pin(RENDER).unwrap();
        for state in [KsState::Acquire, KsState::Pause] {
            pin.set_state(state);
        }
        let now = rig.master_100ns();
        pin.write(&[Frame::events_at(now + 5 * MS, &[(0, 1, &note(1))])]);
        pin.write(&[Frame::events_at(now - MS, &[(0, 1, &note(2))])]);
        pin.write(&[Frame::events_at(now, &[(i64::MIN, 1, &note(3))])]);
        pin.write(&[Frame::events_at(now, &[(0, 1, &note(4))])]);
        pin.set_state(KsState::Run);
        assert_eq!(keys(&rig.fake.dmus.bytes()), [2, 3, 4]);
        assert!(rig.fake.dmus.puts.borrow()[1].time_100ns < 0);
        rig.pass_ms(10);
        assert_eq!(keys(&rig.fake.dmus.bytes()), [2, 3, 4, 1]);
    });
}

#[test]
fn a_buffer_without_a_time_begins_now_or_where_the_one_before_it_ends() {
    on_dmus_device(|rig| {
        let pin = rig.run_pin(RENDER);
        rig.pass_ms(4);
        pin.write(&[Frame::now(&[(2, &note(1)), (3, &note(2))]), Frame::now(&[(1, &note(3))])]);
        pin.write(&[Frame::now(&[(1, &note(4))])]);
        rig.pass_ms(20);
        assert_eq!(keys(&rig.fake.dmus.bytes()), [4, 1, 2, 3]);
        assert_eq!(rig.fake.dmus.times_us(), [5_000, 6_000, 9_000, 10_000]);
    });
}

#[test]
fn the_farthest_times_wait_and_can_be_stopped() {
    on_dmus_device(|rig| {
        let midi = rig.run_pin(RENDER);
        let dmus = rig.run_dmus_pin(RENDER);
        let mut far = Frame::at_ms(0, &[(u32::MAX, &note(1)), (u32::MAX, &note(2))]);
        far.header.presentation_time.time = i64::MAX;
        far.header.presentation_time.numerator = 1;
        let requests = [
            midi.write(&[far]),
            dmus.write(&[Frame::events_at(i64::MAX, &[(i64::MAX, 1, &note(3))])]),
        ];
        rig.pass_ms(1_000);
        assert_eq!(rig.fake.dmus.bytes().len(), 0);
        for (pin, irp) in [midi, dmus].iter().zip(requests) {
            pin.set_state(KsState::Stop);
            assert_eq!(irp.status(), NtStatus::CANCELLED);
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The model: all events in the order in which the client sent them, then sorted by their
    /// times.
    #[test]
    fn what_goes_out_is_what_came_in_sorted_by_time(
        requests in prop::collection::vec(
            prop::collection::vec((0_i64..6, prop::collection::vec(0_i64..6, 0..4)), 1..3), 1..8),
    ) {
        on_dmus_device(|rig| {
            let filter = rig.open_filter().unwrap();
            let pin = filter.dmus_pin(RENDER).unwrap();
            pin.set_state(KsState::Pause);
            let start = rig.master_100ns();
            let mut model = Vec::new();
            for request in &requests {
                let frames: Vec<_> = request.iter().map(|(start_ms, offsets)| {
                    let mut notes = Vec::new();
                    for offset_ms in offsets {
                        model.push((start_ms + offset_ms, note(model.len() as u8)));
                        notes.push((*offset_ms, note(model.len() as u8 - 1)));
                    }
                    let events: Vec<Event<'_>> =
                        notes.iter().map(|(offset, note)| (offset * MS, 1, &note[..])).collect();
                    Frame::events_at(start + start_ms * MS, &events)
                }).collect();
                pin.write(&frames);
            }
            pin.set_state(KsState::Run);
            rig.pass_ms(20);
            model.sort_by_key(|(time_ms, _)| *time_ms);
            let expected: Vec<_> = model.iter().map(|(_, note)| note.to_vec()).collect();
            assert_eq!(rig.fake.dmus.bytes(), expected);
            let puts = rig.fake.dmus.puts.borrow();
            for (put, (time_ms, _)) in puts.iter().zip(&model) {
                assert_eq!(put.at_ns, *time_ms as u64 * 1_000_000);
            }
        });
    }
}
