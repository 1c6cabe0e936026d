//! Reads the text of one event.

use std::borrow::Cow;

use portcls_emulator::NtStatus;
use portcls_emulator::trace::{
    AccessEvent, Argument, Direction, DpcChange, Event, NameId, SerialEdge, SerialSource,
    TimerChange, WaitEnd,
};

use super::error::Fault;
use super::form::{Form, form};
use super::layout::{USUAL_BIT_NS, Version};
use super::names::Collected;
use super::words::{read_decimal, read_hex, read_quoted, read_us, unescape};

/// Reads the text of an event, given its actor.
pub(super) fn read_event<'t>(
    text: &'t str,
    who: &str,
    version: Version,
    collected: &mut Collected,
) -> Result<Event, Fault<'t>> {
    match form(text, who, version) {
        Form::Call(rest) => {
            let (function, rest) = read_function(rest, collected)?;
            let argument = read_last_argument(rest, collected)?;
            Ok(Event::Call { function, argument })
        }
        Form::Return(rest) => {
            let (function, rest) = read_function(rest, collected)?;
            let (status, rest) = read_status(rest)?;
            let argument = read_last_argument(rest, collected)?;
            Ok(Event::Return { function, status, argument })
        }
        Form::Choice(text) => read_choice(text, collected),
        Form::Access(text) => Ok(Event::Access(read_access(text, collected)?)),
        Form::Dpc(text) => read_dpc(text, collected),
        Form::Timer(text) => read_timer(text, collected),
        Form::Delay(text) => read_delay(text),
        Form::Wait(text) => read_wait(text, collected),
        Form::Serial(text) => read_serial(text, collected),
        Form::Signal(name, value) => read_signal(name, value, collected),
        Form::QuotedNote(text) => {
            let (words, rest) = read_quoted(text)?;
            expect_end(rest)?;
            Ok(Event::Note(collected.text(&words, text)?))
        }
        Form::Note(text) => Ok(Event::Note(collected.text(&unescape(text)?, text)?)),
    }
}

fn expect_end(rest: &str) -> Result<(), Fault<'_>> {
    if rest.is_empty() {
        return Ok(());
    }
    let hint = "end the line before these words, or put the whole event in quotes: a note";
    Err(Fault::new(rest, "this is more than the event needs", hint))
}

/// Reads a name, which is in quotes or ends before a comma. Returns the name with the text after
/// it.
fn read_phrase(text: &str) -> Result<(Cow<'_, str>, &str), Fault<'_>> {
    if text.starts_with('"') {
        return read_quoted(text);
    }
    let end = text.find(',').unwrap_or(text.len());
    Ok((Cow::Borrowed(&text[..end]), &text[end..]))
}

fn read_function<'t>(
    text: &'t str,
    collected: &mut Collected,
) -> Result<(NameId, &'t str), Fault<'t>> {
    let (name, rest) = read_phrase(text)?;
    Ok((collected.name(&name, text)?, rest))
}

/// The text after a comma, or `None` at the end of the line.
fn after_comma(text: &str) -> Result<Option<&str>, Fault<'_>> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.strip_prefix(',') {
        Some(rest) => Ok(Some(rest.trim_ascii_start())),
        None => {
            let hint = "put a comma between a name and what follows it";
            Err(Fault::new(text, "a comma is missing", hint))
        }
    }
}

/// Reads the status at the beginning of the text of a return, and returns it with the text after
/// it. Without a status the return is a success.
fn read_status(text: &str) -> Result<(NtStatus, &str), Fault<'_>> {
    let Some(status) = after_comma(text)? else {
        return Ok((NtStatus::SUCCESS, text));
    };
    let end = status.find(',').unwrap_or(status.len());
    let (word, rest) = status.split_at(end);
    let known = if let Some(digits) = word.strip_prefix("NTSTATUS ") {
        read_hex(digits).map(NtStatus)
    } else if word.starts_with("STATUS_") {
        NtStatus::from_name(word)
    } else {
        return Ok((NtStatus::SUCCESS, text));
    };
    let status = known.ok_or_else(|| {
        let hint = "write it as `NTSTATUS C0000185`, or put it in quotes if it is a word";
        Fault::new(word, "this status is not known", hint)
    })?;
    Ok((status, rest))
}

fn read_last_argument<'t>(text: &'t str, collected: &mut Collected) -> Result<Argument, Fault<'t>> {
    let Some(text) = after_comma(text)? else {
        return Ok(Argument::None);
    };
    if let Some(digits) = text.strip_prefix("0x") {
        let value = read_hex(digits).ok_or_else(|| {
            let hint = "write one to eight hexadecimal digits after 0x";
            Fault::new(digits, "this is not a number", hint)
        })?;
        return Ok(Argument::Hex(value));
    }
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return read_count(text, collected);
    }
    let (word, rest) = read_phrase(text)?;
    expect_end(rest)?;
    Ok(Argument::Word(collected.name(&word, text)?))
}

