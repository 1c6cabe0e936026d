//! A line of a source file, from any of the compilers' formats.

use serde::Serialize;

/// The largest number of source lines of one address: one line of the function, and one line of
/// each function that is inlined there.
pub(super) const INLINE_LIMIT: usize = 16;

/// A line of a source file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceLine {
    /// The name of the source file, without the folders.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl SourceLine {
    /// A line of a file; the folders of the file are left out.
    pub(super) fn of(file: &str, line: u32) -> Option<SourceLine> {
        let file = file.rsplit(['/', '\\']).next()?.to_owned();
        Some(SourceLine { file, line })
    }
}
