//! Songs in: the application reads what was sent, on every card.
//!
//! In some tests the bytes come at full wire rate.

use std::rc::{Rc, Weak};

use portcls_machine::chip::BYTE_TIME_NS;
use portcls_machine::emulator::Kernel;
use portcls_machine::midi_file::{Song, default_tune};
use portcls_machine::{Application, Machine, capture};
use proptest::prelude::*;

use crate::songs::{flood, random_song, sysex};
use crate::{CARDS, assert_captured, machine};

#[test]
fn the_tune_comes_in_on_every_card() {
    for card in CARDS {
        let report = capture(&machine(card), &default_tune()).expect("the song is captured");
        assert_captured(card, &report);
    }
}

#[test]
fn thousands_of_bytes_come_in_at_full_wire_rate() {
    for card in CARDS {
        let report = capture(&machine(card), &flood(6_000)).expect("the song is captured");
        assert_captured(card, &report);
    }
}

#[test]
fn a_byte_bears_the_time_at_which_it_arrived_to_the_millisecond() {
    let mut song = Song::new();
    for index in 0..100 {
        song.push(index * 10_137_311, &[0x90, 60, 64]);
    }
    let stop_bits = song.iter().flat_map(|message| {
        (1..=message.bytes.len() as u64).map(move |byte| message.due_ns + byte * BYTE_TIME_NS)
    });
    let arrivals: Vec<u64> = stop_bits.collect();
    for card in CARDS {
        let report = capture(&machine(card), &song).expect("the song is captured");
        assert_captured(card, &report);
        let chunks = report.received.iter();
        let stamps = chunks.flat_map(|chunk| chunk.bytes.iter().map(|_| chunk.time_ns));
        for (stamp_ns, &arrival_ns) in stamps.zip(&arrivals) {
            let apart_ns = stamp_ns.abs_diff(arrival_ns);
            assert!(apart_ns < 1_000_000, "{card}: arrived {arrival_ns}, stamped {stamp_ns}");
        }
    }
}

/// Time between two bytes on a line that is never idle for long, in ns: a MIDI clock at 125 beats a
/// minute.
const CLOCK_PERIOD_NS: u64 = 20_000_000;

/// Sends a MIDI clock into the card, and calls itself later for the next clock.
fn send_clocks(kernel: &Kernel, machine: &Weak<Machine>) {
    let Some(card) = machine.upgrade() else { return };
    card.cable().send(&[0xF8]);
    let machine = Weak::clone(machine);
    kernel.at(kernel.now_ns() + CLOCK_PERIOD_NS, move |kernel| send_clocks(kernel, &machine));
}

#[test]
fn a_line_that_never_falls_silent_ends_the_capture_with_what_came_too_much() {
    let machine = Rc::new(machine("smsc-superio"));
    let mut song = Song::new();
    song.push(0, &[0x90, 60, 64]);
    send_clocks(machine.kernel(), &Rc::downgrade(&machine));
    let report = capture(&machine, &song).expect("the song is captured");
    assert_eq!(report.job.stop, None);
    assert_eq!(report.application.bytes, 3 + 65_536);
    assert!(!report.is_complete());
}

#[test]
fn input_is_whole_while_output_floods() {
    for card in CARDS {
        let machine = machine(card);
        machine.start().unwrap();
        let application = Application::new(&machine);
        let input = application.open_capture().unwrap();
        let output = application.open_render().unwrap();
        input.run().unwrap();
        output.run().unwrap();
        for _ in 0..700 {
            input.queue_read().unwrap();
        }
        let bytes = sysex(600);
        let before = machine.cable().sent_count();
        machine.cable().send(&bytes);
        output.write_now(&bytes).unwrap();
        machine.run_for_ns(300_000_000).unwrap();
        assert_eq!(machine.cable().sent_bytes()[before..], bytes, "{card}");
        let received = input.take_received();
        let received: Vec<u8> = received.into_iter().flat_map(|chunk| chunk.bytes).collect();
        assert_eq!(received, bytes, "{card}");
        assert_eq!(machine.kernel().violations(), [], "{card}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_song_comes_in_unchanged_on_every_card(song in random_song(60)) {
        for card in CARDS {
            let report = capture(&machine(card), &song).expect("the song is captured");
            assert_captured(card, &report);
        }
    }
}
