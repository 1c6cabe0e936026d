//! A driver that gets commands for DirectMusic events from random bytes.
//!
//! The bytes come in on MIDI IN. The driver gets events and buffers, changes them, and puts them.
//! Most scripts have mistakes. Each script ends well or in a report. The fuzz target `events` in
//! `tests/fuzz/` does the same for any length of time.

use std::collections::BTreeSet;

use portcls_machine::Application;
use portcls_machine::emulator::{KernelConfig, Stop};
use portcls_machine::{Driver, GuestOptions, MachineBuilder, MachineError};

use crate::mutations::Numbers;
use crate::scene::{TARGETS, folder};

/// How many scripts are tried on each target.
const SCRIPTS: u64 = 100;

/// The bytes of a script.
const SCRIPT_BYTES: usize = 300;

/// The time that a script takes on the wire, and some time more, in ns.
const SCRIPT_NS: u64 = 320_000 * SCRIPT_BYTES as u64 + 10_000_000;

/// Runs a script and returns the rules that it broke.
fn run(file: &[u8], script: &[u8]) -> Result<Vec<&'static str>, MachineError> {
    let options = GuestOptions { call_budget: 1_000_000, ..GuestOptions::default() };
    let driver = Driver::from_sys("dmus_script", file, options)?;
    let kernel = KernelConfig { until_ns: Some(2_000_000_000), ..KernelConfig::default() };
    let machine = MachineBuilder::new().driver(driver).kernel(kernel).build()?;
    machine.start()?;
    let input = Application::new(&machine).open_capture()?;
    input.run()?;
    machine.cable().send(script);
    machine.run_for_ns(SCRIPT_NS)?;
    drop(input);
    machine.unload()?;
    Ok(machine.kernel().violations().iter().map(|violation| violation.rule.id).collect())
}

#[test]
fn random_use_of_events_breaks_the_rules_and_never_the_tool() {
    let mut broken = BTreeSet::new();
    for target in TARGETS {
        let path = folder().join("bin").join(target).join("dmus_script.sys");
        let file = std::fs::read(path).expect("a committed driver");
        for seed in 1..=SCRIPTS {
            let mut numbers = Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let script: Vec<u8> = (0..SCRIPT_BYTES).map(|_| numbers.next() as u8).collect();
            match run(&file, &script) {
                Ok(rules) => broken.extend(rules),
                Err(MachineError::Stopped(Stop::BugCheck(_))) => {}
                Err(other) => panic!("{target}, script {seed}: {other}"),
            }
        }
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
