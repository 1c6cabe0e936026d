//! The error of a card file: what is wrong, where, and how to mend it.

use thiserror::Error;

use crate::line_and_column;

/// Why a text is not a card.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{file}:{line}:{column}: {what}; {hint}")]
pub struct CardFileError {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub hint: String,
}

/// A mistake in the text of a card file. [`Fault::place`] makes a [`CardFileError`] of it, with the
/// file, the line and the column.
#[derive(Debug)]
pub(super) struct Fault {
    /// The offset of the mistake in the text, in bytes.
    pub at: usize,
    pub what: String,
    pub hint: String,
}

impl Fault {
    pub fn new(at: usize, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Fault { at, what: what.into(), hint: hint.into() }
    }

    pub fn place(self, file: &str, text: &str) -> CardFileError {
        let (line, column) = line_and_column(text.as_bytes(), self.at);
        CardFileError { file: file.to_owned(), line, column, what: self.what, hint: self.hint }
    }
}
