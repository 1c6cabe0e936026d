//! What is wrong with an INF, where, and how to mend it.

use thiserror::Error;

/// Why an INF cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{file}:{line}:{column}: {what}; {hint}")]
pub struct InfError {
    /// The file, as it was given.
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

/// A place in the text: line and column, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    pub line: usize,
    pub column: usize,
}

impl Place {
    pub const START: Place = Place { line: 1, column: 1 };
}

/// An [`InfError`] whose file is not known yet.
#[derive(Debug)]
pub(crate) struct Fault {
    pub place: Place,
    pub what: String,
    pub hint: String,
}

impl Fault {
    pub fn new(place: Place, what: impl Into<String>, hint: impl Into<String>) -> Fault {
        Fault { place, what: what.into(), hint: hint.into() }
    }

    pub fn in_file(self, file: &str) -> InfError {
        let Place { line, column } = self.place;
        InfError { file: file.to_owned(), line, column, what: self.what, hint: self.hint }
    }
}

/// The start of a text of the file, in a form that a message can show.
pub(crate) fn short(text: &str) -> String {
    const SHOWN: usize = 40;
    let plain = text.chars().map(|letter| if letter.is_control() { '?' } else { letter });
    let mut shown: String = plain.take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        shown.push_str("...");
    }
    shown
}
