//! Reads a card file, key by key.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use hw_mpu401::behaviour::{Kind, LATENCIES, Latency, Length, Radix};
use hw_mpu401::{
    BYTE_TIME_NS, Behaviour, CardProfile, EmptyRead, Fifos, FirmwareId, FixedAnswers,
    InterruptCauses, MAX_ANSWERS, NEVER_NS, ResetOutput, Spread, Text, Timing, cards, families,
};
use toml::de::DeTable;

use super::consistency::contradiction;
use super::error::Fault;
use super::keys::{Key, Value, keys};
use super::resources::{RESOURCE_KEY, read_resources};
use super::value::{Entry, entries};
use super::{CardFile, CardFileError};
use crate::nearest::{nearest, with_nearest};
use crate::place::line_and_column;
use crate::shown;

/// The longest duration in a file, in ns: a day.
const MAX_TIME_NS: u64 = 86_400_000_000_000;

/// The longest name of a card, in characters.
const MAX_NAME: usize = 40;

const BASE_KEY: &str = "based-on";
const FAMILY_KEY: &str = "family";
const TIMING_KEY: &str = "timing";
const P95_KEY: &str = "p95";
const OUTPUT_KEYS: [&str; 3] = ["stop-before-ready-ns", "clock-after-ready-ns", "clock-period-ns"];

impl CardFile {
    /// Reads a card from the bytes of its file; `file` is the name of the file in messages.
    ///
    /// # Errors
    /// [`CardFileError`] for the first byte that is not UTF-8, or for a mistake in the text.
    pub fn from_bytes(file: &str, bytes: &[u8]) -> Result<Self, CardFileError> {
        let text = str::from_utf8(bytes).map_err(|error| {
            let (line, column) = line_and_column(bytes, error.valid_up_to());
            CardFileError {
                file: file.to_owned(),
                line,
                column,
                what: "a byte here is no text".to_owned(),
                hint: "save the file as plain text in UTF-8".to_owned(),
            }
        })?;
        CardFile::parse(file, text)
    }

    /// Reads a card; `file` is the name of its file in messages.
    ///
    /// # Errors
    /// [`CardFileError`] for a mistake in the text. Of several mistakes it names one.
    pub fn parse(file: &str, text: &str) -> Result<Self, CardFileError> {
        parse(text).map_err(|fault| fault.place(file, text))
    }
}

fn parse(text: &str) -> Result<CardFile, Fault> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let what = format!("this is no TOML: {}", shown(error.message()));
        Fault::new(at, what, "write key = value, one a line, with texts in \"\"")
    })?;
    let entries = entries(table.get_ref());
    let start = start(&entries)?;
    let needed = if start.profile.is_some() { Needed::Differences } else { Needed::Everything };
    let mut profile = start.profile.unwrap_or(&cards()[0]).clone();
    for entry in &entries {
        match keys().find(|key| key.name == entry.key) {
            Some(key) => read_key(&mut profile, &key, entry)?,
            None => match entry.key {
                TIMING_KEY => read_timing(&mut profile.behaviour.timing, entry, needed)?,
                BASE_KEY | FAMILY_KEY | RESOURCE_KEY => {}
                _ => return Err(unknown(entry, keys().map(|key| key.name))),
            },
        }
    }
    let is_given = |name: &str| entries.iter().any(|entry| entry.key == name);
    let names = keys().map(|key| key.name).chain([TIMING_KEY]);
    let mut names = names.filter(|name| *name == "name" || needed == Needed::Everything);
    if let Some(name) = names.find(|name| !is_given(name)) {
        return Err(missing(name, text.len()));
    }
    check(&profile.behaviour, &entries)?;
    let listed = entries.iter().find(|entry| entry.key == RESOURCE_KEY);
    let resources = listed.map(|entry| read_resources(entry, &profile.behaviour)).transpose()?;
    Ok(CardFile { profile, based_on: start.based_on, resources: resources.unwrap_or_default() })
}

/// What a card file must have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needed {
    /// The name, and the values that differ from the profile with which the card starts.
    Differences,
    /// Every key.
    Everything,
}

/// The profile that a card starts from.
struct Start {
    /// The profile that has every value that the file leaves out; `None` if the file must have all
    /// values.
    profile: Option<&'static CardProfile>,
    /// The name of the card from which this card starts; `None` for a family.
    based_on: Option<String>,
}

