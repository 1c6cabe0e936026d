//! Machines with compiled drivers for short runs, and how a run may end.

use portcls_machine::emulator::{KernelConfig, Stop};
use portcls_machine::{Application, Driver, GuestOptions, Machine, MachineBuilder, MachineError};

/// The longest run in ns. It is short, because a driver may poll all the time.
const UNTIL_NS: u64 = 40_000_000;

/// A card that resets at once, so that the start of a driver is short.
const CARD: &str = "smsc-superio";

/// The options of a driver with this limit of instructions for one call.
pub fn options(call_budget: u64) -> GuestOptions {
    GuestOptions { call_budget, ..GuestOptions::default() }
}

/// A machine with this driver and a limit of simulated time.
///
/// # Errors
/// The driver does not fit into memory.
pub fn machine(driver: Driver) -> Result<Machine, MachineError> {
    let kernel = KernelConfig { until_ns: Some(UNTIL_NS), ..KernelConfig::default() };
    MachineBuilder::new().card(CARD)?.driver(driver).kernel(kernel).build()
}

/// A start, a stream each way, and an end.
///
/// # Errors
/// The first error, which ended the life early.
fn live(machine: &Machine) -> Result<(), MachineError> {
    machine.start()?;
    let application = Application::new(machine);
    let output = application.open_render()?;
    let input = application.open_capture()?;
    output.run()?;
    input.run()?;
    input.queue_read()?;
    output.write_now(&[0x90, 0x3C, 0x40])?;
    machine.cable().send(&[0xFE]);
    machine.run_for_ns(4_000_000)?;
    drop((output, input));
    machine.unload().map(drop)
}

/// The end of a run with an arbitrary driver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum End {
    /// The file is not a driver, or does not fit into memory.
    RefusedFile,
    /// The driver answered with an error, or offered no pin.
    RefusedStart,
    /// The driver failed, and a report says how.
    Died,
    /// The driver lived to the end of the run or to the time limit.
    Lived,
}

/// Runs the life of an arbitrary driver. If the length of `input` is a multiple of 8, the life runs
/// twice, and every event must be the same in both lives.
///
/// # Errors
/// The driver does not fit into memory.
///
/// # Panics
/// Code of the project panicked, a failure has no report, or the second life differs from the
/// first.
pub fn end_of_life(driver: &Driver, input: &[u8]) -> Result<End, MachineError> {
    let once = machine(driver.clone())?;
    let end = end_of(&once, live(&once));
    if input.len().is_multiple_of(8) {
        let again = machine(driver.clone())?;
        assert_eq!(end_of(&again, live(&again)), end, "the second life ends in the same way");
        let logs = [&once, &again].map(|machine| machine.kernel().trace().log());
        assert!(logs[0].records() == logs[1].records(), "the second life has the same events");
    }
    Ok(end)
}

/// Returns the end of a machine's run.
///
/// # Panics
/// Code of the project panicked, or a failure has no report.
fn end_of<T>(machine: &Machine, result: Result<T, MachineError>) -> End {
    match result {
        Ok(_) | Err(MachineError::Stopped(Stop::TimeLimit { .. })) => End::Lived,
        Err(MachineError::Stopped(Stop::DriverFailure { message, .. })) => {
            panic!("our own code panicked: {message}")
        }
        Err(MachineError::Stopped(Stop::Abandoned { .. })) => panic!("no one gave the run up"),
        Err(MachineError::Stopped(
            stop @ (Stop::BugCheck(_) | Stop::Hang(_) | Stop::Unsupported { .. }),
        )) => {
            assert!(!stop.to_string().contains('\n'), "{stop}");
            let analysis = machine.analysis().expect("a failure has a report");
            assert!(analysis.to_string().contains("FAILURE_BUCKET_ID:  "));
            End::Died
        }
        Err(error) => {
            assert!(!error.to_string().contains('\n'), "{error}");
            End::RefusedStart
        }
    }
}
