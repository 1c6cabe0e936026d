//! The moment of a run that a reader asks about first.

use portcls_machine::emulator::{Stop, Violation};
use portcls_machine::scenario::Outcome;

/// The time of `stop`, in ns since power-on. If there is no stop, or the stop is the time limit or
/// an abandoned run: the time of the first breach of a rule; `None` if no rule was broken.
#[must_use]
pub fn moment(stop: Option<&Stop>, violations: &[Violation]) -> Option<u64> {
    let is_usual = |stop: &&Stop| matches!(stop, Stop::TimeLimit { .. } | Stop::Abandoned { .. });
    let end = stop.filter(|stop| !is_usual(stop)).map(Stop::time_ns);
    end.or_else(|| Some(violations.first()?.time_ns))
}

/// The moment that [`moment`] gives for a scenario. If it gives none, the time of the first failed
/// expectation that has a time.
#[must_use]
pub fn moment_of_scenario(outcome: &Outcome) -> Option<u64> {
    moment(outcome.stop.as_ref(), &outcome.violations).or_else(|| outcome.failed_at_ns())
}
