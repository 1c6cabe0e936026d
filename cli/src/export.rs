//! `export`: a trace in another form.

use std::ops::Range;

use portcls_machine::emulator::trace::TraceLog;
#[cfg(feature = "parquet")]
use portcls_machine::report::parquet;
#[cfg(feature = "perfetto")]
use portcls_machine::report::perfetto;
use portcls_machine::report::text::Header;
use portcls_machine::report::{jsonl, svg, vcd};
use portcls_machine::{legend, vcd_options};

use crate::arguments::{ExportArguments, ExportForm};
use crate::explain::readable_name;
use crate::failure::{Exit, Failure};
use crate::output::{Output, prepare};
use crate::page::{PageOf, page};
use crate::trace_file;

/// Writes a trace in another form.
///
/// # Errors
/// The errors of [`trace_file::read_whole`] and [`prepare`], [`Failure::NoMark`],
/// [`Failure::NothingBetween`], [`Failure::TooMuchForAPage`] and [`Failure::CannotWrite`].
pub fn run(arguments: &ExportArguments) -> Result<Exit, Failure> {
    let output = prepare(&[("--out", Some(&arguments.out))], arguments.file.path())?.remove(0);
    let output = output.expect("--out has a default");
    let (header, log) = trace_file::read_whole(&arguments.file)?;
    let section = arguments.section().range(&log, &arguments.file.name())?;
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
            let name = &arguments.file.name();
            let file = arguments.file.path().and_then(readable_name);
            let page = page(&PageOf { name, file, header, log: &part, diff: None })?;
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
            // The table goes into memory first, because its writer needs a target that any thread
            // can use.
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
