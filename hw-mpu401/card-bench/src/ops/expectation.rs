//! What a script expects of a step: how it is written, and when it is met.

use std::fmt::{self, Display, Formatter};

use hw_mpu401::InterruptCauses;

use super::action::{Action, parse_causes};
use super::error::Fault;
use super::result::Got;
use super::text::{causes_text, hex, short_us};
use super::words::{Word, Words};

const CAUSES: &str = "write -> rx, -> tx, -> rx tx or -> none";
const MORE: &str = "end the line here, or begin a comment with #";
/// The words that may follow a result. Each of them begins one more expectation.
const TIME_WORDS: [&str; 4] = ["within", "took", "starts", "pace"];

/// What is expected of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The result that the step must give.
    pub result: Expected,
    /// When the step must end, counted from `init`.
    pub within: Option<Span>,
    /// How long the step must take.
    pub took: Option<Span>,
    /// When the bytes must begin on MIDI OUT: the first one counted from `init`, each further one
    /// from the beginning of the byte before it. `None` is any time. Bytes after the list may begin
    /// at any time.
    pub starts: Vec<Option<Span>>,
    /// The time from the beginning of each byte on MIDI OUT to the beginning of the next.
    pub pace: Option<Span>,
}

/// The result that a step must give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Any result.
    Any,
    /// A byte that is equal to the value in all bits of the mask.
    Byte {
        /// The bits.
        value: u8,
        /// The bits that count.
        mask: u8,
    },
    /// A byte that differs from the value in some bit of the mask.
    NotByte {
        /// The bits.
        value: u8,
        /// The bits that count.
        mask: u8,
    },
    /// How a poll ends.
    Poll(PollEnd),
    /// These bytes.
    Bytes(Vec<u8>),
    /// A number of bytes.
    Count {
        /// The smallest number.
        least: u64,
        /// The largest number.
        most: u64,
    },
    /// The level of the interrupt line.
    Line(Level),
    /// The causes of an interrupt.
    Causes(InterruptCauses),
}

/// How a poll ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PollEnd {
    /// The bits have the wanted values.
    Ok,
    /// The last read did not give the wanted values.
    Timeout,
}

/// The level of the interrupt line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// The card requests an interrupt.
    Up,
    /// The card requests no interrupt.
    Down,
}

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The beginning, in ns.
    pub from_ns: u64,
    /// The end, in ns.
    pub to_ns: u64,
}

impl Span {
    /// True for a time inside.
    #[must_use]
    pub fn contains(self, time_ns: u64) -> bool {
        (self.from_ns..=self.to_ns).contains(&time_ns)
    }
}

/// The kind of an action's result. The kind decides what a line may expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResultKind {
    /// A byte that was read.
    Byte,
    /// How a poll ended.
    PollEnd,
    /// Bytes that a `drain` read.
    Drained,
    /// Bytes that left on MIDI OUT.
    Wire,
    /// The level of the interrupt line.
    Level,
    /// The causes of an interrupt.
    Causes,
}

impl ResultKind {
    /// What to write after the arrow.
    fn hint(self) -> &'static str {
        match self {
            Self::Byte => {
                "write a byte, like 80, or a byte and a mask, like 80/C0, or not before one of them"
            }
            Self::PollEnd => "write -> ok or -> timeout",
            Self::Drained | Self::Wire => "write bytes, none, or count and a number",
            Self::Level => "write -> up or -> down",
            Self::Causes => CAUSES,
        }
    }

    /// Reads the expected result.
    fn parse(self, words: &mut Words<'_>) -> Result<Expected, Fault> {
        let is_any = words.peek().is_some_and(|word| word.text == "any");
        if self == Self::Causes && !is_any {
            return parse_causes(words, CAUSES).map(Expected::Causes);
        }
        let word = words.need("what is expected", self.hint())?;
        if word.text == "any" {
            return Ok(Expected::Any);
        }
        Ok(match (self, word.text) {
            (Self::Byte, "not") => {
                let byte = words.need("the byte", "write -> not FF or -> not C0/C0")?;
                let (value, mask) = parse_masked(byte)?;
                Expected::NotByte { value, mask }
            }
            (Self::Byte, _) => {
                let (value, mask) = parse_masked(word)?;
                Expected::Byte { value, mask }
            }
            (Self::PollEnd, "ok") => Expected::Poll(PollEnd::Ok),
            (Self::PollEnd, "timeout") => Expected::Poll(PollEnd::Timeout),
            (Self::Level, "up") => Expected::Line(Level::Up),
            (Self::Level, "down") => Expected::Line(Level::Down),
            (Self::Drained | Self::Wire, "none") => Expected::Bytes(Vec::new()),
            (Self::Drained | Self::Wire, "count") => {
                let (least, most) = words.need("the number", "write -> count 300")?.count()?;
                Expected::Count { least, most }
            }
            (Self::Drained | Self::Wire, _) => parse_bytes(word, words)?,
            (Self::PollEnd | Self::Level | Self::Causes, _) => {
                let hint = format!("{}, or -> any", self.hint());
                let known = ["ok", "timeout", "up", "down", "any"];
                return Err(word.unknown("a result of this line", known, &hint));
            }
        })
    }
}

