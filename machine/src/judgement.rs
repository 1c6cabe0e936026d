//! The verdict on a scenario: its expectations and its golden together.
//!
//! This module takes texts and returns facts. Only `folder` reads and writes files, for tests of
//! drivers in Rust.

mod folder;

use portcls_report::diff::{
    Diff, DiffOptions, Mode, PollRule, Start, Tolerance, Undriven, diff, differing_lines,
};
use portcls_report::text::{Readable, parse, parse_readable};

pub use folder::assert_scenarios;

use crate::scenario::{self, Compare, GoldenSettings, Outcome, Polls, Scenario};

/// The verdict on a scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JudgedAs {
    /// The run met every expectation, and the trace does not differ from its golden, if it has one.
    Good,
    /// The run did not meet an expectation. Or the trace differs from its golden, or lacks a mark
    /// at which the golden begins or ends.
    Failed,
    /// The scenario wants a golden, but the file of the golden does not exist yet.
    NoGolden,
    /// The scenario has no expectation of its own and no golden, and nothing went wrong.
    NothingChecked,
    /// The driver broke a documented rule that the scenario does not name.
    RuleBroken,
    /// The run ended in a bug check, a hang or a panic that the scenario does not name.
    DriverDied,
    /// The file of the golden is not a trace.
    BadGolden,
}

/// The results of a scenario and of its golden.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The result of the run.
    pub outcome: Outcome,
    /// The golden that this run makes; `None` for a scenario without a golden, or when the trace
    /// does not have the marks of the golden.
    pub made: Option<String>,
    /// The comparison with the golden, if there is one. If the golden is damaged, its part before
    /// the damage is compared.
    pub diff: Option<Diff>,
    /// How many lines of the golden and of the new text have no equal line in the other text.
    pub lines: usize,
    /// What is wrong with the golden or its marks.
    pub fault: Option<String>,
    /// True when the scenario has changed since its golden was accepted, in a way that may change
    /// the trace. False when this is not known, because the golden has no edition in its head.
    pub is_other_edition: bool,

    is_wanted: bool,
    is_there: bool,
    is_damaged: bool,
}

impl Judgement {
    /// The verdict.
    #[must_use]
    pub fn judged_as(&self) -> JudgedAs {
        let verdict = self.outcome.verdict();
        match verdict {
            scenario::Verdict::DriverDied => return JudgedAs::DriverDied,
            scenario::Verdict::RuleBroken => return JudgedAs::RuleBroken,
            _ if self.is_damaged => return JudgedAs::BadGolden,
            scenario::Verdict::Failed => return JudgedAs::Failed,
            scenario::Verdict::NothingChecked if !self.is_wanted => {
                return JudgedAs::NothingChecked;
            }
            _ => {}
        }
        if self.fault.is_some() {
            JudgedAs::Failed
        } else if self.is_wanted && !self.is_there {
            JudgedAs::NoGolden
        } else if self.differs() {
            JudgedAs::Failed
        } else {
            JudgedAs::Good
        }
    }

    /// True when the golden is missing or damaged, or when the trace differs from the golden.
    #[must_use]
    pub fn is_golden_bad(&self) -> bool {
        self.is_wanted && (!self.is_there || self.is_damaged || self.differs())
    }

    /// The hint that the scenario has changed, if it has and the trace differs from its golden.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        let is_meant = self.is_other_edition && self.differs();
        is_meant.then_some("the scenario was changed after this golden was accepted")
    }

    /// True when the comparison of the trace with its golden has findings.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.diff.as_ref().is_some_and(|diff| !diff.findings.is_empty())
    }
}

/// Runs a scenario and compares its trace with its golden. `golden` is `None` when the golden does
/// not exist.
#[must_use]
pub fn judge(scenario: &Scenario, golden: Option<&str>) -> Judgement {
    let outcome = scenario.run();
    let mut judgement = Judgement {
        is_wanted: scenario.golden.is_some(),
        is_there: golden.is_some(),
        is_damaged: false,
        made: None,
        diff: None,
        lines: 0,
        fault: None,
        is_other_edition: false,
        outcome,
    };
    let Some(settings) = &scenario.golden else { return judgement };
    let made = match judgement.outcome.golden_text() {
        Ok(made) => made,
        Err(missing) => {
            judgement.fault = Some(missing.to_string());
            return judgement;
        }
    };
    if let Some(golden) = golden {
        let Readable { log, fault, header } = parse_readable(golden);
        judgement.is_other_edition =
            !header.scenario.is_empty() && header.scenario != scenario.edition;
        judgement.is_damaged = fault.is_some();
        judgement.fault = fault.map(|fault| format!("{}, {fault}", scenario.golden_file()));
        // The text of a trace can always be parsed; a test of `report` shows this.
        let (_, now) = parse(&made).expect("the text of a trace is well formed");
        judgement.lines = differing_lines(golden, &made);
        if !log.records().is_empty() || !judgement.is_damaged {
            judgement.diff = Some(diff(&log, &now, options(settings)));
        }
    }
    judgement.made = Some(made);
    judgement
}

/// The options of the comparison, from the settings of a scenario.
#[must_use]
pub fn options(settings: &GoldenSettings) -> DiffOptions {
    DiffOptions {
        mode: match settings.compare {
            Compare::Exact => Mode::Exact,
            Compare::Causal => Mode::Causal,
            Compare::Order => Mode::Order,
        },
        tolerance: Tolerance {
            ns: settings.time.time_ns,
            millionths: settings.time.per_mille.saturating_mul(1_000),
        },
        polls: match settings.polls {
            Polls::Exact => PollRule::Exact,
            Polls::Count(most) => PollRule::Within(most),
            Polls::Any => PollRule::Any,
        },
        undriven: match settings.undriven {
            scenario::Undriven::Exact => Undriven::Compare,
            scenario::Undriven::Ignore => Undriven::Ignore,
        },
        unordered: settings.unordered.clone(),
        start: if settings.from.is_some() { Start::FirstEvent } else { Start::PowerOn },
    }
}
