//! The results in the form of Exercism's test runners: `results.json`.
//!
//! The version is 2.
//! Source: Exercism, "The Test Runner Interface".

use portcls_results::json;
use serde::Serialize;

use super::facts::{CheckFacts, ScenarioFacts, Verdict};

/// The most characters of an output. Source: Exercism, "The Test Runner Interface".
const MOST_OUTPUT: usize = 500;

#[derive(Serialize)]
struct Results<'a> {
    version: u32,
    status: Status,
    message: Option<&'a str>,
    tests: Vec<Test<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Status {
    Pass,
    Fail,
    Error,
}

#[derive(Serialize)]
struct Test<'a> {
    name: &'a str,
    status: Status,
    message: Option<String>,
    output: Option<String>,
    test_code: &'a str,
}

/// The results as JSON.
pub fn report(facts: &CheckFacts) -> String {
    let tests: Vec<Test<'_>> = facts.scenarios.iter().map(test).collect();
    let has = |status| tests.iter().any(|test| test.status == status);
    let status = match (tests.is_empty() || has(Status::Fail), has(Status::Error)) {
        (_, true) => Status::Error,
        (true, false) => Status::Fail,
        (false, false) => Status::Pass,
    };
    let message = match status {
        Status::Error => Some("a file is no scenario, or its golden is no trace"),
        Status::Fail if tests.is_empty() => Some("there is no scenario: nothing was checked"),
        Status::Fail | Status::Pass => None,
    };
    json(&Results { version: 2, status, message, tests })
}

fn test(scenario: &ScenarioFacts) -> Test<'_> {
    let status = match scenario.verdict {
        Verdict::Ok => Status::Pass,
        Verdict::Invalid => Status::Error,
        _ => Status::Fail,
    };
    let message =
        (status != Status::Pass).then(|| super::text::details(scenario).trim().to_owned());
    let output = scenario.words.chars().take(MOST_OUTPUT).collect::<String>();
    let output = (!output.is_empty()).then_some(output);
    let name = if scenario.title.is_empty() { &scenario.name } else { &scenario.title };
    Test { name, status, message, output, test_code: &scenario.source }
}
