//! The sections that LogConfig names: the hardware resources of a device.
//!
//! Source: WDK, "INF LogConfig directive".

use crate::error::{Fault, Place, short};
use crate::lines::{Field, Line};

/// A resource that a device needs, and the values that suit the device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WantedResource {
    /// The line in the file, from 1.
    pub line: usize,
    /// The values that suit the device, in the order of the file.
    pub wanted: Wanted,
}

/// The values of one resource that suit the device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// IOConfig: ranges of ports.
    Ports(Vec<RangeChoice>),
    /// MemConfig: ranges of memory.
    Memory(Vec<RangeChoice>),
    /// IRQConfig: interrupt lines.
    Lines(Vec<u8>),
    /// DMAConfig: DMA channels.
    Channels(Vec<u8>),
}

/// A range of a fixed length that may begin at several addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RangeChoice {
    /// Length in ports or bytes.
    pub length: u64,
    /// The range does not begin below this address.
    pub first: u64,
    /// The range does not begin above this address.
    pub last: u64,
    /// The bits that may be 1 in the address at which the range begins.
    pub mask: u64,
}

impl RangeChoice {
    /// True when the range may begin at this address.
    #[must_use]
    pub fn may_begin_at(&self, address: u64) -> bool {
        (self.first..=self.last).contains(&address) && address & self.mask == address
    }

    /// The lowest address at which the range may begin; `None` if there is no such address.
    #[must_use]
    pub fn lowest(&self) -> Option<u64> {
        // Assumed: the bits that must be 0 are the low ones. So the mask is an alignment.
        let free = !self.mask;
        let step = match free.trailing_ones() {
            0..64 => 1_u64 << free.trailing_ones(),
            _ => return (self.first == 0).then_some(0),
        };
        let start = self.first.checked_next_multiple_of(step)?;
        self.may_begin_at(start).then_some(start)
    }
}

/// The highest port, and the highest address of memory.
const HIGHEST_PORT: u64 = 0xFFFF;
const HIGHEST_ADDRESS: u64 = 0xFFFF_FFFF;

const RANGE: &str = "write ranges as 330-331, or as size@lowest-highest%mask, all in hexadecimal";

/// Reads a line of a LogConfig section; `None` for a directive that is not a resource.
pub(crate) fn read_line(line: &Line) -> Result<Option<WantedResource>, Fault> {
    let key = line.key.as_ref().map_or("", |key| &key.text).to_ascii_lowercase();
    let wanted = match &*key {
        "ioconfig" => Wanted::Ports(ranges(line, HIGHEST_PORT)?),
        "memconfig" => Wanted::Memory(ranges(line, HIGHEST_ADDRESS)?),
        "irqconfig" => Wanted::Lines(numbers(line, "SLE", 15, "an interrupt line")?),
        "dmaconfig" => Wanted::Channels(numbers(line, "DWNMABFT", 7, "a DMA channel")?),
        _ => return Ok(None),
    };
    Ok(Some(WantedResource { line: line.place.line, wanted }))
}

fn ranges(line: &Line, highest: u64) -> Result<Vec<RangeChoice>, Fault> {
    line.values.iter().map(|field| range(field, highest)).collect()
}

fn range(field: &Field, highest: u64) -> Result<RangeChoice, Fault> {
    let fault = || {
        let what = format!("{} is no range", short(&field.text));
        Fault::new(field.place, what, RANGE)
    };
    // The part in parentheses says how a card decodes addresses. It changes nothing here.
    let text = field.text.split('(').next().unwrap_or("");
    let (size, rest) = match text.split_once('@') {
        Some((size, rest)) => (Some(size), rest),
        None => (None, text),
    };
    let (rest, mask) = match rest.split_once('%') {
        Some((rest, mask)) if size.is_some() => (rest, hexadecimal(mask).ok_or_else(fault)?),
        Some(_) => return Err(fault()),
        None => (rest, u64::MAX),
    };
    let (first, end) = rest.split_once('-').ok_or_else(fault)?;
    let (first, end) = (hexadecimal(first).ok_or_else(fault)?, hexadecimal(end).ok_or_else(fault)?);
    if first > end || end > highest {
        let what = format!("the range {} is out of order or ends above {highest:X}", short(text));
        return Err(Fault::new(field.place, what, RANGE));
    }
    let whole = (end - first).saturating_add(1);
    let length = size.map_or(Some(whole), hexadecimal).ok_or_else(fault)?;
    if length == 0 || length > whole {
        let what = format!("a range of {length:X} does not fit into {}", short(text));
        return Err(Fault::new(field.place, what, RANGE));
    }
    Ok(RangeChoice { length, first, last: first + (whole - length), mask })
}

/// A number in hexadecimal. Assumed: the size is hexadecimal too, because the WDK's page shows
/// sizes such as 8000 for 32 KiB.
fn hexadecimal(text: &str) -> Option<u64> {
    let text = text.trim();
    let text = text.strip_prefix("0x").or(text.strip_prefix("0X")).unwrap_or(text);
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

/// Decimal numbers. `letters` are the attributes that may stand before the first number, with a
/// colon after them.
fn numbers(line: &Line, letters: &str, highest: u8, thing: &str) -> Result<Vec<u8>, Fault> {
    let mut numbers = Vec::new();
    for (index, field) in line.values.iter().enumerate() {
        let text = match field.text.split_once(':') {
            Some((before, rest)) if index == 0 => {
                check_attributes(before, letters, field.place)?;
                rest
            }
            _ => &field.text,
        };
        let number = text.trim().parse::<u8>().ok().filter(|number| *number <= highest);
        numbers.push(number.ok_or_else(|| {
            let what = format!("{} is not {thing}", short(text));
            Fault::new(field.place, what, format!("write decimal numbers up to {highest}"))
        })?);
    }
    Ok(numbers)
}

fn check_attributes(text: &str, letters: &str, place: Place) -> Result<(), Fault> {
    let is_known = |letter: char| letters.contains(letter.to_ascii_uppercase());
    if text.trim().chars().all(is_known) {
        return Ok(());
    }
    let what = format!("{} are no attributes", short(text));
    let hint = format!("write letters out of {letters} before the colon, or leave both out");
    Err(Fault::new(place, what, hint))
}
