//! A trace as one page to look at: lanes over time, and words of events.
//!
//! The page is one file. It needs no network, no font and no other file, and it opens from a disk.
//! Its parts are in `html/`: the skeleton, the style, and the script in files of one subject each.
//! The trace is in the page as columns of numbers, see `html/data.rs`.
//!
//! # What comes from outside
//!
//! Names and notes of a trace come from a driver. A `<` in them is escaped, so they cannot end the
//! element with the data. The script puts words into the page only as text. The page's
//! Content-Security-Policy allows one script and one style, by their SHA-256 sums, and images that
//! the page itself contains or makes. It forbids everything else.
//!
//! # Limits
//!
//! A page holds at most [`MOST_EVENTS`] events. With more events a browser would take minutes, or
//! show an empty page.

mod data;

use std::io;

use portcls_emulator::trace::TraceLog;

use crate::diff::Diff;
use crate::legend::Legend;
use crate::text::Header;

/// The most events of one page.
pub const MOST_EVENTS: usize = 2_000_000;

/// The parts of the page. Each file of the script ends with a newline, so nothing is needed between
/// the files.
const SKELETON: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = concat!(
    include_str!("html/model.js"),
    include_str!("html/scale.js"),
    include_str!("html/ground.js"),
    include_str!("html/lanes.js"),
    include_str!("html/overlay.js"),
    include_str!("html/panel.js"),
    include_str!("html/control.js"),
);

/// The sums of the script and the style for the Content-Security-Policy: SHA-256, in base64. If a
/// sum is wrong, a test prints the right one.
const SCRIPT_SUM: &str = include_str!("html/script.sum");
const STYLE_SUM: &str = include_str!("html/style.sum");

/// What a page shows in addition to a trace.
#[derive(Clone, Copy, Default)]
pub struct PageOptions<'a> {
    /// The meaning of the names.
    pub legend: Option<&'a Legend>,
    /// The findings of a comparison, and the trace that was expected.
    pub diff: Option<(&'a Diff, &'a TraceLog)>,
    /// The name of the trace's file. With it, the page shows the command that explains an event.
    pub file: Option<&'a str>,
}

/// A trace has too many events for a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the trace has {events} events, and a page holds at most {MOST_EVENTS}")]
pub struct TooManyEvents {
    /// How many events the trace has.
    pub events: usize,
}

/// A page that is ready to be written.
pub struct Page {
    title: String,
    data: String,
}

impl Page {
    /// Makes the page of a trace.
    ///
    /// # Errors
    /// [`TooManyEvents`].
    pub fn new(
        log: &TraceLog,
        header: &Header,
        options: PageOptions<'_>,
    ) -> Result<Page, TooManyEvents> {
        let events = log.records().len();
        if events > MOST_EVENTS {
            return Err(TooManyEvents { events });
        }
        let data = data::json(log, header, options);
        Ok(Page { title: header.machine.clone(), data: data.replace('<', "\\u003c") })
    }

    /// Writes the page.
    ///
    /// # Errors
    /// Any error of `to`.
    pub fn write(&self, to: &mut (impl io::Write + ?Sized)) -> io::Result<()> {
        let parts: [(&str, &str); 6] = [
            ("title", &escaped(&self.title)),
            ("script-sum", SCRIPT_SUM.trim_ascii_end()),
            ("style-sum", STYLE_SUM.trim_ascii_end()),
            ("style", STYLE),
            ("data", &self.data),
            ("script", SCRIPT),
        ];
        // Only the skeleton has places to fill. A part that was filled in is never searched for
        // such places.
        for piece in SKELETON.split("{{") {
            let Some((place, rest)) = piece.split_once("}}") else {
                to.write_all(piece.as_bytes())?;
                continue;
            };
            let part = parts.iter().find(|(name, _)| *name == place);
            let (_, part) = part.expect("the skeleton names only these parts");
            to.write_all(part.as_bytes())?;
            to.write_all(rest.as_bytes())?;
        }
        Ok(())
    }
}

/// A text that can stand between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use sha2::{Digest, Sha256};

    use super::*;

    /// Bytes in base64. Source: RFC 4648, section 4.
    fn base64(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for three in bytes.chunks(3) {
            let word = three.iter().fold(0, |word, &byte| word << 8 | u32::from(byte));
            let word = word << (8 * (3 - three.len()));
            for place in 0..4 {
                let digit = DIGITS[(word >> (18 - 6 * place) & 63) as usize];
                text.push(if place > three.len() { '=' } else { char::from(digit) });
            }
        }
        text
    }

    fn sum(part: &str) -> String {
        base64(&Sha256::digest(part.as_bytes()))
    }

    #[test]
    fn the_sums_of_the_policy_are_those_of_the_script_and_the_style() {
        let mut wrong = String::new();
        for (file, text, part) in
            [("script.sum", SCRIPT_SUM, SCRIPT), ("style.sum", STYLE_SUM, STYLE)]
        {
            if text.trim_ascii_end() != sum(part) {
                writeln!(wrong, "html/{file} must be: {}", sum(part)).unwrap();
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    }

    #[test]
    fn no_part_of_the_page_can_end_its_element() {
        assert!(!SCRIPT.contains("</"), "the script");
        assert!(!STYLE.contains("</"), "the style");
        assert!(SCRIPT.is_ascii() && STYLE.is_ascii() && SKELETON.is_ascii());
    }
}
