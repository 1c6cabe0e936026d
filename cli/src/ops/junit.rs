//! The results as JUnit XML, which CI systems read.
//!
//! A file on a card is a test suite, and a scenario is a test case. The XML has no times of the
//! host, so the same results always give the same text.

use portcls_machine::card_bench::ops::{RunReport, ScenarioReport, Verdict};
use portcls_results::ops::{FileResult, Invalid};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::failure::Failure;

/// The results as XML.
///
/// # Errors
/// [`Failure::CannotWrite`].
pub fn report(results: &[FileResult]) -> Result<String, Failure> {
    let mut report = Report::new("portcls-emu ops");
    for result in results {
        match &result.runs {
            Ok(runs) => report.add_test_suites(runs.iter().map(suite)),
            Err(reason) => report.add_test_suite(invalid(&result.name, reason)),
        };
    }
    let text = report.to_string();
    text.map_err(|error| Failure::cannot_write("stdout", &std::io::Error::other(error)))
}

fn suite(run: &RunReport) -> TestSuite {
    let mut suite = TestSuite::new(format!("{} on {}", run.file, run.card));
    suite.add_property(("card", run.card.as_str()));
    suite.add_test_cases(run.scenarios.iter().map(|scenario| case(run, scenario)));
    suite
}

fn case(run: &RunReport, scenario: &ScenarioReport) -> TestCase {
    let status = match scenario.verdict() {
        None => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("not meant for this card");
            status
        }
        Some(Verdict::Passed) => TestCaseStatus::success(),
        Some(Verdict::NothingChecked) if run.verdict() != Verdict::NothingChecked => {
            TestCaseStatus::success()
        }
        Some(Verdict::NothingChecked) => failure("nothing-checked", "nothing was checked", ""),
        Some(Verdict::Failed) => {
            let lines: Vec<String> =
                run.failures_of(scenario).map(|failure| failure.to_string()).collect();
            let first = lines.first().map_or("", String::as_str);
            failure("not-as-expected", first, &lines.join("\n"))
        }
    };
    let mut case = TestCase::new(scenario.title.as_str(), status);
    case.set_classname(format!("{}.{}", run.file, run.card));
    case.extra.insert("file".into(), run.file.as_str().into());
    case.extra.insert("line".into(), scenario.line.to_string().into());
    case
}

fn failure(kind: &str, message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(message).set_description(description);
    status
}

/// The suite for a file that is not a script or cannot be read. Its single test case ends with an
/// error.
fn invalid(file: &str, reason: &Invalid) -> TestSuite {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type("invalid").set_message(reason.message.clone());
    let mut case = TestCase::new("the file is a register script", status);
    case.set_classname(file);
    let mut suite = TestSuite::new(file);
    suite.add_test_case(case);
    suite
}
