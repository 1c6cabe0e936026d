//! `ops --record` and `ops --results`: a script on a real card.
//!
//! A recipe does the script's accesses on the computer with the card. It is a program in Python, or
//! input for DEBUG of DOS. `--record` prints a recipe. The user runs it, and `--results` reads what
//! it printed.

use std::fmt::Write;

use portcls_machine::card_bench::ops::{
    ComparedLine, Comparison, RecipePorts, Results, Script, recipe,
};
use portcls_machine::chip::{CardProfile, cards};
use portcls_results::json;
use portcls_results::numbers::counted;
use serde::Serialize;

use super::scripts::{read, text_of};
use crate::arguments::{OpsArguments, OpsFormat, RecipeName};
use crate::console::{self, Console};
use crate::failure::{Exit, Failure};
use crate::input::Input;

/// The version of the JSON.
const VERSION: u32 = 1;

/// The column where the remark of a line begins, unless the access before it is longer.
const REMARK_COLUMN: usize = 46;

/// Prints the recipe of a script.
///
/// # Errors
/// [`Failure`]: there are several files, the file is not a script, or stdout cannot be written.
pub fn record(
    arguments: &OpsArguments,
    card: Option<&CardProfile>,
    host: RecipeName,
) -> Result<Exit, Failure> {
    let script = only_script(arguments, card, "--record")?;
    // Without a chosen card, the ports are those that nearly all cards use.
    let behaviour = card.unwrap_or(&cards()[0]).behaviour;
    let data = arguments.port.unwrap_or(behaviour.usual_port);
    let status = data.saturating_add(behaviour.status_offset);
    let text = recipe(&script, host.into(), RecipePorts { data, status });
    Console::Stdout.print(&text)?;
    Ok(Exit::Good)
}

/// Compares what a recipe printed with its script and with the models of cards. The exit code is 0
/// if the results fit at least one of the cards.
///
/// # Errors
/// [`Failure`]: there are several scripts, stdin is named twice, a file cannot be read or is not
/// valid, the format is junit, or stdout cannot be written.
pub fn compare(
    arguments: &OpsArguments,
    card: Option<&CardProfile>,
    results: &Input,
) -> Result<Exit, Failure> {
    if *results == Input::Stdin && arguments.files.contains(&Input::Stdin) {
        return Err(Failure::StdinTwice);
    }
    let script = only_script(arguments, card, "--results")?;
    let name = results.name();
    let results = Results::parse(&name, &text_of(results)?, &script)?;
    let cards = match card {
        Some(card) => vec![card],
        None => script.cards(cards()),
    };
    let compared: Vec<Comparison> = cards
        .into_iter()
        .map(|card| results.compare(&script, card, arguments.card_timing))
        .collect();
    let shown = match (arguments.format, compared.as_slice()) {
        (OpsFormat::Json, compared) => json(&Facts::new(&script.file, &name, compared)),
        (OpsFormat::Junit, _) => return Err(Failure::NoJunitOfResults),
        (OpsFormat::Text, [one]) => lines(&script.file, &name, one),
        (OpsFormat::Text, compared) => table(&script.file, &name, compared),
    };
    Console::Stdout.print(&shown)?;
    if compared.iter().all(|comparison| comparison.lines().next().is_none()) {
        console::error(&format_args!("{name}: nothing was compared: the results are empty"));
    }
    Ok(if compared.iter().any(is_good) { Exit::Good } else { Exit::CheckFailed })
}

/// The script of a command line; an error if the line names several scripts.
fn only_script(
    arguments: &OpsArguments,
    card: Option<&CardProfile>,
    option: &'static str,
) -> Result<Script, Failure> {
    let [file] = arguments.files.as_slice() else { return Err(Failure::OneScript { option }) };
    let known: Vec<&str> = card.iter().map(|card| &*card.name).collect();
    read(file, &known)
}

