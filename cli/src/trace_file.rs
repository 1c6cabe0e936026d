//! A trace that a verb reads: the golden text from a file or stdin.

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::text::parse;

use crate::failure::Failure;
use crate::input::{Input, Obstacle};

/// The longest trace in bytes: 16 million events.
const MAX_BYTES: usize = 1 << 30;

/// Reads a trace.
///
/// # Errors
/// [`Failure::CannotRead`], [`Failure::TraceTooBig`] and [`Failure::NotATrace`].
pub fn read(input: &Input) -> Result<TraceLog, Failure> {
    let name = input.name();
    let bytes = input.bytes(MAX_BYTES).map_err(|obstacle| match obstacle {
        Obstacle::System(error) => {
            Failure::cannot_read(&name, &error, "give a trace that --trace wrote, or -")
        }
        Obstacle::TooBig(bytes) => {
            Failure::TraceTooBig { name: name.clone(), bytes, limit: MAX_BYTES }
        }
    })?;
    // A byte that is not UTF-8 becomes a character that the reader refuses with its place.
    let text = String::from_utf8_lossy(&bytes);
    let (_, log) = parse(&text).map_err(|source| Failure::NotATrace { name, source })?;
    Ok(log)
}
