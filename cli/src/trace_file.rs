//! A trace that a verb reads: the golden text from a file or stdin.

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::text::{Header, parse};

use crate::failure::Failure;
use crate::file_kind::{Wanted, other_kind};
use crate::input::{Input, Obstacle, plain_text};

/// The longest trace in bytes: 16 million events.
const MAX_BYTES: usize = 1 << 30;

/// Reads a trace.
///
/// # Errors
/// [`Failure::CannotRead`], [`Failure::TraceTooBig`] and [`Failure::NotATrace`].
pub fn read(input: &Input) -> Result<TraceLog, Failure> {
    read_with_header(input).map(|(_, log)| log)
}

/// Reads a trace and its header.
///
/// # Errors
/// The errors of [`read`].
pub fn read_with_header(input: &Input) -> Result<(Header, TraceLog), Failure> {
    let name = input.name();
    let bytes = input.bytes(MAX_BYTES).map_err(|obstacle| match obstacle {
        Obstacle::System(error) => {
            Failure::cannot_read(input, &error, "give a trace that --trace wrote, or -")
        }
        Obstacle::TooBig(bytes) => {
            Failure::TraceTooBig { name: name.clone(), bytes, limit: MAX_BYTES }
        }
    })?;
    // A byte that is not UTF-8 becomes a character that the reader refuses with its place.
    let bytes = plain_text(bytes);
    let text = String::from_utf8_lossy(&bytes);
    parse(&text).map_err(|source| {
        let other = other_kind(&name, &bytes, Wanted::Trace);
        other.unwrap_or(Failure::NotATrace { name, source })
    })
}
