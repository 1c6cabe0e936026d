//! Finds register scripts in files and folders, and reads them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str;

use portcls_machine::card_bench::ops::{OpsError, Script};

use crate::failure::Failure;
use crate::input::{Input, Obstacle};

/// The longest script in bytes: room for the longest script that the reader allows, with comments.
const MAX_SCRIPT_BYTES: usize = 1 << 24;

/// The end of a script's name, without the dot.
const EXTENSION: &str = "ops";

const GIVE_A_SCRIPT: &str = "give a register script (.ops), a folder with such scripts, or -";

/// A file to run.
pub struct Found {
    pub input: Input,
    pub place: Place,
}

/// Where the user named a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the command line.
    Named,
    /// In a folder that is on the command line.
    InFolder,
}

/// The files of a command line in its order. A folder stands for the scripts in it, in the order of
/// their names; folders inside it are left out.
///
/// # Errors
/// [`Failure::StdinTwice`], and [`Failure::CannotRead`] for a folder.
pub fn find(inputs: &[Input]) -> Result<Vec<Found>, Failure> {
    if inputs.iter().filter(|input| **input == Input::Stdin).count() > 1 {
        return Err(Failure::StdinTwice);
    }
    let mut files = Vec::new();
    for input in inputs {
        match input {
            Input::File(path) if path.is_dir() => {
                let paths = scripts_of(path)
                    .map_err(|error| Failure::cannot_read(&input.name(), &error, GIVE_A_SCRIPT))?;
                let found = |path| Found { input: Input::File(path), place: Place::InFolder };
                files.extend(paths.into_iter().map(found));
            }
            _ => files.push(Found { input: input.clone(), place: Place::Named }),
        }
    }
    Ok(files)
}

fn scripts_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(io::Error::other("the folder has no register script (.ops)"));
    }
    paths.sort();
    Ok(paths)
}

/// Reads a script, which may name these cards beside the built-in ones.
///
/// # Errors
/// [`Failure`]: the file cannot be read, or is no script.
pub fn read(input: &Input, cards: &[&str]) -> Result<Script, Failure> {
    Ok(Script::parse_for(&input.name(), &text_of(input)?, cards)?)
}

/// The text of a script, or of what a recipe printed.
///
/// # Errors
/// [`Failure`]: the file cannot be read, or is no text.
pub fn text_of(input: &Input) -> Result<String, Failure> {
    let name = input.name();
    let bytes = input.bytes(MAX_SCRIPT_BYTES).map_err(|obstacle| match obstacle {
        Obstacle::System(error) => Failure::cannot_read(&name, &error, GIVE_A_SCRIPT),
        Obstacle::TooBig(bytes) => {
            Failure::ScriptTooBig { name: name.clone(), bytes, limit: MAX_SCRIPT_BYTES }
        }
    })?;
    Ok(text(&name, &bytes)?.to_owned())
}

/// Reads the bytes as text, and refuses text that is not safe on a terminal. A report prints lines
/// of this text, so the text must be safe.
fn text<'b>(name: &str, bytes: &'b [u8]) -> Result<&'b str, OpsError> {
    let not_text = |before: &str, what: String| {
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Err(OpsError {
            file: name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            what,
            hint: "save the script as plain text in UTF-8".to_owned(),
        })
    };
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let (before, rest) = bytes.split_at(error.valid_up_to());
            let before = str::from_utf8(before).expect("valid up to here");
            return not_text(before, format!("the byte {:02X} is no text", rest[0]));
        }
    };
    let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\t' | '\r' | '\n');
    match text.char_indices().find(|&(_, letter)| is_odd(letter)) {
        Some((at, letter)) => {
            let number = u32::from(letter);
            not_text(&text[..at], format!("the control character {number:02X} is no text"))
        }
        None => Ok(text),
    }
}
