//! MIDI files as timed messages: .mid, .rmi, .syx and raw bytes in, .mid out.
//!
//! This file owns what a caller sees: the formats, and [`read_song`], the only function that reads
//! a file. The work is in the other files: `chunks` finds the tracks of a file, `track` decodes one
//! track, `smf` merges tracks into a [`Song`], and `clock` turns ticks into ns. `syx` reads dumps,
//! `wire` splits a byte stream into messages, and `write` makes a file. `limits` and `error` say
//! what these files refuse. `tune` is the music of a run without a file. Nothing here knows ports,
//! drivers, machines or the file system: a caller gives bytes and gets bytes.
//!
//! A file with damaged tracks that still holds whole messages is played. [`Song::left_out`] counts
//! what is not in the song, and [`Song::warnings`] says what was odd. If the caller asks for
//! [`Damage::Refuse`], a file with such a count is an error. A damaged header, a file with nothing
//! to play, and a file that passes a limit are always errors.
//!
//! For a file that it writes, this crate has the crate midly encode the track events. It reads
//! files without midly, for three reasons: midly names no place in its errors, ends a track at the
//! first oddity, and overflows when it negates the division byte 80h. Measured: midly 0.5.3.

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
    /// Refuse a file if [`Song::left_out`] would count something.
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
/// A [`MidiFileError`] when the file is of another format, when its header is damaged, when there
/// is nothing to play, or when the file passes a limit. With [`Damage::Refuse`], also when
/// [`Song::left_out`] counts something. Other damage is no error.
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
