//! A .syx file: system exclusive messages, F0 to F7, one after the other.
//!
//! There is no standard for these files. Assumed: dump programs write files of this form. The
//! reader leaves out a message without its F7, because a device that gets half a dump may wait for
//! the rest for ever. The reader also leaves out bytes outside of messages. The reader notes both.
//! A real-time byte (F8 to FF) may stand anywhere, as on a wire: it is a message of its own, and
//! splits the message around it.
//! Source: MIDI 1.0 Detailed Specification, real-time messages inside system exclusive ones.

use crate::error::{MidiFileError, not_midi};
use crate::limits::MAX_MESSAGES;
use crate::song::{LeftOut, Song};

/// Reads a .syx file; each message is due at time 0.
pub(crate) fn read(file: &[u8]) -> Result<Song, MidiFileError> {
    if !file.contains(&0xF0) {
        return Err(not_midi(file, "SysEx file"));
    }
    let mut song = Song::new();
    let mut rest = file;
    let mut left_out = LeftOut::default();
    let mut bytes_left_out = 0_usize;
    let mut first_left_out = None;
    while !rest.is_empty() {
        let offset = file.len() - rest.len();
        let (part, kind) = split_part(rest);
        rest = &rest[part.len()..];
        match kind {
            Part::Whole => push_split(&mut song, part),
            Part::CutMessage | Part::Other => {
                bytes_left_out += part.len();
                first_left_out = first_left_out.or(Some(offset));
                match kind {
                    Part::CutMessage => left_out.messages += 1,
                    _ => left_out.bytes += part.len() as u64,
                }
            }
        }
        if song.len() > MAX_MESSAGES {
            return Err(MidiFileError::TooManyMessages);
        }
    }
    song.leave_out(left_out);
    if let Some(offset) = first_left_out {
        song.warn(format!(
            "bytes left out because they are in no whole message F0..F7: {bytes_left_out}, the \
             first at byte {offset}"
        ));
    }
    Ok(song)
}

/// Adds a message, or its parts when real-time bytes stand inside.
fn push_split(song: &mut Song, message: &[u8]) {
    for part in message.chunk_by(|one, next| *one < REAL_TIME && *next < REAL_TIME) {
        song.push(0, part);
    }
}

/// The lowest real-time byte.
const REAL_TIME: u8 = 0xF8;

/// What a part of the file is.
enum Part {
    /// A whole message, or a real-time byte.
    Whole,
    /// A message without its F7.
    CutMessage,
    /// Bytes outside of messages.
    Other,
}

/// Splits off what is at the start: a message, a real-time byte, or all bytes up to the next
/// message or real-time byte.
fn split_part(bytes: &[u8]) -> (&[u8], Part) {
    let first = bytes.first().copied().unwrap_or_default();
    let after_first = bytes.get(1..).unwrap_or_default();
    if first >= REAL_TIME {
        return (&bytes[..1], Part::Whole);
    }
    let status = after_first.iter().position(|byte| (0x80..REAL_TIME).contains(byte));
    if let (0xF0, Some(data_length)) = (first, status)
        && after_first[data_length] == 0xF7
    {
        return (&bytes[..data_length + 2], Part::Whole);
    }
    let next = after_first.iter().position(|byte| *byte == 0xF0 || *byte >= REAL_TIME);
    let end = next.map_or(bytes.len(), |index| index + 1);
    (&bytes[..end], if first == 0xF0 { Part::CutMessage } else { Part::Other })
}
