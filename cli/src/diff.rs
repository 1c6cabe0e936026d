//! `diff`: what is different in two traces, and what only follows from it.

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::diff::{Diff, DiffOptions, between_marks, diff};
use serde::Serialize;

use crate::arguments::{DiffArguments, Format};
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::input::Input;
use crate::summary::json;
use crate::trace_file;

/// The version of the JSON.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct DiffFacts {
    version: u32,
    roots: usize,
    #[serde(flatten)]
    diff: Diff,
}

/// Compares two traces. Traces without a finding are exit code 0, others 1.
///
/// # Errors
/// The errors of [`trace_file::read`], [`Failure::StdinTwice`], [`Failure::NoMark`] and
/// [`Failure::CannotWrite`].
pub fn run(arguments: &DiffArguments) -> Result<Exit, Failure> {
    if (&arguments.first, &arguments.second) == (&Input::Stdin, &Input::Stdin) {
        return Err(Failure::StdinTwice);
    }
    let first = read_part(&arguments.first, arguments)?;
    let second = read_part(&arguments.second, arguments)?;
    let found = diff(&first, &second, DiffOptions { tolerance_ns: arguments.tolerance });
    let exit = if found.findings.is_empty() { Exit::Good } else { Exit::CheckFailed };
    let text = match arguments.format {
        Format::Text => found.text(arguments.most),
        Format::Json => json(&DiffFacts { version: VERSION, roots: found.roots(), diff: found }),
    };
    Console::Stdout.print(&text)?;
    Ok(exit)
}

/// The part of a trace between the marks of the command line.
fn read_part(input: &Input, arguments: &DiffArguments) -> Result<TraceLog, Failure> {
    let log = trace_file::read(input)?;
    let (from, to) = (arguments.from.as_deref(), arguments.to.as_deref());
    if (from, to) == (None, None) {
        return Ok(log);
    }
    between_marks(&log, from, to).map_err(|mark| Failure::NoMark { name: input.name(), mark })
}
