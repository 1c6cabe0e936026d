//! A resource as a word of a command line: `port:220+16`, `irq:5`, `mpu401`.

use std::fmt;
use std::str::FromStr;

use super::{Answers, CardResource, PortRange, SOUND_BLASTER_DSP};

/// A text that is not a resource.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("'{text}' is no resource: {hint}")]
pub struct ParseResourceError {
    /// The text.
    pub text: String,
    /// What to write instead.
    pub hint: &'static str,
}

const FORMS: &str = "give mpu401, port:START+LENGTH, irq, irq:LINE, dma:CHANNEL or \
                     memory:START+LENGTH";
const PORTS: &str = "give port:START+LENGTH with START in hexadecimal and LENGTH in decimal or \
                     with 0x, as in port:220+16; ,sb-dsp behind it lets a Sound Blaster's DSP \
                     answer there";
const OWN: &str = "give mpu401, or mpu401+LENGTH for a range that is longer than the registers";
const LINES: &str = "give irq:LINE with a line from 2 to 15, or irq for the MPU-401's line";
const CHANNELS: &str = "give dma:CHANNEL with a channel from 0 to 7 that is not 4";
const MEMORY: &str = "give memory:START+LENGTH with START in hexadecimal and LENGTH in decimal or \
                      with 0x, as in memory:D0000+0x1000";

impl FromStr for CardResource {
    type Err = ParseResourceError;

    fn from_str(text: &str) -> Result<CardResource, ParseResourceError> {
        let fault = |hint| ParseResourceError { text: text.to_owned(), hint };
        if text == "irq" {
            return Ok(CardResource::Mpu401Line);
        }
        if let Some(rest) = text.strip_prefix("mpu401") {
            let length = match rest.strip_prefix('+') {
                None if rest.is_empty() => None,
                None => return Err(fault(OWN)),
                Some(length) => Some(number(length).ok_or(fault(OWN))?),
            };
            return Ok(CardResource::Mpu401 { length });
        }
        let (kind, value) = text.split_once(':').ok_or(fault(FORMS))?;
        match kind {
            "port" => ports(value).map(CardResource::Ports).ok_or(fault(PORTS)),
            "irq" => number(value).map(CardResource::Line).ok_or(fault(LINES)),
            "dma" => number(value).map(CardResource::Dma).ok_or(fault(CHANNELS)),
            "memory" => {
                let (start, length) = value.split_once('+').ok_or(fault(MEMORY))?;
                let start = address(start).ok_or(fault(MEMORY))?;
                let length = number(length).ok_or(fault(MEMORY))?;
                Ok(CardResource::Memory { start, length })
            }
            _ => Err(fault(FORMS)),
        }
    }
}

/// `START+LENGTH` or `START+LENGTH,sb-dsp`.
fn ports(text: &str) -> Option<PortRange> {
    let (range, answers) = match text.split_once(',') {
        None => (text, Answers::Nothing),
        Some((range, SOUND_BLASTER_DSP)) => (range, Answers::SoundBlasterDsp),
        Some(_) => return None,
    };
    let (start, length) = range.split_once('+')?;
    let start = u16::try_from(address(start)?).ok()?;
    Some(PortRange { start, length: number(length)?, answers })
}

/// A number in hexadecimal, with or without 0x before the digits. `--port` has the same form.
fn address(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X")).unwrap_or(text);
    only_digits(digits)?;
    u64::from_str_radix(digits, 16).ok()
}

/// A number in decimal, or in hexadecimal with 0x before the digits.
fn number<T: TryFrom<u64>>(text: &str) -> Option<T> {
    let value = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(_) => address(text)?,
        None => {
            only_digits(text)?;
            text.parse().ok()?
        }
    };
    T::try_from(value).ok()
}

/// `None` if the text has a sign, or any other character that is not a hexadecimal digit.
fn only_digits(text: &str) -> Option<()> {
    text.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())
}

impl fmt::Display for CardResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CardResource::Mpu401 { length: None } => f.write_str("mpu401"),
            CardResource::Mpu401 { length: Some(length) } => write!(f, "mpu401+{length}"),
            CardResource::Mpu401Line => f.write_str("irq"),
            CardResource::Ports(range) => write!(f, "port:{range}"),
            CardResource::Line(line) => write!(f, "irq:{line}"),
            CardResource::Dma(channel) => write!(f, "dma:{channel}"),
            CardResource::Memory { start, length } => write!(f, "memory:{start:X}+0x{length:X}"),
        }
    }
}

/// `220+16`, or `220+16,sb-dsp` for a range with built-in answers.
impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}+{}", self.start, self.length)?;
        match self.answers {
            Answers::SoundBlasterDsp => write!(f, ",{SOUND_BLASTER_DSP}"),
            Answers::Nothing | Answers::Table(_) => Ok(()),
        }
    }
}
