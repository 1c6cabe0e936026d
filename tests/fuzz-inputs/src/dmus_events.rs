//! Wrong uses of DirectMusic events: each run ends well or in a report.
//!
//! The first byte of the input chooses the bitness. The rest comes in on MIDI IN. The driver
//! `dmus_script` takes each byte as a command: the driver gets events and buffers, changes them,
//! and puts them.

use portcls_machine::emulator::{KernelConfig, Stop};
use portcls_machine::{Application, Driver, Machine, MachineBuilder, MachineError};

use crate::machines::options;
use crate::mutation::Mutator;
use crate::seeds::Seed;

const DRIVERS: [&[u8]; 2] = [
    include_bytes!("../../../guest/drivers/bin/x64/dmus_script.sys"),
    include_bytes!("../../../guest/drivers/bin/x86/dmus_script.sys"),
];

/// The time that a byte takes on the wire, in ns.
const BYTE_TIME_NS: u64 = 320_000;

/// The longest script in bytes.
const LONGEST_SCRIPT: usize = 1_000;

/// The longest run, in ns.
const UNTIL_NS: u64 = 2_000_000_000;

thread_local! {
    static LOADED: Vec<Driver> = DRIVERS
        .iter()
        .map(|file| Driver::from_sys("dmus_script", file, options(1_000_000)).expect("a driver"))
        .collect();
}

/// Runs a script.
pub(crate) fn run(input: &[u8]) {
    broken_rules(input);
}

/// Runs a script, and returns the rules that it broke.
///
/// # Panics
/// The run ended neither well nor in a bug check with a report.
pub fn broken_rules(input: &[u8]) -> Vec<&'static str> {
    let Some((first, script)) = input.split_first() else { return Vec::new() };
    let script = &script[..script.len().min(LONGEST_SCRIPT)];
    let driver = LOADED.with(|loaded| loaded[usize::from(*first) % loaded.len()].clone());
    let kernel = KernelConfig { until_ns: Some(UNTIL_NS), ..KernelConfig::default() };
    let machine = MachineBuilder::new().driver(driver).kernel(kernel).build();
    let machine = machine.expect("a good driver");
    match live(&machine, script) {
        Ok(()) => {}
        Err(MachineError::Stopped(Stop::BugCheck(_))) => {
            let analysis = machine.analysis().expect("a failure has a report");
            assert!(analysis.to_string().contains("FAILURE_BUCKET_ID:  "));
        }
        Err(other) => panic!("neither a life nor a bug check: {other}"),
    }
    machine.kernel().violations().iter().map(|violation| violation.rule.id).collect()
}

fn live(machine: &Machine, script: &[u8]) -> Result<(), MachineError> {
    machine.start()?;
    let input = Application::new(machine).open_capture()?;
    input.run()?;
    machine.cable().send(script);
    machine.run_for_ns(BYTE_TIME_NS * (script.len() as u64 + 30))?;
    drop(input);
    machine.unload().map(drop)
}

/// Random scripts: any byte is a command.
pub(crate) fn seeds() -> Vec<Seed> {
    let seed = |number: u8| {
        let script = Mutator::new(number.into()).bytes(80);
        (format!("script-{number}"), [&[number][..], &script].concat())
    };
    (0..20).map(seed).collect()
}
