//! A .syx file: system exclusive messages, F0 to F7, one after the other.
//!
//! Assumed: there is no standard for these files; dump programs write files of this form. The
//! reader leaves out a message without its F7, and bytes outside of messages, and notes both. A
//! device that gets half a dump may wait for the rest for ever.

use crate::error::{MidiFileError, not_midi};
use crate::limits::MAX_MESSAGES;
use crate::song::Song;

/// Reads a .syx file; each message is due at time 0.
pub(crate) fn read(file: &[u8]) -> Result<Song, MidiFileError> {
    if !file.contains(&0xF0) {
        return Err(not_midi(file, "SysEx file"));
    }
    let mut song = Song::new();
    let mut rest = file;
    let mut left_out = 0_usize;
    let mut first_left_out = None;
    while !rest.is_empty() {
        let offset = file.len() - rest.len();
        let (part, kind) = split_part(rest);
        rest = &rest[part.len()..];
        match kind {
            Part::Message => song.push(0, part),
            Part::Other => {
                left_out += part.len();
                first_left_out = first_left_out.or(Some(offset));
            }
        }
        if song.len() > MAX_MESSAGES {
            return Err(MidiFileError::TooManyMessages);
        }
    }
    if let Some(offset) = first_left_out {
        song.warn(format!(
            "bytes left out because they are in no whole message F0..F7: {left_out}, the first \
             at byte {offset}"
        ));
    }
    Ok(song)
}

/// What a part of the file is.
enum Part {
    /// A whole message.
    Message,
    /// Other bytes.
    Other,
}

/// Splits off the message at the start, or all bytes up to the next F0 that are no message.
fn split_part(bytes: &[u8]) -> (&[u8], Part) {
    let after_first = bytes.get(1..).unwrap_or_default();
    let status = after_first.iter().position(|byte| *byte >= 0x80);
    if let (Some(0xF0), Some(data_length)) = (bytes.first(), status)
        && after_first[data_length] == 0xF7
    {
        return (&bytes[..data_length + 2], Part::Message);
    }
    let next = after_first.iter().position(|byte| *byte == 0xF0);
    let end = next.map_or(bytes.len(), |index| index + 1);
    (&bytes[..end], Part::Other)
}
