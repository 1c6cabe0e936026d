//! How long routines ran in a trace; how long interrupts, DPCs, bytes waited.
//!
//! This module owns what is measured, and from which event to which event. The causes tell where a
//! wait begins: for an interrupt at the rise of its line, for a DPC at the event that queued it,
//! and, if a timer's DPC wrote a byte, for this byte at the due time of the timer. Times are
//! simulated: accesses to ports and the instructions of a driver take time, caches and other
//! drivers do not exist.

mod budget;
mod gauge;
mod series;
mod table;
#[cfg(test)]
mod tests;
mod text;

use portcls_emulator::trace::TraceLog;
use serde::Serialize;

pub use budget::{Breach, Budget};
pub use series::{Series, Worst};
pub use table::table;

use gauge::Gauge;
use series::Sample;

/// What a series of times measures. The order is the order in a report.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    /// How long a service routine ran, without the interrupts that it let through.
    Isr,
    /// How long a DPC ran, without the service routines that interrupted it.
    Dpc,
    /// From the rise of the interrupt line to the service routine.
    Line,
    /// From the queueing of a DPC, or the expiry of its timer, to the DPC.
    Queue,
    /// From the end of a byte on MIDI IN to the read by which the driver takes it.
    Arrival,
    /// From the end on MIDI IN of the last byte that an application's read gets, to the completion
    /// of this read.
    Read,
    /// From the first of the polls before a write to the write. Only a write that becomes a byte
    /// on MIDI OUT counts.
    Poll,
    /// From the due time of a timer to the start of a byte on MIDI OUT that its DPC wrote.
    Late,
}

impl Span {
    /// All spans.
    pub const ALL: [Span; 8] = [
        Span::Isr,
        Span::Dpc,
        Span::Line,
        Span::Queue,
        Span::Arrival,
        Span::Read,
        Span::Poll,
        Span::Late,
    ];

    /// The name in a budget.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Span::Isr => "isr",
            Span::Dpc => "dpc",
            Span::Line => "line",
            Span::Queue => "queue",
            Span::Arrival => "arrival",
            Span::Read => "read",
            Span::Poll => "poll",
            Span::Late => "late",
        }
    }

    /// What is measured, in a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Span::Isr => "ISR",
            Span::Dpc => "DPC",
            Span::Line => "line up to ISR",
            Span::Queue => "queued to DPC",
            Span::Arrival => "byte in to driver",
            Span::Read => "byte in to application",
            Span::Poll => "polls before a byte",
            Span::Late => "timer due to byte out",
        }
    }
}

/// The limits between the bins of a report, in ns: `[10_000]` gives two bins, below 10 us and from
/// 10 us on.
pub type BinEdges = Vec<u64>;

/// The edges of the bins of a report, in ns.
#[must_use]
pub fn usual_bins() -> BinEdges {
    [10, 25, 100, 250, 500, 1_000].map(|us| us * 1_000).to_vec()
}

/// The edges of the bins of `LatencyMon`, in ns.
/// Source: reports of `LatencyMon` in public forums.
#[must_use]
pub fn latencymon_bins() -> BinEdges {
    [250, 500, 1_000, 2_000, 4_000].map(|us| us * 1_000).to_vec()
}

/// How long the processor was at one level.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TimeAt {
    /// The level.
    pub level: &'static str,
    /// How long, in ns.
    pub time_ns: u64,
}

/// How busy a serial lane was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LaneUse {
    /// The lane.
    pub lane: String,
    /// Bytes that have ended.
    pub bytes: u64,
    /// How long all these bytes were on the lane, in ns.
    pub busy_ns: u64,
}

/// The latencies of a trace.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Latency {
    /// From the first event to the end of the last one, in ns.
    pub run_ns: u64,
    /// Bytes on MIDI OUT that the driver wrote.
    pub bytes_written: u64,
    /// Reads of a state before the writes of these bytes.
    pub polls: u64,
    /// The edges of the bins of each series, in ns.
    pub bin_edges_ns: BinEdges,
    /// What was measured, by span and then by the order in which the names occur.
    pub series: Vec<Series>,
    /// The levels of the processor, from the highest.
    pub levels: Vec<TimeAt>,
    /// The serial lanes, in the order in which they occur.
    pub lanes: Vec<LaneUse>,
}

/// Measures a trace. Each series counts its times in the bins between `bin_edges_ns`. The edges
/// must rise.
#[must_use]
pub fn latency(log: &TraceLog, bin_edges_ns: BinEdges) -> Latency {
    let mut gauge = Gauge::new(log);
    gauge.measure();
    gauge.into_latency(bin_edges_ns)
}
