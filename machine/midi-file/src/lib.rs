//! MIDI files as timed messages: .mid, .rmi, .syx and raw bytes in, .mid out.
//!
//! This file owns what a caller sees: the formats, and [`read_song`], the only function that reads
//! a file. The work is in the other files: `chunks` finds the tracks of a file, `track` decodes one
//! track, `smf` merges tracks into a [`Song`], and `clock` turns ticks into ns. `syx` reads dumps,
//! `wire` splits a byte stream into messages, and `write` makes a file. `limits` and `error` say
//! what these files refuse. `tune` is the music of a run without a file. Nothing here knows ports,
//! drivers, machines or the file system: a caller gives bytes and gets bytes.
//!
//! A damaged file that still holds whole messages is played. [`Song::left_out`] counts what is not
//! in the song, and [`Song::warnings`] says what was odd. A file with nothing to play, or a file
//! that passes a limit, is an error.
//!
//! The crate midly encodes track events. This crate reads files itself: midly names no place in its
//! errors, ends a track at the first oddity, and negates the division byte 80 with overflow.
//! Measured: midly 0.5.3.

mod chunks;
mod clock;
mod error;
mod limits;
mod smf;
mod song;
mod syx;
mod track;
mod tune;
mod wire;
mod write;

pub use error::MidiFileError;
pub use limits::{MAX_FILE_BYTES, MAX_MESSAGES, MAX_SONG_NS};
pub use song::{LeftOut, Messages, Song, TimedMessage};
pub use tune::default_tune;
pub use wire::messages_from_wire;
pub use write::{FILE_TICK_NS, write_smf};

/// How to read the bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum InputFormat {
    /// The first bytes decide: `MThd` or `RIFF`..`RMID` is [`Smf`](Self::Smf), F0 is
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

/// What to do with a damaged part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Damage {
    /// Leave it out, and go on at the next event. [`Song::left_out`] counts it.
    #[default]
    LeaveOut,
    /// Take a data byte above 127 of a channel message as 127. Leave out any other damage.
    Clip,
    /// Refuse a file of which something would be left out.
    Refuse,
}

/// How to read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ReadOptions {
    /// What the bytes are.
    pub format: InputFormat,
    /// What to do with damage.
    pub damage: Damage,
}

impl From<InputFormat> for ReadOptions {
    fn from(format: InputFormat) -> ReadOptions {
        ReadOptions { format, damage: Damage::default() }
    }
}

/// Reads the messages that a file holds.
///
/// # Errors
/// A [`MidiFileError`] when there is nothing to play, when the file passes a limit, or when the
/// file is damaged and [`Damage::Refuse`] is asked for. Any other damage that leaves whole messages
/// is no error: see [`Song::left_out`] and [`Song::warnings`].
pub fn read_song(file: &[u8], options: impl Into<ReadOptions>) -> Result<Song, MidiFileError> {
    let ReadOptions { format, damage } = options.into();
    if file.is_empty() {
        return Err(MidiFileError::Empty);
    }
    if file.len() > MAX_FILE_BYTES {
        return Err(MidiFileError::TooBig { bytes: file.len() });
    }
    let mut song = match format {
        InputFormat::Smf => smf::read(file, damage)?,
        InputFormat::Syx => syx::read(file)?,
        InputFormat::Raw => wire::read_raw(file)?,
        InputFormat::Auto if file.starts_with(&[0xF0]) => syx::read(file)?,
        InputFormat::Auto => smf::read(file, damage)?,
    };
    song.close_warnings();
    let left_out = song.left_out();
    let first_warning = || song.warnings().first().cloned();
    if song.is_empty() {
        return Err(MidiFileError::NoEvents { warning: first_warning() });
    }
    if damage == Damage::Refuse && !left_out.is_nothing() {
        return Err(MidiFileError::NotWhole { left_out, warning: first_warning() });
    }
    Ok(song)
}

#[cfg(test)]
mod round_trip_tests;
#[cfg(test)]
mod tests;
