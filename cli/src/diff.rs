//! `diff`: the differences of two traces, and what only follows from them.

use std::borrow::Cow;

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::diff::{Diff, DiffOptions, Start, diff};
use portcls_results::diff::DiffFacts;
use portcls_results::json;

use crate::arguments::{DiffArguments, Format, Place};
use crate::console::{self, Console};
use crate::explain::{command, readable_name};
use crate::failure::{Exit, Failure};
use crate::input::Input;
use crate::output::prepare;
use crate::page::{PageOf, page};
use crate::trace_file::{self, TraceFile};

/// Compares two traces. The exit code is 0 without a finding, else 1.
///
/// # Errors
/// The errors of [`trace_file::read`], [`Failure::NotATrace`], [`Failure::StdinTwice`],
/// [`Failure::NoMark`], [`Failure::NothingBetween`], [`Failure::TooMuchForAPage`] and
/// [`Failure::CannotWrite`].
pub fn run(arguments: &DiffArguments) -> Result<Exit, Failure> {
    if (&arguments.first, &arguments.second) == (&Input::Stdin, &Input::Stdin) {
        return Err(Failure::StdinTwice);
    }
    let inputs = [&arguments.first, &arguments.second].into_iter().filter_map(Input::path);
    let output = prepare(&[("--html", arguments.html.as_ref())], inputs)?.remove(0);
    let first = trace_file::read(&arguments.first)?;
    let second = trace_file::read(&arguments.second)?;
    if first.damage.is_some() || second.damage.is_some() {
        return Err(compare_readable(arguments, [first, second])?);
    }
    let header = second.header.beside_golden(&arguments.first.name());
    let first = part(&arguments.first, &first.log, arguments)?;
    let second = part(&arguments.second, &second.log, arguments)?;
    let found = diff(&first, &second, options(arguments));
    let exit = if found.findings.is_empty() { Exit::Good } else { Exit::CheckFailed };
    if let Some(output) = &output {
        let name = arguments.second.name();
        let file = arguments.second.path().and_then(readable_name);
        let diff = Some((&found, &*first));
        let page = page(&PageOf { name: &name, file, header: &header, log: &second, diff })?;
        output.write(|to| page.write(to))?;
    }
    let console = match &output {
        Some(output) if output.is_stdout() => Console::Stderr,
        _ => Console::Stdout,
    };
    let text = match arguments.format {
        Format::Text => found.text(arguments.most) + &explained(arguments, &found),
        Format::Json => json(&DiffFacts::new(found)),
    };
    console.print(&text)?;
    Ok(exit)
}

/// The line with the command that explains the first finding. The command reads the trace that
/// came, or the expected trace if only that one has the event.
fn explained(arguments: &DiffArguments, found: &Diff) -> String {
    let place = found.findings.first().and_then(|finding| match &finding.second {
        Some(spot) => Some((&arguments.second, spot)),
        None => Some((&arguments.first, finding.first.as_ref()?)),
    });
    let command = place.and_then(|(input, spot)| command(input.path()?, spot.time_ns));
    command.map_or(String::new(), |command| format!("\nexplain   {command}\n"))
}

/// The options of the comparison. If the part begins at a mark, times count from this mark.
fn options(arguments: &DiffArguments) -> DiffOptions {
    let start = match arguments.section.from {
        Some(Place::Mark(_)) => Start::FirstEvent,
        Some(Place::Time(_)) | None => Start::PowerOn,
    };
    DiffOptions { start, ..arguments.compare.options() }
}

/// Compares two traces of which at least one is damaged, and prints the findings if the format is
/// text. The comparison ends at the time at which the readable part of a damaged trace ends. If
/// both traces are damaged, it ends at the earlier of the two times. Returns the failure with which
/// the verb ends.
fn compare_readable(arguments: &DiffArguments, traces: [TraceFile; 2]) -> Result<Failure, Failure> {
    let inputs = [&arguments.first, &arguments.second];
    for (trace, input) in traces.iter().zip(inputs) {
        trace.note_readable(&input.name());
    }
    let damaged = traces.iter().filter(|trace| trace.damage.is_some());
    let end_ns = damaged.map(TraceFile::end_ns).min().unwrap_or(0);
    let parts = [0, 1].map(|side| {
        let whole = part(inputs[side], &traces[side].log, arguments).ok()?;
        Some(up_to(&whole, end_ns)).filter(|part| !part.records().is_empty())
    });
    if let (Format::Text, [Some(first), Some(second)]) = (arguments.format, &parts) {
        let found = diff(first, second, options(arguments));
        let text = found.text(arguments.most);
        Console::Stdout.print(&format!("of what could be read of both: {text}"))?;
    }
    let mut failures = traces.into_iter().filter_map(|trace| trace.damage);
    let first = failures.next().expect("the caller found a damaged trace");
    let Some(second) = failures.next() else { return Ok(first) };
    console::error(&first);
    Ok(second)
}

/// The events of a trace up to a time, in ns since power-on.
fn up_to(log: &TraceLog, end_ns: u64) -> TraceLog {
    let end = log.events().position(|event| event.time_ns > end_ns);
    log.part(0..end.unwrap_or(log.records().len()))
}

/// The part of a trace between the places of `--from` and `--until`.
fn part<'a>(
    input: &Input,
    log: &'a TraceLog,
    arguments: &DiffArguments,
) -> Result<Cow<'a, TraceLog>, Failure> {
    arguments.section.section().part(log, &input.name())
}
