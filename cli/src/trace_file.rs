//! Reads a trace from a file or stdin, for the verbs that take a trace.

use anstream::adapter::strip_bytes;
use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::text::{Header, parse_readable};
use portcls_results::file_kind::Wanted;
use portcls_results::numbers::counted;
use portcls_results::plain_text;

use crate::console;
use crate::failure::Failure;
use crate::input::{Input, Obstacle};

/// The longest trace in bytes, which is enough for 16 million events.
const MAX_BYTES: usize = 1 << 30;

/// A trace, or the readable part of a damaged trace.
pub struct TraceFile {
    /// The events. A damaged trace has only the events before the damage.
    pub log: TraceLog,
    /// The header of the trace.
    pub header: Header,
    /// The fault of the file, if it has one.
    pub damage: Option<Failure>,
}

impl TraceFile {
    /// The time of the last event that could be read, in ns since power-on; 0 without an event.
    pub fn end_ns(&self) -> u64 {
        self.log.events().last().map_or(0, |event| event.time_ns)
    }

    /// Prints how much of a damaged trace could be read. Prints nothing for a whole trace.
    pub fn note_readable(&self, name: &str) {
        if self.damage.is_none() {
            return;
        }
        let events = counted(self.log.records().len() as u64, "event");
        let end_ns = self.end_ns();
        console::note(&format_args!(
            "{name}: {events} could be read, up to {}.{:06} ms since power-on",
            end_ns / 1_000_000,
            end_ns % 1_000_000
        ));
    }
}

/// Reads a trace. Reads a damaged trace up to its damage.
///
/// # Errors
/// [`Failure::CannotRead`] and [`Failure::TraceTooBig`]. [`Failure::OtherKind`] or
/// [`Failure::NotATrace`] when there is no event before the damage.
pub fn read(input: &Input) -> Result<TraceFile, Failure> {
    let name = input.name();
    let bytes = input.bytes(MAX_BYTES).map_err(|obstacle| match obstacle {
        Obstacle::System(error) => {
            Failure::cannot_read(input, &error, "give a trace that --trace wrote, or -")
        }
        Obstacle::TooBig(bytes) => {
            Failure::TraceTooBig { name: name.clone(), bytes, limit: MAX_BYTES }
        }
    })?;
    // Bytes that are not UTF-8 become U+FFFD below. If such a character makes a line invalid, the
    // parser names the place.
    let bytes = without_colours(plain_text(bytes));
    let text = String::from_utf8_lossy(&bytes);
    let read = parse_readable(&text);
    let damage = read.fault.map(|source| {
        let other = Failure::other_kind(&name, &bytes, Wanted::Trace);
        other.unwrap_or(Failure::NotATrace { name, source })
    });
    match damage {
        // If no event could be read, the file is perhaps of another kind.
        Some(damage) if read.log.records().is_empty() => Err(damage),
        damage => Ok(TraceFile { log: read.log, header: read.header, damage }),
    }
}

/// A text without terminal colours. A trace never contains an escape character of its own.
fn without_colours(text: Vec<u8>) -> Vec<u8> {
    if text.contains(&0x1B) { strip_bytes(&text).into_vec() } else { text }
}

/// Reads a trace and its header, for a verb that needs a whole trace. For a damaged trace, it
/// prints how much could be read.
///
/// # Errors
/// The errors of [`read`], and [`Failure::NotATrace`] for a damaged trace.
pub fn read_whole(input: &Input) -> Result<(Header, TraceLog), Failure> {
    let mut trace = read(input)?;
    trace.note_readable(&input.name());
    match trace.damage.take() {
        Some(damage) => Err(damage),
        None => Ok((trace.header, trace.log)),
    }
}
