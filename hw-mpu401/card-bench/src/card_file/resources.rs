//! Reads and writes the tables `[[resource]]` of a card file.

use std::fmt::Write;

use hw_mpu401::Behaviour;
use hw_mpu401::behaviour::Radix;

use super::error::Fault;
use super::value::{Entry, entries};
use crate::nearest::with_nearest;
use crate::resources::{
    AnswerRow, Answers, CardResource, MOST_ANSWERS, OwnPlaces, PortRange, SOUND_BLASTER_DSP,
    WrittenByte, check,
};
use crate::shown;

/// The key of the tables in the file.
pub(super) const RESOURCE_KEY: &str = "resource";

const KINDS: [&str; 5] = ["mpu401", "port", "irq", "dma", "memory"];

/// The keys of a resource besides `kind`, in the order of [`KINDS`].
const KEYS: [&[&str]; 5] =
    [&["length"], &["start", "length", "answers"], &["line"], &["channel"], &["start", "length"]];

const ANSWERS: &str = "write answers = \"sb-dsp\", or a list of rows as in \
                       [{ offset = 0, value = 0xC0, after = { offset = 1, value = 0x21 } }]";

/// Reads all tables `[[resource]]` of the file. `behaviour` says where the card itself is.
pub(super) fn read_resources(
    entry: &Entry<'_>,
    behaviour: &Behaviour,
) -> Result<Vec<CardResource>, Fault> {
    let hint = "write [[resource]] and its keys below, once for each resource";
    let tables = entry.value.get_ref().as_array().ok_or_else(|| entry.fault(hint))?;
    let mut resources = Vec::new();
    let mut places = Vec::new();
    for value in tables.iter() {
        let one = Entry { key: RESOURCE_KEY, at: value.span().start, value };
        let table = value.get_ref().as_table().ok_or_else(|| one.fault(hint))?;
        resources.push(read_resource(one.at, &entries(table))?);
        places.push(one.at);
    }
    let own = OwnPlaces {
        port: behaviour.usual_port,
        status_offset: behaviour.status_offset,
        line: None,
    };
    check(&resources, own).map_err(|bad| {
        let at = places.get(bad.index).or(places.last()).copied().unwrap_or(entry.at);
        Fault::new(at, bad.what, bad.hint)
    })?;
    Ok(resources)
}

