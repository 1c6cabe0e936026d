//! The results as JSON for programs; `docs/ops.md` describes it.

use portcls_machine::card_bench::ops::{LineResult, Outcome, RunReport, ScenarioReport, Verdict};
use serde::Serialize;

use super::{FileResult, Invalid, exit};
use crate::exit::Exit;

/// The version of the JSON.
const VERSION: u32 = 1;

/// The results of a run of the program.
#[derive(Serialize)]
pub struct Facts<'r> {
    version: u32,
    /// True if the exit code is 0.
    good: bool,
    files: Vec<FileFacts<'r>>,
}

#[derive(Serialize)]
struct FileFacts<'r> {
    file: &'r str,
    verdict: &'static str,
    error: Option<ErrorFacts<'r>>,
    runs: Vec<RunFacts<'r>>,
}

/// Why a file cannot be read or is not a script.
#[derive(Serialize)]
struct ErrorFacts<'r> {
    /// The line, from 1; `None` if the fault is not in a line of a script.
    line: Option<usize>,
    column: Option<usize>,
    what: &'r str,
    hint: Option<&'r str>,
}

#[derive(Serialize)]
struct RunFacts<'r> {
    card: &'r str,
    access_ns: u64,
    verdict: &'static str,
    met: usize,
    not_met: usize,
    scenarios: Vec<ScenarioFacts<'r>>,
}

#[derive(Serialize)]
struct ScenarioFacts<'r> {
    title: &'r str,
    line: usize,
    verdict: &'static str,
    lines: Vec<LineFacts<'r>>,
}

#[derive(Serialize)]
struct LineFacts<'r> {
    line: usize,
    time_ns: u64,
    text: &'r str,
    reads: u32,
    outcome: &'static str,
    expected: Option<&'r str>,
    got: Option<&'r str>,
}

impl<'r> Facts<'r> {
    /// The facts of these results.
    #[must_use]
    pub fn new(results: &'r [FileResult]) -> Facts<'r> {
        let good = exit(results) == Exit::Good;
        Facts { version: VERSION, good, files: results.iter().map(FileFacts::new).collect() }
    }
}

impl<'r> FileFacts<'r> {
    fn new(result: &'r FileResult) -> FileFacts<'r> {
        let (error, runs) = match &result.runs {
            Ok(runs) => (None, runs.iter().map(RunFacts::new).collect()),
            Err(invalid) => (Some(ErrorFacts::new(invalid)), Vec::new()),
        };
        FileFacts { file: &result.name, verdict: result.verdict().word(), error, runs }
    }
}

impl<'r> ErrorFacts<'r> {
    fn new(invalid: &'r Invalid) -> ErrorFacts<'r> {
        let Invalid { line, column, what, hint, .. } = invalid;
        ErrorFacts { line: *line, column: *column, what, hint: hint.as_deref() }
    }
}

impl<'r> RunFacts<'r> {
    fn new(run: &'r RunReport) -> RunFacts<'r> {
        RunFacts {
            card: &run.card,
            access_ns: run.access_ns,
            verdict: word(run.verdict()),
            met: run.met(),
            not_met: run.failures().count(),
            scenarios: run.scenarios.iter().map(ScenarioFacts::new).collect(),
        }
    }
}

impl<'r> ScenarioFacts<'r> {
    fn new(scenario: &'r ScenarioReport) -> ScenarioFacts<'r> {
        ScenarioFacts {
            title: &scenario.title,
            line: scenario.line,
            verdict: scenario.verdict().map_or("not-meant", word),
            lines: scenario.lines.iter().flatten().map(LineFacts::new).collect(),
        }
    }
}

impl<'r> LineFacts<'r> {
    fn new(result: &'r LineResult) -> LineFacts<'r> {
        let LineResult { line, time_ns, text, reads, outcome } = result;
        let (word, expected, got) = match outcome {
            Outcome::Pass => ("pass", None, None),
            Outcome::Fail { expected, got } => {
                ("fail", Some(expected.as_str()), Some(got.as_str()))
            }
            Outcome::Unchecked => ("unchecked", None, None),
        };
        LineFacts {
            line: *line,
            time_ns: *time_ns,
            text,
            reads: *reads,
            outcome: word,
            expected,
            got,
        }
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::NothingChecked => "nothing-checked",
    }
}
