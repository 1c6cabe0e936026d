//! Sections, lines and fields.
//!
//! Source: WDK, "General syntax rules for INF files": a semicolon begins a remark, a backslash at
//! the end continues a line, quotes keep what is between them, two quotes in quotes are one.

use std::collections::BTreeMap;

use crate::error::{Fault, Place, short};

/// The most lines and values that a file may have, counted together. A line without text does not
/// count.
const MOST_FIELDS: usize = 200_000;

/// An INF, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Inf {
    /// The sections in their order. If a section name appears again, its lines are added to the
    /// first section of that name.
    pub sections: Vec<Section>,
    /// The index of each section by its name in lower case.
    by_name: BTreeMap<String, usize>,
}

/// A section.
#[derive(Debug)]
pub(crate) struct Section {
    pub name: String,
    pub place: Place,
    pub lines: Vec<Line>,
}

/// A line: `key = value, value` or `value, value`.
#[derive(Debug)]
pub(crate) struct Line {
    pub place: Place,
    pub key: Option<Field>,
    pub values: Vec<Field>,
}

/// A key, or a value: a text between commas.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub text: String,
    pub place: Place,
}

impl Inf {
    /// The index of a section by its name, in capitals or not.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }
}

impl Line {
    /// The text of a value; empty for a value that the line does not have.
    pub fn value(&self, index: usize) -> &str {
        self.values.get(index).map_or("", |field| &field.text)
    }

    /// The place of a value, or of the line for a value that the line does not have.
    pub fn place_of(&self, index: usize) -> Place {
        self.values.get(index).map_or(self.place, |field| field.place)
    }

    /// True when the line has this key.
    pub fn is(&self, key: &str) -> bool {
        self.key.as_ref().is_some_and(|field| field.text.eq_ignore_ascii_case(key))
    }
}

/// A character and its place. A character inside quotes has no special meaning.
#[derive(Clone, Copy)]
struct Letter {
    letter: char,
    place: Place,
    is_quoted: bool,
}

/// Reads all sections.
pub(crate) fn parse(text: &str) -> Result<Inf, Fault> {
    let mut inf = Inf::default();
    let mut current = None;
    let mut fields = 0;
    let mut rest = text.lines().enumerate();
    while let Some((index, line)) = rest.next() {
        let mut letters = read_line(line, index + 1)?;
        while continues(&letters) {
            letters.pop();
            let Some((index, line)) = rest.next() else { break };
            letters.extend(read_line(line, index + 1)?);
        }
        let letters = trimmed(&letters);
        let Some(first) = letters.first() else { continue };
        if first.letter == '[' && !first.is_quoted {
            current = Some(open_section(&mut inf, letters)?);
            continue;
        }
        let Some(section) = current else {
            let hint = "begin the file with a section, as in [Version]; is it an INF?";
            return Err(Fault::new(first.place, "a line stands before the first section", hint));
        };
        let line = split(letters);
        fields += 1 + line.values.len();
        if fields > MOST_FIELDS {
            let what = format!("the file has more than {MOST_FIELDS} fields");
            return Err(Fault::new(first.place, what, "give a driver's INF"));
        }
        inf.sections[section].lines.push(line);
    }
    Ok(inf)
}

/// The letters of a line without its remark and without the quotes. Spaces that stand outside
/// quotes at the end of the line are removed.
fn read_line(line: &str, number: usize) -> Result<Vec<Letter>, Fault> {
    let mut letters = Vec::new();
    let mut quote = None;
    let mut rest = line.chars().enumerate().peekable();
    while let Some((index, letter)) = rest.next() {
        let place = Place { line: number, column: index + 1 };
        match (letter, quote) {
            ('"', None) => {
                quote = Some(place);
                // The mark gives the field the place of its quote. It also keeps a line that is
                // nothing but `""` from being an empty line.
                letters.push(Letter { letter: EMPTY, place, is_quoted: true });
            }
            ('"', Some(_)) if rest.peek().is_some_and(|(_, next)| *next == '"') => {
                rest.next();
                letters.push(Letter { letter, place, is_quoted: true });
            }
            ('"', Some(_)) => quote = None,
            (';', None) => break,
            _ => letters.push(Letter { letter, place, is_quoted: quote.is_some() }),
        }
    }
    if let Some(place) = quote {
        return Err(Fault::new(
            place,
            "this quote is not closed",
            "put a \" at the end of the text",
        ));
    }
    let end = letters.iter().rposition(|one| one.is_quoted || !one.letter.is_whitespace());
    letters.truncate(end.map_or(0, |end| end + 1));
    Ok(letters)
}

/// This mark replaces an opening quote. It is not part of the text of a field. The file itself has
/// no null: `text` refuses a file with one.
const EMPTY: char = '\0';

fn continues(letters: &[Letter]) -> bool {
    letters.last().is_some_and(|last| last.letter == '\\' && !last.is_quoted)
}

fn trimmed(letters: &[Letter]) -> &[Letter] {
    let is_text = |one: &Letter| one.is_quoted || !one.letter.is_whitespace();
    match (letters.iter().position(is_text), letters.iter().rposition(is_text)) {
        (Some(start), Some(end)) => &letters[start..=end],
        _ => &[],
    }
}

fn field(letters: &[Letter], otherwise: Place) -> Field {
    let letters = trimmed(letters);
    let text = letters.iter().map(|one| one.letter).filter(|letter| *letter != EMPTY).collect();
    Field { text, place: letters.first().map_or(otherwise, |one| one.place) }
}

/// The section that a line `[name]` opens.
fn open_section(inf: &mut Inf, letters: &[Letter]) -> Result<usize, Fault> {
    let place = letters[0].place;
    let end = letters.iter().position(|one| one.letter == ']' && !one.is_quoted);
    let name = end.map(|end| field(&letters[1..end], place).text);
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        let what = "this is no name of a section";
        return Err(Fault::new(place, what, "write a name and a ], as in [Version]"));
    };
    let behind = end.map_or(&[][..], |end| trimmed(&letters[end + 1..]));
    if let Some(behind) = behind.first() {
        let what = format!("text stands behind [{}]", short(&name));
        return Err(Fault::new(behind.place, what, "put it into a line of its own"));
    }
    Ok(inf.find(&name).unwrap_or_else(|| {
        inf.by_name.insert(name.to_ascii_lowercase(), inf.sections.len());
        inf.sections.push(Section { name, place, lines: Vec::new() });
        inf.sections.len() - 1
    }))
}

/// A line by its key and values. An equals sign after the first comma is text.
fn split(letters: &[Letter]) -> Line {
    let place = letters[0].place;
    let plain = |one: &Letter, letter: char| one.letter == letter && !one.is_quoted;
    let stop = letters.iter().position(|one| plain(one, '=') || plain(one, ','));
    let equals = stop.filter(|&at| plain(&letters[at], '='));
    let (key, rest) = match equals {
        Some(at) => (Some(field(&letters[..at], place)), &letters[at + 1..]),
        None => (None, letters),
    };
    let mut after = equals.map_or(place, |at| letters[at].place);
    let mut values = Vec::new();
    for part in rest.split(|one| plain(one, ',')) {
        values.push(field(part, after));
        after = part.last().map_or(after, |one| one.place);
    }
    Line { place, key, values }
}
