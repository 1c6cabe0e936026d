//! Songs out: every byte reaches the wire in order, unchanged, on every card.

use portcls_machine::chip::{BYTE_TIME_NS, CardTiming, card, cards};
use portcls_machine::midi_file::{Song, default_tune};
use portcls_machine::report::Filter;
use portcls_machine::{MachineBuilder, play};
use proptest::prelude::*;

use crate::songs::{flood, random_song, sysex};
use crate::{CARDS, assert_played, buffered_cards, machine};

/// Plays a song, checks the run, and returns the bytes on MIDI OUT since the song began, with their
/// start times.
fn played(card: &str, song: &Song) -> Vec<(u64, u8)> {
    let report = play(&machine(card), song).expect("the song plays");
    assert_played(card, &report);
    let song_start_ns = report.wire.song_start_ns.expect("the song began");
    report.sent.into_iter().filter(|&(start_ns, _)| start_ns >= song_start_ns).collect()
}

#[test]
fn the_tune_plays_on_every_built_in_card_at_any_timing() {
    let song = default_tune();
    for profile in cards() {
        for timing in [CardTiming::Shortest, CardTiming::Longest, CardTiming::Seeded(1)] {
            let builder = MachineBuilder::new().card_profile(profile.clone()).card_timing(timing);
            let machine = builder.build().expect("the machine can be built");
            let report = play(&machine, &song).expect("the song plays");
            assert!(report.is_complete(), "{} {timing:?}: {report:?}", profile.name);
        }
    }
}

#[test]
fn a_card_with_registers_apart_is_driven_by_one_port_for_each() {
    let machine = MachineBuilder::new().card("pc98-mpu").expect("a known card").build();
    let machine = machine.expect("the machine can be built");
    machine.start().expect("the driver starts");
    let trace = machine.trace_text(Filter::Registers);
    assert!(trace.contains("card pc98-mpu, port E0D0"), "{trace}");
    assert!(trace.contains("out E0D2 <- 3F"), "{trace}");
    assert!(trace.contains("in  E0D0 -> FE"), "{trace}");
    assert!(!trace.contains("E0D1"), "{trace}");
}

#[test]
fn the_tune_plays_on_every_card() {
    let song = default_tune();
    let expected: Vec<u8> = song.iter().flat_map(|message| message.bytes).copied().collect();
    for card in CARDS {
        let wire = played(card, &song);
        let bytes: Vec<u8> = wire.iter().map(|&(_, byte)| byte).take(expected.len()).collect();
        assert_eq!(bytes, expected, "{card}");
    }
}

#[test]
fn no_byte_begins_before_the_one_before_it_has_had_its_320_us() {
    for card in CARDS {
        let wire = played(card, &flood(300));
        for pair in wire.windows(2) {
            assert!(pair[1].0 - pair[0].0 >= 320_000, "{card}: {pair:?}");
        }
    }
}

#[test]
fn a_sysex_longer_than_every_fifo_goes_out_whole() {
    let deepest =
        CARDS.map(|name| card(name).unwrap().behaviour.tx_depth).into_iter().max().unwrap();
    let mut song = Song::new();
    song.push(0, &sysex(usize::from(deepest) * 2));
    song.push(5_000_000, &[0xF8]);
    for card in CARDS {
        played(card, &song);
    }
}

#[test]
fn a_flood_leaves_at_the_rate_of_the_wire_where_there_is_a_buffer() {
    for card in buffered_cards() {
        let wire = played(card, &flood(3_000));
        assert!(wire_rate_permille(&wire[..3_000]) >= 980, "{card}");
    }
}

#[test]
fn a_flood_leaves_nearly_at_the_rate_of_the_wire_without_a_buffer() {
    let wire = played("clone-dumb", &flood(3_000));
    assert!(wire_rate_permille(&wire[..3_000]) >= 950);
}

/// The share of the time from the first to the last byte in which the wire was busy, in 1/1000.
fn wire_rate_permille(wire: &[(u64, u8)]) -> u64 {
    let (first_ns, last_ns) = (wire[0].0, wire[wire.len() - 1].0 + BYTE_TIME_NS);
    wire.len() as u64 * BYTE_TIME_NS * 1_000 / (last_ns - first_ns)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_song_goes_out_unchanged_on_every_card(song in random_song(60)) {
        for card in CARDS {
            played(card, &song);
        }
    }
}