fn read_resource(at: usize, found: &[Entry<'_>]) -> Result<CardResource, Fault> {
    let find = |key: &str| found.iter().find(|entry| entry.key == key);
    let kinds = || format!("write kind = \"port\"; the kinds are {}", KINDS.join(", "));
    let kind = find("kind").ok_or_else(|| Fault::new(at, "the resource has no kind", kinds()))?;
    let kind = kind.word(&KINDS)?;
    let is_known = |entry: &&Entry<'_>| entry.key == "kind" || KEYS[kind].contains(&entry.key);
    if let Some(entry) = found.iter().find(|entry| !is_known(entry)) {
        let what =
            format!("a resource of the kind {} has no key {}", KINDS[kind], shown(entry.key));
        let hint = format!("its keys are {}", KEYS[kind].join(", "));
        let hint = with_nearest(entry.key, KEYS[kind].iter().copied(), &hint);
        return Err(Fault::new(entry.at, what, hint));
    }
    let needed = |key: &str, form: &str| {
        let what = format!("the resource has no {key}");
        find(key).ok_or_else(|| Fault::new(at, what, format!("write {form}")))
    };
    let port = |entry: &Entry<'_>| entry.number(0..=0xFFFF, Radix::Hexadecimal);
    Ok(match KINDS[kind] {
        "mpu401" => {
            let length = find("length").map(|entry| entry.number(1..=0xFFFF, Radix::Decimal));
            CardResource::Mpu401 { length: length.transpose()?.map(|length| length as u16) }
        }
        "port" => {
            let length = needed("length", "length = 16")?.number(1..=0xFFFF, Radix::Decimal)?;
            CardResource::Ports(PortRange {
                start: port(needed("start", "start = 0x220")?)? as u16,
                length: length as u16,
                answers: find("answers").map_or(Ok(Answers::Nothing), read_answers)?,
            })
        }
        "irq" => match find("line") {
            Some(entry) => CardResource::Line(entry.number(2..=15, Radix::Decimal)? as u8),
            None => CardResource::Mpu401Line,
        },
        "dma" => {
            let channel = needed("channel", "channel = 1")?;
            CardResource::Dma(channel.number(0..=7, Radix::Decimal)? as u8)
        }
        _ => {
            let start = needed("start", "start = 0xD0000")?;
            let length = needed("length", "length = 0x1000")?;
            CardResource::Memory {
                start: start.number(0..=0xFFFF_FFFF, Radix::Hexadecimal)?,
                length: length.number(1..=0xFFFF_FFFF, Radix::Hexadecimal)? as u32,
            }
        }
    })
}

fn read_answers(entry: &Entry<'_>) -> Result<Answers, Fault> {
    if entry.value.get_ref().as_str() == Some(SOUND_BLASTER_DSP) {
        return Ok(Answers::SoundBlasterDsp);
    }
    let rows = entry.value.get_ref().as_array().ok_or_else(|| entry.fault(ANSWERS))?;
    if rows.len() > MOST_ANSWERS {
        let what = format!("answers has {} rows", rows.len());
        return Err(Fault::new(entry.at, what, format!("write at most {MOST_ANSWERS}")));
    }
    let row = |value| read_row(&Entry { key: "a row of answers", at: span_start(value), value });
    rows.iter().map(row).collect::<Result<_, _>>().map(Answers::Table)
}

fn span_start<T>(value: &toml::Spanned<T>) -> usize {
    value.span().start
}

fn read_row(row: &Entry<'_>) -> Result<AnswerRow, Fault> {
    let table = row.value.get_ref().as_table().ok_or_else(|| row.fault(ANSWERS))?;
    let found = entries(table);
    let after = found.iter().find(|entry| entry.key == "after");
    let keys: &[&str] = match after {
        Some(_) => &["offset", "value", "after"],
        None => &["offset", "value"],
    };
    let (offset, value) = read_access(&row.table(keys, ANSWERS)?)?;
    let after = after.map(|entry| {
        let (offset, value) = read_access(&entry.table(&["offset", "value"], ANSWERS)?)?;
        Ok(WrittenByte { offset, value })
    });
    Ok(AnswerRow { offset, value, after: after.transpose()? })
}

/// The first two entries: an offset and a byte.
fn read_access(entries: &[Entry<'_>]) -> Result<(u16, u8), Fault> {
    let offset = entries[0].number(0..=0xFFFF, Radix::Hexadecimal)?;
    let value = entries[1].number(0..=0xFF, Radix::Hexadecimal)?;
    Ok((offset as u16, value as u8))
}

/// The tables as text; an empty text for a card without a list of resources.
pub(super) fn tables(resources: &[CardResource]) -> String {
    let mut text = String::new();
    for resource in resources {
        let keys = match resource {
            CardResource::Mpu401 { length: None } => "kind = \"mpu401\"\n".to_owned(),
            CardResource::Mpu401 { length: Some(length) } => {
                format!("kind = \"mpu401\"\nlength = {length}\n")
            }
            CardResource::Mpu401Line => "kind = \"irq\"\n".to_owned(),
            CardResource::Line(line) => format!("kind = \"irq\"\nline = {line}\n"),
            CardResource::Dma(channel) => format!("kind = \"dma\"\nchannel = {channel}\n"),
            CardResource::Memory { start, length } => {
                format!("kind = \"memory\"\nstart = 0x{start:X}\nlength = 0x{length:X}\n")
            }
            CardResource::Ports(PortRange { start, length, answers }) => {
                let answers = answers_text(answers);
                format!("kind = \"port\"\nstart = 0x{start:X}\nlength = {length}\n{answers}")
            }
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "\n[[resource]]\n{keys}");
    }
    text
}

fn answers_text(answers: &Answers) -> String {
    match answers {
        Answers::Nothing => String::new(),
        Answers::SoundBlasterDsp => format!("answers = \"{SOUND_BLASTER_DSP}\"\n"),
        Answers::Table(rows) => {
            let row = |row: &AnswerRow| {
                let after = row.after.map(|WrittenByte { offset, value }| {
                    format!(", after = {{ offset = 0x{offset:X}, value = 0x{value:02X} }}")
                });
                let after = after.unwrap_or_default();
                format!(
                    "    {{ offset = 0x{:X}, value = 0x{:02X}{after} }},\n",
                    row.offset, row.value
                )
            };
            format!("answers = [\n{}]\n", rows.iter().map(row).collect::<String>())
        }
    }
}
