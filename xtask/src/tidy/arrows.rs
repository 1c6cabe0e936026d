//! The dependencies between rooms: manifests against the tables of the rooms.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::{Kind, Manifest};
use super::map::{PAGES, Row, rows};
use super::{Fault, File};

/// The tests of any room may use this crate, so no table lists it as a dependency.
const TOOLS: &str = "tests/tools";

/// The tests of the whole machine: no crate may depend on them.
const TOP: &str = "tests";

/// Dependencies that are only in a manifest or only in a table, and rooms that are only in the
/// project or only in a table. Also dependencies on `TOP`, and crates that the root manifest does
/// not list.
pub fn forbidden(manifests: &[Manifest], files: &[File]) -> Vec<Fault> {
    let rooms: BTreeMap<&str, &str> = manifests
        .iter()
        .filter_map(|manifest| Some((manifest.package()?, manifest.room())))
        .collect();
    let mut faults = Vec::new();
    for page in PAGES {
        let rows = rows(files, page);
        for manifest in manifests.iter().filter(|manifest| manifest.package().is_some()) {
            match rows.iter().find(|row| row.room == manifest.room()) {
                Some(row) => faults.extend(compare(page, row, manifest, &rooms)),
                None => {
                    let what = format!("the table of the rooms has no `{}/`", manifest.room());
                    faults.push(Fault::new(page, 0, what));
                }
            }
        }
        for row in rows.iter().filter(|row| row.room != "docs") {
            if !manifests.iter().any(|manifest| manifest.room() == row.room) {
                let what = format!("there is no crate in `{}/`", row.room);
                faults.push(Fault::new(page, row.line, what));
            }
        }
    }
    for manifest in manifests {
        for (_, entry) in manifest.dependencies() {
            if rooms.get(entry.key.as_str()) == Some(&TOP) {
                let what = "the tests of the whole machine are no one's dependency";
                faults.push(Fault::new(&manifest.path, entry.line, what));
            }
        }
    }
    faults.extend(unlisted(manifests));
    faults
}

/// Compares a row of a table with the manifest of its room.
fn compare(
    page: &str,
    row: &Row<'_>,
    manifest: &Manifest,
    rooms: &BTreeMap<&str, &str>,
) -> Vec<Fault> {
    // Crates of tests, benchmarks and examples are never published. The table has one list for all
    // dependencies of such a crate, unless the row has a second list for tests.
    let has_one_list = !manifest.is_published() && row.tests_know.is_empty();
    let known: BTreeSet<&str> = row.knows.iter().copied().collect();
    let known_by_tests: BTreeSet<&str> = row.tests_know.iter().copied().collect();
    let mut there = BTreeSet::new();
    let mut faults = Vec::new();
    for (kind, entry) in manifest.dependencies() {
        let Some(room) = rooms.get(entry.key.as_str()).filter(|room| **room != TOOLS) else {
            continue;
        };
        let name = room.rsplit('/').next().unwrap_or_default();
        there.insert(name);
        let is_listed = match kind {
            Kind::Crate => known.contains(name),
            Kind::Tests if has_one_list => known.contains(name),
            // If a row has no list for tests, its tests may use every room.
            Kind::Tests => known_by_tests.is_empty() || known_by_tests.contains(name),
        };
        if !is_listed {
            let what = format!("`{name}` is not what the table in {page} lets this room know");
            faults.push(Fault::new(&manifest.path, entry.line, what));
        }
    }
    for name in known.union(&known_by_tests).filter(|name| !there.contains(*name)) {
        let what = format!("`{}/` does not depend on `{name}`", row.room);
        faults.push(Fault::new(page, row.line, what));
    }
    faults
}

