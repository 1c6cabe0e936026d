//! Writes the text into one buffer: the header, then one line for each event.

use std::io;

use portcls_emulator::NtStatus;
use portcls_emulator::trace::{
    AccessEvent, Argument, Direction, DpcChange, Event, Layer, NameId, Record, SerialEdge,
    SerialSource, TimedEvent, TimerChange, TraceLog, WaitEnd,
};

use super::Header;
use super::form::{Form, form};
use super::layout::{
    COLUMNS, CONTINUATION, DELAY, FORMAT, HARDWARE, MARK_LEVEL, MARKER, NOTE_COLUMN,
    REMARK_CONTINUATION, TIME_AND_LEVEL, TIME_COLUMNS, USUAL_BIT_NS, VERSION, Version, WHO_COLUMNS,
    level_columns, level_letter, wrap,
};
use super::tails::{Key, Tails, can_be_kept};
use super::words::{
    is_phrase, is_word, push_decimal, push_hex, push_quoted, push_spaces, push_text, push_us,
    us_columns,
};
use crate::Filter;

/// The size of the pieces in which [`write()`] writes the text, in bytes.
const CHUNK_BYTES: usize = 1 << 16;
/// Bytes of a usual line. With this number the whole buffer is reserved at once.
const LINE_BYTES: usize = 56;

/// The text of a trace.
#[must_use]
pub fn print(log: &TraceLog, header: &Header, filter: Filter) -> String {
    let mut printer = Printer::new(log, LINE_BYTES * (log.records().len() + 16));
    printer.push_header(header, filter);
    for record in log.records() {
        printer.push_record(record, filter);
    }
    printer.push_limit();
    printer.out
}

/// Writes the text of a trace in pieces, for a trace whose text is too long for memory.
///
/// # Errors
/// Any error of `to`. Some lines may have been written before the error.
pub fn write(
    log: &TraceLog,
    header: &Header,
    filter: Filter,
    to: &mut impl io::Write,
) -> io::Result<()> {
    let mut printer = Printer::new(log, CHUNK_BYTES + 16 * LINE_BYTES);
    printer.push_header(header, filter);
    for record in log.records() {
        if printer.out.len() >= CHUNK_BYTES {
            to.write_all(printer.out.as_bytes())?;
            printer.out.clear();
        }
        printer.push_record(record, filter);
    }
    printer.push_limit();
    to.write_all(printer.out.as_bytes())
}

/// The first lines of the text without its header, at most `lines`, for a summary.
#[must_use]
pub fn print_first(log: &TraceLog, filter: Filter, lines: usize) -> String {
    let Some(last) = lines.checked_sub(1) else {
        return String::new();
    };
    let mut printer = Printer::new(log, 0);
    for event in log.events().filter(|event| filter.keeps(log, event)).take(lines) {
        printer.push_event(&event, None);
    }
    let end = printer.out.match_indices('\n').nth(last);
    if let Some((newline, _)) = end {
        printer.out.truncate(newline + 1);
    }
    printer.out
}

/// What happened in one event, as the text shows it, without its time, level and actor.
#[must_use]
pub fn event_words(log: &TraceLog, event: &TimedEvent) -> String {
    let mut printer = Printer::new(log, 0);
    printer.push_words(event, log.name(event.who));
    printer.out
}

struct Printer<'a> {
    log: &'a TraceLog,

    /// Time of the newest mark in ns.
    base_ns: u64,
    tails: Tails,
    out: String,
}

impl<'a> Printer<'a> {
    fn new(log: &'a TraceLog, capacity: usize) -> Self {
        let out = String::with_capacity(capacity);
        Printer { log, base_ns: 0, tails: Tails::default(), out }
    }

    fn push_header(&mut self, header: &Header, filter: Filter) {
        self.out.push_str(FORMAT);
        self.out.push_str(VERSION);
        self.out.push('\n');
        let start = self.out.len();
        self.out.push_str("# machine");
        if !header.machine.is_empty() {
            self.out.push_str("  ");
            push_text(&mut self.out, &header.machine);
        }
        self.end_line(start, REMARK_CONTINUATION);
        if !header.scenario.is_empty() {
            let start = self.out.len();
            self.out.push_str("# scenario ");
            push_text(&mut self.out, &header.scenario);
            self.end_line(start, REMARK_CONTINUATION);
        }
        self.out.push_str(TIME_AND_LEVEL);
        self.push_hardware(filter);
        self.out.push_str(COLUMNS);
    }

