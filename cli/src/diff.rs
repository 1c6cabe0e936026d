//! `diff`: what is different in two traces, and what only follows from it.

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::diff::{Diff, DiffOptions, between_marks, diff};
use portcls_machine::report::text::Header;
use serde::Serialize;

use crate::arguments::{DiffArguments, Format};
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::input::Input;
use crate::output::prepare;
use crate::page::page;
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
    let output = prepare(&[("--html", arguments.html.as_ref())], None)?.remove(0);
    let (_, first) = read_part(&arguments.first, arguments)?;
    let (header, second) = read_part(&arguments.second, arguments)?;
    let found = diff(&first, &second, DiffOptions { tolerance_ns: arguments.tolerance });
    let exit = if found.findings.is_empty() { Exit::Good } else { Exit::CheckFailed };
    if let Some(output) = &output {
        let name = arguments.second.name();
        let machine = format!("{}; golden {}", header.machine, arguments.first.name());
        let page = page(&name, (&Header { machine }, &second), Some((&found, &first)))?;
        output.write(|to| page.write(to))?;
    }
    let console = match &output {
        Some(output) if output.is_stdout() => Console::Stderr,
        _ => Console::Stdout,
    };
    let text = match arguments.format {
        Format::Text => found.text(arguments.most),
        Format::Json => json(&DiffFacts { version: VERSION, roots: found.roots(), diff: found }),
    };
    console.print(&text)?;
    Ok(exit)
}

/// The part of a trace between the marks of the command line.
fn read_part(input: &Input, arguments: &DiffArguments) -> Result<(Header, TraceLog), Failure> {
    let (header, log) = trace_file::read_with_header(input)?;
    let (from, to) = (arguments.from.as_deref(), arguments.to.as_deref());
    if (from, to) == (None, None) {
        return Ok((header, log));
    }
    between_marks(&log, from, to)
        .map(|part| (header, part))
        .map_err(|mark| Failure::NoMark { name: input.name(), mark })
}
