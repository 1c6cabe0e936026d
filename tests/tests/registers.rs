//! The pages of the rules, the bug checks and the contract are up to date.
//!
//! One more test finds where a number of the driver becomes a bug check code.

#[path = "registers/contract.rs"]
mod contract;
#[path = "registers/scan.rs"]
mod scan;

use std::fs;
use std::path::{Path, PathBuf};

use portcls_machine::rules::{bug_check_page, rule_page};

/// Set `UPDATE_PAGES=1` to write the page.
#[test]
fn the_page_of_the_rules_is_up_to_date() {
    compare_page("docs/rules.md", &rule_page());
}

/// Set `UPDATE_PAGES=1` to write the page.
#[test]
fn the_page_of_the_bug_checks_is_up_to_date() {
    compare_page("docs/bug-checks.md", &bug_check_page());
}

/// Set `UPDATE_PAGES=1` to write the page.
#[test]
fn the_page_of_the_contract_is_up_to_date() {
    compare_page("docs/contract.md", &contract::page(&root()));
}

fn compare_page(name: &str, page: &str) {
    let path = root().join(name);
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&path, page).expect("the page can be written");
    }
    let written = fs::read_to_string(&path).expect("the page is there").replace("\r\n", "\n");
    assert!(written == page, "{name} is not up to date: run with UPDATE_PAGES=1");
}

/// The rooms that know the kernel.
const ROOMS: [&str; 8] =
    ["cli", "emulator", "guest", "hw-mpu401/card-bench", "machine", "miniport", "port", "report"];

/// The kernel raises only codes that are constants of the table; the compiler checks this. The only
/// exception is `of_driver`, which turns a driver's own number into a code. Only KeBugCheck and
/// KeBugCheckEx may call this function.
#[test]
fn only_the_two_routines_that_a_driver_gives_a_number_to_make_a_code_of_it() {
    let mut places = Vec::new();
    for room in ROOMS {
        let folder = root().join(room).join("src");
        for file in sources(&folder) {
            let text = fs::read_to_string(&file).expect("a source file");
            let name = file.file_name().expect("a file").to_string_lossy().into_owned();
            // The tests of a file are at the end of the file. These tests do not count.
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let place = file.strip_prefix(&folder).expect("below the folder");
            let is_test = place.components().any(|part| part.as_os_str() == "tests")
                || code.contains("#[test]");
            let doors = code.matches("BugCheckCode::of_driver(").count();
            if doors > 0 && !is_test {
                places.push((name, doors));
            }
        }
    }
    assert_eq!(places, [("processor.rs".to_owned(), 2)]);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The source files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
