//! What the program reads: files and stdin, and the song.
//!
//! The song is in a file, or the song is the built-in tune.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use portcls_machine::midi_file::{
    MAX_FILE_BYTES, MidiFileError, ReadOptions, Song, default_tune, read_song,
};

use crate::console;
use crate::failure::Failure;

/// Something to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// Where a song comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source<'a> {
    /// The built-in tune.
    Tune,
    /// An input.
    Input(&'a Input),
}

/// Why an input was not read.
#[derive(Debug)]
pub enum Obstacle {
    /// What the system says.
    System(io::Error),
    /// The input is longer than the limit. The number is its length in bytes. When the length is
    /// not known, the number is the limit plus 1.
    TooBig(usize),
}

impl From<io::Error> for Obstacle {
    fn from(error: io::Error) -> Obstacle {
        Obstacle::System(error)
    }
}

/// The most warnings about a damaged file that the program prints; a summary in JSON has all
/// warnings.
const SHOWN_WARNINGS: usize = 5;

/// The inputs that can be read as a song, for a message.
const SONG_FILES: &str = "give a MIDI file (.mid, .rmi), a SysEx file or -";

impl From<PathBuf> for Input {
    fn from(path: PathBuf) -> Input {
        if path.as_os_str() == "-" { Input::Stdin } else { Input::File(path) }
    }
}

impl Input {
    /// The name for messages, without control characters that a terminal would obey.
    pub fn name(&self) -> String {
        match self {
            Input::Stdin => "stdin".to_owned(),
            Input::File(path) => path.display().to_string().replace(char::is_control, "?"),
        }
    }

    /// All bytes of the input, at most `limit`.
    ///
    /// # Errors
    /// [`Obstacle`].
    pub fn bytes(&self, limit: usize) -> Result<Vec<u8>, Obstacle> {
        let Input::File(path) = self else { return read_limited(io::stdin().lock(), limit) };
        let file = File::open(path)?;
        let kind = file.metadata()?;
        if kind.is_dir() {
            return Err(io::Error::other("it is a folder").into());
        }
        let length = usize::try_from(kind.len()).unwrap_or(usize::MAX);
        if kind.is_file() && length > limit {
            return Err(Obstacle::TooBig(length));
        }
        read_limited(file, limit)
    }
}

fn read_limited(from: impl Read, limit: usize) -> Result<Vec<u8>, Obstacle> {
    let mut bytes = Vec::new();
    from.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit { Err(Obstacle::TooBig(bytes.len())) } else { Ok(bytes) }
}

impl Source<'_> {
    /// The name for messages.
    pub fn name(self) -> String {
        match self {
            Source::Tune => "the built-in tune".to_owned(),
            Source::Input(input) => input.name(),
        }
    }

    /// The path, if the song is in a file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Source::Input(Input::File(path)) => Some(path),
            Source::Tune | Source::Input(Input::Stdin) => None,
        }
    }

    /// Reads the song, and prints warnings about damage in the song's file.
    ///
    /// # Errors
    /// [`Failure::CannotRead`] and [`Failure::NotPlayable`].
    pub fn read(self, options: ReadOptions) -> Result<Song, Failure> {
        let Source::Input(input) = self else { return Ok(default_tune()) };
        let name = input.name();
        let not_playable = |source| Failure::NotPlayable { name: name.clone(), source };
        let bytes = input.bytes(MAX_FILE_BYTES).map_err(|obstacle| match obstacle {
            Obstacle::System(error) => Failure::cannot_read(&name, &error, SONG_FILES),
            Obstacle::TooBig(bytes) => not_playable(MidiFileError::TooBig { bytes }),
        })?;
        let song = read_song(&bytes, options).map_err(not_playable)?;
        warn(&name, song.warnings());
        Ok(song)
    }
}

fn warn(name: &str, warnings: &[String]) {
    for warning in warnings.iter().take(SHOWN_WARNINGS) {
        console::warning(&format_args!("{name}: {warning}"));
    }
    let more = warnings.len().saturating_sub(SHOWN_WARNINGS);
    if more > 0 {
        console::warning(&format_args!(
            "{name}: warnings that are not shown: {more}; --format json has them"
        ));
    }
}
