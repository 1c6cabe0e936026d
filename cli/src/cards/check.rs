//! `cards --check`: what each card does in the built-in register scripts.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use portcls_machine::card_bench::ops::{self, Cell, Failure as Failed, RunReport, SuiteReport};
use portcls_machine::chip::{CardProfile, CardTiming};
use serde::Serialize;

use super::VERSION;
use crate::arguments::Format;
use crate::console::{self, Console};
use crate::failure::{Exit, Failure};
use crate::figures::{counted, wrapped};
use crate::summary::json;

const HEADING: Style = Style::new().bold();
const FAILED: Style = AnsiColor::Red.on_default().bold();
const APART: Style = AnsiColor::Cyan.on_default();

/// Columns of a line.
const COLUMNS: usize = 100;

/// Columns of a card: its letter, and the mark under the letter.
const CARD_COLUMNS: usize = 2;

/// The fewest columns for the title of a scenario, for any number of cards before the title.
const TITLE_COLUMNS: usize = 30;

/// Runs the scripts on these cards and shows a line for each scenario.
///
/// # Errors
/// [`Failure::CannotWrite`].
pub fn run(cards: &[CardProfile], timing: CardTiming, format: Format) -> Result<Exit, Failure> {
    let report = ops::check_with(cards, timing);
    let text = match format {
        Format::Text => text(&report),
        Format::Json => json(&CheckFacts::new(&report)),
    };
    Console::Stdout.print(&text)?;
    if report.is_good() {
        return Ok(Exit::Good);
    }
    let failed =
        (0..report.cards.len()).map(|card| report.count(card, Cell::Failed)).sum::<usize>();
    console::error(&format_args!(
        "{} failed, counted card by card; each is shown on stdout with file and line",
        counted(failed as u64, "scenario")
    ));
    Ok(Exit::CheckFailed)
}

fn text(report: &SuiteReport) -> String {
    let mut text = String::new();
    let mut file = "";
    for row in &report.rows {
        if row.file != file {
            file = &row.file;
            push_heading(&mut text, file, report.cards.len());
        }
        let cells: String = row.cells.iter().map(cell_text).collect();
        let indent = report.cards.len() * CARD_COLUMNS + 1;
        let title_columns = COLUMNS.saturating_sub(indent).max(TITLE_COLUMNS);
        for (index, line) in wrapped(&row.scenario.title, title_columns).iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = match index {
                0 => writeln!(text, "{cells} {line}"),
                _ => writeln!(text, "{:indent$}{line}", ""),
            };
        }
    }
    // Writing to a String cannot fail.
    let _ = write!(text, "\n{}\n{report}", legend());
    text
}

fn push_heading(text: &mut String, file: &str, cards: usize) {
    let gap = if text.is_empty() { "" } else { "\n" };
    // Writing to a String cannot fail.
    let _ = write!(text, "{gap}{HEADING}");
    for card in 0..cards {
        let _ = write!(text, "{:<CARD_COLUMNS$}", SuiteReport::letter(card));
    }
    let _ = writeln!(text, " {file}{HEADING:#}");
}

fn cell_text(cell: &Cell) -> String {
    let (style, mark) = match cell {
        // The text names each failure below, with its file and line.
        Cell::Failed => (FAILED, cell.mark()),
        Cell::Differs | Cell::Open => (APART, cell.mark()),
        Cell::Pass | Cell::NotMeant => (Style::new(), cell.mark()),
    };
    format!("{style}{mark}{style:#}{:gap$}", "", gap = CARD_COLUMNS - mark.len())
}

fn legend() -> String {
    let line = |cell: Cell| format!("{}  {}\n", cell.mark(), cell.meaning());
    Cell::ALL.map(line).concat()
}

/// A result as a word, for programs.
fn word(cell: Cell) -> &'static str {
    match cell {
        Cell::Pass => "pass",
        Cell::Differs => "differs",
        Cell::Open => "open",
        Cell::NotMeant => "not-meant",
        Cell::Failed => "failed",
    }
}

/// The results of the check, for programs.
#[derive(Serialize)]
struct CheckFacts<'a> {
    version: u32,
    good: bool,
    cards: &'a [String],
    scenarios: Vec<ScenarioFacts<'a>>,
    failures: Vec<Failed<'a>>,
}

#[derive(Serialize)]
struct ScenarioFacts<'a> {
    file: &'a str,
    line: usize,
    title: &'a str,
    source: &'a str,
    /// The result of each card, by the card's name.
    results: BTreeMap<&'a str, &'static str>,
}

impl<'r> CheckFacts<'r> {
    fn new(report: &'r SuiteReport) -> CheckFacts<'r> {
        let result = |(card, &cell): (&'r String, &Cell)| (card.as_str(), word(cell));
        let scenarios = report.rows.iter().map(|row| ScenarioFacts {
            file: &row.file,
            line: row.scenario.line,
            title: &row.scenario.title,
            source: &row.scenario.source,
            results: report.cards.iter().zip(&row.cells).map(result).collect(),
        });
        CheckFacts {
            version: VERSION,
            good: report.is_good(),
            cards: &report.cards,
            scenarios: scenarios.collect(),
            failures: report.runs.iter().flat_map(RunReport::failures).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use portcls_machine::chip::card;

    use super::*;

    #[test]
    fn a_card_that_does_not_do_as_expected_fails_the_check_and_is_named() {
        let good = card("sb16").unwrap();
        let mut broken = good.clone();
        broken.behaviour.rx_depth = 1;
        let broken = [broken];
        assert_eq!(run(&broken, CardTiming::Typical, Format::Json).unwrap(), Exit::CheckFailed);
        let report = ops::check(&broken);
        let (text, json) = (text(&report), json(&CheckFacts::new(&report)));
        assert!(text.contains("\nF ") && text.contains("midi-in.ops:"), "{text}");
        assert!(json.contains("\"good\": false") && json.contains("\"sb16\": \"failed\""));
        let (_, failures) = json.split_once("\"failures\": [").expect("they stand last");
        let keys = ["file", "line", "card", "title", "time_ns", "expected", "got"];
        let places = keys.map(|key| failures.find(&format!("\"{key}\": ")).expect(key));
        assert!(places.is_sorted(), "{failures}");
        assert_eq!(
            run(std::slice::from_ref(good), CardTiming::Typical, Format::Text).unwrap(),
            Exit::Good
        );
    }
}
