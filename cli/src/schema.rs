//! `schema`: the JSON Schema of a document that the program prints or reads.

use crate::arguments::SchemaName;
use crate::console::Console;
use crate::failure::{Exit, Failure};

/// The schema of the summary of `play`, `capture` and `debug`.
const SUMMARY: &str = include_str!("schema/summary.jsonschema");
/// The schema of a line that `export --to jsonl` writes.
const TRACE: &str = include_str!("schema/trace.jsonschema");

/// The schema of a scenario file. A test makes it from the structures that read such a file.
const SCENARIO: &str = include_str!("schema/scenario.jsonschema");

/// Writes a schema to stdout.
///
/// # Errors
/// [`Failure::CannotWrite`].
pub fn run(document: SchemaName) -> Result<Exit, Failure> {
    let text = match document {
        SchemaName::Summary => SUMMARY,
        SchemaName::Scenario => SCENARIO,
        SchemaName::Trace => TRACE,
    };
    Console::Stdout.print(text)?;
    Ok(Exit::Good)
}
