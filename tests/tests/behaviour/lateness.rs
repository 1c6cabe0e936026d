//! When a message leaves: never too early, and soon after its due time.
//!
//! The model is a queue: a message can begin when it is due and the message before it has left. The
//! machine adds two times: 2 ms (the millisecond of the music record and the millisecond of the
//! clock interrupt), and the card's own latency. Between messages that are both due it may also
//! pause, see `pause_ns`.

use portcls_machine::chip::{BYTE_TIME_NS, card};
use portcls_machine::midi_file::{Song, default_tune};
use portcls_machine::{PlayReport, play};
use proptest::prelude::*;

use crate::songs::random_song;
use crate::{CARDS, assert_played, machine};

/// A music record has a delta in ms, and timers expire at clock interrupts, 1 ms apart.
const RESOLUTION_NS: u64 = 2_000_000;

/// Time between two clock interrupts.
const CLOCK_NS: u64 = 1_000_000;

/// Time between two checks of the driver for room: a stall of 10 us and the access.
const POLL_NS: u64 = 11_000;

/// The driver's accesses until the byte is in the card: one status read, one data write.
const ACCESSES: u64 = 2;

/// Time from a driver's first access to the start bit on an idle wire.
fn card_latency_ns(name: &str) -> u64 {
    let profile = card(name).unwrap();
    let timing = &profile.behaviour.timing;
    ACCESSES * profile.behaviour.access_ns + timing.drr_clear_uart_ns.typ + timing.tx_start_ns.typ
}

/// The longest pause between two messages that are both due.
///
/// The sequencer lets other code run once in 100 ms, and goes on at the next clock interrupt. If a
/// card holds more bytes than leave before that interrupt, the wire has no pause. With any other
/// card the wire pauses for the rest of the millisecond, for one poll of the driver, and for the
/// card's latency.
fn pause_ns(name: &str) -> u64 {
    let held = u64::from(card(name).unwrap().behaviour.tx_depth) - 1;
    let empty_ns = CLOCK_NS.saturating_sub(held * BYTE_TIME_NS);
    if empty_ns == 0 { 0 } else { empty_ns + POLL_NS + card_latency_ns(name) }
}

/// Asserts the time of every message of a song against the queue.
fn assert_on_time(card: &str, song: &Song, report: &PlayReport) {
    let wire: Vec<u64> = report.sent.iter().map(|&(start_ns, _)| start_ns).collect();
    let song_start_ns = report.wire.song_start_ns.expect("the song began");
    let mut next = wire.partition_point(|&start_ns| start_ns < song_start_ns);
    let mut free_ns = 0;
    for message in song {
        let due_ns = song_start_ns + message.due_ns;
        let start_ns = wire[next];
        assert!(start_ns >= due_ns, "{card}: {} ns early", due_ns - start_ns);
        let on_time_ns = due_ns + RESOLUTION_NS + card_latency_ns(card);
        let latest_ns = on_time_ns.max(free_ns + pause_ns(card));
        assert!(
            start_ns <= latest_ns,
            "{card}: a message due at {due_ns} began at {start_ns}, {} ns late; free at {free_ns}",
            start_ns - latest_ns
        );
        next += message.bytes.len();
        free_ns = wire[next - 1] + BYTE_TIME_NS;
    }
}

fn play_and_check(card: &str, song: &Song) {
    let report = play(&machine(card), song).expect("the song plays");
    assert_played(card, &report);
    assert_on_time(card, song, &report);
}

#[test]
fn the_tune_is_never_early_and_at_most_2_ms_and_the_card_late() {
    for card in CARDS {
        play_and_check(card, &default_tune());
    }
}

#[test]
fn a_note_on_an_idle_wire_begins_within_2_ms_and_the_card_whenever_it_is_due() {
    let mut song = Song::new();
    for index in 0..200 {
        // With this step the messages fall on every phase of the clock.
        song.push(index * 5_137_311, &[0x90, 60, 64]);
    }
    for card in CARDS {
        let report = play(&machine(card), &song).expect("the song plays");
        assert_played(card, &report);
        let most_ns = report.wire.late.most_ns;
        assert!(most_ns <= RESOLUTION_NS + card_latency_ns(card), "{card}: {most_ns} ns");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_song_keeps_to_the_times_of_the_queue(song in random_song(60)) {
        for card in CARDS {
            play_and_check(card, &song);
        }
    }
}
