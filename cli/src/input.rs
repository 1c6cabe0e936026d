//! Reads the song: from a file, from stdin, or the built-in tune.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use portcls_machine::midi_file::{InputFormat, MAX_FILE_BYTES, MidiFileError, Song, read_song};
use portcls_machine::tune::default_tune;

use crate::console;
use crate::failure::Failure;

/// Where a song comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// The tune that is built in.
    Tune,
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Source {
        if path.as_os_str() == "-" { Source::Stdin } else { Source::File(path) }
    }
}

/// Warnings of a damaged file that are printed; a summary in JSON has all of them.
const SHOWN_WARNINGS: usize = 5;

impl Source {
    /// The name for messages, without characters that a terminal would obey.
    pub fn name(&self) -> String {
        match self {
            Source::Tune => "the built-in tune".to_owned(),
            Source::Stdin => "stdin".to_owned(),
            Source::File(path) => path.display().to_string().replace(char::is_control, "?"),
        }
    }

    /// The path of a file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Source::File(path) => Some(path),
            Source::Tune | Source::Stdin => None,
        }
    }

    /// Reads the song, and warns of what is damaged in it.
    ///
    /// # Errors
    /// [`Failure::CannotRead`] and [`Failure::NotPlayable`].
    pub fn read(&self, format: InputFormat) -> Result<Song, Failure> {
        let name = self.name();
        let cannot_read = |error: io::Error| Failure::cannot_read(&name, &error);
        let not_playable = |source| Failure::NotPlayable { name: name.clone(), source };
        let bytes = match self {
            Source::Tune => return Ok(default_tune()),
            Source::Stdin => read_limited(io::stdin().lock()).map_err(cannot_read)?,
            Source::File(path) => {
                let file = File::open(path).map_err(cannot_read)?;
                let kind = file.metadata().map_err(cannot_read)?;
                if kind.is_dir() {
                    return Err(cannot_read(io::Error::other("it is a folder")));
                }
                let length = usize::try_from(kind.len()).unwrap_or(usize::MAX);
                if kind.is_file() && length > MAX_FILE_BYTES {
                    return Err(not_playable(MidiFileError::TooBig { bytes: length }));
                }
                read_limited(file).map_err(cannot_read)?
            }
        };
        let song = read_song(&bytes, format).map_err(not_playable)?;
        warn(&name, song.warnings());
        Ok(song)
    }
}

/// Reads to the end, or one byte more than a song may have.
fn read_limited(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
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