/// True if there are results, and the real card did what the script expects and what the model
/// does.
fn is_good(comparison: &Comparison) -> bool {
    let (_, not_met) = comparison.expectations();
    comparison.lines().next().is_some() && not_met == 0 && comparison.unlike_model() == 0
}

/// Each value that was read from the real card, beside the value of one card's model.
fn lines(file: &str, results: &str, comparison: &Comparison) -> String {
    let mut text = format!(
        "# portcls-emu results 1\n# {results} of {file}, beside the model of {}\n",
        comparison.card
    );
    // Writing to a String cannot fail.
    for scenario in &comparison.scenarios {
        let _ = writeln!(text, "== {}", scenario.title);
        for line in &scenario.lines {
            let access = format!("{:>5}  {} -> {}", line.line, line.action, line.hardware);
            let _ = writeln!(text, "{access:<REMARK_COLUMN$}; {}", remark(line));
        }
    }
    let _ = writeln!(text, "# {}", counts(comparison));
    text
}

fn remark(line: &ComparedLine) -> String {
    let expected = match (&line.expected, line.is_as_expected) {
        (Some(expected), Some(false)) => format!("FAILED: expected {expected}; "),
        (Some(_), _) => "ok, ".to_owned(),
        (None, _) => String::new(),
    };
    let model = match line.is_as_model() {
        true => "as the model".to_owned(),
        false => format!("DIFFERS: the model has {}", line.model),
    };
    expected + &model
}

/// A line for each card.
fn table(file: &str, results: &str, compared: &[Comparison]) -> String {
    let mut text = format!("# portcls-emu results 1\n# {results} of {file}, beside the models\n");
    let width = compared.iter().map(|one| one.card.len()).max().unwrap_or_default();
    for comparison in compared {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<width$}  {}", comparison.card, counts(comparison));
    }
    text
}

fn counts(comparison: &Comparison) -> String {
    let (met, not_met) = comparison.expectations();
    let lines = counted(comparison.lines().count() as u64, "line");
    let unlike = comparison.unlike_model();
    format!("{lines}: {met} as expected, {not_met} not, {unlike} unlike the model")
}

/// The comparison for programs.
#[derive(Serialize)]
struct Facts<'c> {
    version: u32,
    script: &'c str,
    results: &'c str,
    cards: Vec<CardFacts<'c>>,
}

#[derive(Serialize)]
struct CardFacts<'c> {
    card: &'c str,
    good: bool,
    met: usize,
    not_met: usize,
    unlike_model: usize,
    scenarios: Vec<ScenarioFacts<'c>>,
}

#[derive(Serialize)]
struct ScenarioFacts<'c> {
    title: &'c str,
    lines: Vec<LineFacts<'c>>,
}

#[derive(Serialize)]
struct LineFacts<'c> {
    line: usize,
    action: &'c str,
    hardware: &'c str,
    expected: Option<&'c str>,
    as_expected: Option<bool>,
    model: &'c str,
    as_model: bool,
}

impl<'c> Facts<'c> {
    fn new(script: &'c str, results: &'c str, compared: &'c [Comparison]) -> Facts<'c> {
        Facts {
            version: VERSION,
            script,
            results,
            cards: compared.iter().map(card_facts).collect(),
        }
    }
}

fn card_facts(comparison: &Comparison) -> CardFacts<'_> {
    let (met, not_met) = comparison.expectations();
    let scenarios = comparison.scenarios.iter().map(|scenario| ScenarioFacts {
        title: &scenario.title,
        lines: scenario.lines.iter().map(line_facts).collect(),
    });
    CardFacts {
        card: &comparison.card,
        good: is_good(comparison),
        met,
        not_met,
        unlike_model: comparison.unlike_model(),
        scenarios: scenarios.collect(),
    }
}

fn line_facts(line: &ComparedLine) -> LineFacts<'_> {
    LineFacts {
        line: line.line,
        action: &line.action,
        hardware: &line.hardware,
        expected: line.expected.as_deref(),
        as_expected: line.is_as_expected,
        model: &line.model,
        as_model: line.is_as_model(),
    }
}
