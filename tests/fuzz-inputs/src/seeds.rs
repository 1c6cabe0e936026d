//! Makes the inputs to begin from: files of the project, examples, texts.

use std::fs;
use std::path::{Path, PathBuf};

/// An input to begin from: a name and its bytes.
pub type Seed = (String, Vec<u8>);

/// The root of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files with this ending in a folder of the project, in the order of their names.
///
/// # Panics
/// The folder is not there, or has no such file.
#[must_use]
pub fn files(folder: &str, ending: &str) -> Vec<Seed> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder of the project");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|other| other == ending)).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has files that end in {ending}");
    let read = |path: &PathBuf| {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        (name, fs::read(path).expect("a committed file"))
    };
    paths.iter().map(read).collect()
}

/// The seeds, each after a first byte with this value.
pub fn with_first_byte(seeds: &[Seed], first: u8) -> Vec<Seed> {
    let with =
        |(name, bytes): &Seed| (format!("{first:02x}-{name}"), [&[first][..], bytes].concat());
    seeds.iter().map(with).collect()
}

/// The examples of a page of the project: the blocks that are marked with this language.
///
/// # Panics
/// The page is not there, or has no such block.
#[must_use]
pub fn fenced(page: &str, language: &str) -> Vec<Seed> {
    let text = fs::read_to_string(root().join(page)).expect("a page of the project");
    let blocks = text.split("```").skip(1).step_by(2);
    let blocks = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    let named = |(number, block): (usize, &str)| {
        (format!("example-{number}.{language}"), block.as_bytes().to_vec())
    };
    let examples: Vec<Seed> = blocks.enumerate().map(named).collect();
    assert!(!examples.is_empty(), "{page} has examples in {language}");
    examples
}

/// Texts with names.
pub fn texts(texts: &[(&str, &str)]) -> Vec<Seed> {
    texts.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
}
