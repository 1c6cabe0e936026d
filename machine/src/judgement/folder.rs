//! Runs the scenarios of a folder on a driver in Rust, for a test.
//!
//! The program `portcls-emu check` does the same with the driver that each scenario names. A
//! scenario cannot name a driver that is part of a test in Rust, so the test passes its driver.

use std::fs;
use std::path::{Path, PathBuf};

use super::{JudgedAs, Judgement, judge};
use crate::Driver;
use crate::scenario::{self, Scenario};

/// The variable that makes a test write goldens, and the variable that forbids this.
const ACCEPT: &str = "PORTCLS_ACCEPT";
const CI: &str = "CI";

/// The most findings of a scenario that a test prints.
const MOST_FINDINGS: usize = 12;

/// Runs each scenario (`*.toml`) of a folder on a driver, and compares its trace with the golden
/// beside it.
///
/// With `PORTCLS_ACCEPT=1` in the environment, a trace replaces its golden if the golden is missing
/// or damaged or if the trace differs from it. If `CI` is set, nothing is replaced.
///
/// # Panics
/// When a scenario fails. The message says what differs and what caused it, and has the scenario's
/// own words about why it matters. The function also panics when the folder has no scenario, or
/// when a file is not a scenario.
pub fn assert_scenarios(folder: impl AsRef<Path>, driver: &Driver) {
    let folder = folder.as_ref();
    let files = files(folder);
    assert!(!files.is_empty(), "{}: no scenario, so nothing is checked", folder.display());
    let mut told = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        let scenarios = scenario::read(&file.to_string_lossy(), &text, folder);
        for scenario in scenarios.unwrap_or_else(|error| panic!("{error}")) {
            let scenario = scenario.with_driver(driver.clone());
            told.extend(check(folder, &scenario));
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// Runs a scenario, and writes its golden if the user accepts it. Returns what is wrong with the
/// scenario apart from an accepted golden; `None` when nothing is wrong.
fn check(folder: &Path, scenario: &Scenario) -> Option<String> {
    let path = folder.join(scenario.golden_file());
    let golden = fs::read_to_string(&path).ok();
    let judgement = judge(scenario, golden.as_deref());
    let is_wanted = judgement.is_golden_bad() && is_set(ACCEPT) && !is_set(CI);
    if let (true, Some(made)) = (is_wanted, &judgement.made) {
        fs::write(&path, made).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let accepted = judge(scenario, Some(made));
        return told(scenario, &accepted);
    }
    told(scenario, &judgement)
}

/// What is wrong with a scenario, in words; `None` when nothing is wrong.
fn told(scenario: &Scenario, judgement: &Judgement) -> Option<String> {
    let verdict = match judgement.judged_as() {
        JudgedAs::Good => return None,
        JudgedAs::Failed => "FAILED",
        JudgedAs::NoGolden => "NO GOLDEN: look at the trace, then set PORTCLS_ACCEPT=1",
        JudgedAs::NothingChecked => "NOTHING CHECKED: write [expect] or [golden]",
        JudgedAs::RuleBroken => "RULE BROKEN",
        JudgedAs::DriverDied => "DRIVER DIED",
        JudgedAs::BadGolden => "THE GOLDEN IS NO TRACE",
    };
    let mut lines = vec![format!("{}: {verdict}", scenario.name), scenario.title.clone()];
    lines.extend(scenario.why.clone());
    let failed = judgement.outcome.checks.iter().filter(|check| !check.passed);
    lines.extend(failed.map(|check| format!("    not met   {check}")));
    lines.extend(judgement.fault.clone());
    lines.extend(judgement.hint().map(|hint| format!("    hint      {hint}")));
    if let Some(diff) = judgement.diff.as_ref().filter(|_| judgement.differs()) {
        lines.push(diff.text(MOST_FINDINGS));
    }
    Some(lines.join("\n"))
}

fn is_set(variable: &str) -> bool {
    let value = std::env::var(variable).unwrap_or_default();
    !matches!(value.trim().to_ascii_lowercase().as_str(), "" | "0" | "false")
}

/// The scenario files of a folder, in order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let paths = entries.map(|entry| entry.expect("an entry of a folder").path());
    let is_scenario = |path: &PathBuf| path.extension().is_some_and(|end| end == "toml");
    let mut paths: Vec<PathBuf> = paths.filter(is_scenario).collect();
    paths.sort();
    paths
}
