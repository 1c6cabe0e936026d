//! `schema`: the JSON Schema of a document that the program prints.

use crate::arguments::SchemaName;
use crate::console::Console;
use crate::failure::{Exit, Failure};

/// The schema of the summary of `play`, `capture` and `debug`.
const SUMMARY: &str = include_str!("schema/summary.jsonschema");
/// The schema of a line of a trace.
const TRACE: &str = include_str!("schema/trace.jsonschema");

/// Writes a schema to stdout.
///
/// # Errors
/// [`Failure::CannotWrite`].
pub fn run(document: SchemaName) -> Result<Exit, Failure> {
    let text = match document {
        SchemaName::Summary => SUMMARY,
        SchemaName::Trace => TRACE,
    };
    Console::Stdout.print(text)?;
    Ok(Exit::Good)
}
