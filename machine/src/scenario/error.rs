//! The error of a scenario: what is wrong, where, and how to mend it.

use std::borrow::Cow;

use mpu401_card_bench::{line_and_column, nearest, shown_up_to};
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Why a text is not a scenario.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{file}:{line}:{column}: {what}; {hint}")]
pub struct ScenarioError {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub hint: String,
}

/// A mistake at a place in the text. With the name of the file it becomes a [`ScenarioError`].
#[derive(Debug)]
pub(super) struct Fault {
    /// The place of the mistake: its offset in the text, in bytes.
    pub at: usize,
    pub what: String,
    pub hint: String,
}

impl Fault {
    pub fn new(at: usize, what: impl Into<String>, hint: impl Into<String>) -> Fault {
        Fault { at, what: what.into(), hint: hint.into() }
    }

    /// The fault of the TOML reader, in the words of this project.
    pub fn of_toml(error: &toml::de::Error) -> Fault {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().trim();
        if let Some(hint) = unknown_word(message) {
            let word = quoted(message).next().unwrap_or_default();
            let what = match message.split_once(' ') {
                Some((_, rest)) if rest.starts_with("field") => {
                    format!("there is no key '{}'", short(word))
                }
                _ => format!("'{}' is not possible here", short(word)),
            };
            return Fault::new(at, what, hint);
        }
        if let Some(key) = message.strip_prefix("missing field ") {
            let key = key.trim_matches('`');
            let hint = format!("write it, as in the page about scenarios: {key} = ...");
            return Fault::new(at, format!("the key {key} is missing"), hint);
        }
        match message.split_once("; ") {
            // The message of a reader in `values` has its own advice after the semicolon.
            Some((what, hint)) => Fault::new(at, short(what), hint),
            None if message.starts_with("invalid type") => {
                let message = message.trim_start_matches("invalid type: ");
                let (found, wanted) = message.split_once(", expected ").unwrap_or((message, ""));
                let found = match found {
                    "map" => "a table",
                    "sequence" => "a list",
                    other => other,
                };
                let hint = format!("write {}", in_words(wanted));
                Fault::new(at, format!("{} is not possible here", short(found)), hint)
            }
            None => {
                let what = format!("this is no TOML: {}", short(message));
                Fault::new(at, what, "write key = value, one a line, with texts in \"\"")
            }
        }
    }

    pub fn place(self, file: &str, text: &str) -> ScenarioError {
        let (line, column) = line_and_column(text.as_bytes(), self.at);
        ScenarioError { file: file.to_owned(), line, column, what: self.what, hint: self.hint }
    }
}

/// The expected value in the words of a scenario file. The TOML reader names types of Rust.
fn in_words(wanted: &str) -> &str {
    match wanted {
        "a sequence" => "a list as in [\"a\", \"b\"], or [[step]] with two brackets for a step",
        "a string" => "a text in \"\"",
        "a boolean" => "true or false, without \"\"",
        "a map" => "a table, as in { Init = \"STATUS_SUCCESS\" }",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, without \"\"",
        other => other,
    }
}

/// The advice if the message is about an unknown word; `None` for any other message.
fn unknown_word(message: &str) -> Option<String> {
    let is_unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    if !is_unknown {
        return None;
    }
    let mut words = quoted(message);
    let word = words.next().unwrap_or_default();
    let known: Vec<&str> = words.collect();
    Some(advice(word, &known))
}

/// What to write instead of a word: the nearest known word, or all known words. If no word is
/// known, the advice is to leave the word out.
pub(super) fn advice(word: &str, known: &[&str]) -> String {
    match (nearest(word, known.iter().copied()), known) {
        (Some(near), _) => format!("did you mean {near}?"),
        (None, []) => "leave it out".to_owned(),
        (None, [only]) => format!("write {only}"),
        (None, _) => format!("write one of {}", known.join(", ")),
    }
}

/// The texts between backquotes.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message.split('`').skip(1).step_by(2)
}

/// The first 60 characters of a user's text, without control characters, for a message.
pub(super) fn short(text: &str) -> String {
    const SHOWN: usize = 60;
    shown_up_to(text, SHOWN)
}

/// The places of keys and values in a text.
pub(super) struct Places<'t> {
    table: Option<Spanned<DeTable<'t>>>,
}

/// One part of the path to a value: a key of a table, or the index of an entry in a list.
#[derive(Clone, Copy)]
pub(super) enum Way<'w> {
    Key(&'w str),
    Index(usize),
}

impl<'t> Places<'t> {
    pub fn new(text: &'t str) -> Places<'t> {
        Places { table: DeTable::parse(text).ok() }
    }

    /// The place of the value at the end of a path: its offset in the text, in bytes. If a part of
    /// the path does not exist, this is the place of the last part that exists; 0 if no part
    /// exists. A table or a list that a key names has the place of this key.
    pub fn at(&self, way: &[Way<'_>]) -> usize {
        let Some(table) = &self.table else { return 0 };
        let mut at = 0;
        let mut value: Option<&Spanned<DeValue<'t>>> = None;
        for step in way {
            let next = match (step, value.map(Spanned::get_ref)) {
                (Way::Key(key), None) => entry(table.get_ref(), key),
                (Way::Key(key), Some(DeValue::Table(inner))) => entry(inner, key),
                (Way::Index(index), Some(DeValue::Array(list))) => {
                    list.get(*index).map(|value| (value.span().start, value))
                }
                _ => None,
            };
            let Some((start, found)) = next else { break };
            (at, value) = (start, Some(found));
        }
        at
    }
}

/// A value of a table, and its place: for a table or a list the place of the key, for any other
/// value the place where the value begins.
fn entry<'a, 't>(table: &'a DeTable<'t>, key: &str) -> Option<(usize, &'a Spanned<DeValue<'t>>)> {
    let found = table.iter().find(|(name, _)| {
        let name: &Cow<'_, str> = name.get_ref();
        name == key
    });
    found.map(|(name, value)| match value.get_ref() {
        DeValue::Table(_) | DeValue::Array(_) => (name.span().start, value),
        _ => (value.span().start, value),
    })
}
