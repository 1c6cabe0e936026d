//! `explain`: one moment of a trace, with its cause and its effects.

use portcls_machine::report::explain::{Explanation, explain};
use portcls_results::json;
use serde::Serialize;

use crate::arguments::{ExplainArguments, Format};
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::trace_file;

/// The version of the JSON.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct ExplanationFacts {
    version: u32,
    #[serde(flatten)]
    explanation: Explanation,
}

/// Explains the last event up to a time.
///
/// # Errors
/// The errors of [`trace_file::read`], [`Failure::NotATrace`], [`Failure::NothingYet`] and
/// [`Failure::CannotWrite`].
pub fn run(arguments: &ExplainArguments) -> Result<Exit, Failure> {
    let trace = trace_file::read(&arguments.file)?;
    let explanation = explain(&trace.log, arguments.at);
    trace.note_readable(&arguments.file.name());
    if let Some(damage) = trace.damage {
        if let (Format::Text, Some(explanation)) = (arguments.format, explanation) {
            Console::Stdout.print(&explanation.text())?;
        }
        return Err(damage);
    }
    let explanation =
        explanation.ok_or_else(|| Failure::NothingYet { name: arguments.file.name() })?;
    let text = match arguments.format {
        Format::Text => explanation.text(),
        Format::Json => json(&ExplanationFacts { version: VERSION, explanation }),
    };
    Console::Stdout.print(&text)?;
    Ok(Exit::Good)
}
