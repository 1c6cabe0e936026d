//! A driver that gets commands for DirectMusic events from random bytes.
//!
//! Most scripts have mistakes. Each script ends well or in a report, and together they break each
//! rule about DirectMusic events.

use std::collections::BTreeSet;

use portcls_fuzz_inputs::{Mutator, dmus_events};

/// How many scripts are tried.
const SCRIPTS: u64 = 200;

/// The bytes of a script.
const SCRIPT_BYTES: usize = 300;

#[test]
fn random_use_of_events_breaks_the_rules_and_never_the_tool() {
    let mut broken = BTreeSet::new();
    for number in 0..SCRIPTS {
        // The first byte chooses the bitness.
        let script = Mutator::new(number).bytes(SCRIPT_BYTES);
        broken.extend(dmus_events::broken_rules(&[&[number as u8][..], &script].concat()));
    }
    let expected = [
        "event-chain-loop",
        "event-data-foreign",
        "event-data-missing",
        "event-foreign",
        "event-package-loop",
        "event-put-twice",
        "event-reserved-changed",
        "event-size-changed",
        "event-too-long",
        "events-outstanding",
    ];
    assert_eq!(broken.into_iter().collect::<Vec<_>>(), expected, "each rule is reached");
}
