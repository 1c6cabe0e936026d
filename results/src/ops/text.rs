//! The results as text for a person.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use portcls_machine::card_bench::ops::{RunReport, Verdict};

use super::{FileResult, FileVerdict};
use crate::numbers::counted;

const FAILED: Style = AnsiColor::Red.on_default().bold();

/// The results as text. A file that is not valid appears only in the totals.
///
/// For a script, the text has each access, or else a line for each card and a line for each
/// failure. It has each access if the script ran on one card, and the user chose this card or named
/// only one file.
#[must_use]
pub fn report(results: &[FileResult], is_card_chosen: bool) -> String {
    let mut text = String::new();
    for result in results {
        let Ok(runs) = &result.runs else { continue };
        if !text.is_empty() {
            text.push('\n');
        }
        match runs.as_slice() {
            [run] if is_card_chosen || results.len() == 1 => text.push_str(&run.to_string()),
            runs => push_cards(&mut text, &result.name, runs),
        }
    }
    if results.len() > 1 {
        push_totals(&mut text, results);
    }
    text
}

/// Adds a line for each card of a script, and the lines of the script that were not as expected.
fn push_cards(text: &mut String, file: &str, runs: &[RunReport]) {
    let cards = counted(runs.len() as u64, "card");
    let width = runs.iter().map(|run| run.card.len()).max().unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# {file} on {cards}");
    for run in runs {
        let failed = run.failures().count();
        let outcome = match run.verdict() {
            Verdict::Passed => format!("{} as expected", run.met()),
            Verdict::Failed => {
                format!("{FAILED}{} as expected, {failed} not{FAILED:#}", run.met())
            }
            Verdict::NothingChecked => "nothing was checked".to_owned(),
        };
        let _ = writeln!(text, "{:<width$}  {outcome}", run.card);
        for failure in run.failures() {
            let _ = writeln!(text, "  {failure}");
        }
    }
}

/// Adds a line with the number of files by their verdict.
fn push_totals(text: &mut String, results: &[FileResult]) {
    let words = [
        (FileVerdict::Passed, "as expected"),
        (FileVerdict::Failed, "not as expected"),
        (FileVerdict::NothingChecked, "checked nothing"),
        (FileVerdict::NotMeant, "not meant for this card"),
        (FileVerdict::Invalid, "not valid"),
    ];
    let counts = words.iter().filter_map(|(verdict, words)| {
        let count = results.iter().filter(|result| result.verdict() == *verdict).count();
        (count > 0).then(|| format!("{count} {words}"))
    });
    let counts: Vec<String> = counts.collect();
    let files = counted(results.len() as u64, "file");
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\n# {files}: {}", counts.join(", "));
}
