//! `cards --check`: the results of the built-in register scripts on each card.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use portcls_machine::card_bench::ops::{
    self, Cell, Failure as Failed, Ground, RunReport, Strength, SuiteReport,
};
use portcls_machine::chip::{CardProfile, CardTiming};
use portcls_results::json;
use portcls_results::numbers::{counted, wrapped};
use serde::Serialize;

use crate::arguments::Format;
use crate::console::{self, Console};
use crate::failure::{Exit, Failure};

const HEADING: Style = Style::new().bold();
const FAILED: Style = AnsiColor::Red.on_default().bold();
const APART: Style = AnsiColor::Cyan.on_default();

/// The version of the JSON. Since version 2 each scenario has `sources` instead of `source`.
const VERSION: u32 = 2;

/// Columns of a line.
const COLUMNS: usize = 100;

/// The number of cards in a group. A space follows each group.
const GROUP: usize = 5;

/// The fewest columns for a scenario's title. With many cards a line has more than [`COLUMNS`].
const TITLE_COLUMNS: usize = 30;

/// Runs the scripts on these cards and prints the result of each scenario on each card.
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
    let failed = (0..report.cards.len())
        .map(|card| report.count(card, |c| c == Cell::Failed))
        .sum::<usize>();
    console::error(&format_args!(
        "{} failed, counted card by card; each is shown on stdout with file and line",
        counted(failed as u64, "scenario")
    ));
    Ok(Exit::CheckFailed)
}

fn text(report: &SuiteReport) -> String {
    let mut text = String::new();
    let mut file = "";
    let cards = report.cards.len();
    // The line has a column for each card, and a space after each group.
    let indent = cards + cards.div_ceil(GROUP);
    for row in &report.rows {
        if row.file != file {
            file = &row.file;
            push_heading(&mut text, file, cards);
        }
        let cells = in_groups(row.cells.iter().map(cell_text));
        let title_columns = COLUMNS.saturating_sub(indent).max(TITLE_COLUMNS);
        for (index, line) in wrapped(&row.scenario.title, title_columns).iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = match index {
                0 => writeln!(text, "{cells} {line}"),
                _ => writeln!(text, "{:indent$}{line}", ""),
            };
        }
    }
    // `report` counts the results of each card, and names each failure with its file and line.
    // Writing to a String cannot fail.
    let _ = write!(text, "\n{}\n{report}", legend());
    text
}

fn push_heading(text: &mut String, file: &str, cards: usize) {
    let gap = if text.is_empty() { "" } else { "\n" };
    let tens = in_groups((1..=cards).map(|card| match card / 10 {
        0 => " ".to_owned(),
        tens => tens.to_string(),
    }));
    let ones = in_groups((1..=cards).map(|card| (card % 10).to_string()));
    text.push_str(gap);
    // Writing to a String cannot fail.
    if cards >= 10 {
        let _ = writeln!(text, "{HEADING}{tens}{HEADING:#}");
    }
    let _ = writeln!(text, "{HEADING}{ones} {file}{HEADING:#}");
}

/// Puts a space between the groups of cards.
fn in_groups(cells: impl Iterator<Item = String>) -> String {
    let spaced = cells.enumerate().map(|(number, cell)| match number {
        0 => cell,
        _ if number % GROUP == 0 => format!(" {cell}"),
        _ => cell,
    });
    spaced.collect()
}

fn cell_text(cell: &Cell) -> String {
    let style = match cell {
        Cell::Failed => FAILED,
        Cell::Differs(_) | Cell::Open => APART,
        Cell::Pass(_) | Cell::NotMeant => Style::new(),
    };
    format!("{style}{}{style:#}", cell.mark())
}

fn legend() -> String {
    let with_strength = Strength::ALL.map(|strength| {
        format!("{}  {}: {}\n", strength.mark(), strength.word(), strength.meaning())
    });
    let without =
        Cell::WITHOUT_STRENGTH.map(|(cell, meaning)| format!("{}  {meaning}\n", cell.mark()));
    format!("{}{}{}\n", with_strength.concat(), without.concat(), Cell::SMALL_LETTER)
}

/// A result as a word, for programs.
fn word(cell: Cell) -> &'static str {
    match cell {
        Cell::Pass(_) => "pass",
        Cell::Differs(_) => "differs",
        Cell::Open => "open",
        Cell::NotMeant => "not-meant",
        Cell::Failed => "failed",
    }
}

/// The strength of a result's ground as a word, for programs. `None` if the result has no ground,
/// or a ground without a strength.
fn strength(cell: Cell) -> Option<&'static str> {
    match cell {
        Cell::Pass(strength) | Cell::Differs(strength) => strength.map(Strength::word),
        Cell::Open | Cell::NotMeant | Cell::Failed => None,
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
    sources: Vec<GroundFacts<'a>>,
    /// The result of each card, by the card's name.
    results: BTreeMap<&'a str, &'static str>,
    /// The strength of the ground of a card's result, by the card's name. Cards whose result has no
    /// such strength are missing.
    grounds: BTreeMap<&'a str, &'static str>,
}

#[derive(Serialize)]
struct GroundFacts<'a> {
    strength: Option<&'static str>,
    cards: &'a [String],
    text: &'a str,
}

impl<'r> CheckFacts<'r> {
    fn new(report: &'r SuiteReport) -> CheckFacts<'r> {
        let result = |(card, &cell): (&'r String, &Cell)| (card.as_str(), word(cell));
        let grounds = |(card, &cell): (&'r String, &Cell)| Some((card.as_str(), strength(cell)?));
        let ground = |ground: &'r Ground| GroundFacts {
            strength: ground.strength.map(Strength::word),
            cards: &ground.cards,
            text: &ground.text,
        };
        let scenarios = report.rows.iter().map(|row| ScenarioFacts {
            file: &row.file,
            line: row.scenario.line,
            title: &row.scenario.title,
            sources: row.scenario.sources.iter().map(ground).collect(),
            results: report.cards.iter().zip(&row.cells).map(result).collect(),
            grounds: report.cards.iter().zip(&row.cells).filter_map(grounds).collect(),
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
