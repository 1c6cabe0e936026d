//! Finds register scripts in files and folders, and reads them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use portcls_machine::card_bench::ops::Script;
use portcls_results::file_kind::Wanted;
use portcls_results::ops::{Invalid, MAX_SCRIPT_BYTES, Place, script_text};
use portcls_results::plain_text;

use crate::failure::Failure;
use crate::input::{Input, Obstacle};

/// The end of a script's name, without the dot.
const EXTENSION: &str = "ops";

const GIVE_A_SCRIPT: &str = "give a register script (.ops), a folder with such scripts, or -";

/// A file to run, or a folder that has no script or cannot be read.
pub struct Found {
    /// The name for messages.
    pub name: String,
    pub place: Place,
    pub input: Result<Input, Failure>,
}

/// The files of a command line in its order. A folder stands for the scripts directly in it, in the
/// order of their names.
///
/// # Errors
/// [`Failure::StdinTwice`].
pub fn find(inputs: &[Input]) -> Result<Vec<Found>, Failure> {
    if inputs.iter().filter(|input| **input == Input::Stdin).count() > 1 {
        return Err(Failure::StdinTwice);
    }
    Ok(inputs.iter().flat_map(files_of).collect())
}

fn files_of(input: &Input) -> Vec<Found> {
    let found = |input: Input, place| Found { name: input.name(), place, input: Ok(input) };
    let Input::File(path) = input else { return vec![found(input.clone(), Place::Named)] };
    if !path.is_dir() {
        return vec![found(input.clone(), Place::Named)];
    }
    match scripts_of(path) {
        Ok(paths) => {
            paths.into_iter().map(|path| found(Input::File(path), Place::InFolder)).collect()
        }
        Err(error) => {
            let failure = Failure::cannot_read(input, &error, GIVE_A_SCRIPT);
            vec![Found { name: input.name(), place: Place::Named, input: Err(failure) }]
        }
    }
}

fn scripts_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() && path.extension().is_some_and(|extension| extension == EXTENSION) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(io::Error::other("the folder has no register script (.ops)"));
    }
    paths.sort();
    Ok(paths)
}

/// Reads a script. The script may name these cards in addition to the built-in cards.
///
/// # Errors
/// [`Failure`]: the file cannot be read, or is not a script.
pub fn read(input: &Input, cards: &[&str]) -> Result<Script, Failure> {
    let (name, text) = (input.name(), text_of(input)?);
    Script::parse_for(&name, &text, cards).map_err(|error| {
        Failure::other_kind(&name, text.as_bytes(), Wanted::Script).unwrap_or(error.into())
    })
}

/// What the results say of a file that cannot be read or is not a script.
pub fn invalid(failure: Failure) -> Invalid {
    match failure {
        Failure::NotAScript(error) => error.into(),
        other => Invalid::new(other.to_string()),
    }
}

/// The text of a script, or the output of a recipe.
///
/// # Errors
/// [`Failure`]: the file cannot be read, or is not text.
pub fn text_of(input: &Input) -> Result<String, Failure> {
    let name = input.name();
    let bytes = input.bytes(MAX_SCRIPT_BYTES).map_err(|obstacle| match obstacle {
        Obstacle::System(error) => Failure::cannot_read(input, &error, GIVE_A_SCRIPT),
        Obstacle::TooBig(bytes) => {
            Failure::ScriptTooBig { name: name.clone(), bytes, limit: MAX_SCRIPT_BYTES }
        }
    })?;
    let bytes = plain_text(bytes);
    match script_text(&name, &bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            Err(Failure::other_kind(&name, &bytes, Wanted::Script).unwrap_or(error.into()))
        }
    }
}