fn read_count<'t>(text: &'t str, collected: &mut Collected) -> Result<Argument, Fault<'t>> {
    let fault = || {
        let hint = "write a count and its unit, as in `1 byte` or `3 bytes`";
        Fault::new(text, "this is not a count", hint)
    };
    let (digits, unit) = text.split_once(' ').ok_or_else(fault)?;
    let count = read_u32(digits).ok_or_else(fault)?;
    let (name, rest) = read_phrase(unit)?;
    expect_end(rest)?;
    let many = count != 1 && !unit.starts_with('"');
    let name = if many { name.strip_suffix('s').ok_or_else(fault)? } else { &*name };
    Ok(Argument::Count(count, collected.name(name, unit)?))
}

fn read_access<'t>(text: &'t str, collected: &mut Collected) -> Result<AccessEvent, Fault<'t>> {
    let (access, note) = text.split_once(';').unwrap_or((text, ""));
    let mut words = access.split_ascii_whitespace();
    let mut next = || words.next().unwrap_or(&access[access.len()..]);
    let (verb, port, arrow, value) = (next(), next(), next(), next());
    let direction = match (verb, arrow) {
        ("in", "->") => Direction::Read,
        ("out", "<-") => Direction::Write,
        _ => {
            let hint = "write `in  331 -> BF` or `out 330 <- F8`; quotes make it a note";
            return Err(Fault::new(arrow, "this arrow does not fit", hint));
        }
    };
    let port_number = read_hex(port).and_then(|number| u16::try_from(number).ok());
    let port = port_number.ok_or_else(|| {
        let hint = "write up to four hexadecimal digits, as in 331";
        Fault::new(port, "this is not a port", hint)
    })?;
    let width = match value.len() {
        2 | 4 | 8 => (value.len() / 2) as u8,
        _ => 0,
    };
    let value = read_hex(value).filter(|_| width > 0).ok_or_else(|| {
        let hint = "write two hexadecimal digits for each of 1, 2 or 4 bytes";
        Fault::new(value, "this is not a value", hint)
    })?;
    let (count, pitch_ns) = match next() {
        "" => (1, 0),
        count => read_polls(count, next(), next())?,
    };
    expect_end(next())?;
    let note = note.trim_ascii_start();
    let note = collected.name(&unescape(note)?, note)?;
    Ok(AccessEvent { direction, port, width, value, note, count, pitch_ns })
}

/// Reads `x17 every 11.000`.
fn read_polls<'t>(count: &'t str, every: &'t str, pitch: &'t str) -> Result<(u32, u32), Fault<'t>> {
    let number = count.strip_prefix('x').and_then(read_u32);
    let pitch_ns = read_us(pitch).and_then(|ns| u32::try_from(ns).ok());
    match (number, every, pitch_ns) {
        (Some(number), "every", Some(pitch_ns)) => Ok((number, pitch_ns)),
        _ => {
            let hint = "write a count and a pitch in us, as in `x17 every 11.000`";
            Err(Fault::new(count, "this is not a run of polls", hint))
        }
    }
}

fn read_serial<'t>(text: &'t str, collected: &mut Collected) -> Result<Event, Fault<'t>> {
    let fault = |at| {
        let hint = "write a lane and a byte, then `start` at its start bit, as in `out F8 start`";
        Fault::new(at, "this is not a byte on a lane", hint)
    };
    let (lane, rest) = if text.starts_with('"') {
        read_quoted(text)?
    } else {
        let end = text.find(' ').unwrap_or(text.len());
        (Cow::Borrowed(&text[..end]), &text[end..])
    };
    let mut words = rest.split_ascii_whitespace();
    let digits = words.next().ok_or_else(|| fault(rest))?;
    let byte = read_hex(digits).and_then(|byte| u8::try_from(byte).ok());
    let byte = byte.filter(|_| digits.len() == 2).ok_or_else(|| fault(digits))?;
    let mut edge = SerialEdge::End;
    let mut source = SerialSource::Outside;
    let mut word = words.next();
    if word == Some("own") {
        source = SerialSource::Device;
        word = words.next();
    }
    if word == Some("start") {
        edge = SerialEdge::Start;
        word = words.next();
    }
    let mut bit_ns = USUAL_BIT_NS;
    if let Some(key) = word {
        let time = words.next().filter(|_| key == "bit");
        let read = time.and_then(read_us).and_then(|ns| u32::try_from(ns).ok());
        bit_ns = read.ok_or_else(|| {
            let hint = "write the time of one bit in us, as in `bit 31.680`";
            Fault::new(key, "this is not a bit time", hint)
        })?;
    }
    expect_end(words.next().unwrap_or(""))?;
    let lane = collected.name(&lane, text)?;
    Ok(Event::Serial { lane, byte, edge, bit_ns, source })
}

fn read_signal<'t>(
    name: &'t str,
    value: &'t str,
    collected: &mut Collected,
) -> Result<Event, Fault<'t>> {
    let read = read_u32(value).ok_or_else(|| {
        let hint = "a signal's value has 32 bits; put the line in quotes to make it a note";
        Fault::new(value, "this value is too large", hint)
    })?;
    let signal = if name.starts_with('"') {
        let (signal, rest) = read_quoted(name)?;
        expect_end(rest)?;
        signal
    } else {
        Cow::Borrowed(name)
    };
    let signal = collected.name(&signal, name)?;
    Ok(Event::Signal { signal, value: read })
}