impl Expectation {
    /// Reads the end of a line, after its action: nothing, or `->` and the expected result.
    pub(super) fn parse_end(action: &Action, words: &mut Words<'_>) -> Result<Option<Self>, Fault> {
        let Some(arrow) = words.next() else {
            return Ok(None);
        };
        if arrow.text != "->" {
            let hint = "write -> before what is expected, with spaces";
            return Err(arrow.fault("expected here", hint));
        }
        match action.result_kind() {
            Some(kind) => Self::parse(kind, words).map(Some),
            None => Err(arrow.fault("expected here", "nothing can be expected of this line")),
        }
    }

    /// Reads the expected result, after the arrow.
    pub(super) fn parse(kind: ResultKind, words: &mut Words<'_>) -> Result<Self, Fault> {
        let result = kind.parse(words)?;
        let mut expectation =
            Expectation { result, within: None, took: None, starts: Vec::new(), pace: None };
        let is_wire = kind == ResultKind::Wire;
        while let Some(word) = words.next() {
            let place = match word.text {
                "within" if expectation.within.is_none() => &mut expectation.within,
                "took" if expectation.took.is_none() => &mut expectation.took,
                "pace" if is_wire && expectation.pace.is_none() => &mut expectation.pace,
                "starts" if is_wire && expectation.starts.is_empty() => {
                    expectation.starts = parse_starts(words)?;
                    continue;
                }
                _ => return Err(word.unknown("expected here", TIME_WORDS, MORE)),
            };
            *place = Some(words.need("the span", "write within 26000..28000, in us")?.span()?);
        }
        Ok(expectation)
    }

    /// True when there is something to check. A list of `starts` that are all `any` does not
    /// count.
    #[must_use]
    pub fn checks(&self) -> bool {
        let times = [self.within, self.took, self.pace];
        self.result != Expected::Any
            || times.iter().any(Option::is_some)
            || self.starts.iter().any(Option::is_some)
    }

    /// True when a step is as expected: `got` is its result, and it began and ended at these times.
    pub(super) fn is_met(&self, got: &Got, start_ns: u64, end_ns: u64) -> bool {
        let is_inside = |span: Option<Span>, time_ns| span.is_none_or(|s| s.contains(time_ns));
        self.result.is_met(got)
            && is_inside(self.within, end_ns)
            && is_inside(self.took, end_ns - start_ns)
            && self.is_in_time(got)
    }

    /// True when the bytes began on MIDI OUT at the expected times, if any are expected.
    fn is_in_time(&self, got: &Got) -> bool {
        let gaps = got.start_gaps();
        let starts = self.starts.iter().zip(&gaps);
        let is_inside = |span: &Option<Span>, gap_ns| span.is_none_or(|s| s.contains(gap_ns));
        let has_pace = |span: Span| {
            let paces = got.paces();
            !paces.is_empty() && paces.iter().all(|pace| span.contains(*pace))
        };
        self.starts.len() <= gaps.len()
            && starts.into_iter().all(|(span, gap_ns)| is_inside(span, *gap_ns))
            && self.pace.is_none_or(has_pace)
    }
}

