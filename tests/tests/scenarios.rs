//! Every scenario of `tests/scenarios` gives what it expects, and its golden.
//!
//! A scenario is a text file `NAME.toml`. Its golden is `NAME.trace`, a part of the trace of its
//! run. If the scenario runs on several cards, each has its golden `NAME.CARD.trace`.
//! `PORTCLS_ACCEPT=1` writes the goldens, as `check --accept` does, but not where `CI` is set.
//! `INSTA_GLOB_FILTER=NAME.toml` chooses one scenario. Read the difference before you commit.
//!
//! The goldens are no snapshots of insta, because a driver developer without Rust writes them:
//! insta keeps a snapshot in a file that ends in `.snap`, with a head of its own.
//! Source: insta 1.49, `ReferenceValue` and `build_binary_path`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use portcls_machine::report::diff::{DiffOptions, diff};
use portcls_machine::report::text::{parse, print};
use portcls_machine::scenario::{self, Outcome, Scenario, Verdict};

/// The most lines of a golden, because a golden shows one thing.
const MOST_LINES: usize = 80;

/// The most findings that a failure shows.
const SHOWN_FINDINGS: usize = 6;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn read(path: &Path) -> Vec<Scenario> {
    let text = fs::read_to_string(path).expect("a scenario is a text");
    let name = path.file_name().expect("a file").to_string_lossy();
    scenario::read(&name, &text, path.parent().expect("a folder"))
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_scenario_gives_what_it_expects_and_its_golden() {
    let _ = env_logger::builder().is_test(true).try_init();
    let failures = RefCell::new(Vec::new());
    insta::glob!("../scenarios", "*.toml", |path| {
        for scenario in read(path) {
            let outcome = scenario.run();
            failures.borrow_mut().extend(faults(&scenario, &outcome));
            assert_eq!(scenario.run().trace.records(), outcome.trace.records(), "{path:?}");
        }
    });
    let failures = failures.into_inner();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// What is wrong with a run of the scenario.
fn faults(scenario: &Scenario, outcome: &Outcome) -> Vec<String> {
    let name = &scenario.name;
    let mut faults = Vec::new();
    for check in outcome.checks.iter().filter(|check| !check.passed) {
        faults.push(format!("{name}: {check}"));
    }
    match outcome.verdict() {
        Verdict::NothingChecked if scenario.golden.is_none() => {
            faults.push(format!("{name}: it checks nothing"));
        }
        Verdict::DriverDied | Verdict::RuleBroken if faults.is_empty() => {
            faults.push(format!("{name}: {:?} without a check that says so", outcome.verdict()));
        }
        _ => {}
    }
    if scenario.golden.is_some() {
        faults.extend(golden_fault(scenario, outcome));
    }
    faults
}

/// What is wrong with the golden of a scenario. With `PORTCLS_ACCEPT`, writes the golden first.
fn golden_fault(scenario: &Scenario, outcome: &Outcome) -> Option<String> {
    let name = &scenario.name;
    let text = match outcome.golden_text() {
        Ok(text) => text,
        Err(missing) => return Some(format!("{name}: {missing}")),
    };
    let lines = text.lines().count();
    if lines > MOST_LINES {
        return Some(format!("{name}: the golden has {lines} lines, {MOST_LINES} at most"));
    }
    let (header, log) = parse(&text).expect("the text of a trace is well formed");
    let filter = scenario.golden.as_ref().expect("it has a golden").filter;
    assert_eq!(print(&log, &header, filter), text, "{name}: a golden reads back");
    let path = folder().join(scenario.golden_file());
    if is_set("PORTCLS_ACCEPT") && !is_set("CI") {
        fs::write(&path, &text).expect("the golden can be written");
    }
    let accept = "PORTCLS_ACCEPT=1 accepts it, portcls-emu check tests/scenarios --review asks";
    let Ok(golden) = fs::read_to_string(&path) else {
        return Some(format!("{name}: there is no {}; {accept}", path.display()));
    };
    let golden = golden.replace("\r\n", "\n");
    if without_edition(&golden) == without_edition(&text) {
        return None;
    }
    let (_, expected) = match parse(&golden) {
        Ok(golden) => golden,
        Err(error) => return Some(format!("{name}: {}, {error}", path.display())),
    };
    let found = diff(&expected, &log, DiffOptions::default());
    let differ = changed_lines(&golden, &text);
    let findings = found.text(SHOWN_FINDINGS);
    Some(format!("{name}: {differ} lines of the golden differ; {accept}\n{findings}"))
}

/// Whether a variable says yes.
fn is_set(variable: &str) -> bool {
    let value = std::env::var(variable).unwrap_or_default();
    !matches!(value.trim().to_ascii_lowercase().as_str(), "" | "0" | "false")
}

/// A golden without the line that names the edition of its scenario. If the trace is as before, a
/// changed scenario is no failure, as in `check`.
fn without_edition(golden: &str) -> String {
    golden.lines().filter(|line| !line.starts_with("# scenario ")).collect::<Vec<&str>>().join("\n")
}

/// How many lines differ when two texts are compared line by line. Further lines of the longer text
/// count too.
fn changed_lines(one: &str, other: &str) -> usize {
    let (one, other): (Vec<&str>, Vec<&str>) = (one.lines().collect(), other.lines().collect());
    let changed = one.iter().zip(&other).filter(|(one, other)| one != other).count();
    changed + one.len().abs_diff(other.len())
}

#[test]
fn every_golden_belongs_to_a_scenario() {
    let mut wanted = BTreeSet::new();
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(folder()).expect("the folder of the scenarios") {
        let path = entry.expect("readable").path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => wanted.extend(
                read(&path)
                    .iter()
                    .filter(|scenario| scenario.golden.is_some())
                    .map(Scenario::golden_file),
            ),
            Some("trace") => {
                let name = path.file_name().expect("a file").to_string_lossy().into_owned();
                there.insert(name);
            }
            _ => {}
        }
    }
    let without: Vec<&String> = there.difference(&wanted).collect();
    assert!(without.is_empty(), "no scenario has these goldens: {without:?}");
    assert!(wanted.len() > 100, "{} goldens are wanted", wanted.len());
}

/// Set `UPDATE_PAGES=1` to write the schema.
#[test]
fn the_schema_of_scenarios_is_that_of_the_structures() {
    let schema = serde_json::to_string_pretty(&scenario::json_schema()).expect("it is JSON") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/src/schema/scenario.jsonschema");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&path, &schema).expect("the schema can be written");
    }
    let written = fs::read_to_string(&path).expect("the schema is there").replace("\r\n", "\n");
    assert!(written == schema, "the schema is not up to date: run with UPDATE_PAGES=1");
}

/// The scenarios of the page are in code blocks of TOML that have a version.
#[test]
fn every_scenario_of_the_page_runs_and_passes() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scenarios.md");
    let text = fs::read_to_string(page).expect("the page is there").replace("\r\n", "\n");
    let blocks: Vec<&str> = text
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .filter(|block| block.contains("version = 1\n"))
        .collect();
    assert!(blocks.len() >= 3, "the page shows {} scenarios", blocks.len());
    for block in blocks {
        let scenarios = scenario::read("scenarios.md", block, &folder());
        for scenario in scenarios.unwrap_or_else(|error| panic!("{error} in\n{block}")) {
            let outcome = scenario.run();
            let checks: Vec<String> = outcome.checks.iter().map(ToString::to_string).collect();
            assert_eq!(outcome.verdict(), Verdict::Passed, "{}: {checks:?}", scenario.title);
            outcome.golden_text().expect("the marks of its golden are there");
        }
    }
}
