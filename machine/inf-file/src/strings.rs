//! Replaces tokens by their texts: `%name%` means what [Strings] says.

use std::collections::BTreeMap;

use crate::Unused;
use crate::error::{Fault, Place, short};
use crate::lines::{Field, Inf, Section};

/// The longest text after its tokens were replaced. Source: WDK, the length of a string in an INF.
const MOST_LETTERS: usize = 4_096;

/// The most bytes that all fields with tokens may have together after the replacement.
const MOST_ADDED: usize = 16 << 20;

/// Replaces the tokens in every field outside the sections of strings. Returns the tokens that no
/// section of strings explains. A token that is a number stands for a folder, and is not returned.
pub(crate) fn replace(inf: &mut Inf) -> Result<Vec<Unused>, Fault> {
    let table = table(inf)?;
    let mut unknown = Vec::new();
    let mut added = 0;
    let others = inf.sections.iter_mut().filter(|section| !is_strings(&section.name));
    for line in others.flat_map(|section| &mut section.lines) {
        for field in line.key.iter_mut().chain(&mut line.values) {
            if !field.text.contains('%') {
                continue;
            }
            field.text = replaced(field, &table, &mut unknown)?;
            added += field.text.len();
            if added > MOST_ADDED {
                let what = "the strings of this file are too long where they are used";
                return Err(Fault::new(field.place, what, "make them shorter"));
            }
        }
    }
    Ok(unknown)
}

/// True for the name of a section of strings: `Strings`, or the same with a language behind it.
pub(crate) fn is_strings(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "strings" || name.starts_with("strings.")
}

/// The strings by their names in lower case. A string for one language counts only if [Strings]
/// has no string with the same name.
fn table(inf: &Inf) -> Result<BTreeMap<String, String>, Fault> {
    let mut table = BTreeMap::new();
    let is_plain = |section: &&Section| section.name.eq_ignore_ascii_case("strings");
    let plain = inf.sections.iter().filter(is_plain);
    let by_language = inf.sections.iter().filter(|section| {
        is_strings(&section.name) && !section.name.eq_ignore_ascii_case("strings")
    });
    for line in plain.chain(by_language).flat_map(|section| &section.lines) {
        let Some(key) = &line.key else {
            let hint = "write name = \"text\", one a line";
            return Err(Fault::new(line.place, "this is no string", hint));
        };
        // A comma outside quotes belongs to the text.
        let parts: Vec<&str> = line.values.iter().map(|field| &*field.text).collect();
        table.entry(key.text.to_lowercase()).or_insert_with(|| parts.join(","));
    }
    Ok(table)
}

fn replaced(
    field: &Field,
    table: &BTreeMap<String, String>,
    unknown: &mut Vec<Unused>,
) -> Result<String, Fault> {
    let mut text = String::new();
    let mut rest = &*field.text;
    while let Some(start) = rest.find('%') {
        text.push_str(&rest[..start]);
        let behind = &rest[start + 1..];
        let Some(end) = behind.find('%') else {
            text.push('%');
            rest = behind;
            continue;
        };
        let name = &behind[..end];
        match table.get(&name.to_lowercase()) {
            _ if name.is_empty() => text.push('%'),
            Some(string) => text.push_str(string),
            None => {
                text.push_str(&rest[start..start + end + 2]);
                if !name.bytes().all(|byte| byte.is_ascii_digit()) {
                    let what = format!("%{}%, which is no string of the file", short(name));
                    unknown.push(Unused { line: field.place.line, what });
                }
            }
        }
        rest = &behind[end + 1..];
        check_length(&text, field.place)?;
    }
    text.push_str(rest);
    check_length(&text, field.place)?;
    Ok(text)
}

fn check_length(text: &str, place: Place) -> Result<(), Fault> {
    if text.chars().count() <= MOST_LETTERS {
        return Ok(());
    }
    let what = format!("the text is longer than {MOST_LETTERS} letters");
    Err(Fault::new(place, what, "make it shorter"))
}
