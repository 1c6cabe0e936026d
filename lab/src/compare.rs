//! Compares two traces.

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::diff::{Diff, DiffOptions, Tolerance, diff};
use portcls_results::diff::DiffFacts;
use portcls_results::numbers::counted;
use portcls_results::{Exit, json};

use crate::Lab;
use crate::answer::{Answer, Output, Verdict, plain};
use crate::choice::time;
use crate::files::stem;
use crate::job::Compare;
use crate::refusal::Refusal;
use crate::view::{Looked, check_names, find, timeline};

/// The differences that a comparison found, and the expected trace.
pub type Found<'a> = (&'a Diff, &'a TraceLog);

/// The most findings in the text; the JSON has all findings.
pub const MOST_FINDINGS: usize = 50;

const OUTPUTS: [&str; 2] = ["diff", "diff-text"];

/// Compares two traces.
///
/// # Errors
/// [`Refusal`]: a trace is missing or cannot be read, the name of an output is unknown, or the
/// tolerance is not a time.
pub fn compare(lab: &Lab, job: &Compare) -> Result<Answer, Refusal> {
    let usual = || vec!["diff-text".to_owned(), "diff".to_owned()];
    let wanted = job.outputs.clone().unwrap_or_else(usual);
    check_names(&wanted, &OUTPUTS)?;
    let (first, second) = (find(lab, &job.first)?, find(lab, &job.second)?);
    let ns = job.tolerance.as_ref().map(|text| time("tolerance", text)).transpose()?;
    let options = DiffOptions {
        mode: job.mode.into(),
        tolerance: Tolerance { ns: ns.unwrap_or(0), ..Tolerance::default() },
        ..DiffOptions::default()
    };
    let found = diff(&first.log, &second.log, options);
    let (exit, verdict) = judge(&found);
    let mut answer = Answer::new(exit).judged(verdict);
    let stem = format!("{}-against-{}", stem(&job.second), stem(&job.first));
    for name in &wanted {
        let made = match name.as_str() {
            "diff-text" => {
                let text = plain(&found.text(MOST_FINDINGS));
                Ok(Output::text(name, format!("{stem}.txt"), text))
            }
            // Compared with the traces, a clone of the diff costs little.
            "diff" => {
                let text = json(&DiffFacts::new(found.clone()));
                Ok(Output::json(name, format!("{stem}.json"), text))
            }
            "timeline" => {
                let header = second.header.beside_golden(&job.first);
                let (log, filter) = (&second.log, Default::default());
                let looked = Looked { header: &header, log, stem: &stem, filter, at: None };
                timeline(&looked, Some((&found, &first.log)))
            }
            _ => continue,
        };
        answer = match made {
            Ok(output) => answer.with([output]),
            Err(words) => answer.noting([words]),
        };
    }
    Ok(answer)
}

fn judge(found: &Diff) -> (Exit, Verdict) {
    let is_good = found.findings.is_empty();
    let sentence = match (is_good, found.roots() as u64) {
        (true, _) => "the two runs are the same".to_owned(),
        (false, roots) => format!("the two runs differ: {}", counted(roots, "finding")),
    };
    let word = if is_good { "same" } else { "different" }.to_owned();
    let exit = if is_good { Exit::Good } else { Exit::CheckFailed };
    (exit, Verdict { word, sentence, is_good, place: None, time_ns: None })
}
