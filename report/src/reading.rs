//! The text of a trace for reading: the golden text with more facts.
//!
//! This text cannot be read back, and no golden file has this form. A caller asks for each
//! addition separately. The additions are in this module, so that [`text`](crate::text) stays
//! short.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use portcls_emulator::trace::{Direction, Event, SerialEdge, TimedEvent, TraceLog};

use crate::Filter;
use crate::causes::NONE;
use crate::distance::distance_ns;
use crate::nodes::{Kind, Tree};
use crate::sentence::us;
use crate::text::{Header, event_words, level_columns};

/// Columns of a time since a mark, of a time since power-on, of an actor, and of an event before
/// its duration.
const TIME_COLUMNS: usize = 9;
const ABSOLUTE_COLUMNS: usize = 14;
const WHO_COLUMNS: usize = 9;
const EVENT_COLUMNS: usize = 44;
/// Columns of one open call.
const NESTING_COLUMNS: usize = 2;
/// The deepest nesting that the text shows.
const DEEPEST: usize = 12;

/// The longest time that the WDK advises for a service routine and for a DPC, in ns.
/// Source: WDK, Guidelines for Writing DPC Routines: 100 us; "Introduction to ISRs": 25 us.
const ADVISED_ISR_NS: u64 = 25_000;
const ADVISED_DPC_NS: u64 = 100_000;

/// What the text shows beside the golden text. By default the lines are those of the golden text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Show {
    /// At each return, how long the call took, in us. A `!` marks a service routine of more than
    /// 25 us and a DPC of more than 100 us.
    pub durations: bool,
    /// Each open call moves the event to the right.
    pub nesting: bool,
    /// Times since power-on instead of times since the last mark.
    pub absolute: bool,
    /// Polls of one wait are one line, even if the card did something between them.
    pub polls: bool,
    /// If a byte begins when the byte before it ends, both are in one line.
    pub bytes: bool,
    /// The names of ports instead of their numbers.
    pub ports: PortNames,
}

/// The names of ports, for reads and for writes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PortNames {
    names: BTreeMap<u16, [String; 2]>,
}

impl PortNames {
    /// Gives a port its name for reads and its name for writes.
    pub fn insert(&mut self, port: u16, read: &str, written: &str) {
        self.names.insert(port, [read.to_owned(), written.to_owned()]);
    }

    fn of(&self, port: u16, direction: Direction) -> Option<&str> {
        let [read, written] = self.names.get(&port)?;
        Some(match direction {
            Direction::Read => read,
            Direction::Write => written,
        })
    }

    /// All ports in a line.
    fn legend(&self) -> String {
        let words = self.names.iter().map(|(port, [read, written])| match read == written {
            true => format!("{port:X} {read}"),
            false => format!("{port:X} {read} (read), {written} (written)"),
        });
        words.collect::<Vec<_>>().join("; ")
    }
}

/// A trace as text for reading.
#[must_use]
pub fn print(log: &TraceLog, header: &Header, filter: Filter, show: &Show) -> String {
    let tree = Tree::new(log);
    let mut printer = Printer { tree: &tree, show, base_ns: 0, out: String::new() };
    printer.push_header(header);
    let kept: Vec<u32> = (0..tree.events.len() as u32)
        .filter(|&event| filter.keeps(log, &tree.events[event as usize]))
        .collect();
    let mut is_told = vec![false; tree.events.len()];
    for (index, &event) in kept.iter().enumerate() {
        if is_told[event as usize] {
            continue;
        }
        let next = kept.get(index + 1).copied();
        let joined = printer.push_event(event, next);
        if joined && let Some(next) = next {
            is_told[next as usize] = true;
        }
    }
    printer.out
}

struct Printer<'t, 'a> {
    tree: &'t Tree<'a>,
    show: &'t Show,

    /// Time of the newest mark in ns.
    base_ns: u64,
    out: String,
}

impl Printer<'_, '_> {
    fn push_header(&mut self, header: &Header) {
        self.out.push_str("# a trace for reading; write a golden without --show\n");
        self.remark("machine", &header.machine);
        let since = if self.show.absolute { "power-on" } else { "the last mark (==)" };
        self.remark("time", &format!("us since {since}"));
        self.remark("ports", &self.show.ports.legend());
        self.out.push('\n');
    }

