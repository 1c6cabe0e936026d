//! The results of scenarios: a line for each expectation.

use portcls_machine::scenario::{Check, Outcome, Scenario, Verdict};
use serde::Serialize;

use crate::exit::Exit;

/// The version of the JSON.
const VERSION: u32 = 1;

/// A file with the results of its scenarios; or the reason why the file gave no scenario.
pub struct FileResult {
    /// The name of the file for messages.
    pub name: String,
    /// The scenarios that were run; or why the file gave none.
    pub ran: Result<Vec<Ran>, Invalid>,
}

/// Why a file gave no scenario: it cannot be read, or is not a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invalid {
    /// The exit code.
    pub exit: Exit,
    /// The whole message, with the name of the file.
    pub message: String,
}

/// A scenario that was run.
pub struct Ran {
    /// The scenario.
    pub scenario: Scenario,
    /// The result of the run.
    pub outcome: Outcome,
}

impl Ran {
    /// The exit code of the scenario. A scenario without expectations is good here if it has a
    /// golden: only the verb `check` compares the trace with the golden.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self.outcome.verdict() {
            Verdict::Passed => Exit::Good,
            Verdict::NothingChecked if self.scenario.golden.is_some() => Exit::Good,
            Verdict::Failed | Verdict::NothingChecked => Exit::CheckFailed,
            Verdict::RuleBroken => Exit::RuleBroken,
            Verdict::DriverDied => Exit::DriverDied,
        }
    }

    /// The verdict as a word, for the JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.outcome.verdict() {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::RuleBroken => "rule-broken",
            Verdict::DriverDied => "driver-died",
            Verdict::NothingChecked => "nothing-checked",
        }
    }
}

/// The exit code of the program: the worst one of all scenarios and of all files without one.
#[must_use]
pub fn exit(results: &[FileResult]) -> Exit {
    Exit::worst(results.iter().flat_map(|result| match &result.ran {
        Ok(ran) => ran.iter().map(Ran::exit).collect(),
        Err(invalid) => vec![invalid.exit],
    }))
}

/// The results for people.
///
/// `explain` is a command line that explains the failure of a scenario. The caller gives it only if
/// exactly one scenario was run and this scenario failed.
#[must_use]
pub fn text(results: &[FileResult], explain: Option<&str>) -> String {
    let mut text = String::new();
    for result in results {
        let Ok(all) = &result.ran else {
            text.push_str(&format!("INVALID {}\n", result.name));
            continue;
        };
        for ran in all {
            let word = if ran.exit() == Exit::Good { "ok     " } else { "FAILED " };
            let (name, title) = (&ran.scenario.name, &ran.scenario.title);
            text.push_str(&format!("{word} {name}: {title}\n"));
            for check in &ran.outcome.checks {
                let word = if check.passed { "ok    " } else { "FAILED" };
                text.push_str(&format!("          {word}  {check}\n"));
            }
            if let (Some(why), true) = (&ran.scenario.why, ran.exit() != Exit::Good) {
                text.push_str(&format!("          why     {why}\n"));
            }
            if let Some(command) = explain {
                text.push_str(&format!("          explain {command}\n"));
            }
        }
    }
    text
}

/// The results for a program.
#[derive(Serialize)]
pub struct Facts<'a> {
    version: u32,
    verb: &'static str,
    exit_code: u8,
    scenarios: Vec<ScenarioFacts<'a>>,
}

#[derive(Serialize)]
struct ScenarioFacts<'a> {
    file: &'a str,
    /// `None` for a file that gave no scenario.
    name: Option<&'a str>,
    title: Option<&'a str>,
    why: Option<&'a str>,
    verdict: &'static str,
    exit_code: u8,
    /// Why the file gave no scenario.
    error: Option<String>,
    checks: Vec<CheckFacts<'a>>,
    /// Why the run ended early; `None` if it did not.
    stop: Option<String>,
    violation_count: usize,
    has_golden: bool,
}

#[derive(Serialize)]
struct CheckFacts<'a> {
    name: &'a str,
    passed: bool,
    words: &'a str,
    /// If the check failed: the time since power-on of the event that shows the failure. `None` if
    /// no event shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ns: Option<u64>,
}

impl Facts<'_> {
    /// The facts of these results.
    #[must_use]
    pub fn new(results: &[FileResult]) -> Facts<'_> {
        let scenarios = results.iter().flat_map(|result| match &result.ran {
            Ok(all) => all.iter().map(|ran| ran_facts(&result.name, ran)).collect(),
            Err(invalid) => vec![invalid_facts(&result.name, invalid)],
        });
        Facts {
            version: VERSION,
            verb: "run",
            exit_code: exit(results) as u8,
            scenarios: scenarios.collect(),
        }
    }
}

fn ran_facts<'a>(file: &'a str, ran: &'a Ran) -> ScenarioFacts<'a> {
    let Ran { scenario, outcome } = ran;
    let check = |check: &'a Check| CheckFacts {
        name: &check.name,
        passed: check.passed,
        words: &check.words,
        time_ns: check.time_ns,
    };
    ScenarioFacts {
        file,
        name: Some(&scenario.name),
        title: Some(&scenario.title),
        why: scenario.why.as_deref(),
        verdict: ran.word(),
        exit_code: ran.exit() as u8,
        error: None,
        checks: outcome.checks.iter().map(check).collect(),
        stop: outcome.stop.as_ref().map(ToString::to_string),
        violation_count: outcome.violations.len(),
        has_golden: scenario.golden.is_some(),
    }
}

fn invalid_facts<'a>(file: &'a str, invalid: &Invalid) -> ScenarioFacts<'a> {
    ScenarioFacts {
        file,
        name: None,
        title: None,
        why: None,
        verdict: "invalid",
        exit_code: invalid.exit as u8,
        error: Some(invalid.message.clone()),
        checks: Vec::new(),
        stop: None,
        violation_count: 0,
        has_golden: false,
    }
}
