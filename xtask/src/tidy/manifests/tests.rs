//! The check finds planted faults in a manifest, and none in a good manifest.

use super::*;

const GOOD: &str = "\
[package]
name = \"room\"
description = \"A room\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
readme = \"README.md\"
keywords = [\"midi\"]
categories = [\"emulators\"]

[dependencies]
log.workspace = true
serde = { workspace = true, features = [\"derive\"] }
";

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

/// The faults of a room's manifest.
fn said(manifest: &str) -> Vec<String> {
    let files = [file("room/Cargo.toml", manifest), file("room/README.md", "# room")];
    let manifests = [Manifest::read(&files[0])];
    let faults = disorder(&manifests).into_iter().chain(unfit_to_publish(&manifests, &files));
    faults.map(|fault| fault.to_string()).collect()
}

#[test]
fn a_good_manifest_has_no_fault() {
    assert_eq!(said(GOOD), [""; 0]);
}

#[test]
fn each_planted_fault_is_found() {
    for (good, planted, said_of_it) in [
        ("version.workspace = true\n", "version = \"1.0.0\"\n", "`version.workspace = true`"),
        ("log.workspace = true\n", "log = \"0.4.35\"\n", "write `workspace = true` for `log`"),
        ("log.workspace = true\n", "zlib.workspace = true\n", "`serde` stands before `zlib`"),
        ("[dependencies]\n", "[dependencies.log]\n", "not a section"),
        ("[\"midi\"]", "[]", "0 keywords"),
        ("[\"midi\"]", "[\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]", "6 keywords"),
        ("[\"midi\"]", "[\"b\", \"a\"]", "not sorted"),
        ("[\"emulators\"]", "[\"emulator\"]", "`emulator` is not in the list"),
        ("[\"emulators\"]", "[]", "no categories"),
        ("README.md", "ABOUT.md", "`ABOUT.md` is not there"),
        ("description = \"A room\"\n", "", "no description"),
        ("readme =", "homepage = \"a\"\nreadme =", "`homepage` has no place"),
        ("[package]\n", "[package]\nreadme = \"README.md\"\n", "`name` stands before `readme`"),
    ] {
        let said = said(&GOOD.replacen(good, planted, 1));
        assert!(said.iter().any(|fault| fault.contains(said_of_it)), "{said_of_it}: {said:?}");
    }
}

#[test]
fn what_is_never_published_needs_no_keywords() {
    let text = GOOD.replace("keywords = [\"midi\"]\ncategories = [\"emulators\"]\n", "");
    assert_eq!(said(&text).len(), 2);
    let text = text.replace("readme = \"README.md\"", "publish = false");
    assert_eq!(said(&text), [""; 0]);
}

#[test]
fn the_list_of_the_workspace_is_sorted_in_groups_and_its_versions_have_three_numbers() {
    let said = |list: &str| {
        let text = format!("[workspace]\n\n[workspace.dependencies]\n{list}");
        disorder(&[Manifest::read(&file("Cargo.toml", &text))]).len()
    };
    assert_eq!(said("b = \"1.2.3\"\nc = { version = \"1.2.3\", features = [\"x\"] }\n"), 0);
    assert_eq!(said("b = \"1.2.3\"\n\n# Others.\na = \"1.2.3\"\nc = { path = \"c\" }\n"), 0);
    assert_eq!(said("b = \"1.2.3\"\na = \"1.2.3\"\n"), 1);
    assert_eq!(said("a = \"1.2\"\n"), 1);
    assert_eq!(said("a = { version = \"1\" }\n"), 1);
}
