//! What is wrong with a text, where, and how to mend it.

use thiserror::Error;

/// Why a text is not a trace.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("line {line}{}: {what}; {hint}", column_words(*.column))]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1; unknown in a line that goes on in continuation lines.
    pub column: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub hint: &'static str,
}

fn column_words(column: Option<usize>) -> String {
    column.map_or_else(String::new, |column| format!(", column {column}"))
}

/// A [`ParseError`] before its place is counted: `at` is the piece of the line that is wrong.
#[derive(Debug)]
pub(super) struct Fault<'t> {
    at: &'t str,
    what: String,
    hint: &'static str,
}

impl<'t> Fault<'t> {
    pub(super) fn new(at: &'t str, what: impl Into<String>, hint: &'static str) -> Self {
        Fault { at, what: what.into(), hint }
    }

    /// The error, given the line that `at` is a piece of.
    pub(super) fn place(self, number: usize, line: &str, extent: Extent) -> ParseError {
        let offset = (self.at.as_ptr() as usize).wrapping_sub(line.as_ptr() as usize);
        let inside = extent == Extent::OneLine && offset <= line.len();
        let column = inside.then(|| line.get(..offset).map_or(0, |before| before.chars().count()));
        ParseError {
            line: number,
            column: column.map(|before| before + 1),
            what: self.what,
            hint: self.hint,
        }
    }
}

/// Whether a logical line is one line of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Extent {
    /// It is, so a column can be told.
    OneLine,
    /// It was joined from several.
    Joined,
}
