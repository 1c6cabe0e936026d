//! Writes a dump into one buffer: the head, then the changes tick by tick.

use std::borrow::Cow;
use std::io;

use portcls_emulator::trace::{Event, Level, NameId, Record, SerialEdge, TimedEvent, TraceLog};

use super::lane::{FRAME_BITS, LaneBits};
use super::{Dialect, Source, Tick, VcdOptions, Wire};
use crate::irql::IrqlFollower;

/// The size of the pieces in which the dump is written, in bytes.
const CHUNK_BYTES: usize = 1 << 16;

/// The widest signal, in bits: a value in the trace has 32 bits.
const WIDEST: u8 = 32;

/// The characters of an identifier: printable ASCII. Source: IEEE 1364-2001, 18.2.1.
const IDENTIFIER: std::ops::RangeInclusive<u8> = b'!'..=b'~';

/// Writes a trace as a dump, in pieces.
///
/// # Errors
/// Any error of `to`. Some lines may have been written before the error.
pub fn write(log: &TraceLog, options: &VcdOptions, to: &mut impl io::Write) -> io::Result<()> {
    let mut dump = Dump::new(log, options);
    dump.push_head(options, log.dropped());
    for record in in_order_of_time(log.records()).iter() {
        if let Some(event) = timed_event(record) {
            dump.take(log, &event);
        }
        if dump.out.len() >= CHUNK_BYTES {
            to.write_all(dump.out.as_bytes())?;
            dump.out.clear();
        }
    }
    dump.finish();
    to.write_all(dump.out.as_bytes())
}

/// The records in order of time. The records of the trace are not in this order when a device
/// reported an event late.
fn in_order_of_time(records: &[Record]) -> Cow<'_, [Record]> {
    if records.is_sorted_by_key(Record::time_ns) {
        return Cow::Borrowed(records);
    }
    let mut records = records.to_vec();
    records.sort_by_key(Record::time_ns);
    Cow::Owned(records)
}

fn timed_event(record: &Record) -> Option<TimedEvent> {
    let (time_ns, level, who) = (record.time_ns(), record.level(), record.who());
    Some(TimedEvent { time_ns, level, who, event: record.event()? })
}

/// The source of a wire's bits.
enum Driver<'a> {
    Lane(&'a str, LaneBits),
    Signal(&'a str),
    Irql(IrqlFollower),
    /// The open calls, the innermost last.
    Running(Vec<NameId>),
}

/// The most calls that a text wire remembers. In a deeper nesting the wire forgets the outermost
/// calls.
const DEEPEST: usize = 256;

/// A wire of the file and its value; `None` for an unknown value.
struct Line<'a> {
    identifier: String,
    bits: u8,
    driver: Driver<'a>,

    value: Option<u32>,
    /// The value in the file; `None` before the first value.
    written: Option<Option<u32>>,
}

struct Dump<'a> {
    log: &'a TraceLog,
    tick_ns: u64,
    lines: Vec<Line<'a>>,

    /// The present tick. The writer gathers the changes of this tick.
    tick: u64,
    /// The latest time of all events so far.
    now_ns: u64,
    longest_bit_ns: u64,
    out: String,
}

impl<'a> Dump<'a> {
    fn new(log: &'a TraceLog, options: &'a VcdOptions) -> Self {
        let wires = options.wires.iter().filter(|wire| fits(wire, options.dialect));
        Dump {
            log,
            tick_ns: options.tick.ns(),
            lines: wires
                .enumerate()
                .map(|(index, wire)| Line::new(wire, index, options.dialect))
                .collect(),
            tick: 0,
            now_ns: 0,
            longest_bit_ns: 0,
            out: String::with_capacity(CHUNK_BYTES + 1_024),
        }
    }

    fn push_head(&mut self, options: &VcdOptions, dropped: u64) {
        self.push("$date simulated time $end\n$version portcls-emu $end\n");
        if dropped > 0 {
            self.push(&format!("$comment events that were not held: {dropped} $end\n"));
        }
        self.push("$timescale ");
        self.push(match options.tick {
            Tick::Nanosecond => "1 ns",
            Tick::HundredNanoseconds => "100 ns",
            Tick::Microsecond => "1 us",
        });
        self.push(" $end\n$scope module ");
        self.push(match options.dialect {
            Dialect::Full => "machine",
            Dialect::Sigrok => "libsigrok",
        });
        self.push(" $end\n");
        let wires = options.wires.iter().filter(|wire| fits(wire, options.dialect));
        for (wire, line) in wires.zip(&self.lines) {
            self.out.push_str(&declaration(wire, line));
        }
        self.push("$upscope $end\n$enddefinitions $end\n");
    }

