//! The error of a register script: what is wrong, where, and how to mend it.

use thiserror::Error;

/// Why a text is not a register script.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{file}:{line}:{column}: {what}; {hint}")]
pub struct OpsError {
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

/// A mistake in one line. [`Fault::place`] makes an [`OpsError`] of it, with the file and the
/// number of the line.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) column: usize,
    pub(super) what: String,
    pub(super) hint: String,
}

impl Fault {
    pub(super) fn new(column: usize, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Fault { column, what: what.into(), hint: hint.into() }
    }

    pub(super) fn place(self, file: &str, line: usize) -> OpsError {
        let Fault { column, what, hint } = self;
        OpsError { file: file.to_owned(), line, column, what, hint }
    }
}