    fn remark(&mut self, key: &str, words: &str) {
        if !words.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(self.out, "# {key:<9}{words}");
        }
    }

    /// Writes the line of an event. Returns true when the line also has the next event.
    fn push_event(&mut self, number: u32, next: Option<u32>) -> bool {
        let event = &self.tree.events[number as usize];
        if let Event::Mark(text) = event.event {
            self.base_ns = event.time_ns;
            let words = self.tree.log.text(text);
            let time = us(distance_ns(0, event.time_ns));
            let _ = writeln!(self.out, "== {} {words}", time.trim_end_matches(" us"));
            return false;
        }
        let node = self.tree.node(self.tree.node_of[number as usize]);
        let is_poll = self.show.polls && node.kind == Kind::Poll && node.first != node.last;
        if is_poll && node.first != number {
            return false;
        }
        let mut words = if is_poll { self.polls(node.first, node.last) } else { self.words(event) };
        let joined = next.filter(|&next| self.begins_at_end(event, next));
        if let Some(next) = joined {
            words = format!("{words} | {}", self.words(&self.tree.events[next as usize]));
        }
        if let Some(took) = self.duration(number) {
            words = format!("{words:<EVENT_COLUMNS$}  {took}");
        }
        self.push_line(number, event, words.trim_end());
        joined.is_some()
    }

    fn push_line(&mut self, number: u32, event: &TimedEvent, words: &str) {
        let (base_ns, columns) = match self.show.absolute {
            true => (0, ABSOLUTE_COLUMNS),
            false => (self.base_ns, TIME_COLUMNS),
        };
        let time = us(distance_ns(base_ns, event.time_ns));
        let time = time.trim_end_matches(" us");
        let level = level_columns(event.level);
        let who = self.tree.log.name(event.who);
        let indent = NESTING_COLUMNS * self.depth(number);
        let _ = writeln!(
            self.out,
            "{time:>columns$} {level} {who:<WHO_COLUMNS$} {:indent$}{words}",
            ""
        );
    }

    /// What happened, with the name of its port.
    fn words(&self, event: &TimedEvent) -> String {
        let words = event_words(self.tree.log, event);
        let Event::Access(access) = event.event else { return words };
        let Some(name) = self.show.ports.of(access.port, access.direction) else { return words };
        // `in  331 -> BF`: the number of the port is the second word.
        let (verb, rest) = words.split_at(4);
        let rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
        format!("{verb}{name:<7} {rest}")
    }

    /// The polls from one event to another, in one line.
    fn polls(&self, first: u32, last: u32) -> String {
        let count = self.tree.node(self.tree.node_of[first as usize]).count;
        let (begin, end) = (&self.tree.events[first as usize], &self.tree.events[last as usize]);
        let Event::Access(access) = end.event else { return self.words(end) };
        let once =
            Event::Access(portcls_emulator::trace::AccessEvent { count: 1, pitch_ns: 0, ..access });
        let words = self.words(&TimedEvent { event: once, ..*end });
        let (words, note) =
            words.split_once(';').map_or((&*words, ""), |(words, note)| (words, note));
        let took_ns = crate::causes::end_ns(end).saturating_sub(begin.time_ns);
        let over = us(distance_ns(0, took_ns));
        let polls = format!("{} x{count} over {}", words.trim_end(), over.trim_end_matches(" us"));
        if note.is_empty() { polls } else { format!("{polls:<24} ;{note}") }
    }

    /// Whether the next event is the start of a byte at the time at which this event ends a byte.
    fn begins_at_end(&self, event: &TimedEvent, next: u32) -> bool {
        let next = &self.tree.events[next as usize];
        let (
            Event::Serial { lane, edge, .. },
            Event::Serial { lane: next_lane, edge: next_edge, .. },
        ) = (event.event, next.event)
        else {
            return false;
        };
        self.show.bytes
            && (lane, edge, next_edge) == (next_lane, SerialEdge::End, SerialEdge::Start)
            && (event.time_ns, event.who) == (next.time_ns, next.who)
    }

    /// For an event that ends a call: how long the call took.
    fn duration(&self, number: u32) -> Option<String> {
        let node = self.tree.node(self.tree.node_of[number as usize]);
        if !self.show.durations || node.kind != Kind::Return || node.parent == NONE {
            return None;
        }
        let span = self.tree.node(node.parent);
        let took_ns = node.begin_ns.saturating_sub(span.begin_ns);
        let is_long = match span.kind {
            Kind::Isr => took_ns > ADVISED_ISR_NS,
            Kind::Dpc => took_ns > ADVISED_DPC_NS,
            _ => false,
        };
        let took = us(distance_ns(0, took_ns));
        let took = took.trim_end_matches(" us");
        Some(if is_long { format!("({took}) !") } else { format!("({took})") })
    }

    /// How many calls are open around an event.
    fn depth(&self, number: u32) -> usize {
        if !self.show.nesting {
            return 0;
        }
        let node = self.tree.node(self.tree.node_of[number as usize]);
        // A return begins in the same column as its call.
        let mut place = match node.kind {
            Kind::Return if node.parent != NONE => self.tree.node(node.parent).parent,
            _ => node.parent,
        };
        let mut depth = 0;
        while place != NONE && depth < DEEPEST {
            depth += 1;
            place = self.tree.node(place).parent;
        }
        depth
    }
}
