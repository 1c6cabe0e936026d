//! The signals that arrive on MIDI IN.
//!
//! They are good bytes, or what a bad sender or a bad cable puts on the line.

use std::fmt::{self, Display, Formatter};

use hw_mpu401::{LINE_SPEEDS, LineSignal};

use super::Cost;
use super::host::duration;
use crate::ops::error::Fault;
use crate::ops::script::MIDI_IN_LIMIT;
use crate::ops::text::{MOST_BYTES, hex, short_us};
use crate::ops::words::{Word, Words};

const BYTES: &str = "write in 90 3C 40";
const SPEED: &str = "write in baud 38400 90 3C 40, with a speed from 300 to 250000";
const BREAK: &str = "write in break 500, in us, with a bit time (32 us) at least";

/// Signals that arrive one after the other, from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MidiInput {
    /// Bytes.
    Bytes(Vec<u8>),
    /// Bytes, each without its stop bit.
    WithoutStop(Vec<u8>),
    /// Bytes of a sender at another speed.
    AtSpeed {
        /// The speed, one of [`LINE_SPEEDS`].
        bits_per_second: u32,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The line is at space for this time, in ns.
    Break(u64),
}

/// Lines with their meaning.
pub(super) const FORMS: &[(&str, &str)] = &[
    ("in 90 3C 40", "bytes arrive on MIDI IN, back to back at wire pace, from now"),
    ("in 90 3C framing", "the same, but each byte has a space in the place of its stop bit"),
    ("in baud 38400 90 3C", "the same, from a sender at this speed, 300 to 250000 bit/s"),
    ("in break 500", "MIDI IN is at space for 500 us"),
];

impl MidiInput {
    pub(super) fn parse(words: &mut Words<'_>) -> Result<Self, Fault> {
        let first = words.need("the first byte", BYTES)?;
        match first.text {
            "break" => {
                let word = words.need("the time", BREAK)?;
                let duration_ns = duration(word)?;
                if (LineSignal::Break { duration_ns }).duration_ns() != duration_ns {
                    return Err(word.fault("as long as a bit", BREAK));
                }
                Ok(Self::Break(duration_ns))
            }
            "baud" => {
                let word = words.need("the speed", SPEED)?;
                let number = word.number(u64::from(*LINE_SPEEDS.end()))?;
                let speed = u32::try_from(number).ok().filter(|speed| LINE_SPEEDS.contains(speed));
                let bits_per_second = speed.ok_or_else(|| word.fault("a speed", SPEED))?;
                let first = words.need("the first byte", SPEED)?;
                let (bytes, end) = parse_bytes(first, words)?;
                match end {
                    Some(word) => Err(word.fault("a byte", SPEED)),
                    None => Ok(Self::AtSpeed { bits_per_second, bytes }),
                }
            }
            _ => {
                let (bytes, end) = parse_bytes(first, words)?;
                Ok(if end.is_some() { Self::WithoutStop(bytes) } else { Self::Bytes(bytes) })
            }
        }
    }

    /// The signals on the line.
    pub(super) fn signals(&self) -> Vec<LineSignal> {
        let each = |bytes: &[u8], signal: &dyn Fn(u8) -> LineSignal| {
            bytes.iter().map(|byte| signal(*byte)).collect()
        };
        match self {
            Self::Bytes(bytes) => each(bytes, &LineSignal::Byte),
            Self::WithoutStop(bytes) => each(bytes, &LineSignal::WithoutStop),
            Self::AtSpeed { bits_per_second, bytes } => {
                each(bytes, &|byte| LineSignal::AtSpeed { byte, bits_per_second: *bits_per_second })
            }
            Self::Break(duration_ns) => vec![LineSignal::Break { duration_ns: *duration_ns }],
        }
    }

    pub(super) fn cost(&self) -> Cost {
        let input = match self {
            Self::Bytes(bytes) | Self::WithoutStop(bytes) | Self::AtSpeed { bytes, .. } => {
                bytes.len() as u64
            }
            Self::Break(_) => 1,
        };
        Cost { input: input.min(MIDI_IN_LIMIT + 1), ..Cost::default() }
    }
}

/// Reads the bytes of a line. If the word `framing` ends the line, the result has this word too.
fn parse_bytes<'t>(
    first: Word<'t>,
    words: &mut Words<'t>,
) -> Result<(Vec<u8>, Option<Word<'t>>), Fault> {
    let mut bytes = vec![first.byte()?];
    while let Some(word) = words.next() {
        if word.text == "framing" {
            words.end("end the line behind framing")?;
            return Ok((bytes, Some(word)));
        }
        bytes.push(word.byte()?);
    }
    Ok((bytes, None))
}

impl Display for MidiInput {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let shown = |bytes: &[u8]| match bytes.len() {
            count if count > MOST_BYTES => format!("{} ... ({count} bytes)", hex(&bytes[..3])),
            _ => hex(bytes),
        };
        match self {
            Self::Bytes(bytes) => write!(f, "in {}", shown(bytes)),
            Self::WithoutStop(bytes) => write!(f, "in {} framing", shown(bytes)),
            Self::AtSpeed { bits_per_second, bytes } => {
                write!(f, "in baud {bits_per_second} {}", shown(bytes))
            }
            Self::Break(duration_ns) => write!(f, "in break {}", short_us(*duration_ns)),
        }
    }
}
