//! A trace as a page for a browser.

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::legend;
use portcls_machine::report::diff::Diff;
use portcls_machine::report::html::{Page, PageOptions};
use portcls_machine::report::text::Header;

use crate::failure::Failure;

/// A trace that becomes a page.
pub struct PageOf<'a> {
    /// The name, for a message.
    pub name: &'a str,
    /// The file with the trace, for commands that the page shows.
    pub file: Option<&'a str>,
    /// The head of the trace.
    pub header: &'a Header,
    /// The trace.
    pub log: &'a TraceLog,
    /// The findings of a comparison with another trace, and that trace.
    pub diff: Option<(&'a Diff, &'a TraceLog)>,
}

/// Makes the page of a trace.
///
/// # Errors
/// [`Failure::TooMuchForAPage`].
pub fn page(of: &PageOf<'_>) -> Result<Page, Failure> {
    let legend = legend(of.log);
    let options = PageOptions { legend: Some(&legend), diff: of.diff, file: of.file };
    Page::new(of.log, of.header, options)
        .map_err(|source| Failure::TooMuchForAPage { name: of.name.to_owned(), source })
}
