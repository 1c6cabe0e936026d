//! What the program says of a run, driver, trace or script: facts and text.
//!
//! This crate owns the documents of the verbs: which facts each has, the names of these facts in
//! JSON, and the text for people. It also plays or captures a song on a machine ([`work`]), and
//! defines the exit codes ([`Exit`]) and the form of numbers in a text ([`numbers`]). The program
//! and the page for a browser use this crate.
//!
//! This crate never opens a file, never writes to a terminal, and knows no command line. Its texts
//! contain colours as escape sequences. A caller that wants no colours removes them.

pub mod cards;
pub mod diff;
mod exit;
pub mod file_kind;
pub mod filters;
pub mod imports;
pub mod latency;
mod moment;
pub mod numbers;
pub mod ops;
mod plain_text;
pub mod scenarios;
pub mod summary;
pub mod trace_colour;
pub mod work;

use serde::Serialize;

pub use exit::Exit;
pub use moment::{moment, moment_of_scenario};
pub use plain_text::plain_text;

/// A document as JSON text with a newline at its end.
///
/// # Panics
/// If a key of a map is not text. No document has such a map.
#[must_use]
pub fn json(document: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(document).expect("facts are texts and numbers");
    text + "\n"
}
