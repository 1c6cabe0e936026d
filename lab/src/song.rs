//! Music from the page: the tune, a file, notes or bytes.

use portcls_machine::midi_file::{InputFormat, Song, default_tune, read_song};
use portcls_machine::settings::{parse_bytes, parse_notes};
use portcls_results::file_kind::Wanted;
use portcls_results::numbers::counted;

use crate::files::Files;
use crate::job::SongChoice;
use crate::refusal::Refusal;

/// The most warnings about a damaged file in the notes. The summary in JSON has all warnings that
/// the song keeps.
const SHOWN_WARNINGS: usize = 5;

/// Music that was read.
pub struct Music {
    /// The name for people.
    pub name: String,
    /// The messages.
    pub song: Song,
    /// Where the music comes from.
    pub origin: Origin,
    /// What was odd in the file.
    pub notes: Vec<String>,
}

/// Where music comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The built-in tune.
    Tune,
    /// A file.
    File,
    /// Notes as the user typed them.
    Notes(String),
    /// Bytes as the user typed them.
    Bytes(String),
}

/// Reads music. Without a choice, the music is the built-in tune.
///
/// # Errors
/// [`Refusal`]: there is no such file, the file cannot be played, the typed text is not music, or
/// the choice is not exactly one of tune, file, notes and bytes.
pub fn read(files: &Files, choice: Option<&SongChoice>) -> Result<Music, Refusal> {
    let tune = SongChoice { tune: Some(true), ..SongChoice::default() };
    let choice = choice.unwrap_or(&tune);
    let typed = |name: &str, bytes: Result<Vec<u8>, String>, origin: Origin| {
        let bytes = bytes.map_err(|words| Refusal::job(format!("{name}: {words}")))?;
        let song = read_song(&bytes, InputFormat::Raw)
            .map_err(|error| Refusal::job(format!("{name}: {error}")))?;
        Ok(Music { name: name.to_owned(), song, origin, notes: Vec::new() })
    };
    match (choice.tune, &choice.file, &choice.notes, &choice.bytes) {
        (Some(true), None, None, None) => Ok(Music {
            name: "the built-in tune".to_owned(),
            song: default_tune(),
            origin: Origin::Tune,
            notes: Vec::new(),
        }),
        (None | Some(false), Some(name), None, None) => of_file(files, name, choice),
        (None | Some(false), None, Some(text), None) => {
            typed("the typed notes", parse_notes(text), Origin::Notes(text.clone()))
        }
        (None | Some(false), None, None, Some(text)) => {
            typed("the typed bytes", parse_bytes(text), Origin::Bytes(text.clone()))
        }
        _ => Err(Refusal::job("a song is one of tune, file, notes and bytes")),
    }
}

fn of_file(files: &Files, name: &str, choice: &SongChoice) -> Result<Music, Refusal> {
    let bytes = files.get(name)?;
    let song = read_song(&bytes, choice.options())
        .map_err(|error| Refusal::file(name, error).or_other_kind(name, &bytes, Wanted::Song))?;
    let warnings = song.warnings();
    let shown = warnings.iter().take(SHOWN_WARNINGS);
    let mut notes: Vec<String> = shown.map(|warning| format!("{name}: {warning}")).collect();
    let more = warnings.len().saturating_sub(notes.len());
    if more > 0 {
        let more = counted(more as u64, "more warning");
        notes.push(format!("{name}: {more}; the summary in JSON has them"));
    }
    Ok(Music { name: name.to_owned(), song, origin: Origin::File, notes })
}
