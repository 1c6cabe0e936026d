//! The results as JUnit XML, which CI systems read.
//!
//! The XML has no time of the host, so the same results give the same text.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::facts::{CheckFacts, ScenarioFacts, Verdict};
use crate::failure::Failure;

/// The results as XML.
///
/// # Errors
/// [`Failure::CannotWrite`].
pub fn report(facts: &CheckFacts) -> Result<String, Failure> {
    let mut report = Report::new("portcls-emu check");
    let mut suite = TestSuite::new("scenarios");
    suite.add_test_cases(facts.scenarios.iter().map(case));
    report.add_test_suite(suite);
    let text = report.to_string();
    text.map_err(|error| Failure::cannot_write("stdout", &std::io::Error::other(error)))
}

fn case(scenario: &ScenarioFacts) -> TestCase {
    let kind = match scenario.verdict {
        Verdict::Ok => None,
        Verdict::Invalid => Some((NonSuccessKind::Error, "invalid")),
        Verdict::Failed => Some((NonSuccessKind::Failure, "not-as-expected")),
        Verdict::NoGolden => Some((NonSuccessKind::Failure, "no-golden")),
        Verdict::NothingChecked => Some((NonSuccessKind::Failure, "nothing-checked")),
        Verdict::RuleBroken => Some((NonSuccessKind::Failure, "rule-broken")),
        Verdict::DriverDied => Some((NonSuccessKind::Failure, "driver-died")),
        Verdict::Unreferenced => Some((NonSuccessKind::Failure, "unreferenced")),
    };
    let status = match kind {
        None => TestCaseStatus::success(),
        Some((kind, word)) => {
            let mut status = TestCaseStatus::non_success(kind);
            let message = match scenario.in_short() {
                short if short.is_empty() => scenario.verdict.words().to_owned(),
                short => short,
            };
            status
                .set_type(word)
                .set_message(message)
                .set_description(super::text::details(scenario));
            status
        }
    };
    let mut case = TestCase::new(scenario.name.as_str(), status);
    case.set_classname(scenario.file.as_str());
    case.extra.insert("file".into(), scenario.file.as_str().into());
    case
}
