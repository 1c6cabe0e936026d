//! `rules`: what a driver must do, and facts about each rule.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use portcls_machine::emulator::{Rule, Severity};
use portcls_machine::rules::{RoomRules, rooms};
use portcls_results::json;
use portcls_results::numbers::wrapped;
use serde::Serialize;

use crate::arguments::{Format, RulesArguments};
use crate::console::Console;
use crate::failure::{Exit, Failure};

/// The version of the JSON.
const VERSION: u32 = 1;

const TITLE: Style = Style::new().bold();
const LABEL: Style = AnsiColor::Cyan.on_default();

/// Columns of a name in the list, with the spaces before and after the name.
const NAME_COLUMNS: usize = 37;
/// Columns of a label, with the spaces before and after the label.
const LABEL_COLUMNS: usize = 12;
/// Columns of a line.
const COLUMNS: usize = 100;

/// Lists the rules, or shows one rule.
///
/// # Errors
/// [`Failure::CannotWrite`].
pub fn run(arguments: &RulesArguments) -> Result<Exit, Failure> {
    let chosen = |rule: &Rule| arguments.name.is_none_or(|wanted| wanted.id == rule.id);
    let text = match (arguments.format, arguments.name) {
        (Format::Text, None) => list(),
        (Format::Text, Some(rule)) => details(rule),
        (Format::Json, _) => json(&RuleList::new(chosen)),
    };
    Console::Stdout.print(&text)?;
    Ok(Exit::Good)
}

fn list() -> String {
    let mut text = String::new();
    for RoomRules { room, rules } in rooms() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{TITLE}{room}{TITLE:#}");
        for rule in rules {
            push_beside(&mut text, rule.id, NAME_COLUMNS, rule.meaning);
        }
        text.push('\n');
    }
    text.push_str(
        "`portcls-emu rules NAME` tells where one is written down, and what Driver Verifier says \
         to it.\n",
    );
    text
}

fn details(rule: &Rule) -> String {
    let owner = if rule.is_microsofts() { "a rule of Microsoft's" } else { "a name of ours" };
    let mut text = format!("{TITLE}{}{TITLE:#}  {owner}\n", rule.id);
    for line in wrapped(rule.meaning, COLUMNS - 2) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {line}");
    }
    let breach = match rule.severity {
        Severity::Error => "a violation: the run goes on and ends with exit code 5",
        Severity::Advice => "a warning, no failure",
    };
    push_beside(&mut text, "breach", LABEL_COLUMNS, breach);
    let verifier = rule.verifier.map(|(code, first)| format!("{code}, first parameter {first:X}"));
    let verifier = verifier.as_deref().unwrap_or("no bug check");
    push_beside(&mut text, "Verifier", LABEL_COLUMNS, verifier);
    if !rule.routines.is_empty() {
        push_beside(&mut text, "routines", LABEL_COLUMNS, &rule.routines.join(", "));
    }
    push_beside(&mut text, "source", LABEL_COLUMNS, rule.source);
    text
}

/// Adds a label, and a paragraph beside the label.
fn push_beside(text: &mut String, label: &str, columns: usize, words: &str) {
    let mut label = label;
    for line in wrapped(words, COLUMNS - columns) {
        let width = columns - 2;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {LABEL}{label:<width$}{LABEL:#}{line}");
        label = "";
    }
}

#[derive(Serialize)]
struct RuleList {
    version: u32,
    rules: Vec<RuleFacts>,
}

/// The facts of a rule, for programs.
#[derive(Serialize)]
struct RuleFacts {
    name: &'static str,
    room: &'static str,
    meaning: &'static str,
    /// `error` or `advice`.
    severity: &'static str,
    is_microsofts: bool,
    verifier: Option<VerifierFacts>,
    routines: &'static [&'static str],
    source: &'static str,
}

/// The bug check with which Driver Verifier stops Windows when a driver breaks the rule; the
/// numbers are hexadecimal.
#[derive(Serialize)]
struct VerifierFacts {
    bug_check: String,
    first_parameter: String,
}

impl RuleList {
    fn new(chosen: impl Fn(&Rule) -> bool) -> RuleList {
        let facts = |RoomRules { room, rules }: RoomRules| {
            let rules = rules.iter().filter(|rule| chosen(rule));
            rules.map(|rule| RuleFacts::new(room, rule)).collect::<Vec<_>>()
        };
        RuleList { version: VERSION, rules: rooms().into_iter().flat_map(facts).collect() }
    }
}

impl RuleFacts {
    fn new(room: &'static str, rule: &'static Rule) -> RuleFacts {
        RuleFacts {
            name: rule.id,
            room,
            meaning: rule.meaning,
            severity: match rule.severity {
                Severity::Error => "error",
                Severity::Advice => "advice",
            },
            is_microsofts: rule.is_microsofts(),
            verifier: rule.verifier.map(|(code, first)| VerifierFacts {
                bug_check: format!("{:X}", code.number()),
                first_parameter: format!("{first:X}"),
            }),
            routines: rule.routines,
            source: rule.source,
        }
    }
}
