//! Which wires a dump of a card's trace has, and their names.
//!
//! | trace | dialect `full` | dialect `sigrok` | value |
//! |---|---|---|---|
//! | lane `out` | `txd` | `midi_out` | the bits on MIDI OUT |
//! | lane `in` | `rxd` | `midi_in` | the bits on MIDI IN |
//! | signal `irq N` | `irq` | `irq` | the interrupt line |
//! | signal `drr` | `drr` | `drr` | bit 6 of STATUS: 0 while the card takes a byte |
//! | signal `dsr` | `dsr` | `dsr` | bit 7 of STATUS: 0 while a byte waits in DATA |
//! | signal `tx fifo` | `tx_fifo` | | bytes for MIDI OUT, including the byte on the wire |
//! | signal `rx fifo` | `rx_fifo` | | bytes from MIDI IN that the driver has not read |
//!
//! A dump always has the lanes and the interrupt line. It has another signal only if the trace has
//! events of that signal. If a trace shows a flag only in the driver's reads of STATUS, the dump
//! has no wire for the flag.

use portcls_emulator::trace::{Event, TraceLog};
use portcls_report::vcd::{Dialect, Source, Tick, VcdOptions, Wire};

use crate::signals::{LANES, Signal};

/// The options for [`report::vcd::write`](portcls_report::vcd::write), which writes a card's trace
/// as a dump. The card may be alone or in a machine.
///
/// With several interrupt lines in a trace the first line is `irq` and the other lines are `irq_N`.
#[must_use]
pub fn vcd_options(log: &TraceLog, dialect: Dialect, tick: Tick) -> VcdOptions {
    let (out, input) = match dialect {
        Dialect::Full => ("txd", "rxd"),
        Dialect::Sigrok => ("midi_out", "midi_in"),
    };
    let signals = signals(log);
    let lanes = [out, input].into_iter().zip(LANES);
    let mut wires: Vec<Wire> =
        lanes.map(|(name, lane)| wire(name, Source::Lane(lane.to_owned()))).collect();
    wires.extend(interrupt_lines(log, &signals));
    let present = Signal::ALL.into_iter().filter(|signal| signals.contains(&signal.name()));
    wires.extend(present.map(|signal| {
        let name = signal.name();
        wire(name, Source::Signal { name: name.to_owned(), bits: signal.bits(), start: None })
    }));
    VcdOptions { dialect, tick, wires }
}

/// A wire with a name of one word.
fn wire(name: &str, source: Source) -> Wire {
    Wire { name: name.replace(' ', "_"), source }
}

/// The signals of a trace in the order in which they first appear.
fn signals(log: &TraceLog) -> Vec<&str> {
    let mut seen = Vec::new();
    for event in log.events() {
        if let Event::Signal { signal, .. } = event.event
            && !seen.contains(&signal)
        {
            seen.push(signal);
        }
    }
    seen.into_iter().map(|signal| log.name(signal)).collect()
}

/// A wire for each interrupt line of a trace. If a trace has no line, there is one wire that never
/// changes.
///
/// The first event of a line is always its rise, so each line is low at first.
fn interrupt_lines(log: &TraceLog, signals: &[&str]) -> Vec<Wire> {
    // A trace that has dropped events may have lost the first rise. Then the level is not known.
    let start = (log.dropped() == 0).then_some(0);
    let mut lines: Vec<&str> =
        signals.iter().copied().filter(|name| name.starts_with("irq ")).collect();
    if lines.is_empty() {
        lines.push("irq");
    }
    let line = |(index, name): (usize, &str)| {
        let source = Source::Signal { name: name.to_owned(), bits: 1, start };
        wire(if index == 0 { "irq" } else { name }, source)
    };
    lines.into_iter().enumerate().map(line).collect()
}
