//! A song gives the same trace in a second run and in every build.
//!
//! The traces of two runs are compared byte for byte. The traces of two builds are compared by
//! their digests. A third test reads a trace back from its text.

use portcls_machine::midi_file::default_tune;
use portcls_machine::report::Filter;
use portcls_machine::report::text::{parse, print};
use portcls_machine::{capture, play};

use crate::{CARDS, machine};

/// The full trace of playing the tune on a card.
fn trace_of_playing(card: &str) -> String {
    let machine = machine(card);
    play(&machine, &default_tune()).expect("the tune plays");
    machine.trace_text(Filter::Full)
}

fn trace_of_capturing(card: &str) -> String {
    let machine = machine(card);
    capture(&machine, &default_tune()).expect("the tune is captured");
    machine.trace_text(Filter::Full)
}

/// FNV-1a with 64 bits.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[test]
fn the_same_song_gives_the_same_trace() {
    for card in CARDS {
        assert!(trace_of_playing(card) == trace_of_playing(card), "{card}");
        assert!(trace_of_capturing(card) == trace_of_capturing(card), "{card}");
    }
}

/// Every build, on any computer, must have the digests of the snapshot `digests`. A change of
/// behaviour changes the digests: accept the new snapshot together with the goldens that show the
/// change.
#[test]
fn every_build_gives_the_same_trace() {
    let line = |card: &str| {
        let (out, back) = (trace_of_playing(card), trace_of_capturing(card));
        format!("{card}: out {:016X}, in {:016X}", digest(&out), digest(&back))
    };
    insta::assert_snapshot!(
        "digests",
        CARDS.map(line).join(
            "
"
        )
    );
}

#[test]
fn the_whole_trace_of_a_song_reads_back() {
    for card in CARDS {
        let text = trace_of_playing(card);
        let (header, log) = parse(&text).expect("the text of a trace is well formed");
        assert!(print(&log, &header, Filter::Full) == text, "{card}");
    }
}
