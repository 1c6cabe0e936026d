//! The results of a scenario.

use std::fmt;

use portcls_emulator::trace::TraceLog;
use portcls_emulator::{NtStatus, Stop, Violation};
use portcls_guest::Leak;
use portcls_guest::analysis::Analysis;
use portcls_report::marks::between_marks;
use portcls_report::text::{Header, print};

use super::golden::GoldenSettings;

/// The result of one expectation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// What was expected: the key of the expectation, or the step.
    pub name: String,
    /// Whether the expectation was met.
    pub passed: bool,
    /// The actual value, or what went wrong. After most failures, the words also have the expected
    /// value.
    pub words: String,
    /// After a failure, the time of the event that shows the failure, in ns since power-on. `None`
    /// if no event of the trace shows it.
    pub time_ns: Option<u64>,
}

impl Check {
    pub(super) fn passed(name: impl Into<String>, words: impl Into<String>) -> Check {
        Check { name: name.into(), passed: true, words: words.into(), time_ns: None }
    }

    pub(super) fn failed(name: impl Into<String>, words: impl Into<String>) -> Check {
        Check { name: name.into(), passed: false, words: words.into(), time_ns: None }
    }

    /// Adds the time of the event that shows the failure. A check that passed gets no time.
    pub(super) fn at(self, time_ns: impl Into<Option<u64>>) -> Check {
        let time_ns = time_ns.into().filter(|_| !self.passed);
        Check { time_ns, ..self }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.words)
    }
}

/// How a run went, without its golden.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Every expectation was met.
    Passed,
    /// An expectation was not met, the driver did not start, or a step failed. Or the run ended
    /// early and the driver is not to blame, for example because the kernel lacks a routine.
    Failed,
    /// The driver broke a documented rule that the scenario does not name.
    RuleBroken,
    /// The run ended in a bug check, a hang or a panic that the scenario does not name.
    DriverDied,
    /// The scenario has no expectation of its own, and nothing went wrong.
    NothingChecked,
}

/// The results of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The whole trace.
    pub trace: TraceLog,
    /// What the head of the trace says about the machine.
    pub header: Header,
    /// The results. First come the results of steps: of steps with an expected status, and of the
    /// step that failed. Then come the results of the expectations.
    pub checks: Vec<Check>,
    /// The breaches of documented rules: the breaches whose text the kernel keeps.
    pub violations: Vec<Violation>,
    /// Why the run ended early, if it did.
    pub stop: Option<Stop>,
    /// The report of the failure that ended the run, if one did.
    pub analysis: Option<Analysis>,
    /// What the driver left behind; `None` when the driver was not unloaded.
    pub leaks: Option<Vec<Leak>>,
    /// The status with which the driver refused to start, if it did.
    pub refused: Option<NtStatus>,

    pub(super) golden: Option<GoldenSettings>,
    /// Whether the scenario has an expectation of its own.
    pub(super) has_named: bool,
    pub(super) is_expected_stop: bool,
    pub(super) has_violations: bool,
}

impl Outcome {
    /// How the run went, without its golden.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let has_failed = self.checks.iter().any(|check| !check.passed);
        if self.stop.as_ref().is_some_and(is_death) && !self.is_expected_stop {
            Verdict::DriverDied
        } else if self.has_violations {
            Verdict::RuleBroken
        } else if has_failed {
            Verdict::Failed
        } else if !self.has_named {
            Verdict::NothingChecked
        } else {
            Verdict::Passed
        }
    }

    /// The time of the first failed check that has a time, in ns since power-on.
    #[must_use]
    pub fn failed_at_ns(&self) -> Option<u64> {
        self.checks.iter().filter(|check| !check.passed).find_map(|check| check.time_ns)
    }

    /// The part of the trace that the golden has: all events from the mark `from` to the mark `to`.
    /// The filter is not applied. Without a golden the result is the whole trace.
    ///
    /// # Errors
    /// [`MissingMark`]: no mark begins with the words of `from` or `to`.
    pub fn golden_part(&self) -> Result<TraceLog, MissingMark> {
        let Some(GoldenSettings { from, to, .. }) = &self.golden else {
            return Ok(self.trace.clone());
        };
        between_marks(&self.trace, from.as_deref(), to.as_deref()).map_err(|words| {
            let key = if from.as_ref() == Some(&words) { "from" } else { "to" };
            MissingMark { key, words }
        })
    }

    /// The golden that the run would make: the text of [`Outcome::golden_part`] with the filter of
    /// the golden.
    ///
    /// # Errors
    /// The errors of [`Outcome::golden_part`].
    pub fn golden_text(&self) -> Result<String, MissingMark> {
        let filter = self.golden.as_ref().map(|golden| golden.filter).unwrap_or_default();
        Ok(print(&self.golden_part()?, &self.header, filter))
    }
}

/// The trace lacks the mark at which its golden begins or ends.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the golden's {key} names no mark of the trace: none begins with '{words}'")]
pub struct MissingMark {
    /// The key: from or to.
    pub key: &'static str,
    /// The words with which no mark begins.
    pub words: String,
}

/// True if the driver is to blame for the end: after a bug check, a hang or a panic.
fn is_death(stop: &Stop) -> bool {
    !matches!(stop, Stop::TimeLimit { .. } | Stop::Abandoned { .. } | Stop::Unsupported { .. })
}
