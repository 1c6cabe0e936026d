//! The links, files and commands that the documents name are there.
//!
//! Owns the rules by which a word of a document counts as a link, a path or a command. A test of
//! each rule plants a fault, and the rule finds this fault. The tests do not fetch links to other
//! sites.

#[path = "documents/commands.rs"]
mod commands;
#[path = "documents/links.rs"]
mod links;
#[path = "documents/page.rs"]
mod page;
#[path = "documents/paths.rs"]
mod paths;
#[path = "documents/repository.rs"]
mod repository;

use std::sync::LazyLock;

use page::Page;
use repository::Repository;

/// The repository, read once for all tests.
static REPOSITORY: LazyLock<Repository> = LazyLock::new(Repository::here);

/// A fault of a page: its line, and what is wrong there.
type Fault = (usize, String);

/// Fails with every fault that a check finds, each with its document and line.
fn assert_no_fault(check: impl Fn(&Repository, &str, &Page) -> Vec<Fault>) {
    let mut faults = Vec::new();
    for (name, page) in REPOSITORY.pages() {
        let found = check(&REPOSITORY, name, page);
        faults.extend(found.iter().map(|(line, what)| format!("{name}:{line}: {what}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_in_it() {
    assert_no_fault(links::faults);
}

#[test]
fn every_path_in_backticks_is_there() {
    assert_no_fault(paths::faults);
}

#[test]
fn every_cargo_command_names_packages_targets_and_verbs_that_exist() {
    assert_no_fault(commands::faults);
}

#[test]
fn the_documents_are_found_with_all_that_they_point_at() {
    let names: Vec<&str> = REPOSITORY.pages().map(|(name, _)| name).collect();
    for name in ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "template/README.md"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    let counts = REPOSITORY.pages().map(|(_, page)| [page.links.len(), page.codes.len()]);
    let [links, codes] = counts.fold([0, 0], |sum, count| [sum[0] + count[0], sum[1] + count[1]]);
    assert!(links > 10 && codes > 500, "{links} links and {codes} pieces of code were read");
}
