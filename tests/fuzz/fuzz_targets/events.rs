//! Wrong uses of DirectMusic events: each run ends well or in a report.
//!
//! The first byte of the input chooses the bitness. The rest comes in on MIDI IN. The driver
//! `dmus_script` takes each byte as a command: the driver gets events and buffers, changes them,
//! and puts them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcls_machine::emulator::{KernelConfig, Stop};
use portcls_machine::{Application, Driver, GuestOptions, Machine, MachineBuilder, MachineError};

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

fn live(machine: &Machine, script: &[u8]) -> Result<(), MachineError> {
    machine.start()?;
    let input = Application::new(machine).open_capture()?;
    input.run()?;
    machine.cable().send(script);
    machine.run_for_ns(BYTE_TIME_NS * (script.len() as u64 + 30))?;
    drop(input);
    machine.unload().map(drop)
}

fuzz_target!(|input: &[u8]| {
    let Some((first, script)) = input.split_first() else { return };
    let script = &script[..script.len().min(LONGEST_SCRIPT)];
    let file = DRIVERS[usize::from(*first) % DRIVERS.len()];
    let options = GuestOptions { call_budget: 1_000_000, ..GuestOptions::default() };
    let kernel = KernelConfig { until_ns: Some(UNTIL_NS), ..KernelConfig::default() };
    let machine = Driver::from_sys("dmus_script", file, options)
        .and_then(|driver| MachineBuilder::new().driver(driver).kernel(kernel).build());
    let machine = machine.expect("a good driver");
    match live(&machine, script) {
        Ok(()) => {}
        Err(MachineError::Stopped(Stop::BugCheck(_))) => {
            let analysis = machine.analysis().expect("a failure has a report");
            assert!(analysis.to_string().contains("FAILURE_BUCKET_ID:  "));
        }
        Err(other) => panic!("neither a life nor a bug check: {other}"),
    }
});