    /// Applies an event to the wires.
    fn take(&mut self, log: &TraceLog, event: &TimedEvent) {
        self.run_lanes_until(event.time_ns);
        self.go_to(event.time_ns);
        for line in &mut self.lines {
            match &mut line.driver {
                Driver::Irql(follower) => {
                    if let Some((at, after)) = follower.follow(event) {
                        // The trace does not tell how long code that raised its IRQL stays at
                        // that level. The dump shows the raised level up to the next event.
                        let is_raised = event.level == Level::Raised;
                        line.value = Some(if is_raised { at } else { after });
                    }
                }
                Driver::Running(calls) => line.value = Some(run(calls, event)),
                _ => {}
            }
        }
        match event.event {
            Event::Signal { signal, value } => self.set_signal(log, signal, value),
            Event::Serial { lane, byte, edge: SerialEdge::Start, bit_ns, .. } => {
                self.longest_bit_ns = self.longest_bit_ns.max(u64::from(bit_ns));
                self.begin_byte(log, lane, event.time_ns, byte, bit_ns);
            }
            _ => {}
        }
    }

    fn set_signal(&mut self, log: &TraceLog, signal: NameId, value: u32) {
        let name = log.name(signal);
        for line in &mut self.lines {
            if matches!(line.driver, Driver::Signal(drives) if drives == name) {
                line.value = Some(value.min(greatest(line.bits)));
            }
        }
    }

    fn begin_byte(&mut self, log: &TraceLog, lane: NameId, time_ns: u64, byte: u8, bit_ns: u32) {
        let name = log.name(lane);
        for line in &mut self.lines {
            if let Driver::Lane(drives, bits) = &mut line.driver
                && *drives == name
            {
                bits.begin(time_ns, byte, bit_ns);
                line.value = Some(bits.next_bit());
            }
        }
    }

    /// Draws the bits that begin up to `time_ns`, of all lanes in order of time.
    fn run_lanes_until(&mut self, time_ns: u64) {
        loop {
            let due = self.lines.iter().enumerate().filter_map(|(index, line)| {
                let Driver::Lane(_, bits) = &line.driver else { return None };
                Some((bits.due_ns()?, index))
            });
            let Some((due_ns, index)) = due.min().filter(|(due_ns, _)| *due_ns <= time_ns) else {
                return;
            };
            self.go_to(due_ns);
            let line = &mut self.lines[index];
            if let Driver::Lane(_, bits) = &mut line.driver {
                line.value = Some(bits.next_bit());
            }
        }
    }

    /// Moves the clock on; writes the old tick when the clock leaves it.
    fn go_to(&mut self, time_ns: u64) {
        self.now_ns = self.now_ns.max(time_ns);
        let tick = self.now_ns / self.tick_ns;
        if tick != self.tick {
            self.write_tick();
            self.tick = tick;
        }
    }

    /// Writes the changes of a tick, if there are any; the first tick writes every wire.
    fn write_tick(&mut self) {
        let out = &mut self.out;
        let is_first = self.tick == 0;
        let mut is_empty = !is_first;
        if is_first {
            out.push_str("#0\n$dumpvars\n");
        }
        for line in &mut self.lines {
            if line.written == Some(line.value) {
                continue;
            }
            line.written = Some(line.value);
            if std::mem::take(&mut is_empty) {
                push_time(out, self.tick);
            }
            match line.driver {
                Driver::Running(_) => push_text_value(out, self.log, line),
                _ => push_value(out, line),
            }
        }
        if is_first {
            out.push_str("$end\n");
        }
    }

    /// Ends the dump: the remaining bits with the whole last bit, an idle time, and the end time.
    fn finish(&mut self) {
        self.run_lanes_until(u64::MAX);
        self.write_tick();
        let idle_ns = (1 + FRAME_BITS) * self.longest_bit_ns;
        let end = self.now_ns.saturating_add(idle_ns).div_ceil(self.tick_ns);
        push_time(&mut self.out, end.max(self.tick.saturating_add(1)));
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }
}

