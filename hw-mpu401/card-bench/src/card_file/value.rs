//! Reads a value of a card file in the form that its key needs.
//!
//! A value in another form gives a fault that says what to write.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use hw_mpu401::behaviour::Radix;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Fault;
use crate::nearest::with_nearest;
use crate::shown;

/// The longest text, in characters.
const MAX_TEXT: usize = 1_000;

/// A key with its place in the text, and its value.
#[derive(Clone, Copy)]
pub(super) struct Entry<'t> {
    pub key: &'t str,
    /// The place of the key in the text, in bytes. For a table in a list, the place of the table.
    pub at: usize,
    pub value: &'t Spanned<DeValue<'t>>,
}

impl Entry<'_> {
    /// A fault at this entry. It shows the value, or the kind of the value, and `hint`.
    pub fn fault(&self, hint: impl Into<String>) -> Fault {
        let what = match self.value.get_ref() {
            DeValue::String(text) => format!("{} = \"{}\" is not possible", self.key, shown(text)),
            DeValue::Integer(number) => {
                format!("{} = {} is not possible", self.key, shown(&number.to_string()))
            }
            other => format!("{} is {}", self.key, type_words(other)),
        };
        Fault::new(self.at, what, hint)
    }

    pub fn text(&self, hint: &str) -> Result<String, Fault> {
        let text = self.value.get_ref().as_str().ok_or_else(|| self.fault(hint))?;
        let is_plain = !text.chars().any(char::is_control);
        if text.is_empty() || text.chars().count() > MAX_TEXT || !is_plain {
            let what = format!("{} is empty, too long or no plain text", self.key);
            let hint = format!("write 1 to {MAX_TEXT} characters in one line");
            return Err(Fault::new(self.at, what, hint));
        }
        Ok(text.to_owned())
    }

    pub fn number(&self, range: RangeInclusive<u64>, radix: Radix) -> Result<u64, Fault> {
        let found = integer(self.value.get_ref()).filter(|number| range.contains(number));
        found.ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            self.fault(match radix {
                Radix::Decimal => format!("write a number from {least} to {most}"),
                Radix::Hexadecimal => format!("write a number from 0x{least:X} to 0x{most:X}"),
            })
        })
    }

    /// The index in `words` of the word that is the value.
    pub fn word(&self, words: &[&str]) -> Result<usize, Fault> {
        let text = self.value.get_ref().as_str();
        let found = text.and_then(|text| words.iter().position(|word| *word == text));
        found.ok_or_else(|| {
            let hint = format!("write {}", alternatives(words));
            self.fault(with_nearest(text.unwrap_or_default(), words.iter().copied(), &hint))
        })
    }

    pub fn list(&self, hint: &str) -> Result<Vec<String>, Fault> {
        let array = self.value.get_ref().as_array().ok_or_else(|| self.fault(hint))?;
        let texts = array.iter().map(|value| Entry { value, ..*self }.text(hint));
        texts.collect()
    }

    /// The entries of a table that must have all of these keys and no other key. The result is in
    /// the order of `keys`.
    pub fn table(&self, keys: &[&str], hint: &str) -> Result<Vec<Entry<'_>>, Fault> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.fault(hint))?;
        let found = entries(table);
        if let Some(unknown) = found.iter().find(|entry| !keys.contains(&entry.key)) {
            let what = format!("{} has no key {}", self.key, shown(unknown.key));
            let hint = with_nearest(unknown.key, keys.iter().copied(), hint);
            return Err(Fault::new(unknown.at, what, hint));
        }
        let has_all = keys.iter().all(|key| found.iter().any(|entry| entry.key == *key));
        if found.len() != keys.len() || !has_all {
            let what = format!("{} has not just the keys {}", self.key, keys.join(", "));
            return Err(Fault::new(self.at, what, hint));
        }
        let place = |entry: &Entry<'_>| keys.iter().position(|key| *key == entry.key);
        let mut found = found;
        found.sort_by_key(place);
        Ok(found)
    }
}

/// The entries of a table in the order of the text.
pub(super) fn entries<'t>(table: &'t DeTable<'t>) -> Vec<Entry<'t>> {
    let entry = |(key, value)| {
        let key: &'t Spanned<Cow<'_, str>> = key;
        Entry { key: key.get_ref(), at: key.span().start, value }
    };
    let mut entries: Vec<Entry<'t>> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// The words as a choice: `"a", "b" or "c"`.
fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn integer(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn type_words(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
