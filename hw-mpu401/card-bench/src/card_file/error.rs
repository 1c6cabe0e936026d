//! The error of a card file: what is wrong, where, and how to mend it.

use thiserror::Error;

/// Why a text is no card.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{file}:{line}: {what}; {hint}")]
pub struct CardFileError {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub hint: String,
}

/// A [`CardFileError`] at a place in the text.
#[derive(Debug)]
pub(super) struct Fault {
    /// Where in the text, in bytes.
    pub at: usize,
    pub what: String,
    pub hint: String,
}

impl Fault {
    pub fn new(at: usize, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Fault { at, what: what.into(), hint: hint.into() }
    }

    pub fn place(self, file: &str, text: &str) -> CardFileError {
        let before = text.as_bytes().iter().take(self.at);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        CardFileError { file: file.to_owned(), line, what: self.what, hint: self.hint }
    }
}
