//! Views of a trace: text, page, latencies, waveforms.

use std::borrow::Cow;

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::explain::explain;
use portcls_machine::report::html::{Page, PageOptions};
use portcls_machine::report::latency::{latency, usual_bins};
use portcls_machine::report::reading::{self, Show};
use portcls_machine::report::text::{Header, parse_readable, print};
use portcls_machine::report::vcd::{self, Dialect};
use portcls_machine::report::{Filter, jsonl, svg};
use portcls_machine::{legend, vcd_options};
use portcls_results::file_kind::Wanted;
use portcls_results::latency::Latencies;
use portcls_results::{Exit, json};

use crate::answer::{Answer, Output, plain};
use crate::choice::time;
use crate::files::stem;
use crate::job::View;
use crate::refusal::Refusal;
use crate::{Kept, Lab};

/// A view: its name, a description and the type of its content.
pub struct ViewKind {
    pub name: &'static str,
    pub words: &'static str,
    pub media: &'static str,
}

const fn kind(name: &'static str, words: &'static str, media: &'static str) -> ViewKind {
    ViewKind { name, words, media }
}

/// All views of a trace.
pub const VIEWS: &[ViewKind] = &[
    kind("trace", "the trace as text, as --trace writes it", "text/plain"),
    kind("reading", "the trace for reading, with durations and nesting", "text/plain"),
    kind("timeline", "the trace as a page with lanes over time", "text/html"),
    kind("latency", "how long routines ran and things waited, for programs", "application/json"),
    kind("latency-text", "how long routines ran and things waited", "text/plain"),
    kind("jsonl", "the trace as lines of JSON", "application/jsonl"),
    kind("vcd", "the trace as waveforms", "text/plain"),
    kind("svg", "the trace as a picture", "image/svg+xml"),
    kind("explain", "one moment explained", "text/plain"),
];

/// The trace that is shown, and how.
pub struct Looked<'t> {
    pub header: &'t Header,
    pub log: &'t TraceLog,
    /// The first part of the file name of each output.
    pub stem: &'t str,
    pub filter: Filter,
    /// The moment to explain.
    pub at: Option<u64>,
}

/// Makes a view. `None` if no view has this name.
///
/// # Errors
/// The reason why this trace has no such view.
pub fn make(name: &str, looked: &Looked<'_>) -> Option<Result<Output, String>> {
    let Looked { header, log, stem, filter, at } = *looked;
    let whole = 0..log.records().len();
    let text = |ending: &str, text: String| Ok(Output::text(name, format!("{stem}{ending}"), text));
    Some(match name {
        "trace" => text(".trace", print(log, header, filter)),
        "reading" => {
            let show = Show { durations: true, nesting: true, ..Show::default() };
            text("-reading.txt", reading::print(log, header, filter, &show))
        }
        "timeline" => timeline(looked, None),
        "latency" => {
            let runs = vec![(stem.to_owned(), Ok(latency(log, usual_bins())))];
            let file_name = format!("{stem}-latency.json");
            Ok(Output::json(name, file_name, json(&Latencies::new(runs, &[]))))
        }
        "latency-text" => text("-latency.txt", plain(&latency(log, usual_bins()).text(&[]))),
        "jsonl" => written("jsonl", "application/jsonl", format!("{stem}.jsonl"), |to| {
            jsonl::write(log, header, whole, to)
        }),
        "vcd" => {
            let options = vcd_options(log, Dialect::Full, Dialect::Full.usual_tick());
            written("vcd", "text/plain", format!("{stem}.vcd"), |to| vcd::write(log, &options, to))
        }
        "svg" => {
            let picture = svg::picture(log, header, &legend(log), whole);
            Ok(Output::new(name, "image/svg+xml", format!("{stem}.svg"), picture.into_bytes()))
        }
        "explain" => explained(log, at).and_then(|words| text("-explained.txt", words)),
        _ => return None,
    })
}

/// The page of a trace. If a comparison is given, the page shows its findings.
pub fn timeline(
    looked: &Looked<'_>,
    diff: Option<crate::compare::Found<'_>>,
) -> Result<Output, String> {
    let Looked { header, log, stem, .. } = *looked;
    let legend = legend(log);
    let options = PageOptions { legend: Some(&legend), diff, file: None };
    let page = Page::new(log, header, options).map_err(|error| {
        format!("there is no timeline: {error}; end the run earlier with until")
    })?;
    written("timeline", "text/html", format!("{stem}.html"), |to| page.write(to))
}

fn written(
    name: &str,
    media: &'static str,
    file_name: String,
    write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>,
) -> Result<Output, String> {
    let mut bytes = Vec::new();
    write(&mut bytes).map_err(|error| format!("there is no {name}: {error}"))?;
    Ok(Output::new(name, media, file_name, bytes))
}

fn explained(log: &TraceLog, at: Option<u64>) -> Result<String, String> {
    let at = at.ok_or("explain needs a moment in at, as in 256.779ms")?;
    let found = explain(log, at).ok_or("nothing happened up to this time: give a later one")?;
    Ok(plain(&found.text()))
}

/// Adds the wanted views to the answer. A name that is no view's is passed over. If a view fails,
/// the answer has a note.
pub fn add_views(mut answer: Answer, wanted: &[String], looked: &Looked<'_>) -> Answer {
    for name in wanted {
        answer = match make(name, looked) {
            None => answer,
            Some(Ok(output)) => answer.with([output]),
            Some(Err(words)) => answer.noting([words]),
        };
    }
    answer
}

/// Refuses unknown names of outputs. The known names are those of the views and `others`.
///
/// # Errors
/// [`Refusal`] with the first wrong name.
pub fn check_names(wanted: &[String], others: &[&str]) -> Result<(), Refusal> {
    let known = || VIEWS.iter().map(|view| view.name).chain(others.iter().copied());
    match wanted.iter().find(|name| known().all(|known| known != name.as_str())) {
        Some(wrong) => Err(Refusal::unknown("output", wrong, known())),
        None => Ok(()),
    }
}

/// Finds a trace that the lab keeps, or reads one from a file.
///
/// # Errors
/// [`Refusal`]: there is no such trace, or the file is not a trace.
pub fn find<'l>(lab: &'l Lab, name: &str) -> Result<Cow<'l, Kept>, Refusal> {
    if let Some(kept) = lab.kept.get(name) {
        return Ok(Cow::Borrowed(kept));
    }
    if lab.files.find(name).is_none() {
        let words = format!("no trace is kept as '{name}', and no file of this name was given");
        return Err(Refusal::job(words));
    }
    let bytes = lab.files.text(name)?;
    let read = parse_readable(&String::from_utf8_lossy(&bytes));
    match read.fault {
        None => Ok(Cow::Owned(Kept { header: read.header, log: read.log })),
        Some(fault) => Err(Refusal::file(name, fault).or_other_kind(name, &bytes, Wanted::Trace)),
    }
}

/// Shows a kept trace or the trace in a file.
///
/// # Errors
/// [`Refusal`]: there is no such trace or view, or the moment is not a time.
pub fn view(lab: &Lab, job: &View) -> Result<Answer, Refusal> {
    check_names(&job.outputs, &[])?;
    let found = find(lab, &job.of)?;
    let Kept { header, log } = &*found;
    let at = job.at.as_ref().map(|text| time("at", text)).transpose()?;
    let stem = stem(&job.of);
    let filter = job.trace_filter.into();
    let looked = Looked { header, log, stem, filter, at };
    Ok(add_views(Answer::new(Exit::Good), &job.outputs, &looked))
}