/// Crates that are missing in both lists of the root manifest, `members` and `exclude`.
fn unlisted(manifests: &[Manifest]) -> Vec<Fault> {
    let Some(root) = manifests.iter().find(|manifest| manifest.path == "Cargo.toml") else {
        return vec![Fault::new("Cargo.toml", 0, "it is not there")];
    };
    let mut listed = root.list("workspace", "members");
    listed.extend(root.list("workspace", "exclude"));
    let crates = manifests.iter().filter(|manifest| manifest.package().is_some());
    crates
        .filter(|manifest| !listed.contains(&manifest.room()))
        .map(|manifest| Fault::new(&manifest.path, 0, "the root manifest does not list it"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
| room | knows | owns |
|---|---|---|
| `chip/` | nothing of ours | the chip |
| `chip/bench/` | chip | a bench |
| `machine/` | chip, bench | a machine |
| `mine/` | chip; machine in its test | a driver |
| `tests/` | machine | tests |
| `tests/tools/` | nothing of ours | tools |
";

    /// The sections after `[package]` in the manifest of each room.
    const MANIFESTS: [(&str, &str); 6] = [
        ("chip", "[dev-dependencies]\ntools.workspace = true\n"),
        ("chip/bench", "[dependencies]\nchip.workspace = true\nlog.workspace = true\n"),
        ("machine", "[dependencies]\nbench.workspace = true\nchip.workspace = true\n"),
        ("mine", "[dependencies]\nchip = \"1\"\n[dev-dependencies]\nmachine = \"1\"\n"),
        ("tests", "[dev-dependencies]\nmachine.workspace = true\n"),
        ("tests/tools", ""),
    ];

    /// The faults of a project in which `planted` replaces the sections of the crate in `room`.
    fn said(room: &str, planted: &str, table: &str) -> Vec<String> {
        let members: Vec<String> =
            MANIFESTS.iter().map(|(room, _)| format!("\"{room}\"")).collect();
        let root = format!("[workspace]\nmembers = [{}]\n", members.join(", "));
        let file = |path: String, text: String| File { path, text };
        let mut files = vec![file("Cargo.toml".to_owned(), root)];
        for (folder, sections) in MANIFESTS {
            let name = folder.rsplit('/').next().unwrap_or_default();
            let sections = if folder == room { planted } else { sections };
            let publish = if folder == TOP { "publish = false\n" } else { "" };
            let text = format!("[package]\nname = \"{name}\"\n{publish}{sections}");
            files.push(file(format!("{folder}/Cargo.toml"), text));
        }
        let manifests: Vec<Manifest> = files.iter().map(Manifest::read).collect();
        for page in PAGES {
            files.push(file(page.to_owned(), table.to_owned()));
        }
        let mut said: Vec<String> =
            forbidden(&manifests, &files).iter().map(ToString::to_string).collect();
        said.dedup();
        said
    }

    #[test]
    fn arrows_as_the_table_has_them_are_no_fault() {
        assert_eq!(said("", "", TABLE), [""; 0]);
    }

    #[test]
    fn an_arrow_that_the_table_does_not_have_is_found() {
        let said = said("chip", "[dependencies]\nmachine.workspace = true\n", TABLE);
        let expected = "chip/Cargo.toml:4: `machine` is not what the table in README.md lets this";
        assert!(said[0].starts_with(expected), "{said:?}");
    }

    #[test]
    fn an_arrow_of_tests_that_the_table_does_not_have_is_found_where_it_lists_them() {
        for (room, line) in [("tests", 5), ("mine", 4)] {
            let said = said(room, "[dev-dependencies]\nbench.workspace = true\n", TABLE);
            let expected = format!("{room}/Cargo.toml:{line}: `bench` is not what");
            assert!(said[0].starts_with(&expected), "{said:?}");
        }
    }

    #[test]
    fn an_arrow_that_no_manifest_has_is_found() {
        let said = said("chip/bench", "", TABLE);
        assert_eq!(said[0], "README.md:4: `chip/bench/` does not depend on `chip`");
    }

    #[test]
    fn the_topmost_tests_are_no_dependency() {
        let said = said("chip", "[dev-dependencies]\ntests.workspace = true\n", TABLE);
        let expected = "chip/Cargo.toml:4: the tests of the whole machine are no one's dependency";
        assert!(said.iter().any(|fault| fault == expected), "{said:?}");
    }

    #[test]
    fn a_room_that_the_table_or_the_project_does_not_have_is_found() {
        let missing = said("", "", &TABLE.replace("| `chip/` |", "| `teapot/` |"));
        assert!(missing.contains(&"README.md: the table of the rooms has no `chip/`".to_owned()));
        assert!(missing.contains(&"README.md:3: there is no crate in `teapot/`".to_owned()));
    }

    #[test]
    fn a_crate_that_the_root_does_not_list_is_found() {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let manifests = [
            Manifest::read(&file("Cargo.toml", "[workspace]\nmembers = [\"chip\"]\n")),
            Manifest::read(&file("lost/Cargo.toml", "[package]\nname = \"lost\"\n")),
        ];
        let expected = Fault::new("lost/Cargo.toml", 0, "the root manifest does not list it");
        assert_eq!(unlisted(&manifests), [expected]);
    }
}