    /// Lists the hardware actors, unless each actor's layer follows from its name.
    fn push_hardware(&mut self, filter: Filter) {
        let log = self.log;
        let mut seen = Vec::new();
        for record in log.records() {
            let number = usize::from(record.who().0);
            if number >= seen.len() {
                seen.resize(number + 1, None);
            }
            if seen[number].is_none() && kept(log, record, filter).is_some() {
                seen[number] = Some(record.who());
            }
        }
        let is_hardware = |who| log.layer(who) == Some(Layer::Hardware);
        let told = |who| is_hardware(who) == HARDWARE.contains(&log.name(who));
        if seen.iter().flatten().all(|&who| told(who)) {
            return;
        }
        let start = self.out.len();
        self.out.push_str("# hardware");
        let hardware = seen.into_iter().flatten().filter(|&who| is_hardware(who));
        let mut names: Vec<&str> = hardware.map(|who| log.name(who)).collect();
        // The numbers of names are not in the text, so the order must not depend on them.
        names.sort_unstable();
        for name in names {
            self.out.push(' ');
            self.push_word(name);
        }
        self.end_line(start, REMARK_CONTINUATION);
    }

    fn push_limit(&mut self) {
        let dropped = self.log.dropped();
        if dropped > 0 {
            self.out.push_str("# limit: ");
            push_decimal(&mut self.out, dropped);
            let words = if dropped == 1 { " event was" } else { " events were" };
            self.out.push_str(words);
            self.out.push_str(" not held\n");
        }
    }

    fn end_line(&mut self, start: usize, continuation: &str) {
        wrap(&mut self.out, start, continuation);
        self.out.push('\n');
    }

    /// Writes the line of a record, if the filter keeps its event.
    fn push_record(&mut self, record: &Record, filter: Filter) {
        let key = Key::of(record);
        if let Some(tail) = self.tails.get(key) {
            let start = self.out.len();
            push_time(&mut self.out, self.base_ns, record.time_ns());
            self.out.push_str(tail);
            self.end_line(start, CONTINUATION);
        } else if let Some(event) = kept(self.log, record, filter) {
            self.push_event(&event, Some(key).filter(|_| can_be_kept(&event.event)));
        }
    }

    /// Writes the line of an event. If there is a key, the end of the line is kept under this key.
    fn push_event(&mut self, event: &TimedEvent, key: Option<Key>) {
        let start = self.out.len();
        let who = self.log.name(event.who);
        if let Event::Mark(words) = event.event {
            self.push_mark(event, who, self.log.text(words));
            self.end_line(start, CONTINUATION);
            return;
        }
        push_time(&mut self.out, self.base_ns, event.time_ns);
        let tail = self.out.len();
        self.out.push(' ');
        self.out.push_str(level_columns(event.level));
        self.out.push(' ');
        let before_who = self.out.len();
        self.push_word(who);
        self.pad_to(before_who + WHO_COLUMNS);
        self.out.push(' ');
        self.push_words(event, who);
        if let Some(key) = key {
            self.tails.put(key, &self.out[tail..]);
        }
        self.end_line(start, CONTINUATION);
    }