fn start(entries: &[Entry<'_>]) -> Result<Start, Fault> {
    let find = |key: &str| entries.iter().find(|entry| entry.key == key);
    match (find(BASE_KEY), find(FAMILY_KEY)) {
        (None, None) => Ok(Start { profile: None, based_on: None }),
        (Some(entry), None) => {
            let card = known(entry, cards())?;
            Ok(Start { profile: Some(card), based_on: Some(card.name.to_string()) })
        }
        (None, Some(entry)) => {
            Ok(Start { profile: Some(known(entry, families())?), based_on: None })
        }
        (Some(base), Some(family)) => {
            let what = "a card cannot start from another card and from a family";
            let hint = format!("leave out {BASE_KEY} or {FAMILY_KEY}");
            Err(Fault::new(base.at.max(family.at), what, hint))
        }
    }
}

/// The card or family that an entry names.
fn known(entry: &Entry<'_>, all: &'static [CardProfile]) -> Result<&'static CardProfile, Fault> {
    let name = entry.value.get_ref().as_str();
    let found = name.and_then(|name| all.iter().find(|profile| profile.name == name));
    found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|profile| &*profile.name).collect();
        let hint = format!("write one of {}", names.join(", "));
        entry.fault(with_nearest(name.unwrap_or_default(), names, &hint))
    })
}