impl Expected {
    /// True when a result is as expected.
    pub(super) fn is_met(&self, got: &Got) -> bool {
        match (self, got) {
            (Self::Any, _) => true,
            (Self::Byte { value, mask }, Got::Byte(byte)) => byte & mask == *value,
            (Self::NotByte { value, mask }, Got::Byte(byte)) => byte & mask != *value,
            (Self::Poll(expected), Got::Poll { end, .. }) => expected == end,
            (Self::Bytes(wanted), _) => got.bytes().is_some_and(|bytes| bytes == *wanted),
            (Self::Count { least, most }, _) => {
                got.bytes().is_some_and(|bytes| (*least..=*most).contains(&(bytes.len() as u64)))
            }
            (Self::Line(expected), Got::Line(level)) => expected == level,
            (Self::Causes(expected), Got::Causes(causes)) => expected == causes,
            _ => false,
        }
    }
}

/// Reads a byte with or without the mask of the bits that count.
fn parse_masked(word: Word<'_>) -> Result<(u8, u8), Fault> {
    let Some((value, mask)) = word.text.split_once('/') else {
        return Ok((word.byte()?, 0xFF));
    };
    let value = Word { text: value, ..word }.byte()?;
    let mask = Word { text: mask, column: word.column + 3 }.byte()?;
    if value & !mask != 0 {
        let hint = "set no bit before the / that the mask behind it leaves out";
        return Err(word.fault("a value that can be met", hint));
    }
    Ok((value, mask))
}

fn parse_bytes(first: Word<'_>, words: &mut Words<'_>) -> Result<Expected, Fault> {
    let mut bytes = vec![first.byte()?];
    while let Some(word) = words.peek() {
        if TIME_WORDS.contains(&word.text) {
            break;
        }
        bytes.push(word.byte()?);
        words.next();
    }
    Ok(Expected::Bytes(bytes))
}

/// Reads the spans after `starts`, up to the end of the line or the next of the [`TIME_WORDS`].
fn parse_starts(words: &mut Words<'_>) -> Result<Vec<Option<Span>>, Fault> {
    let hint = "write starts 20..30 320+-1, in us: the first byte since init, then from byte to \
                byte";
    let mut starts = Vec::new();
    let mut next = Some(words.need("the first span", hint)?);
    while let Some(word) = next {
        starts.push(if word.text == "any" { None } else { Some(word.span()?) });
        next = words.peek().filter(|word| !TIME_WORDS.contains(&word.text));
        if next.is_some() {
            words.next();
        }
    }
    Ok(starts)
}

impl Display for Expectation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.result)?;
        if let Some(span) = self.within {
            write!(f, " within {span}")?;
        }
        if let Some(span) = self.took {
            write!(f, " took {span}")?;
        }
        if !self.starts.is_empty() {
            f.write_str(" starts")?;
        }
        for span in &self.starts {
            match span {
                Some(span) => write!(f, " {span}")?,
                None => f.write_str(" any")?,
            }
        }
        if let Some(span) = self.pace {
            write!(f, " pace {span}")?;
        }
        Ok(())
    }
}

impl Display for Expected {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Expected::Any => f.write_str("any"),
            Expected::Byte { value, mask: 0xFF } => write!(f, "{value:02X}"),
            Expected::Byte { value, mask } => write!(f, "{value:02X}/{mask:02X}"),
            Expected::NotByte { value, mask: 0xFF } => write!(f, "not {value:02X}"),
            Expected::NotByte { value, mask } => write!(f, "not {value:02X}/{mask:02X}"),
            Expected::Poll(end) => end.fmt(f),
            Expected::Bytes(bytes) if bytes.is_empty() => f.write_str("none"),
            Expected::Bytes(bytes) => f.write_str(&hex(bytes)),
            Expected::Count { least, most } if least == most => write!(f, "count {least}"),
            Expected::Count { least, most } => write!(f, "count {least}..{most}"),
            Expected::Line(level) => level.fmt(f),
            Expected::Causes(causes) => f.write_str(&causes_text(*causes)),
        }
    }
}

impl Display for PollEnd {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PollEnd::Ok => "ok",
            PollEnd::Timeout => "timeout",
        })
    }
}

impl Display for Level {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Up => "up",
            Level::Down => "down",
        })
    }
}

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", short_us(self.from_ns), short_us(self.to_ns))
    }
}
