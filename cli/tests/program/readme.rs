//! The commands of the project's README.md, run as in a fresh clone.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::Folder;

/// What stands in a command of the page before the program's own arguments.
const PROGRAM: &str = "cargo run --release -- ";

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the project")
}

/// For each command of the page, in order: the words after [`PROGRAM`].
fn commands(page: &str) -> Vec<String> {
    let after = page.split(PROGRAM).skip(1);
    after.map(|rest| rest.split(['\n', '`']).next().unwrap_or_default().to_owned()).collect()
}

/// A folder like a fresh clone after `cargo build`: links to the files of the project, and a folder
/// `target`, which is empty here.
fn fresh_clone() -> Folder {
    let clone = Folder::new();
    for entry in fs::read_dir(project()).expect("the project") {
        let entry = entry.expect("an entry");
        if entry.file_name() != "target" {
            symlink(entry.path(), clone.path().join(entry.file_name())).expect("a link");
        }
    }
    fs::create_dir(clone.path().join("target")).expect("a folder");
    clone
}

#[test]
fn every_command_of_the_readme_works_in_a_fresh_clone() {
    let page = fs::read_to_string(project().join("README.md")).expect("the page");
    let commands = commands(&page);
    assert!(commands.len() >= 9, "{commands:?}");
    for command in commands {
        let clone = fresh_clone();
        let before = clone.names();
        let words: Vec<&str> = command.split_whitespace().collect();
        let ran = clone.run(&words);
        assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
        // A command may write only into `target`, which git ignores, or make a new crate.
        let mut after = clone.names();
        if let ["new", folder] = words[..] {
            assert!(clone.path().join(folder).join("Cargo.toml").is_file(), "{command}");
            after.retain(|name| name != folder);
        }
        assert_eq!(after, before, "{command}");
    }
}

#[test]
fn the_commands_are_found_in_blocks_and_in_sentences() {
    let page = format!("```sh\n{PROGRAM}play a.mid\n```\n`{PROGRAM}new x` and\n");
    assert_eq!(commands(&page), ["play a.mid", "new x"]);
}
