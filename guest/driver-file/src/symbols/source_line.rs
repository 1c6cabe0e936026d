//! A line of a source file, in whatever form a compiler told it.

use serde::Serialize;

/// The deepest inlining that is told.
pub(super) const INLINE_LIMIT: usize = 16;

/// A line of a source file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceLine {
    /// The file as the compiler was told it, without its folders.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl SourceLine {
    /// A line of a file, of which the folders are left out.
    pub(super) fn of(file: &str, line: u32) -> Option<SourceLine> {
        let file = file.rsplit(['/', '\\']).next()?.to_owned();
        Some(SourceLine { file, line })
    }
}
