//! `export`: a trace in another form.

use std::ops::Range;

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::marks::find_mark;
#[cfg(feature = "parquet")]
use portcls_machine::report::parquet;
#[cfg(feature = "perfetto")]
use portcls_machine::report::perfetto;
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
    let (header, log) = trace_file::read_whole(&arguments.file)?;
    let section = section(arguments, &log)?;
    write(arguments, (&header, &log), section, &output)?;
    Ok(Exit::Good)
}

fn write(
    arguments: &ExportArguments,
    (header, log): (&Header, &TraceLog),
    section: Range<usize>,
    output: &Output,
) -> Result<(), Failure> {
    match arguments.form {
        ExportForm::Html => {
            let part = log.part(section);
            let page = page(&arguments.file.name(), (header, &part), None)?;
            output.write(|to| page.write(to))
        }
        ExportForm::Svg => {
            let picture = svg::picture(log, header, &legend(log), section);
            output.write(|to| to.write_all(picture.as_bytes()))
        }
        ExportForm::Jsonl => output.write(|mut to| jsonl::write(log, header, section, &mut to)),
        ExportForm::Vcd => {
            let dialect = arguments.vcd_dialect.into();
            let part = log.part(section);
            let options = vcd_options(&part, dialect, dialect.usual_tick());
            output.write(|mut to| vcd::write(&part, &options, &mut to))
        }
        #[cfg(feature = "parquet")]
        ExportForm::Parquet => {
            // The table goes into memory first: its writer demands a target for any thread.
            let mut table = Vec::new();
            let written = parquet::write(log, header, section, &mut table);
            output.write(|to| written.and_then(|()| to.write_all(&table)))
        }
        #[cfg(feature = "perfetto")]
        ExportForm::Perfetto => {
            let part = log.part(section);
            let legend = legend(&part);
            output.write(|mut to| perfetto::write(&part, header, &legend, &mut to))
        }
    }
}

/// The part of a trace between the places of the command line.
fn section(arguments: &ExportArguments, log: &TraceLog) -> Result<Range<usize>, Failure> {
    if (&arguments.from, &arguments.until) == (&None, &None) {
        return Ok(0..log.records().len());
    }
    let name = arguments.file.name();
    let start = match &arguments.from {
        None => 0,
        Some(place) => find(log, place, 0, &name)?,
    };
    let behind = if matches!(arguments.from, Some(Place::Mark(_))) { start + 1 } else { start };
    let end = match &arguments.until {
        None => log.records().len(),
        Some(place) => find(log, place, behind, &name)?,
    };
    if start >= end {
        return Err(Failure::NothingBetween { name });
    }
    Ok(start..end)
}

/// The first event at a place or later, not before the event `after`.
fn find(log: &TraceLog, place: &Place, after: usize, name: &str) -> Result<usize, Failure> {
    match place {
        Place::Time(time_ns) => {
            let records = log.records();
            let rest = records.get(after..).unwrap_or(&[]);
            let found = rest.iter().position(|record| record.time_ns() >= *time_ns);
            Ok(found.map_or(records.len(), |index| after + index))
        }
        Place::Mark(words) => find_mark(log, words, after)
            .ok_or_else(|| Failure::NoMark { name: name.to_owned(), mark: words.clone() }),
    }
}