/// Looks for values of a card that exclude each other. The fault is at a key of these values, or at
/// `[timing]` for a latency.
fn check(behaviour: &Behaviour, entries: &[Entry<'_>]) -> Result<(), Fault> {
    let Some(contradiction) = contradiction(behaviour) else { return Ok(()) };
    let place = contradiction.keys.iter().find_map(|key| {
        let inside = entries.iter().find(|entry| entry.key == TIMING_KEY && key.ends_with("-ns"));
        entries.iter().find(|entry| entry.key == *key).or(inside)
    });
    let at = place.map_or(0, |entry| entry.at);
    Err(Fault::new(at, contradiction.what, contradiction.hint))
}

fn missing(key: &str, end: usize) -> Fault {
    let what = format!("the key {key} is missing");
    let hint = match key {
        "name" => "give the card a name, as in name = \"my-card\"".to_owned(),
        _ => "write it, or what to start from, as in based-on = \"roland-mpu401\" or \
              family = \"fifo-chip\""
            .to_owned(),
    };
    Fault::new(end, what, hint)
}

/// A fault for an unknown key. The hint has the known key that is most like the unknown key, if one
/// is like it.
fn unknown(entry: &Entry<'_>, known: impl Iterator<Item = &'static str>) -> Fault {
    let what = format!("there is no key {}", shown(entry.key));
    let known = known.chain([BASE_KEY, FAMILY_KEY, TIMING_KEY, RESOURCE_KEY]);
    let hint = match nearest(entry.key, known) {
        Some(key) => format!("did you mean {key}?"),
        None => "cards --show roland-mpu401 shows all keys".to_owned(),
    };
    Fault::new(entry.at, what, hint)
}

fn read_key(card: &mut CardProfile, key: &Key, entry: &Entry<'_>) -> Result<(), Fault> {
    match &key.value {
        Value::Text { set, .. } => {
            let text = entry.text("write a text in \"\"")?;
            if key.name == "name" {
                check_name(entry, &text)?;
            }
            set(card, Text::Owned(text));
        }
        Value::Sources => {
            let texts = entry.list("write a list of texts, as in [\"measured by me\"]")?;
            card.sources = Cow::Owned(texts.into_iter().map(Text::Owned).collect());
        }
        Value::Behaviour(kind) => read_field(&mut card.behaviour, kind, entry)?,
    }
    Ok(())
}

fn read_field(behaviour: &mut Behaviour, kind: &Kind, entry: &Entry<'_>) -> Result<(), Fault> {
    match kind {
        Kind::Number { range, radix, place } => {
            (place.set)(behaviour, entry.number(range.clone(), *radix)?);
        }
        Kind::Word { words, place } => (place.set)(behaviour, entry.word(words)?),
        Kind::Firmware(place) => (place.set)(behaviour, read_firmware(entry)?),
        Kind::Answers(place) => (place.set)(behaviour, read_answers(entry)?),
        Kind::EmptyRead(place) => (place.set)(behaviour, read_empty_read(entry)?),
        Kind::Fifos(place) => (place.set)(behaviour, read_fifos(entry)?),
        Kind::Causes(place) => (place.set)(behaviour, read_causes(entry)?),
        Kind::ResetOutput(place) => (place.set)(behaviour, read_reset_output(entry)?),
    }
    Ok(())
}

fn check_name(entry: &Entry<'_>, name: &str) -> Result<(), Fault> {
    let is_name_letter =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.len() <= MAX_NAME && name.bytes().all(is_name_letter) {
        return Ok(());
    }
    Err(entry.fault(format!("write at most {MAX_NAME} lower case letters, digits and -")))
}

fn is_none(entry: &Entry<'_>) -> bool {
    entry.value.get_ref().as_str() == Some("none")
}

fn read_firmware(entry: &Entry<'_>) -> Result<Option<FirmwareId>, Fault> {
    if is_none(entry) {
        return Ok(None);
    }
    let hint = "write { version = 0x15, revision = 0x01 } or \"none\"";
    let found = entry.table(&["version", "revision"], hint)?;
    let byte = |entry: &Entry<'_>| entry.number(0..=0xFF, Radix::Hexadecimal);
    let (version, revision) = (byte(&found[0])?, byte(&found[1])?);
    Ok(Some(FirmwareId { version: version as u8, revision: revision as u8 }))
}

fn read_answers(entry: &Entry<'_>) -> Result<FixedAnswers, Fault> {
    const HINT: &str = "write commands in hexadecimal, as in { \"A0-A7\" = 0x00, AC = 0x15 }";
    if is_none(entry) {
        return Ok(FixedAnswers::NONE);
    }
    let table = entry.value.get_ref().as_table().ok_or_else(|| entry.fault(HINT))?;
    let rows = entries(table);
    if rows.len() > MAX_ANSWERS {
        let what = format!("{} has more than {MAX_ANSWERS} rows", entry.key);
        return Err(Fault::new(entry.at, what, "put neighbours with one answer into one row"));
    }
    let mut answers = FixedAnswers::NONE;
    for row in &rows {
        let what = || format!("{} names no commands", shown(row.key));
        let commands = commands_of(row.key).ok_or_else(|| Fault::new(row.at, what(), HINT))?;
        if let Some(twice) = commands.clone().find(|code| answers.answer_to(*code).is_some()) {
            let what = format!("command {twice:02X} has two answers");
            return Err(Fault::new(row.at, what, "name each command in one row only"));
        }
        let answer = row.number(0..=0xFF, Radix::Hexadecimal)?;
        answers = answers.with(commands, answer as u8);
    }
    Ok(answers)
}

/// The commands that the key of a row of answers names: `AC`, or `A0-A7`.
fn commands_of(key: &str) -> Option<RangeInclusive<u8>> {
    let (first, last) = key.split_once('-').unwrap_or((key, key));
    let code = |digits: &str| {
        let is_code = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u8::from_str_radix(digits, 16).ok().filter(|_| is_code)
    };
    let (first, last) = (code(first)?, code(last)?);
    (first <= last).then_some(first..=last)
}

fn read_empty_read(entry: &Entry<'_>) -> Result<EmptyRead, Fault> {
    match entry.value.get_ref().as_str() {
        Some("stale") => return Ok(EmptyRead::Stale),
        Some("last-input") => return Ok(EmptyRead::LastInput),
        _ => {}
    }
    let hint = "write \"stale\", \"last-input\" or a byte, as in 0xFE";
    let byte = entry.number(0..=0xFF, Radix::Hexadecimal).map_err(|_| entry.fault(hint))?;
    Ok(EmptyRead::Value(byte as u8))
}

fn read_fifos(entry: &Entry<'_>) -> Result<Fifos, Fault> {
    let [is_tx, is_rx] = read_tx_and_rx(entry)?;
    let mut fifos = Fifos::empty();
    fifos.set(Fifos::TX, is_tx);
    fifos.set(Fifos::RX, is_rx);
    Ok(fifos)
}

fn read_causes(entry: &Entry<'_>) -> Result<InterruptCauses, Fault> {
    let [is_tx, is_rx] = read_tx_and_rx(entry)?;
    let mut causes = InterruptCauses::empty();
    causes.set(InterruptCauses::TRANSMIT, is_tx);
    causes.set(InterruptCauses::RECEIVE, is_rx);
    Ok(causes)
}

/// Whether a list has "tx", and whether it has "rx".
fn read_tx_and_rx(entry: &Entry<'_>) -> Result<[bool; 2], Fault> {
    let hint = "write a list of \"tx\" and \"rx\", as in [\"rx\"] or []";
    let names = entry.list(hint)?;
    if names.iter().any(|name| !matches!(name.as_str(), "tx" | "rx")) {
        return Err(entry.fault(hint));
    }
    Ok(["tx", "rx"].map(|name| names.iter().any(|given| given == name)))
}

fn read_reset_output(entry: &Entry<'_>) -> Result<Option<ResetOutput>, Fault> {
    if is_none(entry) {
        return Ok(None);
    }
    let hint = format!("write {{ {} = 0, ... }} or \"none\"", OUTPUT_KEYS.join(" = 0, "));
    let found = entry.table(&OUTPUT_KEYS, &hint)?;
    let time = |index: usize, least| {
        let entry: &Entry<'_> = &found[index];
        entry.number(least..=MAX_TIME_NS, Radix::Decimal)
    };
    Ok(Some(ResetOutput {
        stop_before_ready_ns: time(0, 0)?,
        clock_after_ready_ns: time(1, 0)?,
        clock_period_ns: time(2, BYTE_TIME_NS)?,
    }))
}

fn read_timing(timing: &mut Timing, entry: &Entry<'_>, needed: Needed) -> Result<(), Fault> {
    let table = entry.value.get_ref().as_table();
    let table = table.ok_or_else(|| entry.fault("write [timing] and its keys below"))?;
    let found = entries(table);
    for entry in &found {
        let Some(latency) = LATENCIES.iter().find(|latency| latency.key == entry.key) else {
            return Err(unknown(entry, LATENCIES.iter().map(|latency| latency.key)));
        };
        *(latency.get_mut)(timing) = read_spread(latency, entry)?;
    }
    let is_given = |key: &str| found.iter().any(|entry| entry.key == key);
    match LATENCIES.iter().find(|latency| !is_given(latency.key)) {
        Some(latency) if needed == Needed::Everything => Err(missing(latency.key, entry.at)),
        _ => Ok(()),
    }
}

fn read_spread(latency: &Latency, entry: &Entry<'_>) -> Result<Spread, Fault> {
    let value = entry.value.get_ref();
    if latency.length == Length::FiniteOrNever && value.as_str() == Some("never") {
        return Ok(Spread::exactly(NEVER_NS));
    }
    if let Some(table) = value.as_table() {
        return read_range(entry, entries(table).iter().any(|entry| entry.key == P95_KEY));
    }
    let hint = format!("write ns up to {MAX_TIME_NS} (a day), or {{ min = 1, typ = 2, max = 3 }}");
    let time = entry.number(0..=MAX_TIME_NS, Radix::Decimal).map_err(|_| entry.fault(hint))?;
    Ok(Spread::exactly(time))
}

/// Reads a table with the ends and the median of a latency, and perhaps its 95th percentile.
fn read_range(entry: &Entry<'_>, has_p95: bool) -> Result<Spread, Fault> {
    let (keys, hint): (&[&str], _) = match has_p95 {
        true => (&["min", "typ", P95_KEY, "max"], "write { min = 1, typ = 2, p95 = 3, max = 4 }"),
        false => (&["min", "typ", "max"], "write { min = 1, typ = 2, max = 3 }"),
    };
    let found = entry.table(keys, hint)?;
    let times: Vec<u64> = found
        .iter()
        .map(|entry| entry.number(0..=MAX_TIME_NS, Radix::Decimal))
        .collect::<Result<_, _>>()?;
    match times[..] {
        _ if !times.is_sorted() => {
            let what = format!("{} has {} out of order", entry.key, listed(keys));
            let hint = format!("write them so that {}", keys.join(" <= "));
            Err(Fault::new(entry.at, what, hint))
        }
        [min, typ, p95, max] => Ok(Spread::measured(min, typ, p95, max)),
        [min, typ, max] => Ok(Spread::between(min, typ, max)),
        _ => Err(entry.fault(hint)),
    }
}

/// The words as a list: `a, b and c`.
fn listed(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
