//! `export`: a trace in another form.

use portcls_machine::emulator::trace::{Event, TraceLog};
use portcls_machine::report::text::Header;
use portcls_machine::report::{jsonl, svg, vcd};
use portcls_machine::{legend, vcd_options};

use crate::arguments::{ExportArguments, ExportForm, Place};
use crate::failure::{Exit, Failure};
use crate::input::Input;
use crate::output::{Output, prepare};
use crate::page::page;
use crate::trace_file;

/// Writes a trace in another form.
///
/// # Errors
/// The errors of [`trace_file::read`], [`Failure::NoMark`], [`Failure::NothingBetween`],
/// [`Failure::TooMuchForAPage`] and [`Failure::CannotWrite`].
pub fn run(arguments: &ExportArguments) -> Result<Exit, Failure> {
    let path = match &arguments.file {
        Input::File(path) => Some(path.as_path()),
        Input::Stdin => None,
    };
    let output = prepare(&[("--out", Some(&arguments.out))], path)?.remove(0);
    let output = output.expect("--out has a default");
    let (header, log) = trace_file::read_with_header(&arguments.file)?;
    let log = section(arguments, log)?;
    write(arguments, (&header, &log), &output)?;
    Ok(Exit::Good)
}

fn write(
    arguments: &ExportArguments,
    (header, log): (&Header, &TraceLog),
    output: &Output,
) -> Result<(), Failure> {
    match arguments.form {
        ExportForm::Html => {
            let page = page(&arguments.file.name(), (header, log), None)?;
            output.write(|to| page.write(to))
        }
        ExportForm::Svg => {
            let picture = svg::picture(log, header, &legend(log));
            output.write(|to| to.write_all(picture.as_bytes()))
        }
        ExportForm::Jsonl => output.write(|mut to| jsonl::write(log, header, &mut to)),
        ExportForm::Vcd => {
            let dialect = arguments.vcd_dialect.into();
            let options = vcd_options(log, dialect, dialect.usual_tick());
            output.write(|mut to| vcd::write(log, &options, &mut to))
        }
    }
}

/// The part of a trace between the places of the command line.
fn section(arguments: &ExportArguments, log: TraceLog) -> Result<TraceLog, Failure> {
    if (&arguments.from, &arguments.until) == (&None, &None) {
        return Ok(log);
    }
    let name = arguments.file.name();
    let start = match &arguments.from {
        None => 0,
        Some(place) => find(&log, place, 0, &name)?,
    };
    let behind = if matches!(arguments.from, Some(Place::Mark(_))) { start + 1 } else { start };
    let end = match &arguments.until {
        None => log.records().len(),
        Some(place) => find(&log, place, behind, &name)?,
    };
    if start >= end {
        return Err(Failure::NothingBetween { name });
    }
    Ok(log.part(start..end))
}

/// The first event at a place or later, not before the event `after`.
fn find(log: &TraceLog, place: &Place, after: usize, name: &str) -> Result<usize, Failure> {
    let records = log.records();
    let rest = records.get(after..).unwrap_or(&[]);
    match place {
        Place::Time(time_ns) => {
            let found = rest.iter().position(|record| record.time_ns() >= *time_ns);
            Ok(found.map_or(records.len(), |index| after + index))
        }
        Place::Mark(words) => {
            let begins = |event: Option<Event>| matches!(event, Some(Event::Mark(text)) if log.text(text).starts_with(&**words));
            let found = rest.iter().position(|record| begins(record.event()));
            let found = found
                .ok_or_else(|| Failure::NoMark { name: name.to_owned(), mark: words.clone() })?;
            Ok(after + found)
        }
    }
}
