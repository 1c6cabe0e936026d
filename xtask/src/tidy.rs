//! Checks of the project's files that no compiler makes.
//!
//! Owns the walk over the files and the list of finders. A finder is a function that gets texts and
//! returns faults. The tests of a finder run the finder on planted faults, and one test runs all
//! finders on the project. A finder never changes a file. Each fault says what is wrong, or what
//! must be in its place.

mod arrows;
mod manifest;
mod manifests;
mod map;
mod readme;
mod registers;
mod source;
mod words;

use std::path::Path;
use std::{fmt, fs, io};

use crate::program::{Failure, Outcome, no_arguments};
use crate::project::root;

use manifest::Manifest;

/// A text of the project.
#[derive(Clone, Debug)]
pub struct File {
    /// The path of the file from the root, with slashes.
    pub path: String,
    /// The content of the file.
    pub text: String,
}

/// A place in a file that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub path: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong, or what must be in its place.
    pub what: String,
}

impl Fault {
    fn new(path: &str, line: usize, what: impl fmt::Display) -> Fault {
        Fault { path: path.to_owned(), line, what: what.to_string() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.path, self.what),
            line => write!(formatter, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// Checks the project, and names each fault with its place.
pub fn tidy(arguments: &[String]) -> Outcome {
    no_arguments("tidy", arguments)?;
    let files = read_files(&root()).map_err(Failure::failed)?;
    let faults = faults(&files);
    if faults.is_empty() {
        println!("{} files are tidy", files.len());
        return Ok(());
    }
    let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
    Err(Failure::Failed(lines.join("\n")))
}

/// The faults that all finders find.
fn faults(files: &[File]) -> Vec<Fault> {
    let manifests: Vec<Manifest> =
        files.iter().filter(|file| file.is_manifest()).map(Manifest::read).collect();
    let mut faults = Vec::new();
    faults.extend(source::long_lines(files));
    faults.extend(source::missing_heads(files));
    faults.extend(words::unclear_words(files));
    faults.extend(registers::rules_outside(files));
    faults.extend(registers::bug_checks_outside(files));
    faults.extend(readme::wrong_counts(files));
    faults.extend(manifests::disorder(&manifests));
    faults.extend(manifests::unfit_to_publish(&manifests, files));
    faults.extend(arrows::forbidden(&manifests, files));
    faults
}

impl File {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    fn is_manifest(&self) -> bool {
        self.path == "Cargo.toml" || self.path.ends_with("/Cargo.toml")
    }

    /// True if the whole file is for tests or benchmarks.
    fn is_test(&self) -> bool {
        let mut folders = self.path.split('/');
        self.path.ends_with("tests.rs") || folders.any(|part| part == "tests" || part == "benches")
    }

    /// The lines of the file, each with its number from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// The file at this path, if there is such a file.
fn find<'a>(files: &'a [File], path: &str) -> Option<&'a File> {
    files.iter().find(|file| file.path == path)
}

/// The files below a folder that end in `.rs`, `.toml` or `.md`, in the order of their paths.
fn read_files(root: &Path) -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                if !is_left_out(&path) {
                    open.push(path);
                }
            } else if ["rs", "toml", "md"].iter().any(|ending| has_ending(&path, ending)) {
                let parts = path.strip_prefix(root).expect("it is below the root").components();
                let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
                let text = fs::read_to_string(&path)?.replace("\r\n", "\n");
                files.push(File { path: parts.join("/"), text });
            }
        }
    }
    files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// True for a folder without files of the project: the folder of git, a build folder of cargo, and
/// an output folder of a fuzz target.
fn is_left_out(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default();
    let is_named = [".git", "target", "corpus", "artifacts"].iter().any(|left| name == *left);
    is_named || folder.join("CACHEDIR.TAG").exists()
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension == ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_tidy() {
        let files = read_files(&root()).expect("the files of the project");
        let faults: Vec<String> = faults(&files).iter().map(Fault::to_string).collect();
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }

    #[test]
    fn the_walk_meets_sources_manifests_and_pages_and_nothing_that_was_built() {
        let files = read_files(&root()).expect("the files of the project");
        for path in ["README.md", "Cargo.toml", "xtask/src/tidy.rs", "tests/fuzz/Cargo.toml"] {
            assert!(find(&files, path).is_some(), "{path}");
        }
        let is_built = |file: &&File| file.path.split('/').any(|part| part == "target");
        assert_eq!(files.iter().find(is_built).map(|file| &file.path), None);
    }

    #[test]
    fn a_fault_says_its_place() {
        assert_eq!(Fault::new("a/b.rs", 3, "wrong").to_string(), "a/b.rs:3: wrong");
        assert_eq!(Fault::new("a/b.rs", 0, "wrong").to_string(), "a/b.rs: wrong");
    }
}
