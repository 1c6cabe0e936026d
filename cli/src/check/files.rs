//! Finds the scenarios of a command line, and goldens without a scenario.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::input::Input;

/// The ends of the names of scenarios and goldens, without the dot.
const SCENARIO: &str = "toml";
const GOLDEN: &str = "trace";

const GIVE_A_SCENARIO: &str = "give a scenario (.toml), or a folder with scenarios";

/// The files and folders that a command line names.
#[derive(Default)]
pub struct Found {
    /// The scenario files in order of their paths, each once.
    pub files: Vec<PathBuf>,
    /// The folders that were named as a whole.
    pub folders: Vec<PathBuf>,
}

/// Finds the scenario files. A folder stands for the scenarios directly in it. Folders inside it do
/// not count, so they have room for card files, songs and drivers.
///
/// # Errors
/// [`Failure::CannotRead`] for a path that does not exist or a folder that cannot be read.
pub fn find(paths: &[PathBuf]) -> Result<Found, Failure> {
    let mut found = Found::default();
    for path in paths {
        if path.is_dir() {
            let files = files_in(path, SCENARIO).map_err(|error| cannot_read(path, &error))?;
            found.files.extend(files);
            found.folders.push(path.clone());
        } else if path.exists() {
            found.files.push(path.clone());
        } else {
            return Err(cannot_read(path, &io::Error::from(io::ErrorKind::NotFound)));
        }
    }
    found.files.sort();
    found.files.dedup();
    Ok(found)
}

/// The goldens in these folders that belong to no scenario. `goldens` are the goldens that do
/// belong to a scenario. `unknown` are the paths, without extension, of files that are not valid
/// scenarios. A golden with such a path, or with such a path and the name of a card, is left out,
/// because it may belong to that file.
///
/// # Errors
/// [`Failure::CannotRead`].
pub fn unreferenced(
    folders: &[PathBuf],
    goldens: &BTreeSet<PathBuf>,
    unknown: &BTreeSet<PathBuf>,
) -> Result<Vec<PathBuf>, Failure> {
    let mut left = Vec::new();
    for folder in folders {
        let files = files_in(folder, GOLDEN).map_err(|error| cannot_read(folder, &error))?;
        let is_left = |path: &PathBuf| {
            let stem = path.with_extension("");
            let of_card = stem.with_extension("");
            !goldens.contains(path) && !unknown.contains(&stem) && !unknown.contains(&of_card)
        };
        left.extend(files.into_iter().filter(is_left));
    }
    left.sort();
    left.dedup();
    Ok(left)
}

fn files_in(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() && path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    Failure::cannot_read(&Input::File(path.to_owned()), error, GIVE_A_SCENARIO)
}

/// A path for messages and results, with slashes and without control characters.
pub fn shown(path: &Path) -> String {
    path.display().to_string().replace(char::is_control, "?").replace('\\', "/")
}
