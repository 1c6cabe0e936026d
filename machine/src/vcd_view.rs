//! The wires in a dump of a machine's trace.
//!
//! | trace | name | dialect | value |
//! |---|---|---|---|
//! | IRQL | `irql` | `full` | 0 PASSIVE_LEVEL, 2 DISPATCH_LEVEL, 3 a device's level or above |
//! | calls | `running` | `full` | the innermost call that runs, as text |
//!
//! The other wires are the wires of the card, see [`mpu401_card_bench::vcd_options`].

use portcls_emulator::trace::TraceLog;
use portcls_report::vcd::{Dialect, Source, Tick, VcdOptions, Wire};

/// The options with which [`report::vcd::write`](portcls_report::vcd::write) writes a trace of a
/// machine as a dump.
#[must_use]
pub fn vcd_options(log: &TraceLog, dialect: Dialect, tick: Tick) -> VcdOptions {
    let mut options = mpu401_card_bench::vcd_options(log, dialect, tick);
    options.wires.push(Wire { name: "irql".to_owned(), source: Source::Irql });
    options.wires.push(Wire { name: "running".to_owned(), source: Source::Running });
    options
}
