//! A series of times: its largest, its mean, its percentile, its bins.

use serde::Serialize;

use super::Span;

/// One time of a series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sample {
    pub time_ns: u64,
    /// The event that ends the span, or begins the routine.
    pub event: u32,
}

/// The event of the longest time of a series.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Worst {
    /// The number of the event, from 0.
    pub event: usize,
    /// When it was, in ns since power-on.
    pub at_ns: u64,
    /// The words of the last mark before the event.
    pub mark: String,
    /// The time since this mark in ns.
    pub since_mark_ns: u64,
    /// What took the time: first what happened inside, then the causes, one after the other.
    pub why: Vec<String>,
}

/// Times of one kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Series {
    /// What is measured.
    pub span: Span,
    /// The routine, line or lane; `app` for [`Span::Read`].
    pub name: String,
    /// How many times were measured.
    pub count: u64,
    /// The longest time in ns.
    pub max_ns: u64,
    /// The mean in ns, rounded down.
    pub average_ns: u64,
    /// The smallest time, in ns, such that at least 99 % of the measured times are not longer.
    pub p99_ns: u64,
    /// The sum in ns.
    pub total_ns: u64,
    /// The number of times in each bin. The first bin has the times below the first edge. Each
    /// further bin has the times from one edge on and below the next edge. The last bin has the
    /// times from the last edge on.
    pub bins: Vec<u64>,
    /// The first of the longest times.
    pub worst: Worst,
    /// All times in ns, from the shortest.
    #[serde(skip)]
    pub(super) sorted_ns: Vec<u64>,
}

impl Series {
    /// A series of at least one time.
    pub(super) fn new(
        (span, name): (Span, String),
        samples: &[Sample],
        bin_edges_ns: &[u64],
        worst: Worst,
    ) -> Series {
        let mut sorted_ns: Vec<u64> = samples.iter().map(|sample| sample.time_ns).collect();
        sorted_ns.sort_unstable();
        let count = sorted_ns.len();
        let total_ns = sorted_ns.iter().sum();
        let mut bins = vec![0; bin_edges_ns.len() + 1];
        for time_ns in &sorted_ns {
            bins[bin_edges_ns.partition_point(|edge_ns| edge_ns <= time_ns)] += 1;
        }
        Series {
            span,
            name,
            count: count as u64,
            max_ns: sorted_ns[count - 1],
            average_ns: total_ns / count as u64,
            p99_ns: sorted_ns[(count * 99).div_ceil(100) - 1],
            total_ns,
            bins,
            worst,
            sorted_ns,
        }
    }

    /// How many times are longer than `limit_ns`.
    pub(super) fn above(&self, limit_ns: u64) -> u64 {
        (self.sorted_ns.len() - self.sorted_ns.partition_point(|time| *time <= limit_ns)) as u64
    }
}