impl<'a> Line<'a> {
    fn new(wire: &'a Wire, index: usize, dialect: Dialect) -> Self {
        let bits = width(&wire.source);
        let (driver, value) = match &wire.source {
            Source::Lane(name) => (Driver::Lane(name, LaneBits::new()), Some(1)),
            Source::Signal { name, start, .. } => {
                let unknown = (dialect == Dialect::Sigrok).then_some(0);
                let start = start.map(|start| start.min(greatest(bits)));
                (Driver::Signal(name), start.or(unknown))
            }
            Source::Irql => (Driver::Irql(IrqlFollower::new()), Some(0)),
            Source::Running => (Driver::Running(Vec::new()), Some(0)),
        };
        Line { identifier: identifier(index), bits, driver, value, written: None }
    }
}

/// Whether a dialect can show this wire.
fn fits(wire: &Wire, dialect: Dialect) -> bool {
    dialect == Dialect::Full || (width(&wire.source) == 1 && wire.source != Source::Running)
}

/// Width of a wire in bits.
fn width(source: &Source) -> u8 {
    match source {
        // A text has no width; readers expect 1.
        Source::Lane(_) | Source::Running => 1,
        Source::Signal { bits, .. } => (*bits).clamp(1, WIDEST),
        Source::Irql => 2,
    }
}

/// The greatest value of a wire with 1 to 32 bits.
fn greatest(bits: u8) -> u32 {
    u32::MAX >> (WIDEST - bits)
}

/// The line that declares a wire.
fn declaration(wire: &Wire, line: &Line<'_>) -> String {
    let printable = |letter: char| if letter.is_ascii_graphic() { letter } else { '_' };
    let name: String = wire.name.chars().map(printable).collect();
    let kind = if matches!(line.driver, Driver::Running(_)) { "string" } else { "wire" };
    let range = if line.bits == 1 { String::new() } else { format!(" [{}:0]", line.bits - 1) };
    format!("$var {kind} {} {} {name}{range} $end\n", line.bits, line.identifier)
}

/// The identifier of a wire in the file. The first identifiers are `!` and `"`, then come the other
/// single characters, then pairs of characters.
fn identifier(mut index: usize) -> String {
    let (first, count) = (*IDENTIFIER.start(), IDENTIFIER.len());
    let mut text = String::new();
    loop {
        text.push(char::from(first + (index % count) as u8));
        if index < count {
            return text;
        }
        index = index / count - 1;
    }
}

fn push_time(out: &mut String, tick: u64) {
    out.push('#');
    out.push_str(&tick.to_string());
    out.push('\n');
}

fn push_value(out: &mut String, line: &Line<'_>) {
    match (line.value, line.bits) {
        (None, 1) => out.push('x'),
        (None, _) => out.push_str("bx "),
        (Some(value), 1) => out.push(if value == 0 { '0' } else { '1' }),
        (Some(value), _) => out.push_str(&format!("b{value:b} ")),
    }
    out.push_str(&line.identifier);
    out.push('\n');
}

/// Updates the list of open calls by an event. Returns the number of the name of the innermost
/// call, 0 for none.
fn run(calls: &mut Vec<NameId>, event: &TimedEvent) -> u32 {
    match event.event {
        Event::Call { function, .. } => {
            if calls.len() == DEEPEST {
                calls.remove(0);
            }
            calls.push(function);
        }
        Event::Return { function, .. } => {
            if let Some(index) = calls.iter().rposition(|&called| called == function) {
                calls.truncate(index);
            }
        }
        _ => {}
    }
    calls.last().map_or(0, |name| u32::from(name.0))
}

/// Writes a text. The format has no spaces in a text, so a space is `_`.
fn push_text_value(out: &mut String, log: &TraceLog, line: &Line<'_>) {
    let name = match line.value {
        None | Some(0) => "-",
        Some(name) => log.name(NameId(name as u16)),
    };
    let printable = |letter: char| if letter.is_ascii_graphic() { letter } else { '_' };
    out.push('s');
    out.extend(name.chars().map(printable));
    out.push(' ');
    out.push_str(&line.identifier);
    out.push('\n');
}
