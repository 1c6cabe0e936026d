//! Paths in backticks, and in the commands for a shell: each exists.
//!
//! A word with a `/` is a path in three cases: it has the ending of a file of the project, it ends
//! in `/`, or it begins with a folder of the root. The path may begin at the root or at the folder
//! of the document. It may also begin at a path that the same paragraph or row of a table names, or
//! at the folder of that path. So a row about `port/` may say `src/lib.rs`. Files that programs
//! write and git does not keep may be missing. A `*` means any letters except `/`. A name in
//! capitals means any name, unless a file has this name, as README.md has.

use std::collections::BTreeSet;

use crate::Fault;
use crate::page::{CodeKind, Page, is_placeholder};
use crate::repository::{Repository, folder_of, resolve};

/// The paths of a document that do not exist.
pub fn faults(repository: &Repository, name: &str, page: &Page) -> Vec<Fault> {
    let endings: BTreeSet<&str> = repository.files().filter_map(ending_of).collect();
    let codes = page.codes.iter().filter(|code| code.kind != CodeKind::Other);
    let paths: Vec<(usize, usize, &str)> = codes
        .flat_map(|code| code.words().map(|(line, word)| (code.block, line, word)))
        .map(|(block, line, word)| (block, line, word.strip_prefix("$PWD/").unwrap_or(word)))
        .filter(|(_, _, word)| is_path(repository, &endings, word))
        .collect();
    let is_there = |block: usize, word: &str| {
        let neighbours = paths.iter().filter(|(other, _, _)| *other == block);
        let named = neighbours.filter(|(_, _, folder)| repository.has(folder)).map(|it| it.2);
        let folders = named.flat_map(|path| [path.trim_end_matches('/'), folder_of(path)]);
        ["", folder_of(name)]
            .into_iter()
            .chain(folders)
            .any(|folder| resolve(folder, word).is_some_and(|path| is_there(repository, &path)))
    };
    let missing = paths.iter().filter(|(block, _, word)| !is_there(*block, word));
    missing.map(|(_, line, word)| (*line, format!("{word} is not there"))).collect()
}

/// The letters after the last dot of a file's name.
fn ending_of(file: &str) -> Option<&str> {
    let name = file.rsplit('/').next()?;
    name.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| !ending.is_empty())
}

fn is_path(repository: &Repository, endings: &BTreeSet<&str>, word: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_.-/*".contains(letter);
    if !word.chars().all(is_letter) || word.starts_with(['/', '-']) || word.contains("//") {
        return false;
    }
    let Some((first, _)) = word.split_once('/') else { return false };
    let ends_as_a_file = ending_of(word).is_some_and(|it| endings.contains(it) || it == "*");
    ends_as_a_file || word.ends_with('/') || repository.has(&format!("{first}/"))
}

fn is_there(repository: &Repository, path: &str) -> bool {
    if repository.has(path) || repository.is_generated(path) {
        return true;
    }
    if path.contains('*') {
        return repository.files().any(|file| matches(path, file));
    }
    let mut folder = "";
    for part in path.split('/') {
        let stem = part.split('.').next().unwrap_or(part);
        let is_a_name_here = || repository.files().any(|file| stem_of(file) == stem);
        if is_placeholder(stem) && !is_a_name_here() {
            return repository.has_folder(folder);
        }
        folder = &path[..folder.len() + usize::from(!folder.is_empty()) + part.len()];
    }
    false
}

fn stem_of(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.split('.').next().unwrap_or(name)
}

/// Whether the path of a file fits a pattern. In a pattern `*` means any letters except `/`.
fn matches(pattern: &str, file: &str) -> bool {
    let Some((before, behind)) = pattern.split_once('*') else { return pattern == file };
    let Some(rest) = file.strip_prefix(before) else { return false };
    let name_end = rest.find('/').unwrap_or(rest.len());
    (0..=name_end).any(|start| rest.get(start..).is_some_and(|rest| matches(behind, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Fault> {
        let files = ["README.md", "port/src/lib.rs", "port/src/pin/a.rs", "docs/x.md", ".ci/run"];
        let repository = Repository::with(&files, &[]).and_ignored("/target\nartifacts\n");
        faults(&repository, "docs/page.md", &Page::parse(text))
    }

    #[test]
    fn paths_that_are_there_and_words_that_are_no_paths_are_no_fault() {
        for text in [
            "`port/src/lib.rs`, `port/`, `port/src`, `.ci/run`, `../README.md`",
            "`port/src/pin/*.rs`",
            "`target/release`, `port/artifacts/x.rs`, `port/src/NAME.rs`, `port/VERB/src/lib.rs`",
            "`80/C0`, `out 330 <- 90/3C`, `https://x.org/a.rs`, `/DEBUG`, `-Lport/none`, `a/b.exe`",
            "| `port/` | `src/lib.rs` |\n|---|---|\n| `port/src/` | `pin/a.rs` |",
            "```sh\ncargo run -- \"$PWD/docs/x.md\" # as port/none.rs\n```",
            "```text\nport/none.rs\n```",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn each_kind_of_missing_path_is_found() {
        for (text, line, word) in [
            ("`port/src/libs.rs`", 1, "port/src/libs.rs"),
            ("a\n`ports/`", 2, "ports/"),
            ("`port/none`", 1, "port/none"),
            ("`port/src/lib.rs/`", 1, "port/src/lib.rs/"),
            ("`port/src/*.rs` `none/x.rs`", 1, "none/x.rs"),
            ("`port/src/*.cpp`", 1, "port/src/*.cpp"),
            ("`port/none/NAME.rs`", 1, "port/none/NAME.rs"),
            ("`port/README.md`", 1, "port/README.md"),
            ("`$PWD/docs/none.md`", 1, "docs/none.md"),
            ("| `port/` | `x` |\n|---|---|\n| `docs/` | `src/lib.rs` |", 3, "src/lib.rs"),
            ("```sh\ncargo test\nport/none.rs 1\n```", 3, "port/none.rs"),
        ] {
            assert_eq!(found(text), [(line, format!("{word} is not there"))], "{text}");
        }
    }
}
