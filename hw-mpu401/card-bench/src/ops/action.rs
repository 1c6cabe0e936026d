//! The actions of a script: what a line does.
//!
//! Owns the table of the words that begin such a line ([`verbs`]). The reader and its error
//! messages take the words from this table. A test compares the page `docs/ops.md` with this table.
//! Each family of actions has a file with everything about its actions: the words, the cost, the
//! text, and what the bench does. To add an action, add a variant and a row of `VERBS` in the file
//! of its family.

mod card;
mod control;
mod host;
mod lines;
mod midi_input;

use std::fmt::{self, Display, Formatter};

use super::bench::Bench;
use super::error::Fault;
use super::expectation::ResultKind;
use super::model::Model;
use super::result::Got;
use super::words::{Word, Words};

pub use card::CardAction;
pub use control::ControlAction;
pub(super) use control::parse_causes;
pub use host::{HostAction, Poll};
pub use lines::{LineAction, OwnClocks};
pub use midi_input::MidiInput;

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A new card, other work for its processor, or a fault of the card.
    Card(CardAction),
    /// The host accesses the card's ports, or waits.
    Host(HostAction),
    /// Something happens or is checked on the card's MIDI lines or on its interrupt line.
    Line(LineAction),
    /// A change from outside the ports, or a check of the causes of an interrupt.
    Control(ControlAction),
}

/// A word that begins a line with an action.
pub(super) struct Verb {
    pub word: &'static str,
    /// Lines that begin with the word, each with its meaning.
    pub forms: &'static [(&'static str, &'static str)],
    /// Reads the words after the first word.
    pub parse: fn(&mut Words<'_>) -> Result<Action, Fault>,
}

/// The words that begin lines with an action, in the order in which the documentation has them.
pub(super) fn verbs() -> impl Iterator<Item = &'static Verb> {
    [card::VERBS, host::VERBS, lines::VERBS, control::VERBS].into_iter().flatten()
}

/// Every line that does something, as examples with their meaning. In an example a comma separates
/// two lines.
pub fn actions() -> impl Iterator<Item = (&'static str, &'static str)> {
    verbs().flat_map(|verb| verb.forms).copied()
}

/// The largest cost of an action.
#[derive(Clone, Copy, Default)]
pub(super) struct Cost {
    /// Port accesses.
    pub accesses: u64,
    /// Time of waiting, in ns. The accesses themselves do not count.
    pub time_ns: u64,
    /// Bytes and breaks on MIDI IN.
    pub input: u64,
}

impl Action {
    /// Reads an action. `first` is its first word, and `words` are the words after `first`.
    pub(super) fn parse(first: Word<'_>, words: &mut Words<'_>) -> Result<Self, Fault> {
        match verbs().find(|verb| verb.word == first.text) {
            Some(verb) => (verb.parse)(words),
            None => {
                let known = verbs().map(|verb| verb.word).chain(OTHER_WORDS);
                Err(first.unknown("a thing to do", known, &words_hint()))
            }
        }
    }

    /// The kind of the action's result; `None` if nothing can be expected of the action.
    pub(super) fn result_kind(&self) -> Option<ResultKind> {
        match self {
            Action::Card(_) => None,
            Action::Host(action) => action.result_kind(),
            Action::Line(action) => action.result_kind(),
            Action::Control(action) => action.result_kind(),
        }
    }

    /// The largest cost of the action.
    pub(super) fn cost(&self) -> Cost {
        match self {
            Action::Card(_) | Action::Control(_) => Cost::default(),
            Action::Host(action) => action.cost(),
            Action::Line(action) => action.cost(),
        }
    }

    /// Does the action on this bench.
    pub(super) fn run<M: Model>(&self, bench: &mut Bench<M>) -> Got {
        match self {
            Action::Card(action) => {
                action.run(bench);
                Got::Nothing
            }
            Action::Host(action) => action.run(bench),
            Action::Line(action) => action.run(bench),
            Action::Control(action) => action.run(bench),
        }
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Action::Card(action) => action.fmt(f),
            Action::Host(action) => action.fmt(f),
            Action::Line(action) => action.fmt(f),
            Action::Control(action) => action.fmt(f),
        }
    }
}

/// Words that begin lines without an action, for the hint about an unknown word.
const OTHER_WORDS: [&str; 8] =
    ["repeat", "end", "title:", "source:", "cards:", "differs", "open", "like"];

/// A sentence with all words that can begin a line.
fn words_hint() -> String {
    let words: Vec<&str> = verbs().map(|verb| verb.word).collect();
    format!(
        "a line begins with {}, repeat or end, or with title:, source:, cards:, differs, open or \
         like",
        words.join(", ")
    )
}