    /// Writes what happened, without the time, the level and the actor.
    fn push_words(&mut self, event: &TimedEvent, who: &str) {
        match event.event {
            Event::Mark(_) => {}
            Event::Access(access) => self.push_access(&access),
            Event::Call { function, argument } => {
                self.out.push_str("call ");
                self.push_phrase(self.log.name(function));
                self.push_argument(argument);
            }
            Event::Return { function, status, argument } => {
                self.out.push_str("return ");
                self.push_phrase(self.log.name(function));
                self.push_status(status);
                self.push_argument(argument);
            }
            Event::Signal { signal, value } => self.push_signal(who, self.log.name(signal), value),
            Event::Serial { lane, byte, edge, bit_ns, source } => {
                self.push_serial(who, self.log.name(lane), byte);
                if source == SerialSource::Device {
                    self.out.push_str(" own");
                }
                self.push_edge(edge, bit_ns);
            }
            Event::Dpc { dpc, change } => {
                self.push_object("queue ", dpc);
                self.out.push_str(match change {
                    DpcChange::Queued => "",
                    DpcChange::AlreadyQueued => ", already queued",
                    DpcChange::Removed => ", removed",
                });
            }
            Event::Timer { timer, change } => {
                self.push_object("timer ", timer);
                self.push_timer_change(change);
            }
            Event::Wait { object, end, counted_ns } => {
                self.out.push_str("wait ");
                match self.log.name(object) {
                    name if name.starts_with(DELAY) => push_quoted(&mut self.out, name),
                    name => self.push_phrase(name),
                }
                self.push_end_of_wait(end, counted_ns);
            }
            Event::Delay { asked_ns, taken_ns } => {
                self.out.push_str("wait ");
                self.out.push_str(DELAY);
                push_us(&mut self.out, asked_ns);
                self.out.push_str(", over after ");
                push_us(&mut self.out, taken_ns);
            }
            Event::Note(words) => self.push_note(who, self.log.text(words)),
            Event::Choice { choice, ordinal, answer, word } => {
                self.out.push_str("choice ");
                self.push_word(self.log.name(choice));
                self.push_answer(ordinal, answer, self.log.name(word));
            }
        }
    }

    fn push_mark(&mut self, mark: &TimedEvent, who: &str, words: &str) {
        self.base_ns = mark.time_ns;
        self.out.push_str("== ");
        push_us(&mut self.out, mark.time_ns);
        if mark.level != MARK_LEVEL || who != MARKER {
            self.out.push_str(" [");
            self.out.push(level_letter(mark.level));
            self.out.push(' ');
            self.push_word(who);
            self.out.push(']');
        }
        if words.is_empty() {
            return;
        }
        self.out.push(' ');
        match words.strip_prefix('[') {
            None => push_text(&mut self.out, words),
            Some(rest) => {
                self.out.push_str("\\u{5B}");
                push_text(&mut self.out, rest);
            }
        }
    }

    fn push_access(&mut self, access: &AccessEvent) {
        let start = self.out.len();
        let (verb, arrow) = match access.direction {
            Direction::Read => ("in  ", " -> "),
            Direction::Write => ("out ", " <- "),
        };
        self.out.push_str(verb);
        push_hex(&mut self.out, u32::from(access.port), 3);
        self.out.push_str(arrow);
        push_hex(&mut self.out, access.value, 2 * u32::from(access.width.min(4)));
        if (access.count, access.pitch_ns) != (1, 0) {
            self.out.push_str("  x");
            push_decimal(&mut self.out, u64::from(access.count));
            self.out.push_str(" every ");
            push_us(&mut self.out, u64::from(access.pitch_ns));
        }
        let note = self.log.name(access.note);
        if !note.is_empty() {
            self.pad_to(start + NOTE_COLUMN - 1);
            self.out.push_str(" ; ");
            push_text(&mut self.out, note);
        }
    }

    fn push_argument(&mut self, argument: Argument) {
        match argument {
            Argument::None => {}
            Argument::Count(count, unit) => {
                self.out.push_str(", ");
                push_decimal(&mut self.out, u64::from(count));
                self.out.push(' ');
                let unit = self.log.name(unit);
                self.push_phrase(unit);
                if count != 1 && is_phrase(unit) {
                    self.out.push('s');
                }
            }
            Argument::Word(word) => {
                self.out.push_str(", ");
                let word = self.log.name(word);
                let number = word.starts_with(|first: char| first.is_ascii_digit());
                if number || word.starts_with("STATUS_") || word.starts_with("NTSTATUS ") {
                    push_quoted(&mut self.out, word);
                } else {
                    self.push_phrase(word);
                }
            }
            Argument::Hex(value) => {
                self.out.push_str(", 0x");
                push_hex(&mut self.out, value, 1);
            }
        }
    }

    fn push_status(&mut self, status: NtStatus) {
        if status == NtStatus::SUCCESS {
            return;
        }
        self.out.push_str(", ");
        match status.name() {
            Some(name) => self.out.push_str(name),
            None => {
                self.out.push_str("NTSTATUS ");
                push_hex(&mut self.out, status.0, 8);
            }
        }
    }

