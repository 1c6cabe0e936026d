//! Any requests of a client: all are answered, and nothing is left.
//!
//! The fuzz target `requests` in `tests/fuzz/` runs the same sequences for any length of time.

#[path = "requests/sequence.rs"]
mod sequence;

use sequence::{Reached, run};

/// The number of random sequences that the test runs.
const SEQUENCES: u64 = 200;

/// The bytes of a random sequence.
const SEQUENCE_BYTES: usize = 400;

/// For each driver, a sequence with all steps of a usual client: a filter, a pin in RUN, a write,
/// time, a read, data, a cancel, a close.
fn usual_lives() -> Vec<Vec<u8>> {
    let mut lives = Vec::new();
    for driver in [0, 1] {
        for pin in 0..6 {
            for format in [0, 1] {
                let filter = [0, 0];
                let open = [2, 0, 0, pin, format, 0];
                let run = [13, 0, 0, 0, 4];
                // One note, without changes: the form, one record, the message, its time.
                let note = [0, 1 - format, 1, 0, 0x3C, 0x40, 0, 0];
                let write = [&[9][..], &note, &[0, 0, 0, 0, 0, 0, 4]].concat();
                let read = [11, 0, 40, 0, 0, 0, 0, 0, 0, 4];
                let data = [18, 3, 0x90, 0x3C, 0x40];
                let time = [19, 100];
                let parts: [&[u8]; 9] =
                    [&filter, &open, &run, &write, &time, &read, &data, &time, &[15, 0]];
                lives.push([&[driver][..], &parts.concat()].concat());
            }
        }
    }
    lives
}

fn random_sequence(seed: u64) -> Vec<u8> {
    let mut number = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        (number >> 24) as u8
    };
    (0..SEQUENCE_BYTES).map(|_| next()).collect()
}

fn all(sequences: impl IntoIterator<Item = Vec<u8>>) -> Reached {
    let mut sum = Reached::default();
    for sequence in sequences {
        let reached = run(&sequence);
        sum.files += reached.files;
        sum.properties += reached.properties;
        sum.events += reached.events;
        sum.streams += reached.streams;
        sum.refused += reached.refused;
    }
    sum
}

#[test]
fn usual_lives_are_served_and_leave_nothing() {
    let reached = all(usual_lives());
    assert!(reached.files >= 16 && reached.streams >= 4, "{reached:?}");
}

#[test]
fn random_requests_are_answered_and_leave_nothing() {
    // Most random sequences open no pin. Here each begins with a life that opens a pin.
    let lives: Vec<_> = usual_lives().into_iter().filter(|life| run(life).files == 2).collect();
    let begin = |seed: u64| &lives[seed as usize % lives.len()][..];
    let sequences = (1..=SEQUENCES).map(|seed| [begin(seed), &random_sequence(seed)].concat());
    let reached = all(sequences);
    let Reached { files, properties, streams, refused, .. } = reached;
    assert!(files >= 500 && properties >= 300, "{reached:?}");
    assert!(streams >= 250 && refused >= 500, "{reached:?}");
}

#[test]
fn random_events_are_enabled_and_leave_nothing() {
    // The driver with events, and one filter.
    let begin = [2, 0, 0];
    let sequences = (1..=SEQUENCES).map(|seed| [&begin[..], &random_sequence(seed)].concat());
    let reached = all(sequences);
    assert!(reached.events >= 40 && reached.refused >= 500, "{reached:?}");
}
