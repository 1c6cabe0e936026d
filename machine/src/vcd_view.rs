//! Which wires a dump of a machine's trace has, and what they are called.
//!
//! | trace | dialect `full` | dialect `sigrok` | value |
//! |---|---|---|---|
//! | lane `out` | `txd` | `midi_out` | the bits on MIDI OUT |
//! | lane `in` | `rxd` | `midi_in` | the bits on MIDI IN |
//! | signal `irq N` | `irq` | `irq` | the interrupt line |
//! | signal `drr` | `drr` | `drr` | bit 6 of STATUS: 0 while the card takes a byte |
//! | signal `dsr` | `dsr` | `dsr` | bit 7 of STATUS: 0 while a byte waits in DATA |
//! | signal `tx fifo` | `tx_fifo` | | bytes for MIDI OUT, the one on the wire included |
//! | signal `rx fifo` | `rx_fifo` | | bytes from MIDI IN that the driver has not read |
//! | IRQL | `irql` | | 0 PASSIVE_LEVEL, 2 DISPATCH_LEVEL, 3 a device's level or above |
//!
//! The lanes, the interrupt line and the IRQL are always there. The other signals are there when
//! the trace has them: a flag that was only seen when the driver polled it is no signal.

use hw_mpu401::{MAX_RX_DEPTH, MAX_TX_DEPTH};
use portcls_emulator::trace::{Event, TraceLog};
use portcls_report::vcd::{Dialect, Source, Tick, VcdOptions, Wire};

/// The signals of a card, with their widths in bits.
const CARD_SIGNALS: [(&str, u8); 4] = [
    ("drr", 1),
    ("dsr", 1),
    ("tx fifo", (u16::BITS - MAX_TX_DEPTH.leading_zeros()) as u8),
    ("rx fifo", (u16::BITS - MAX_RX_DEPTH.leading_zeros()) as u8),
];

/// How a trace of a machine is written as a dump, by
/// [`report::vcd::write`](portcls_report::vcd::write).
///
/// With several interrupt lines in a trace the first one is `irq` and the others are `irq_N`.
#[must_use]
pub fn vcd_options(log: &TraceLog, dialect: Dialect, tick: Tick) -> VcdOptions {
    let (out, input) = match dialect {
        Dialect::Full => ("txd", "rxd"),
        Dialect::Sigrok => ("midi_out", "midi_in"),
    };
    let signals = signals(log);
    let mut wires =
        vec![wire(out, Source::Lane("out".to_owned())), wire(input, Source::Lane("in".to_owned()))];
    wires.extend(interrupt_lines(log, &signals));
    let present = CARD_SIGNALS.iter().filter(|(name, _)| signals.contains(name));
    wires.extend(present.map(|&(name, bits)| {
        wire(name, Source::Signal { name: name.to_owned(), bits, start: None })
    }));
    wires.push(wire("irql", Source::Irql));
    VcdOptions { dialect, tick, wires }
}

/// The same for the trace of a script, which no processor runs: there is no IRQL.
#[must_use]
pub fn script_vcd_options(log: &TraceLog, dialect: Dialect, tick: Tick) -> VcdOptions {
    let mut options = vcd_options(log, dialect, tick);
    options.wires.retain(|wire| wire.source != Source::Irql);
    options
}

/// A wire with a name of one word.
fn wire(name: &str, source: Source) -> Wire {
    Wire { name: name.replace(' ', "_"), source }
}

/// The signals of a trace in the order in which they come.
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

/// A wire for each interrupt line of a trace, and one that stays low if there is none: a line
/// tells nothing until it rises.
fn interrupt_lines(log: &TraceLog, signals: &[&str]) -> Vec<Wire> {
    // A trace that does not hold everything may have lost the beginning.
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