/// Reads the name of an object and the words after its comma. If the line ends after the name, the
/// words are empty.
fn read_object<'t>(
    text: &'t str,
    collected: &mut Collected,
) -> Result<(NameId, &'t str), Fault<'t>> {
    let (object, rest) = read_function(text, collected)?;
    Ok((object, after_comma(rest)?.unwrap_or(&text[text.len()..])))
}

/// Reads `service group` or `service group, already queued`.
fn read_dpc<'t>(text: &'t str, collected: &mut Collected) -> Result<Event, Fault<'t>> {
    let (dpc, words) = read_object(text, collected)?;
    let change = match words {
        "" => DpcChange::Queued,
        "already queued" => DpcChange::AlreadyQueued,
        "removed" => DpcChange::Removed,
        _ => {
            let hint = "write nothing, `already queued` or `removed` after the name of the DPC";
            return Err(Fault::new(words, "this is not what happens to a DPC", hint));
        }
    };
    Ok(Event::Dpc { dpc, change })
}

/// Reads `sequencer, due in 2500.000, expires in 3000.000` or `sequencer, expired`.
fn read_timer<'t>(text: &'t str, collected: &mut Collected) -> Result<Event, Fault<'t>> {
    let (timer, words) = read_object(text, collected)?;
    let set = || {
        let (due, tick) = words.strip_prefix("due in ")?.split_once(", expires in ")?;
        Some(TimerChange::Set { due_in_ns: read_us(due)?, tick_in_ns: read_us(tick)? })
    };
    let change = match words {
        "expired" => Some(TimerChange::Expired),
        "cancelled" => Some(TimerChange::Cancelled),
        _ => set(),
    };
    let change = change.ok_or_else(|| {
        let hint = "write `due in 2500.000, expires in 3000.000`, `expired` or `cancelled`";
        Fault::new(words, "this is not what happens to a timer", hint)
    })?;
    Ok(Event::Timer { timer, change })
}

/// Reads `10000.000, over after 10432.100`.
fn read_delay(text: &str) -> Result<Event, Fault<'_>> {
    let times = text.split_once(", over after ");
    let times = times.and_then(|(asked, taken)| Some((read_us(asked)?, read_us(taken)?)));
    let (asked_ns, taken_ns) = times.ok_or_else(|| {
        let hint = "write `wait a delay of 10000.000, over after 10432.100`";
        Fault::new(text, "this is not the end of a delay", hint)
    })?;
    Ok(Event::Delay { asked_ns, taken_ns })
}

/// Reads `the event 'x', over` or `the event 'x', timed out after 20.000`.
fn read_wait<'t>(text: &'t str, collected: &mut Collected) -> Result<Event, Fault<'t>> {
    let (object, words) = read_object(text, collected)?;
    let counted = |end: &str| words.strip_prefix(end)?.strip_prefix(" after ").and_then(read_us);
    let ended = match (words, counted("over"), counted("timed out")) {
        ("over", ..) => Some((WaitEnd::Over, 0)),
        (_, Some(counted_ns), _) => Some((WaitEnd::Over, counted_ns)),
        (.., Some(counted_ns)) => Some((WaitEnd::TimedOut, counted_ns)),
        _ => None,
    };
    let (end, counted_ns) = ended.ok_or_else(|| {
        let hint = "write `over`, `over after 20.000` or `timed out after 20.000`";
        Fault::new(words, "this is not the end of a wait", hint)
    })?;
    Ok(Event::Wait { object, end, counted_ns })
}

/// Reads `allocation 3 = 1, refused`.
fn read_choice<'t>(text: &'t str, collected: &mut Collected) -> Result<Event, Fault<'t>> {
    let fault = |at: &'t str| {
        let hint = "write `choice allocation 3 = 1, refused`, or put it in quotes for a note";
        Fault::new(at, "this is not a choice", hint)
    };
    let (choice, numbers) = if text.starts_with('"') {
        read_quoted(text)?
    } else {
        let end = text.find(' ').ok_or_else(|| fault(text))?;
        (Cow::Borrowed(&text[..end]), &text[end..])
    };
    let (ordinal, rest) = numbers.split_once('=').ok_or_else(|| fault(numbers))?;
    let ordinal = read_decimal(ordinal.trim_ascii()).ok_or_else(|| fault(ordinal))?;
    let end = rest.find(',').unwrap_or(rest.len());
    let (answer, rest) = rest.split_at(end);
    let answer = read_u32(answer.trim_ascii()).ok_or_else(|| fault(answer))?;
    let word = match after_comma(rest)? {
        None => NameId::NONE,
        Some(word) => {
            let (word, rest) = read_phrase(word)?;
            expect_end(rest)?;
            collected.name(&word, text)?
        }
    };
    Ok(Event::Choice { choice: collected.name(&choice, text)?, ordinal, answer, word })
}

fn read_u32(digits: &str) -> Option<u32> {
    read_decimal(digits).and_then(|number| u32::try_from(number).ok())
}
