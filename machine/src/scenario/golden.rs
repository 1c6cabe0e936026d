//! What a scenario says about its golden trace.
//!
//! The settings are facts for the code that compares traces: this file compares nothing.

use portcls_report::Filter;

/// How the trace of a scenario is compared with its golden.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GoldenSettings {
    /// The events of the golden.
    pub filter: Filter,
    /// The golden begins with the first mark that begins with these words. `None` for the beginning
    /// of the trace.
    pub from: Option<String>,
    /// The golden ends before the next mark that begins with these words. `None` for the end of the
    /// trace.
    pub to: Option<String>,
    /// What has to be equal.
    pub compare: Compare,
    /// How much the time from the cause of an event to the event may differ.
    pub time: Tolerance,
    /// How far the number of polls may differ from the golden.
    pub polls: Polls,
    /// Whether the comparison looks at the STATUS bits that the card does not drive.
    pub undriven: Undriven,
    /// The actors whose events have no order among the events of other actors, such as `wire` and
    /// `line`. With an empty list, the events of all actors are in one order.
    pub unordered: Vec<String>,
}

/// What has to be equal in a trace and its golden.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Compare {
    /// Each event, and its time to the ns.
    Exact,
    /// The cause of each event, and the time from this cause to the event.
    #[default]
    Causal,
    /// The cause of each event. The times do not count.
    Order,
}

/// How much a time may differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tolerance {
    /// In ns.
    pub time_ns: u64,
    /// In thousandths of the expected time.
    pub per_mille: u32,
}

impl Tolerance {
    /// How much an expected time may differ, in ns: the larger of the two limits. The limit in
    /// thousandths is rounded down.
    #[must_use]
    pub fn of(self, expected_ns: u64) -> u64 {
        let part_ns = u128::from(expected_ns) * u128::from(self.per_mille) / 1_000;
        self.time_ns.max(u64::try_from(part_ns).unwrap_or(u64::MAX))
    }
}

/// How far the number of polls may differ from the golden.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Polls {
    /// Not at all.
    #[default]
    Exact,
    /// By at most this number.
    Count(u32),
    /// By any number.
    Any,
}

/// Whether the comparison looks at the STATUS bits that a card does not drive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Undriven {
    /// These bits count like all other bits.
    #[default]
    Exact,
    /// These bits do not count.
    Ignore,
}
