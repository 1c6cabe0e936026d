//! Reads a text back: lines, header, marks, times and actors.

use std::borrow::Cow;

use portcls_emulator::trace::{Event, Level, NameId, Record, TraceLog};

use super::Header;
use super::error::{Extent, Fault, ParseError};
use super::layout::{FORMAT, MARK_LEVEL, MARKER, VERSION, Version, level_of};
use super::names::Collected;
use super::parse_event::read_event;
use super::tails::{ReadTails, can_be_kept};
use super::words::{read_decimal, read_quoted, read_us, unescape};

/// The most characters that a message shows of a version.
const SHOWN_VERSION: usize = 20;

/// Reads a trace and its header from a text.
///
/// ```
/// use portcls_report::Filter;
/// use portcls_report::text::{parse, print_first};
///
/// let text = "# portcls-emu trace 2\n== 0.000 go\n  2.000 I bus out 330 <- F8 ; data\n";
/// let (_, log) = parse(text)?;
/// assert_eq!(
///     print_first(&log, Filter::Registers, 2),
///     "== 0.000 go\n    2.000    I bus       out 330 <- F8            ; data\n"
/// );
/// # Ok::<(), portcls_report::text::ParseError>(())
/// ```
///
/// # Errors
/// The first place where the text does not follow the format.
pub fn parse(text: &str) -> Result<(Header, TraceLog), ParseError> {
    let read = parse_readable(text);
    match read.fault {
        None => Ok((read.header, read.log)),
        Some(fault) => Err(fault),
    }
}

/// The part of a text that could be read.
pub struct Readable {
    /// The header of the trace, as far as it was read.
    pub header: Header,
    /// The events before the first fault.
    pub log: TraceLog,
    /// The first place where the text does not follow the format; `None` when the whole text is a
    /// trace.
    pub fault: Option<ParseError>,
}

/// Reads a trace up to the first place where its text does not follow the format.
#[must_use]
pub fn parse_readable(text: &str) -> Readable {
    let mut reader = Reader::default();
    let mut fault = reader.read_lines(text).err();
    if fault.is_none() && reader.version.is_none() {
        let nothing = "";
        fault = Some(not_a_trace(nothing).place(1, nothing, Extent::OneLine));
    }
    let (names, texts) = reader.collected.into_parts();
    let log = TraceLog::from_parts(names, texts, reader.records, reader.dropped.unwrap_or(0));
    let log = match reader.version {
        Some(Version::One) => log.without_cause_facts(),
        _ => log,
    };
    let header = Header {
        machine: reader.machine.unwrap_or_default(),
        scenario: reader.scenario.unwrap_or_default(),
    };
    Readable { header, log, fault }
}

/// A long line of the trace can be written as several lines of the file. `first` is the first of
/// these. If `line` continues `first`, the function returns the text that `line` adds.
fn continuation<'t>(first: &str, line: &'t str) -> Option<&'t str> {
    let body = if first.starts_with('#') { line.strip_prefix('#')? } else { line };
    body.trim_ascii_start().strip_prefix('|')
}

#[derive(Default)]
struct Reader {
    machine: Option<String>,
    scenario: Option<String>,
    collected: Collected,
    records: Vec<Record>,
    dropped: Option<u64>,
    tails: ReadTails,

    /// The version of the text, after the first line.
    version: Option<Version>,
    /// Time of the newest mark in ns.
    base_ns: u64,
}

