//! The diff of two traces, for programs.

use portcls_machine::report::diff::Diff;
use serde::Serialize;

/// The version of the JSON.
const VERSION: u32 = 1;

/// What is different in two traces.
#[derive(Serialize)]
pub struct DiffFacts {
    version: u32,
    roots: usize,
    #[serde(flatten)]
    diff: Diff,
}

impl DiffFacts {
    /// The facts of a diff.
    #[must_use]
    pub fn new(diff: Diff) -> DiffFacts {
        DiffFacts { version: VERSION, roots: diff.roots(), diff }
    }
}
