//! `docs/summary.md` has every name in the schema of the JSON summary.

use std::path::Path;

use serde_json::Value;

use crate::schema::published;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/summary.md");

const HEAD: &str = "\
# The JSON summary

This page explains what `play`, `capture` and `debug` print with `--format json`: always one object,
also when the work could not be done. Values whose names end in `_ns` are whole ns of simulated
time; values whose names end in `_permille` are in 1/1000. Later programs may add names.

The page has every name of the JSON Schema that `portcls-emu schema summary` writes.
`cargo xtask pages` makes the page from the schema. A point leads into an object, `[]` into each
element of a list. A name in *italics* is not in every document. [verdicts.md](verdicts.md) has
examples of outcomes and reasons.
";

/// The parts of the schema, each with the title of its table.
const PARTS: [(&str, &str); 6] = [
    ("run", "A run that was done"),
    ("no_run", "A run that could not be done"),
    ("midi_pin", "A pin"),
    ("difference", "A difference"),
    ("place", "A place"),
    ("analysis", "An analysis"),
];

/// Whether a name is in every document, or only in some documents.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Always,
    Sometimes,
}

/// Adds a row for each name below a schema. `path` has the names above.
fn add_rows(page: &mut String, schema: &Value, path: &str) {
    for branch in schema["anyOf"].as_array().into_iter().flatten() {
        add_rows(page, branch, path);
    }
    if schema["items"].is_object() {
        add_rows(page, &schema["items"], &format!("{path}[]"));
    }
    // The list of the required names has the order of the document.
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let Some(properties) = schema["properties"].as_object() else { return };
    let others = properties.keys().map(String::as_str).filter(|name| !required.contains(name));
    let others = others.map(|name| (name, Presence::Sometimes));
    let always = required.iter().map(|name| (*name, Presence::Always));
    for (name, presence) in always.chain(others) {
        let schema = &properties[name];
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let meaning = schema["description"].as_str();
        let meaning = meaning.unwrap_or_else(|| panic!("the schema does not say what {path} is"));
        let shown = match presence {
            Presence::Always => format!("`{path}`"),
            Presence::Sometimes => format!("*`{path}`*"),
        };
        let words = schema["enum"].as_array().map_or_else(String::new, |words| {
            let words: Vec<String> =
                words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
            format!(" One of {}.", words.join(", "))
        });
        page.push_str(&format!("| {shown} | {} | {meaning}{words} |\n", kind(schema)));
        add_rows(page, schema, &path);
    }
}

/// The type of a value, in words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.trim_start_matches("#/$defs/");
        let part = PARTS.iter().find(|(part, _)| *part == name).expect("a part of the page");
        let title = part.1.to_lowercase();
        return format!("[{title}](#{})", title.replace(' ', "-"));
    }
    if let Some(branches) = schema["anyOf"].as_array() {
        return branches.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let word = |kind: &Value| match kind.as_str() {
        Some("string") => "text".to_owned(),
        Some("array") => format!("list of {}", kind_of_items(&schema["items"])),
        other => other.expect("a type").to_owned(),
    };
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(word).collect::<Vec<_>>().join(" or "),
        kind => word(kind),
    }
}

/// The type of the elements of a list, in the plural.
fn kind_of_items(schema: &Value) -> String {
    match schema["type"].as_str() {
        Some(kind) => format!("{}s", kind.replace("string", "text")),
        None => kind(schema),
    }
}

fn page() -> String {
    let schema = published("summary");
    let parts = &schema["$defs"];
    assert_eq!(parts.as_object().map(|parts| parts.len()), Some(PARTS.len()));
    let mut page = HEAD.to_owned();
    for (name, title) in PARTS {
        let what = parts[name]["description"].as_str().expect("a description");
        page.push_str(&format!("\n## {title}\n\n{what}\n\n"));
        page.push_str("| name | type | meaning |\n|---|---|---|\n");
        add_rows(&mut page, &parts[name], "");
    }
    page
}

/// Set `UPDATE_PAGES=1` to write the page.
#[test]
fn the_page_of_the_summary_has_every_name_of_the_schema() {
    let page = page();
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(Path::new(PAGE), page).expect("the page can be written");
        return;
    }
    let written = std::fs::read_to_string(Path::new(PAGE)).unwrap_or_default();
    assert!(written == page, "docs/summary.md is not up to date: run with UPDATE_PAGES=1");
}
