//! The check finds planted licences, each with the way to the package.

use serde_json::{Value, json};

use super::Graph;

// The kinds of a dependency, in the words of cargo.
const NORMAL: Option<&str> = None;
const FOR_TESTS: Option<&str> = Some("dev");

fn package(name: &str, licence: Option<&str>) -> Value {
    json!({"id": name, "name": name, "version": "1.0.0", "license": licence})
}

fn node(name: &str, needs: &[(&str, Option<&str>)]) -> Value {
    let needs =
        needs.iter().map(|(name, kind)| json!({"pkg": name, "dep_kinds": [{"kind": kind}]}));
    json!({"id": name, "deps": needs.collect::<Vec<_>>()})
}

/// The faults of a project of one crate, `ours`. `ours` needs `middle`, and `middle` needs `last`.
fn faults(last: &Value, need: Option<&str>) -> Vec<String> {
    let metadata = json!({
        "packages": [package("ours", Some("MIT")), package("middle", Some("MIT/Zlib")), last],
        "workspace_members": ["ours"],
        "resolve": {"nodes": [
            node("ours", &[("middle", need)]),
            node("middle", &[(last["id"].as_str().expect("an id"), NORMAL)]),
        ]},
    });
    Graph::new(&metadata).faults()
}

#[test]
fn an_allowed_licence_is_no_fault() {
    assert!(faults(&package("last", Some("MIT AND (Zlib OR Unlicense)")), NORMAL).is_empty());
}

#[test]
fn a_licence_that_is_not_allowed_names_the_package_and_the_way_to_it() {
    let faults = faults(&package("last", Some("GPL-3.0-only")), NORMAL);
    let expected = "last 1.0.0: `GPL-3.0-only` is not allowed; needed by ours -> middle -> last";
    assert_eq!(faults, [expected]);
}

#[test]
fn a_missing_licence_and_a_file_in_its_place_are_faults() {
    let no_licence = faults(&package("last", None), NORMAL);
    assert!(no_licence[0].contains("says nothing of its licence"), "{no_licence:?}");
    let mut package = package("last", None);
    package["license_file"] = json!("TERMS");
    let file = faults(&package, NORMAL);
    assert!(file[0].contains("the file TERMS"), "{file:?}");
}

#[test]
fn an_expression_that_cannot_be_read_is_a_fault() {
    let faults = faults(&package("last", Some("MIT AND")), NORMAL);
    assert!(faults[0].contains("cannot be read"), "{faults:?}");
}

#[test]
fn what_only_tests_may_need_is_a_fault_where_a_published_crate_needs_it() {
    let cbindgen = package("cbindgen", Some("MPL-2.0"));
    assert!(faults(&cbindgen, FOR_TESTS).is_empty());
    let faults = faults(&cbindgen, NORMAL);
    assert_eq!(
        faults,
        ["cbindgen 1.0.0: `MPL-2.0` is not allowed; needed by ours -> middle -> cbindgen"]
    );
}
