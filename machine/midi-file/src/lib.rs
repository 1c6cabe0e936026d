//! MIDI files as timed messages: .mid, .rmi, .syx and raw bytes in, .mid out.
//!
//! This file owns what a caller sees: which formats there are, the limits, the errors, and the
//! one door in, [`read_song`]. Below it, `chunks` finds the tracks of a file, `track` decodes one
//! track, `smf` merges tracks into a [`Song`], `clock` turns ticks into ns, `syx` reads dumps,
//! `wire` splits a byte stream into messages, `write` makes a file. Nothing here knows ports,
//! drivers or the file system: bytes come in, bytes go out.
//!
//! A damaged file that still holds whole messages is played, and [`Song::warnings`] says what was
//! left out. A file with nothing to play, or one that passes a limit, is an error.
//!
//! The crate midly decodes and encodes track events. Its feature `strict` must be on: without it
//! a cut event looks whole. Containers and headers are read here, because midly names no place in
//! its errors, ends a track at the first oddity, and negates the division byte 80 with overflow.
//! Measured: midly 0.5.3.

mod chunks;
mod clock;
mod smf;
mod song;
mod syx;
mod track;
mod tune;
mod wire;
mod write;

pub use song::{Messages, Song, TimedMessage};
pub use tune::default_tune;
pub use wire::messages_from_wire;
pub use write::{FILE_TICK_NS, write_smf};

/// Largest file that is read, in bytes.
/// Assumed: 64 MiB is nearly 6 hours of wire time, far above any song.
pub const MAX_FILE_BYTES: usize = 64 << 20;

/// Most messages one file may hold.
/// Assumed: 45 minutes of wire time at one byte each. The largest file could hold 8 times as many,
/// at 16 bytes of memory each beside its own.
pub const MAX_MESSAGES: usize = 8 << 20;

/// Latest time at which a message of a file may be due, in ns: 24 hours.
/// Assumed: a later one comes from a damaged delta time. What is due later is left out.
pub const MAX_SONG_NS: u64 = 24 * 3600 * 1_000_000_000;

/// How to read the bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum InputFormat {
    /// By the first bytes: `MThd` or `RIFF`..`RMID` is [`Smf`](Self::Smf), F0 is
    /// [`Syx`](Self::Syx), anything else is an error.
    #[default]
    Auto,
    /// A Standard MIDI File, bare (.mid) or in a RIFF wrapper (.rmi).
    Smf,
    /// System exclusive messages one after the other, each due at time 0.
    Syx,
    /// Bytes for the wire, unchanged, all due at time 0.
    Raw,
}

/// Why a file cannot be played or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MidiFileError {
    /// The file has no byte.
    #[error("the file is empty: give a MIDI file (.mid, .rmi) or a SysEx file (.syx)")]
    Empty,
    /// The first bytes are those of no format we know, or not those of the format asked for.
    #[error(
        "not a {expected}: it starts with {found}; a MIDI file starts with 4D 54 68 64 (MThd), \
         a SysEx file with F0; choose the format raw to send the bytes as they are"
    )]
    NotMidi {
        /// What the caller asked for, in words.
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
    /// There is nothing to send. The text names the first warning, if there is one.
    #[error("holds no MIDI event: nothing to play{}", because(.warning))]
    NoEvents {
        /// The first thing that was left out.
        warning: Option<String>,
    },
    /// The file has more than [`MAX_FILE_BYTES`].
    #[error("the file has {bytes} bytes, the limit is {MAX_FILE_BYTES}: split it")]
    TooBig {
        /// Its size.
        bytes: usize,
    },
    /// The file has more than [`MAX_MESSAGES`].
    #[error("the file holds more than {MAX_MESSAGES} MIDI messages: split it")]
    TooManyMessages,
    /// A track of a file can hold 4 GiB, and the messages to write need more.
    #[error("the messages do not fit into one MIDI file: write fewer of them")]
    TooBigToWrite,
}

/// The tail of a sentence that names a warning.
fn because(warning: &Option<String>) -> String {
    warning.as_ref().map_or_else(String::new, |text| format!(" ({text})"))
}

/// Reads a file into the messages it holds.
///
/// # Errors
/// One of [`MidiFileError`] when nothing can be played, or a limit is passed. Damage that leaves
/// whole messages is no error: see [`Song::warnings`].
pub fn read_song(file: &[u8], format: InputFormat) -> Result<Song, MidiFileError> {
    if file.is_empty() {
        return Err(MidiFileError::Empty);
    }
    if file.len() > MAX_FILE_BYTES {
        return Err(MidiFileError::TooBig { bytes: file.len() });
    }
    let mut song = match format {
        InputFormat::Smf => smf::read(file)?,
        InputFormat::Syx => syx::read(file)?,
        InputFormat::Raw => wire::read_raw(file)?,
        InputFormat::Auto if file.starts_with(&[0xF0]) => syx::read(file)?,
        InputFormat::Auto => smf::read(file)?,
    };
    song.close_warnings();
    if song.is_empty() {
        let warning = song.warnings().first().cloned();
        return Err(MidiFileError::NoEvents { warning });
    }
    Ok(song)
}

/// The error for a file of another kind.
fn not_midi(file: &[u8], expected: &'static str) -> MidiFileError {
    let first: Vec<String> = file.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
    let found = first.join(" ");
    MidiFileError::NotMidi { expected, found }
}

#[cfg(test)]
mod round_trip_tests;
#[cfg(test)]
mod tests;
