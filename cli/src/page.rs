//! A trace as a page for a browser.

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::legend;
use portcls_machine::report::diff::Diff;
use portcls_machine::report::html::{Page, PageOptions};
use portcls_machine::report::text::Header;

use crate::failure::Failure;

/// Makes the page of a trace, perhaps with the findings of a comparison with another trace. `name`
/// is for a message.
///
/// # Errors
/// [`Failure::TooMuchForAPage`].
pub fn page(
    name: &str,
    (header, log): (&Header, &TraceLog),
    diff: Option<(&Diff, &TraceLog)>,
) -> Result<Page, Failure> {
    let legend = legend(log);
    let options = PageOptions { legend: Some(&legend), diff };
    Page::new(log, header, options)
        .map_err(|source| Failure::TooMuchForAPage { name: name.to_owned(), source })
}
