//! The error of a text: what is wrong, where, and how to mend it.

use thiserror::Error;

/// Why a text is not a trace.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("line {line}{}: {what}; {hint}", column_words(*.column))]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1; unknown when the line was joined from continuation lines.
    pub column: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub hint: &'static str,
}

fn column_words(column: Option<usize>) -> String {
    column.map_or_else(String::new, |column| format!(", column {column}"))
}

/// A [`ParseError`] without its line number: `at` is the wrong piece of the line.
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

    /// The error, placed in the line that contains `at`.
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

/// Whether a line was joined from several lines of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Extent {
    /// One line, so the error can name a column.
    OneLine,
    /// A line that was joined from several lines.
    Joined,
}
