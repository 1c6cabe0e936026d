//! Why a file cannot be read or written, in sentences that say how to mend it.
//!
//! This file owns the texts. It never reads a file: the code that finds a fault says where the
//! fault is.

use crate::limits::{MAX_FILE_BYTES, MAX_MESSAGES, MAX_SONG_NS};
use crate::song::LeftOut;

/// Why a file cannot be played or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MidiFileError {
    /// The file has no byte.
    #[error("the file is empty: give a MIDI file (.mid, .rmi) or a SysEx file (.syx)")]
    Empty,
    /// The file is not of a known format, or not of the format that the caller asked for.
    #[error(
        "not a {expected}: it starts with {found}; a MIDI file starts with 4D 54 68 64 (MThd), \
         a SysEx file with F0; choose the format raw to send the bytes as they are"
    )]
    NotMidi {
        /// The format that the reader looked for, in words.
        expected: &'static str,
        /// The first bytes, in hexadecimal.
        found: String,
    },
    /// The header of a Standard MIDI File cannot be used.
    #[error("damaged MIDI file header at byte {offset}: {problem}; save the file again")]
    DamagedHeader {
        /// Where in the file the damaged field is, counted from 0.
        offset: usize,
        /// What is wrong.
        problem: String,
    },
    /// There is nothing to send. The text names the first warning, if there is a warning.
    #[error("holds no MIDI event: nothing to play{}", because(.warning))]
    NoEvents {
        /// The first warning of the reader.
        warning: Option<String>,
    },
    /// The file has more bytes than [`MAX_FILE_BYTES`].
    #[error("the file has {bytes} bytes, the limit is {MAX_FILE_BYTES}: split it")]
    TooBig {
        /// The size of the file, in bytes.
        bytes: usize,
    },
    /// The file has more messages than [`MAX_MESSAGES`].
    #[error("the file holds more than {MAX_MESSAGES} MIDI messages: split it")]
    TooManyMessages,
    /// An event with bytes for the wire is due later than [`MAX_SONG_NS`].
    #[error(
        "an event of track {track} is due after {hours} hours, the limit is {}: shorten the pause \
         before it, or mend its delta time",
        MAX_SONG_NS / 3_600_000_000_000
    )]
    TooLong {
        /// The track, counted from 1.
        track: usize,
        /// When the event is due, in whole hours.
        hours: u64,
    },
    /// A part of the file cannot be in the song, and the caller asked for the whole file. The text
    /// names the first warning.
    #[error("{left_out}{}; save the file again, or have the rest of it played", because(.warning))]
    NotWhole {
        /// What is missing from the song.
        left_out: LeftOut,
        /// The first warning of the reader.
        warning: Option<String>,
    },
    /// A track of a file can hold 4 GiB, and the messages to write need more.
    #[error("the messages do not fit into one MIDI file: write fewer of them")]
    TooBigToWrite,
}

/// The error for a file of another kind.
pub(crate) fn not_midi(file: &[u8], expected: &'static str) -> MidiFileError {
    let first: Vec<String> = file.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
    let found = first.join(" ");
    MidiFileError::NotMidi { expected, found }
}

/// The end of a sentence: it names the warning.
fn because(warning: &Option<String>) -> String {
    warning.as_ref().map_or_else(String::new, |text| format!(" ({text})"))
}
