//! What makes a list of resources impossible, and how to mend it.

use std::ops::RangeInclusive;

use super::{Answers, CardResource, MOST_ANSWERS, MOST_RESOURCES, PortRange};

/// The number of ports of an MPU-401 whose registers are neighbours.
pub const MPU401_PORTS: u16 = 2;

/// The Sound Blaster's DSP answers at the offsets below this number.
const DSP_PORTS: u16 = 0x0F;

/// Where the card's own MPU-401 is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwnPlaces {
    /// The first port.
    pub port: u16,
    /// The distance of the two registers.
    pub status_offset: u16,
    /// The interrupt line; `None` if no line is known yet.
    pub line: Option<u8>,
}

/// The reason why a list of resources is impossible.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadResource {
    /// The index of the wrong resource in the list. If a resource is missing, the length of the
    /// list.
    pub index: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub hint: String,
}

/// Checks a list of resources; an empty list is not checked.
///
/// # Errors
/// [`BadResource`] if there are too many resources, if a resource is impossible by itself or beside
/// an earlier one, or if the list lacks a resource of the MPU-401.
pub fn check(resources: &[CardResource], own: OwnPlaces) -> Result<(), BadResource> {
    if resources.is_empty() {
        return Ok(());
    }
    if resources.len() > MOST_RESOURCES {
        let what = format!("there are {} resources", resources.len());
        return Err(bad(MOST_RESOURCES, what, format!("give at most {MOST_RESOURCES}")));
    }
    for (index, resource) in resources.iter().enumerate() {
        alone(resource, own).map_err(|(what, hint)| bad(index, what, hint))?;
        for before in &resources[..index] {
            beside(before, resource, own).map_err(|(what, hint)| bad(index, what, hint))?;
        }
    }
    complete(resources, own)
}

fn bad(index: usize, what: impl Into<String>, hint: impl Into<String>) -> BadResource {
    BadResource { index, what: what.into(), hint: hint.into() }
}

/// What is wrong, and how to mend it.
type Words = (String, String);

fn words<T>(what: impl Into<String>, hint: impl Into<String>) -> Result<T, Words> {
    Err((what.into(), hint.into()))
}

/// Checks one resource by itself.
fn alone(resource: &CardResource, own: OwnPlaces) -> Result<(), Words> {
    match resource {
        CardResource::Mpu401 { length: Some(length) } => own_length(*length, own),
        CardResource::Ports(range) => port_range(range),
        CardResource::Line(2..=15) | CardResource::Dma(0..=3 | 5..=7) => Ok(()),
        CardResource::Line(line) => {
            words(format!("there is no interrupt line {line}"), "use 2 to 15 (2 means 9)")
        }
        CardResource::Dma(4) => {
            words("DMA channel 4 connects the two controllers", "use 0 to 3 or 5 to 7")
        }
        CardResource::Dma(channel) => {
            words(format!("there is no DMA channel {channel}"), "use 0 to 3 or 5 to 7")
        }
        CardResource::Memory { start, length } => {
            let end = start.saturating_add(u64::from(*length));
            if *length == 0 {
                return words("a range of memory has no length", "give a length of 1 or more");
            }
            if end > 1 << 32 {
                let hint = "move it or make it shorter: the memory of a card lies below 4 GiB";
                return words(format!("memory {start:X}+{length:X} is too high"), hint);
            }
            Ok(())
        }
        CardResource::Mpu401 { length: None } | CardResource::Mpu401Line => Ok(()),
    }
}

fn own_length(length: u16, own: OwnPlaces) -> Result<(), Words> {
    if own.status_offset > 1 {
        let what = "the registers of this card are no neighbours, so its ports are no one range";
        return words(what, "leave the length out");
    }
    if length < MPU401_PORTS {
        let what = format!("the MPU-401 does not fit into {length} ports");
        return words(what, format!("give {MPU401_PORTS} or more, or leave the length out"));
    }
    match own.port.checked_add(length - 1) {
        Some(_) => Ok(()),
        None => words(
            format!("the range {:X}+{length} ends above port FFFF", own.port),
            "make it shorter",
        ),
    }
}

