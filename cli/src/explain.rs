//! `explain`: one moment of a trace, with its cause and its effects.
//!
//! [`command`] makes a hint that other verbs print when their output names a moment of a trace.

use std::fs;
use std::path::Path;

use portcls_machine::report::explain::{self, Explanation, explain};
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

/// The command that explains a moment of the trace in `file`. `None` if no later command could read
/// the trace.
pub fn command(file: &Path, time_ns: u64) -> Option<String> {
    Some(explain::command(readable_name(file)?, time_ns))
}

/// The name by which a later command can read a file. `None` for a pipe, which can be read only
/// once, for a file that does not exist, and for a name that cannot be copied from a terminal.
pub fn readable_name(file: &Path) -> Option<&str> {
    let name = file.to_str().filter(|name| !name.contains(char::is_control))?;
    fs::metadata(file).is_ok_and(|found| found.is_file()).then_some(name)
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
