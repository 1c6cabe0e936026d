//! The results of `check`: the facts behind each of its forms.
//!
//! The JSON of these facts is also what `merge` reads.

use portcls_machine::judgement::JudgedAs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Exit;

/// The version of the JSON.
pub const VERSION: u32 = 1;

/// The verdict on a scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every expectation was met, and the trace does not differ from the golden, if there is one.
    /// Or the user accepted the trace, and the golden was all that was wrong.
    Ok,
    /// The trace differs or lacks a mark of the golden, or an expectation was not met.
    Failed,
    /// There is no golden yet.
    NoGolden,
    /// The scenario expects nothing and has no golden.
    NothingChecked,
    /// The driver broke a documented rule that the scenario does not name.
    RuleBroken,
    /// The driver ended the run in a way that the scenario does not name.
    DriverDied,
    /// The file is not a scenario, or its golden is not a trace.
    Invalid,
    /// A golden that belongs to no scenario.
    Unreferenced,
}

impl Verdict {
    /// The words in the line of the scenario.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Failed => "FAILED",
            Verdict::NoGolden => "NO GOLDEN",
            Verdict::NothingChecked => "NOTHING CHECKED",
            Verdict::RuleBroken => "RULE BROKEN",
            Verdict::DriverDied => "DRIVER DIED",
            Verdict::Invalid => "INVALID",
            Verdict::Unreferenced => "UNREFERENCED",
        }
    }

    fn exit(self) -> Exit {
        match self {
            Verdict::Ok => Exit::Good,
            Verdict::Invalid => Exit::BadFile,
            Verdict::DriverDied => Exit::DriverDied,
            Verdict::RuleBroken => Exit::RuleBroken,
            Verdict::Failed
            | Verdict::NoGolden
            | Verdict::NothingChecked
            | Verdict::Unreferenced => Exit::CheckFailed,
        }
    }
}

impl From<JudgedAs> for Verdict {
    fn from(judged: JudgedAs) -> Verdict {
        match judged {
            JudgedAs::Good => Verdict::Ok,
            JudgedAs::Failed => Verdict::Failed,
            JudgedAs::NoGolden => Verdict::NoGolden,
            JudgedAs::NothingChecked => Verdict::NothingChecked,
            JudgedAs::RuleBroken => Verdict::RuleBroken,
            JudgedAs::DriverDied => Verdict::DriverDied,
            JudgedAs::BadGolden => Verdict::Invalid,
        }
    }
}

/// One of several parts of a set of scenario files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shard {
    /// The number of the part, from 1.
    pub index: usize,
    /// The number of parts.
    pub of: usize,
}

/// The results of a set of scenarios.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CheckFacts {
    pub version: u32,
    pub verb: String,
    pub outcome: String,
    pub exit_code: u8,
    /// The shard; `None` if these are the results of all scenarios.
    pub shard: Option<Shard>,
    /// The scenario files of all shards together.
    pub files: Vec<String>,
    /// In order of the files.
    pub scenarios: Vec<ScenarioFacts>,
}

/// The results of one scenario, or of a golden without a scenario.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ScenarioFacts {
    pub name: String,
    pub file: String,
    pub title: String,
    pub why: Option<String>,
    pub verdict: Verdict,
    /// True when the trace became the new golden.
    pub accepted: bool,
    /// Findings that follow from no other finding.
    pub roots: usize,
    /// How many lines differ.
    pub lines: usize,
    /// How many events differ only in their time, because their cause came at another time.
    pub moved: u64,
    /// The expectations that failed, in words.
    pub failed: Vec<String>,
    /// How many expectations were met.
    pub met: usize,
    /// What is wrong with the file, the golden or its marks. Or the hint that the scenario was
    /// changed after its golden was accepted.
    pub fault: Option<String>,
    /// The findings in words. If the trace does not differ, a warning when a difference in time
    /// uses more than half of the tolerance.
    pub words: String,
    /// The comparison with the golden, under the names that `diff --format json` uses.
    pub diff: Option<Value>,
    /// The files that were written into the folder of `--out` for this scenario.
    pub outputs: Vec<String>,
    /// The command that explains the first fault.
    #[serde(default)]
    pub explain: Option<String>,
    /// The text of the scenario's file.
    pub source: String,
}

impl ScenarioFacts {
    /// The facts with these three values. All others are empty, and the caller sets those that it
    /// knows.
    pub fn new(name: &str, file: &str, verdict: Verdict) -> ScenarioFacts {
        ScenarioFacts {
            name: name.to_owned(),
            file: file.to_owned(),
            title: String::new(),
            why: None,
            verdict,
            accepted: false,
            roots: 0,
            lines: 0,
            moved: 0,
            failed: Vec::new(),
            met: 0,
            fault: None,
            words: String::new(),
            diff: None,
            outputs: Vec::new(),
            explain: None,
            source: String::new(),
        }
    }

    /// What is wrong, in one line; empty if nothing is.
    pub fn in_short(&self) -> String {
        let count = |count: usize, thing: &str| match count {
            0 => None,
            1 => Some(format!("1 {thing}")),
            _ => Some(format!("{count} {thing}s")),
        };
        let moved = match self.moved {
            0 => String::new(),
            moved => format!(", {moved} events only moved with their cause"),
        };
        let lines = count(self.lines, "line").map(|lines| format!(" ({lines} differ{moved})"));
        let findings = count(self.roots, "finding");
        let findings = findings.map(|findings| format!("{findings}{}", lines.unwrap_or_default()));
        let failed =
            count(self.failed.len(), "expectation").map(|failed| format!("{failed} not met"));
        let said: Vec<String> =
            [self.fault.clone(), findings, failed].into_iter().flatten().collect();
        said.join(", ")
    }
}

impl CheckFacts {
    /// The facts of these scenarios. `files` has the scenario files of all shards.
    pub fn new(
        shard: Option<Shard>,
        files: Vec<String>,
        scenarios: Vec<ScenarioFacts>,
    ) -> CheckFacts {
        let exit = exit(&scenarios, shard);
        CheckFacts {
            version: VERSION,
            verb: "check".to_owned(),
            outcome: match exit {
                Exit::Good => "good",
                Exit::CheckFailed => "check-failed",
                other => other.outcome(),
            }
            .to_owned(),
            exit_code: exit as u8,
            shard,
            files,
            scenarios,
        }
    }

    /// The exit code of the program.
    pub fn exit(&self) -> Exit {
        exit(&self.scenarios, self.shard)
    }
}

/// The exit code of the worst scenario. A whole set without any scenario fails, because it has
/// checked nothing. A shard may be empty.
fn exit(scenarios: &[ScenarioFacts], shard: Option<Shard>) -> Exit {
    if scenarios.is_empty() && shard.is_none() {
        return Exit::CheckFailed;
    }
    Exit::worst(scenarios.iter().map(|scenario| scenario.verdict.exit()))
}
