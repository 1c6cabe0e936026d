//! The wings of the guest: each names only the wings below it.
//!
//! The test finds a wing where code names it after `crate::`. Code can call a method of `Guest`
//! that stands in a higher wing without this name; the head of `src/lib.rs` describes the only such
//! call.

use std::fs;
use std::path::{Path, PathBuf};

/// The files and folders of `src/`, the lowest first. Wings on one line do not name each other.
const FLOORS: &[&[&str]] = &[
    &["debugger", "layout", "rules"],
    &["processor"],
    &["tables"],
    &["guest"],
    &["memory"],
    &["routine"],
    &["objects"],
    &["com"],
    &["import"],
    &["contract", "life"],
    &["analysis", "gdb"],
];

fn floor(wing: &str) -> usize {
    let found = FLOORS.iter().position(|floor| floor.contains(&wing));
    found.unwrap_or_else(|| panic!("{wing} stands on no floor; say on which, in tests/wings.rs"))
}

/// All sources in a folder, without the sources of tests.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, into);
        } else {
            into.push(path);
        }
    }
}

/// The wings that a source names: each word after `crate::`.
fn named(source: &str) -> Vec<String> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<&str> = code.take_while(|line| !line.starts_with("#[cfg(test)]")).collect();
    let word = |rest: &str| {
        rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned)
    };
    code.join("\n").split("crate::").skip(1).filter_map(word).collect()
}

#[test]
fn a_wing_names_only_what_stands_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    let mut arrows = 0;
    for file in files {
        let inside = file.strip_prefix(&root).expect("it is below");
        let first = inside.iter().next().expect("a name").to_string_lossy();
        let wing = first.trim_end_matches(".rs");
        if wing == "lib" {
            continue;
        }
        let source = fs::read_to_string(&file).expect("a source");
        for other in named(&source).iter().filter(|other| *other != wing) {
            arrows += 1;
            if floor(other) >= floor(wing) {
                wrong.push(format!("{} names {other}", inside.display()));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!(arrows > 100, "{arrows} arrows were found");
}
