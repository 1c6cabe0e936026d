//! The inputs of the program: files, stdin, and the song.
//!
//! The song is a file or the built-in tune.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use portcls_machine::midi_file::{
    MAX_FILE_BYTES, MidiFileError, ReadOptions, Song, default_tune, read_song,
};

use portcls_machine::card_bench::nearest;
use portcls_results::file_kind::Wanted;

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

/// Why an input could not be read.
#[derive(Debug)]
pub enum Obstacle {
    /// What the system says.
    System(io::Error),
    /// The input is longer than the limit. The number is its length in bytes, or the limit plus 1
    /// if the length is not known.
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

/// The most files of a folder that are compared with a wrong name.
const COMPARED_FILES: usize = 10_000;

/// The advice in a message about a song that cannot be read.
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

    /// The path, if the input is a file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Input::Stdin => None,
            Input::File(path) => Some(path),
        }
    }

    /// All bytes of the input, at most `limit`.
    ///
    /// # Errors
    /// [`Obstacle`].
    pub fn bytes(&self, limit: usize) -> Result<Vec<u8>, Obstacle> {
        let bytes = self.bytes_up_to(limit)?;
        log::info!("{}: {} bytes read", self.name(), bytes.len());
        Ok(bytes)
    }

    /// The file that the user probably meant, if there is no file at this path: a file with a
    /// similar name in the same folder.
    pub fn near_file(&self) -> Option<PathBuf> {
        let Input::File(path) = self else { return None };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
        let files = entries.take(COMPARED_FILES).flatten().map(|entry| entry.file_name());
        let mut names: Vec<String> = files.filter_map(|name| name.into_string().ok()).collect();
        // Systems list a folder in different orders.
        names.sort_unstable();
        let found = near_name(path.file_name()?.to_str()?, &names)?;
        Some(path.with_file_name(found))
    }

    fn bytes_up_to(&self, limit: usize) -> Result<Vec<u8>, Obstacle> {
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

/// The name that is most like a wrong name: it differs only in its ending. If there is no such
/// name, one that has the same ending and a similar stem.
fn near_name<'n>(wrong: &str, names: &'n [String]) -> Option<&'n str> {
    let split = |name: &'_ str| {
        let path = Path::new(name);
        let part = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        (part(path.file_stem()), part(path.extension()).to_ascii_lowercase())
    };
    let (stem, ending) = split(wrong);
    let split_names: Vec<(String, String)> = names.iter().map(|name| split(name)).collect();
    let alike = split_names.iter().position(|(other, _)| other.eq_ignore_ascii_case(&stem));
    let found = alike.or_else(|| {
        let same_ending = || split_names.iter().filter(|(_, other)| *other == ending);
        let near = nearest(&stem, same_ending().map(|(stem, _)| stem.as_str()))?;
        split_names.iter().position(|(stem, other)| stem == near && *other == ending)
    })?;
    Some(&names[found])
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
            Source::Input(input) => input.path(),
            Source::Tune => None,
        }
    }

    /// Reads the song, and prints warnings about damage in the song's file.
    ///
    /// # Errors
    /// [`Failure::CannotRead`], [`Failure::NotPlayable`] and [`Failure::OtherKind`].
    pub fn read(self, options: ReadOptions) -> Result<Song, Failure> {
        let Source::Input(input) = self else { return Ok(default_tune()) };
        let name = input.name();
        let not_playable = |source| Failure::NotPlayable { name: name.clone(), source };
        let bytes = input.bytes(MAX_FILE_BYTES).map_err(|obstacle| match obstacle {
            Obstacle::System(error) => Failure::cannot_read(input, &error, SONG_FILES),
            Obstacle::TooBig(bytes) => not_playable(MidiFileError::TooBig { bytes }),
        })?;
        let song = read_song(&bytes, options).map_err(|source| {
            let is_other = matches!(source, MidiFileError::NotMidi { .. });
            let other =
                is_other.then(|| Failure::other_kind(&name, &bytes, Wanted::Song)).flatten();
            other.unwrap_or_else(|| not_playable(source))
        })?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_is_like_one_with_another_ending_or_with_few_other_letters() {
        let names = ["a.sys", "song.mid", "uart.inf", "uart.sys"].map(str::to_owned);
        assert_eq!(near_name("urat.sys", &names), Some("uart.sys"));
        assert_eq!(near_name("Song.midi", &names), Some("song.mid"));
        assert_eq!(near_name("b.sys", &names), None, "the ending alone makes no likeness");
        assert_eq!(near_name("tune.mid", &names), None);
    }
}
