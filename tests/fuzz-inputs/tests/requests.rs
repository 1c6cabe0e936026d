//! Any requests of a client: all are answered, and nothing is left.
//!
//! The fuzz target `requests` in `tests/fuzz/` runs such sequences for any length of time.

use portcls_fuzz_inputs::Mutator;
use portcls_fuzz_inputs::requests::{Reached, run, usual_lives};

/// The number of random sequences that the test runs.
const SEQUENCES: u64 = 200;

/// The bytes of a random sequence.
const SEQUENCE_BYTES: usize = 400;

fn random_sequence(seed: u64) -> Vec<u8> {
    Mutator::new(seed).bytes(SEQUENCE_BYTES)
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