impl Reader {
    fn read_lines(&mut self, text: &str) -> Result<(), ParseError> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let mut lines = text.lines().map(str::trim_ascii_end).enumerate().peekable();
        let mut joined = String::new();
        while let Some((index, first)) = lines.next() {
            if first.is_empty() {
                continue;
            }
            let mut extent = Extent::OneLine;
            while let Some(more) = lines.peek().and_then(|(_, line)| continuation(first, line)) {
                if extent == Extent::OneLine {
                    joined.clear();
                    joined.push_str(first);
                }
                extent = Extent::Joined;
                joined.push_str(more);
                lines.next();
            }
            let line = match extent {
                Extent::OneLine => first,
                Extent::Joined => joined.as_str(),
            };
            self.read_line(line).map_err(|fault| fault.place(index + 1, line, extent))?;
        }
        Ok(())
    }

    fn read_line<'t>(&mut self, line: &'t str) -> Result<(), Fault<'t>> {
        let Some(version) = self.version else {
            self.version = Some(read_format(line)?);
            return Ok(());
        };
        if let Some(remark) = line.strip_prefix('#') {
            return self.read_remark(remark.trim_ascii_start());
        }
        let (time_ns, level, who, event) = match line.strip_prefix("==") {
            Some(mark) => self.read_mark(mark)?,
            None => self.read_event_line(line.trim_ascii_start(), version)?,
        };
        self.records.push(Record::new(time_ns, level, who, event));
        Ok(())
    }

    fn read_remark<'t>(&mut self, remark: &'t str) -> Result<(), Fault<'t>> {
        let (key, value) = split_word(remark);
        let in_header = self.records.is_empty();
        let first = match key {
            "machine" if in_header => self.machine.replace(unescape(value)?.into_owned()).is_none(),
            "scenario" if in_header => {
                self.scenario.replace(unescape(value)?.into_owned()).is_none()
            }
            "hardware" if in_header => self.collected.set_hardware(read_words(value)?),
            "limit:" => {
                let (count, _) = split_word(value);
                let dropped = read_decimal(count).ok_or_else(|| {
                    let hint = "write `# limit: N events were not held`";
                    Fault::new(value, "the limit has no number", hint)
                })?;
                self.dropped.replace(dropped).is_none()
            }
            _ => true,
        };
        if first {
            return Ok(());
        }
        let hint = "keep one of the two lines; a free remark begins with another word";
        Err(Fault::new(remark, format!("there is already a line `# {key}`"), hint))
    }

    fn read_mark<'t>(&mut self, mark: &'t str) -> Result<(u64, Level, NameId, Event), Fault<'t>> {
        let (clock, rest) = split_word(mark.trim_ascii_start());
        let time_ns = read_us(clock).ok_or_else(|| {
            let hint = "write `== 12.000 words`: the time on the clock in us, then the words";
            Fault::new(clock, "a mark has no time", hint)
        })?;
        let mut level = MARK_LEVEL;
        let mut who = Cow::Borrowed(MARKER);
        let mut words = rest;
        if let Some(place) = rest.strip_prefix('[') {
            let fault = || {
                let hint =
                    "write `[D port]` before the words, or `\\u{5B}` for a bracket in the words";
                Fault::new(rest, "this is not the place of a mark", hint)
            };
            let (letter, place) = split_word(place);
            level = level_of(letter).ok_or_else(fault)?;
            let (name, after) = read_word(place)?;
            who = name;
            words = after.trim_ascii_start().strip_prefix(']').ok_or_else(fault)?;
            words = words.trim_ascii_start();
        }
        let who = self.collected.actor(&who, mark)?;
        self.base_ns = time_ns;
        let text = self.collected.text(&unescape(words)?, words)?;
        Ok((time_ns, level, who, Event::Mark(text)))
    }

    fn read_event_line<'t>(
        &mut self,
        line: &'t str,
        version: Version,
    ) -> Result<(u64, Level, NameId, Event), Fault<'t>> {
        let (time, tail) = split_word(line);
        let time_ns = self.read_time(time)?;
        if let Some((level, who, event)) = self.tails.get(tail) {
            return Ok((time_ns, level, who, event));
        }
        let (letter, rest) = split_word(tail);
        let level = level_of(letter).ok_or_else(|| {
            let hint = "write one of - P D I R after the time";
            Fault::new(letter, "this is not a level", hint)
        })?;
        let (who, text) = read_word(rest)?;
        let text = text.trim_ascii_start();
        if text.is_empty() {
            let hint = "write the event after the actor, as in `bus in 331 -> BF`";
            return Err(Fault::new(text, "the event is missing", hint));
        }
        let id = self.collected.actor(&who, rest)?;
        let event = read_event(text, &who, version, &mut self.collected)?;
        if can_be_kept(&event) {
            self.tails.put(tail, (level, id, event));
        }
        Ok((time_ns, level, id, event))
    }

    fn read_time<'t>(&self, time: &'t str) -> Result<u64, Fault<'t>> {
        let read = match time.strip_prefix('-') {
            Some(early) => read_us(early).and_then(|ns| self.base_ns.checked_sub(ns)),
            None => read_us(time).and_then(|ns| self.base_ns.checked_add(ns)),
        };
        read.ok_or_else(|| {
            let hint = "write us since the last mark, as in 12.000; a continuation begins with |";
            Fault::new(time, "this is not a time", hint)
        })
    }
}

fn read_format(line: &str) -> Result<Version, Fault<'_>> {
    let version = line.strip_prefix(FORMAT).ok_or_else(|| not_a_trace(line))?;
    match version {
        "1" => Ok(Version::One),
        VERSION => Ok(Version::Two),
        _ => {
            let shown: String = version.chars().take(SHOWN_VERSION).collect();
            let what = format!("version {} of the format is not known", shown.escape_debug());
            let hint =
                "this program reads versions 1 and 2; take the trace again, or use a newer program";
            Err(Fault::new(version, what, hint))
        }
    }
}

fn not_a_trace(line: &str) -> Fault<'_> {
    let hint = "the first line of a trace is `# portcls-emu trace 2`";
    Fault::new(line, "this is not a trace", hint)
}

/// The first word of `text`, and the rest without the spaces between.
fn split_word(text: &str) -> (&str, &str) {
    match text.bytes().position(|byte| byte == b' ') {
        Some(at) => (&text[..at], text[at..].trim_ascii_start()),
        None => (text, &text[text.len()..]),
    }
}

/// The actor at the beginning of `text`, quoted or not, and the rest.
fn read_word(text: &str) -> Result<(Cow<'_, str>, &str), Fault<'_>> {
    if text.starts_with('"') {
        return read_quoted(text);
    }
    let end = text.find([' ', ']']).unwrap_or(text.len());
    if end == 0 {
        let hint = "name who does it, as in `bus` or \"a name in quotes\"";
        return Err(Fault::new(text, "the actor is missing", hint));
    }
    Ok((Cow::Borrowed(&text[..end]), &text[end..]))
}

fn read_words(text: &str) -> Result<Vec<String>, Fault<'_>> {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = read_word(rest)?;
        words.push(word.into_owned());
        rest = after.trim_ascii_start();
    }
    Ok(words)
}
