//! The results of a register script: each line with its time and its result.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::text::us;

/// The width of a line's text before its remark. After a longer text the remark begins later.
const REMARK_COLUMN: usize = 46;

/// The results of a script on one card. `Display` writes them as text for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunReport {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// The card.
    pub card: String,
    /// The time of one access, in ns.
    pub access_ns: u64,
    /// The scenarios in the order of the file.
    pub scenarios: Vec<ScenarioReport>,
}

/// The results of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioReport {
    /// What the scenario shows.
    pub title: String,
    /// The line on which the scenario begins, from 1.
    pub line: usize,
    /// The results of its lines, in order; `None` if the scenario is not for this card.
    pub lines: Option<Vec<LineResult>>,
}

impl ScenarioReport {
    /// The result of the scenario; `None` if the scenario is not for this card.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        let is_checked = |line: &LineResult| line.outcome != Outcome::Unchecked;
        Some(match self.has_failed()? {
            true => Verdict::Failed,
            false if self.lines.as_ref()?.iter().any(is_checked) => Verdict::Passed,
            false => Verdict::NothingChecked,
        })
    }

    /// Whether an expectation was not met; `None` if the scenario is not for this card.
    #[must_use]
    pub fn has_failed(&self) -> Option<bool> {
        let has_failed = |line: &LineResult| matches!(line.outcome, Outcome::Fail { .. });
        Some(self.lines.as_ref()?.iter().any(has_failed))
    }
}

/// The result of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineResult {
    /// The number of the line, from 1.
    pub line: usize,
    /// When the line ended, in ns since `init`.
    pub time_ns: u64,
    /// What the line did and its result, in the words of a script.
    pub text: String,
    /// The number of reads of a poll; 0 if the line is not a poll.
    pub reads: u32,
    /// Whether the line was as expected.
    pub outcome: Outcome,
}

/// Whether a line was as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The line was as expected.
    Pass,
    /// The line was not as expected.
    Fail {
        /// What was expected, in the words of a script.
        expected: String,
        /// What came, in the words of a script.
        got: String,
    },
    /// Nothing was expected.
    Unchecked,
}

/// The result of a run or of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// All expectations were met.
    Passed,
    /// An expectation was not met.
    Failed,
    /// Nothing was expected of the card, or no scenario is for the card.
    NothingChecked,
}

/// An expectation that was not met. `Display` writes it as one line for a person. Text for programs
/// has the fields in the order of this struct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Failure<'r> {
    /// The name of the file, as the caller gave it.
    pub file: &'r str,
    /// The line, from 1.
    pub line: usize,
    /// The card.
    pub card: &'r str,
    /// The title of the scenario.
    pub title: &'r str,
    /// When the line ended, in ns since `init`.
    pub time_ns: u64,
    /// What was expected.
    pub expected: &'r str,
    /// What came.
    pub got: &'r str,
}

impl Display for Failure<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { file, line, card, title, time_ns, expected, got } = self;
        let time = us(*time_ns);
        write!(f, "{file}:{line}: expected {expected}, got {got} ({card}, {title}, {time} us)")
    }
}

impl RunReport {
    /// The result of the run.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.failures().next().is_some() {
            Verdict::Failed
        } else if self.met() > 0 {
            Verdict::Passed
        } else {
            Verdict::NothingChecked
        }
    }

    /// The number of expectations that were met.
    #[must_use]
    pub fn met(&self) -> usize {
        let lines = self.scenarios.iter().flat_map(|scenario| scenario.lines.iter().flatten());
        lines.filter(|line| line.outcome == Outcome::Pass).count()
    }

    /// The expectations that were not met, in the order of the run.
    pub fn failures(&self) -> impl Iterator<Item = Failure<'_>> {
        self.scenarios.iter().flat_map(|scenario| self.failures_of(scenario))
    }

    /// The expectations of one of the run's scenarios that were not met, in their order.
    pub fn failures_of<'r>(
        &'r self,
        scenario: &'r ScenarioReport,
    ) -> impl Iterator<Item = Failure<'r>> {
        let lines = scenario.lines.iter().flatten();
        lines.filter_map(|line| match &line.outcome {
            Outcome::Fail { expected, got } => Some(Failure {
                file: &self.file,
                line: line.line,
                card: &self.card,
                title: &scenario.title,
                time_ns: line.time_ns,
                expected,
                got,
            }),
            Outcome::Pass | Outcome::Unchecked => None,
        })
    }
}

impl Display for RunReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "# portcls-emu ops 1")?;
        writeln!(f, "# {} on {}, {} us an access", self.file, self.card, us(self.access_ns))?;
        writeln!(f, "# time     us since init, at the end of the line")?;
        writeln!(f, "#\n#    time   line  access")?;
        for scenario in &self.scenarios {
            writeln!(f, "== {}", scenario.title)?;
            match &scenario.lines {
                None => writeln!(f, "# not meant for this card")?,
                Some(lines) => lines.iter().try_for_each(|line| writeln!(f, "{line}"))?,
            }
        }
        let failed = self.failures().count();
        match self.verdict() {
            Verdict::NothingChecked => writeln!(f, "# nothing was checked"),
            _ => writeln!(f, "# {} as expected, {failed} not", self.met()),
        }
    }
}

impl Display for LineResult {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let reads = match self.reads {
            0 => String::new(),
            1 => "1 read".to_owned(),
            reads => format!("{reads} reads"),
        };
        let outcome = match &self.outcome {
            Outcome::Pass => "ok".to_owned(),
            Outcome::Fail { expected, got } => format!("FAILED: expected {expected}, got {got}"),
            Outcome::Unchecked => String::new(),
        };
        let gap = if reads.is_empty() || outcome.is_empty() { "" } else { ", " };
        write!(f, "{:>9}  {:>5}  ", us(self.time_ns), self.line)?;
        if reads.is_empty() && outcome.is_empty() {
            return write!(f, "{}", self.text);
        }
        write!(f, "{:<REMARK_COLUMN$}; {reads}{gap}{outcome}", self.text)
    }
}
