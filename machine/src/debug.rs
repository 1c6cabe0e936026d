//! A run under a debugger, which can also go back in time.
//!
//! To go back, [`debug()`] builds the machine again and repeats the run up to the wanted moment.

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::rc::Rc;

use portcls_emulator::{Inspection, Kernel, Stop};
use portcls_guest::debugger::{Debuggee, Debugger, Facts, LoadedImage, Pause, Verdict};
use portcls_guest::gdb::GdbServer;
use portcls_guest::{Guest, Loaded};
use portcls_port::inspect_ports;
use portcls_report::Filter;
use portcls_report::text::print;

use crate::error::MachineError;
use crate::machine::Machine;

/// Lines of the trace that `monitor trace` shows without a number.
const USUAL_TRACE_LINES: usize = 20;

/// What `monitor help` says.
const HELP: &str = "\
irql          the level that the processor runs at
time          simulated time, and how many instructions have retired
running       what runs: a thread, a DPC, a service routine
card          the state of the card and of every other device on the bus
queues        what waits in the kernel: interrupts, DPCs, timers, work items, locks, waits
filters       the filters that the driver has registered, and their pins
pins          each open pin: its state, its time, how far its data has come
irps          each open pin: the requests that wait in its queue
trace [N]     the last N lines of the trace, 20 without a number
lm            where the driver was loaded";

/// Runs `job` on a machine that `build` makes, under the debugger behind `server`. While the
/// debugger wants to go back, the function builds a new machine and runs `job` again. Returns the
/// last machine and the result of `job` on it.
///
/// The job must do the same in each run. A machine whose run the debugger gave up has stopped with
/// [`Stop::Abandoned`].
///
/// # Errors
/// The error that `build` returns; [`MachineError::NotDebuggable`] for a driver in Rust.
pub fn debug<R>(
    server: &Rc<GdbServer>,
    build: impl Fn() -> Result<Machine, MachineError>,
    job: impl Fn(&Machine) -> R,
) -> Result<(Machine, R), MachineError> {
    loop {
        let machine = build()?;
        let name = machine.driver_name().to_owned();
        let (guest, file) = machine
            .guest()
            .zip(machine.file_for_debugger())
            .ok_or(MachineError::NotDebuggable { name })?;
        server.attach(Debuggee {
            cpu: Rc::clone(guest.cpu()),
            facts: facts(&machine, &guest),
            image: placed(file, guest.loaded()),
        });
        let debugger: Rc<dyn Debugger> = Rc::<GdbServer>::clone(server);
        guest.set_debugger(debugger);
        tell_of_stop(machine.kernel(), server);
        drop(guest);
        let result = job(&machine);
        let is_over = match machine.kernel().stopped() {
            None => server.pause(Pause::Ended) == Verdict::GoOn,
            Some(_) => false,
        };
        if is_over || !server.wants_replay() {
            return Ok((machine, result));
        }
    }
}

/// A driver's file, and the place of its image.
fn placed(path: PathBuf, loaded: &Loaded) -> LoadedImage {
    let first = loaded.image.sections().first().map_or(0, |section| section.rva.into());
    LoadedImage {
        path,
        base: loaded.base,
        preferred_base: loaded.image.preferred_base(),
        first_section: loaded.base.wrapping_add(first),
    }
}

/// The text of several parts. Without parts, the text is `none`.
fn text_of(parts: &[Inspection]) -> String {
    if parts.is_empty() { "none".to_owned() } else { Inspection::text_of(parts) }
}

/// Lets the debugger know of a stop of the machine while the driver's stack frames are still there.
/// The debugger is not told of a run that it has given up itself.
fn tell_of_stop(kernel: &Kernel, server: &Rc<GdbServer>) {
    // The reference to the server is weak. The server holds the facts, the facts hold the kernel,
    // and the kernel holds this observer: a strong reference would close the circle.
    let server = Rc::downgrade(server);
    kernel.observe_stop(Rc::new(move |_, stop| {
        let Some(server) = server.upgrade() else { return };
        let pause = match stop {
            Stop::Abandoned { .. } => return,
            Stop::TimeLimit { .. } => Pause::Ended,
            failure => Pause::Failed { message: failure.to_string() },
        };
        server.pause(pause);
    }));
}

/// What a debugger can ask: gdb by `monitor`, lldb by `process plugin packet monitor`.
fn facts(machine: &Machine, guest: &Guest) -> Facts {
    let header = machine.trace_header();
    let physical = Rc::clone(machine.physical());
    let kernel = guest.kernel().clone();
    let cpu = Rc::clone(guest.cpu());
    let (base, size, entry) = (guest.loaded().base, guest.loaded().size, guest.loaded().entry);
    Rc::new(move |question| {
        let mut words = question.trim_start_matches('!').split_whitespace();
        Some(match (words.next().unwrap_or("help"), words.next()) {
            ("help", None) => HELP.to_owned(),
            ("irql", None) => {
                let irql = kernel.current_irql();
                format!("Debugger saved IRQL for processor 0x0 -- {} ({irql})", irql.0)
            }
            ("time", None) => {
                let count = cpu.borrow().instruction_count();
                let now_ns = kernel.now_ns();
                let (us, ns) = (now_ns / 1_000, now_ns % 1_000);
                format!("{us}.{ns:03} us, {count} instructions")
            }
            ("running", None) => kernel.running().to_string(),
            ("card", None) => Inspection::text_of(&kernel.inspect_devices()),
            ("queues", None) => kernel.inspect_queues().to_string(),
            ("filters", None) => text_of(&inspect_ports(&kernel, &physical.top()).filters),
            ("pins", None) => text_of(&inspect_ports(&kernel, &physical.top()).pins),
            ("irps", None) => text_of(&inspect_ports(&kernel, &physical.top()).requests),
            ("trace", lines) => {
                let lines = lines.map_or(Some(USUAL_TRACE_LINES), |word| word.parse().ok())?;
                let text = print(&kernel.trace().log(), &header, Filter::Full);
                let skipped = text.lines().count().saturating_sub(lines);
                text.lines().skip(skipped).collect::<Vec<_>>().join("\n")
            }
            ("lm", None) => {
                format!("{base:016x} to {:016x}, entry {entry:016x}", base.wrapping_add(size))
            }
            _ => return None,
        })
    })
}
