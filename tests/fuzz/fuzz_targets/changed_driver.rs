//! A good driver with changes: loaded, started and unloaded.
//!
//! The run must end in an error, in a report, or with the driver unloaded.
//!
//! The first byte of the input chooses the driver. Then each group of three bytes is a change: two
//! bytes for the place, and the new byte. Such inputs change few bytes, so the loader accepts most
//! inputs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcls_machine::emulator::{KernelConfig, Stop};
use portcls_machine::{Driver, GuestOptions, MachineBuilder, MachineError};

const DRIVERS: [&[u8]; 3] = [
    include_bytes!("../../../guest/drivers/bin/x64/uart.sys"),
    include_bytes!("../../../guest/drivers/bin/x86/uart.sys"),
    include_bytes!("../../../guest/drivers/bin/msvc-x64/uart.sys"),
];

/// The most instructions of one call into the driver.
const CALL_BUDGET: u64 = 200_000;

/// The longest run of a driver, in ns.
const UNTIL_NS: u64 = 500_000_000;

fuzz_target!(|input: &[u8]| {
    let Some((first, changes)) = input.split_first() else { return };
    let mut file = DRIVERS[usize::from(*first) % DRIVERS.len()].to_vec();
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % file.len();
        file[at] = change[2];
    }
    let options = GuestOptions { call_budget: CALL_BUDGET, ..GuestOptions::default() };
    let kernel = KernelConfig { until_ns: Some(UNTIL_NS), ..KernelConfig::default() };
    let machine = Driver::from_sys("changed", &file, options)
        .and_then(|driver| MachineBuilder::new().driver(driver).kernel(kernel).build());
    let Ok(machine) = machine else { return };
    match machine.start().and_then(|()| machine.unload()) {
        Err(MachineError::Stopped(Stop::DriverFailure { message, .. })) => {
            panic!("our own code panicked: {message}")
        }
        Err(MachineError::Stopped(
            Stop::BugCheck(_) | Stop::Hang(_) | Stop::Unsupported { .. },
        )) => {
            let analysis = machine.analysis().expect("a failure has a report");
            assert!(analysis.to_string().contains("FAILURE_BUCKET_ID:  "));
        }
        _ => {}
    }
});