    fn push_signal(&mut self, who: &str, signal: &str, value: u32) {
        let start = self.out.len();
        self.push_phrase(signal);
        let name_end = self.out.len();
        self.out.push_str(" = ");
        push_decimal(&mut self.out, u64::from(value));
        let name = &self.out[start..name_end];
        let reads_back = matches!(form(&self.out[start..], who, Version::Two), Form::Signal(read, _)
            if read == name);
        if !reads_back {
            self.out.truncate(start);
            push_quoted(&mut self.out, signal);
            self.out.push_str(" = ");
            push_decimal(&mut self.out, u64::from(value));
        }
    }

    fn push_serial(&mut self, who: &str, lane: &str, byte: u8) {
        let start = self.out.len();
        self.push_word(lane);
        self.out.push(' ');
        push_hex(&mut self.out, u32::from(byte), 2);
        let text = &self.out[start..];
        let reads_back =
            matches!(form(text, who, Version::Two), Form::Serial(read) if read == text);
        if !reads_back {
            self.out.insert_str(start, "serial ");
        }
    }

    fn push_edge(&mut self, edge: SerialEdge, bit_ns: u32) {
        if edge == SerialEdge::Start {
            self.out.push_str(" start");
        }
        if bit_ns != USUAL_BIT_NS {
            self.out.push_str(" bit ");
            push_us(&mut self.out, u64::from(bit_ns));
        }
    }

    fn push_note(&mut self, who: &str, words: &str) {
        let start = self.out.len();
        push_text(&mut self.out, words);
        let text = &self.out[start..];
        if text.is_empty() || !matches!(form(text, who, Version::Two), Form::Note(_)) {
            self.out.truncate(start);
            push_quoted(&mut self.out, words);
        }
    }

    fn push_object(&mut self, verb: &str, object: NameId) {
        self.out.push_str(verb);
        self.push_phrase(self.log.name(object));
    }

    fn push_timer_change(&mut self, change: TimerChange) {
        match change {
            TimerChange::Set { due_in_ns, tick_in_ns } => {
                self.out.push_str(", due in ");
                push_us(&mut self.out, due_in_ns);
                self.out.push_str(", expires in ");
                push_us(&mut self.out, tick_in_ns);
            }
            TimerChange::Expired => self.out.push_str(", expired"),
            TimerChange::Cancelled => self.out.push_str(", cancelled"),
        }
    }

    fn push_end_of_wait(&mut self, end: WaitEnd, counted_ns: u64) {
        self.out.push_str(match end {
            WaitEnd::Over => ", over",
            WaitEnd::TimedOut => ", timed out",
        });
        if (end, counted_ns) != (WaitEnd::Over, 0) {
            self.out.push_str(" after ");
            push_us(&mut self.out, counted_ns);
        }
    }

    fn push_answer(&mut self, ordinal: u64, answer: u32, word: &str) {
        self.out.push(' ');
        push_decimal(&mut self.out, ordinal);
        self.out.push_str(" = ");
        push_decimal(&mut self.out, u64::from(answer));
        if !word.is_empty() {
            self.out.push_str(", ");
            self.push_phrase(word);
        }
    }

    fn push_word(&mut self, name: &str) {
        if is_word(name) {
            self.out.push_str(name);
        } else {
            push_quoted(&mut self.out, name);
        }
    }

    fn push_phrase(&mut self, name: &str) {
        if is_phrase(name) {
            self.out.push_str(name);
        } else {
            push_quoted(&mut self.out, name);
        }
    }

    fn pad_to(&mut self, end: usize) {
        let missing = end.saturating_sub(self.out.len());
        push_spaces(&mut self.out, missing);
    }
}

/// The event of a record, if the filter keeps it.
fn kept(log: &TraceLog, record: &Record, filter: Filter) -> Option<TimedEvent> {
    let (time_ns, level, who) = (record.time_ns(), record.level(), record.who());
    let event = TimedEvent { time_ns, level, who, event: record.event()? };
    filter.keeps(log, &event).then_some(event)
}

/// Writes a time since the newest mark in its columns.
fn push_time(out: &mut String, base_ns: u64, time_ns: u64) {
    let early = time_ns < base_ns;
    let ns = time_ns.abs_diff(base_ns);
    let columns = us_columns(ns) + usize::from(early);
    push_spaces(out, TIME_COLUMNS.saturating_sub(columns));
    if early {
        out.push('-');
    }
    push_us(out, ns);
}
