//! The page of a scenario.
//!
//! It shows the new trace, the findings, and what the golden has instead.

use portcls_machine::judgement::Judgement;
use portcls_machine::report::html::Page;
use portcls_machine::report::text::{parse, parse_readable};

use crate::failure::Failure;
use crate::page::{PageOf, page};

/// What a page needs in addition to a judgement.
#[derive(Clone, Copy)]
pub struct Beside<'a> {
    /// The name, for a message.
    pub name: &'a str,
    /// The file that gets the new trace.
    pub file: Option<&'a str>,
    /// The name and the text of the golden, if there is one.
    pub golden: Option<(&'a str, &'a str)>,
}

/// The page of a judged scenario. If the trace could not be compared with a golden, the page shows
/// the whole trace of the run.
///
/// # Errors
/// [`Failure::TooMuchForAPage`].
pub fn page_of(judgement: &Judgement, beside: Beside<'_>) -> Result<Page, Failure> {
    let Beside { name, file, golden } = beside;
    let (Some(made), Some(diff), Some((golden_name, golden))) =
        (&judgement.made, &judgement.diff, golden)
    else {
        let (header, log) = (&judgement.outcome.header, &judgement.outcome.trace);
        return page(&PageOf { name, file: None, header, log, diff: None });
    };
    // The text of a trace can always be parsed; a test of `report` shows this.
    let (header, log) = parse(made).expect("the text of a trace is well formed");
    let header = &header.beside_golden(golden_name);
    let expected = &parse_readable(golden).log;
    page(&PageOf { name, file, header, log: &log, diff: Some((diff, expected)) })
}