fn port_range(range: &PortRange) -> Result<(), Words> {
    let PortRange { start, length, answers } = range;
    if *length == 0 {
        return words("a range of ports has no length", "give a length of 1 or more");
    }
    if start.checked_add(length - 1).is_none() {
        return words(
            format!("the range {start:X}+{length} ends above port FFFF"),
            "move it or make it shorter",
        );
    }
    match answers {
        Answers::Nothing => Ok(()),
        Answers::SoundBlasterDsp if *length >= DSP_PORTS => Ok(()),
        Answers::SoundBlasterDsp => words(
            format!("the registers of a Sound Blaster's DSP do not fit into {length} ports"),
            "give the range 16 ports",
        ),
        Answers::Table(rows) => {
            if rows.len() > MOST_ANSWERS {
                let what = format!("the table of answers has {} rows", rows.len());
                return words(what, format!("give at most {MOST_ANSWERS}"));
            }
            let offsets = rows.iter().flat_map(|row| {
                [Some(row.offset), row.after.map(|after| after.offset)].into_iter().flatten()
            });
            match offsets.max().filter(|offset| offset >= length) {
                None => Ok(()),
                Some(offset) => words(
                    format!("offset {offset} lies behind the {length} ports of the range"),
                    format!("use an offset up to {}", length - 1),
                ),
            }
        }
    }
}

/// The ports that a resource takes.
fn ports(resource: &CardResource, own: OwnPlaces) -> Vec<RangeInclusive<u16>> {
    match resource {
        CardResource::Ports(range) => vec![range.start..=range.start + (range.length - 1)],
        CardResource::Mpu401 { length } if own.status_offset <= 1 => {
            let length = length.unwrap_or(MPU401_PORTS);
            vec![own.port..=own.port.saturating_add(length - 1)]
        }
        CardResource::Mpu401 { .. } => {
            let last = own.port.saturating_add(own.status_offset);
            vec![own.port..=own.port, last..=last]
        }
        _ => Vec::new(),
    }
}

/// The interrupt line that a resource takes.
fn line(resource: &CardResource, own: OwnPlaces) -> Option<u8> {
    match resource {
        CardResource::Line(2) => Some(9),
        CardResource::Line(line) => Some(*line),
        CardResource::Mpu401Line => own.line,
        _ => None,
    }
}

/// Checks two resources against each other, the earlier one first.
fn beside(one: &CardResource, other: &CardResource, own: OwnPlaces) -> Result<(), Words> {
    if let (CardResource::Mpu401 { .. }, CardResource::Mpu401 { .. }) = (one, other) {
        return words("two ranges are the MPU-401's", "leave one of them out");
    }
    for one in ports(one, own) {
        for other in ports(other, own) {
            if one.start() <= other.end() && other.start() <= one.end() {
                let range = |ports: &RangeInclusive<u16>| {
                    format!("{:X} to {:X}", ports.start(), ports.end())
                };
                let what = format!("the ports {} and {} overlap", range(&one), range(&other));
                return words(what, "move one of the ranges, or leave it out");
            }
        }
    }
    match (one, other) {
        (CardResource::Dma(one), CardResource::Dma(other)) if one == other => {
            words(format!("DMA channel {one} is there twice"), "leave one of them out")
        }
        (
            CardResource::Memory { start, length },
            CardResource::Memory { start: other, length: other_length },
        ) if *start < other + u64::from(*other_length) && *other < start + u64::from(*length) => {
            let what =
                format!("memory {start:X}+{length:X} and {other:X}+{other_length:X} overlap");
            words(what, "move one of the ranges, or leave it out")
        }
        (CardResource::Mpu401Line, CardResource::Mpu401Line) => {
            words("two interrupts are the MPU-401's line", "leave one of them out")
        }
        _ => match (line(one, own), line(other, own)) {
            (Some(one), Some(other)) if one == other => {
                words(format!("interrupt line {one} is there twice"), "leave one of them out")
            }
            _ => Ok(()),
        },
    }
}

/// Checks that the list has the range of the MPU-401. If the list has lines, and the MPU-401's line
/// is known, one of the lines must be the MPU-401's.
fn complete(resources: &[CardResource], own: OwnPlaces) -> Result<(), BadResource> {
    let end = resources.len();
    if !resources.iter().any(|one| matches!(one, CardResource::Mpu401 { .. })) {
        let what = "no range of the list is the MPU-401's";
        return Err(bad(end, what, "put mpu401 at its place among the ranges"));
    }
    let Some(card) = own.line else { return Ok(()) };
    let mut lines = resources.iter().filter_map(|one| line(one, own)).peekable();
    if lines.peek().is_some() && !lines.any(|line| line == card) {
        let what = format!("no interrupt of the list is the MPU-401's line {card}");
        return Err(bad(
            end,
            what,
            "put irq at its place among the lines, or give the MPU-401 a line of the list",
        ));
    }
    Ok(())
}
