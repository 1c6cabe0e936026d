//! Takes the times out of the nodes and causes of a trace.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use portcls_emulator::trace::{Direction, Event, SerialEdge, TimedEvent, TimerChange, TraceLog};

use super::{BinEdges, LaneUse, Latency, Sample, Series, Span, TimeAt, Worst};
use crate::causes::{LANE_IN, NONE, Reason, end_ns};
use crate::explain::why;
use crate::nodes::{Kind, Node, Tree};
use crate::sentence::us;
use crate::timeline::irql_changes;

/// The actor whose notes tell what the application does, and the beginning of its note about a
/// completed read. The bytes of the read follow.
const APPLICATION: &str = "app";
const READ: &str = "read completes: ";

/// Bits of a byte on a serial lane: the start bit, eight bits and the stop bit.
const BITS: u64 = 10;

/// Measures a trace.
pub(super) struct Gauge<'a> {
    log: &'a TraceLog,
    tree: Tree<'a>,
    /// The times by span and by the index of the name in `names`.
    samples: BTreeMap<(Span, usize), Vec<Sample>>,
    names: Vec<String>,
    bytes_written: u64,
    polls: u64,
}

impl<'a> Gauge<'a> {
    pub(super) fn new(log: &'a TraceLog) -> Gauge<'a> {
        let tree = Tree::new(log);
        let samples = BTreeMap::new();
        Gauge { log, tree, samples, names: Vec::new(), bytes_written: 0, polls: 0 }
    }

    pub(super) fn measure(&mut self) {
        self.routines();
        self.polls_before_bytes();
        self.bytes_in();
    }

    fn add(&mut self, span: Span, name: &str, time_ns: u64, event: u32) {
        let known = self.names.iter().position(|known| known == name);
        let number = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        self.samples.entry((span, number)).or_default().push(Sample { time_ns, event });
    }

    /// Measures service routines and DPCs: how long they waited, and how long they ran without the
    /// routines inside them.
    fn routines(&mut self) {
        // The routines around the present routine, each with the time that routines inside it
        // took.
        let mut open: Vec<(u32, u64)> = Vec::new();
        for number in 0..self.tree.nodes.len() as u32 {
            let span = match self.tree.node(number).kind {
                Kind::Isr => Span::Isr,
                Kind::Dpc => Span::Dpc,
                _ => continue,
            };
            self.close(&mut open, self.tree.node(number).first);
            open.push((number, 0));
            self.waited(number, span);
        }
        self.close(&mut open, NONE);
    }

    /// Takes the routines that ended before the event `before` out of `open`, and measures how long
    /// they ran.
    fn close(&mut self, open: &mut Vec<(u32, u64)>, before: u32) {
        while let Some(&(number, inside_ns)) = open.last() {
            let node = self.tree.node(number);
            if node.last >= before {
                return;
            }
            open.pop();
            let took_ns = node.end_ns.saturating_sub(node.begin_ns);
            if let Some((_, outer_ns)) = open.last_mut() {
                *outer_ns += took_ns;
            }
            // A routine that never returned has no length.
            if node.last != node.first {
                let span = if node.kind == Kind::Isr { Span::Isr } else { Span::Dpc };
                let (name, event) = (self.routine_name(number), node.first);
                self.add(span, &name, took_ns.saturating_sub(inside_ns), event);
            }
        }
    }

    fn waited(&mut self, number: u32, span: Span) {
        let Some(trigger) = self.tree.cause(number).trigger() else { return };
        let node = self.tree.node(number);
        let (begin_ns, event) = (node.begin_ns, node.first);
        let waited_ns = begin_ns.saturating_sub(self.tree.events[trigger].time_ns);
        let is_wait = match self.tree.events[trigger].event {
            Event::Signal { .. } => span == Span::Isr,
            Event::Dpc { .. } | Event::Timer { .. } => span == Span::Dpc,
            _ => false,
        };
        if is_wait {
            let name = self.routine_name(number);
            let wait = if span == Span::Isr { Span::Line } else { Span::Queue };
            self.add(wait, &name, waited_ns, event);
        }
    }

    fn routine_name(&self, number: u32) -> String {
        match self.tree.event(number).event {
            Event::Call { function, .. } => self.log.name(function).to_owned(),
            _ => String::new(),
        }
    }

    /// Measures the bytes that the driver wrote: the polls before each byte, and for a byte that a
    /// timer's DPC wrote, how late the byte was.
    fn polls_before_bytes(&mut self) {
        let writes = self.writes_of_bytes();
        self.bytes_written = writes.len() as u64;
        // For each call, the polls in it since the last other access in it: when the first of these
        // polls began, and their number of reads.
        let mut polls: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        for number in 0..self.tree.nodes.len() as u32 {
            let node = self.tree.node(number);
            let (parent, first, begin_ns) = (node.parent, node.first, node.begin_ns);
            match node.kind {
                Kind::Poll => {
                    let (_, reads) = polls.entry(parent).or_insert((begin_ns, 0));
                    *reads += node.count;
                }
                Kind::Access => {
                    let before = polls.remove(&parent);
                    let Some(byte) = writes.get(&first) else { continue };
                    let (since_ns, reads) = before.unwrap_or((begin_ns, 0));
                    self.polls += reads;
                    let lane = self.lane_of(*byte);
                    self.add(Span::Poll, &lane, begin_ns - since_ns, first);
                    self.late(number, *byte);
                }
                _ => {}
            }
        }
    }

    /// The writes that became bytes, each with the event that starts the byte.
    fn writes_of_bytes(&self) -> BTreeMap<u32, u32> {
        let bytes = 0..self.tree.events.len();
        let written = |byte| Some((self.tree.write_of_byte(byte)? as u32, byte as u32));
        bytes.filter_map(written).collect()
    }

    /// If a DPC of a timer wrote a byte: measures how long after the due time of the timer the
    /// byte starts.
    fn late(&mut self, write: u32, byte: u32) {
        let mut place = write;
        while self.tree.node(place).parent != NONE {
            place = self.tree.node(place).parent;
        }
        if self.tree.node(place).kind != Kind::Dpc {
            return;
        }
        let Some(expiry) = self.tree.cause(place).trigger() else { return };
        let Some(due_ns) = self.due_ns(expiry) else { return };
        let start_ns = self.tree.events[byte as usize].time_ns;
        let name = self.routine_name(place);
        self.add(Span::Late, &name, start_ns.saturating_sub(due_ns), byte);
    }

    /// When the timer of an expiry was due.
    fn due_ns(&self, expiry: usize) -> Option<u64> {
        let expired = &self.tree.events[expiry];
        if !matches!(expired.event, Event::Timer { change: TimerChange::Expired, .. }) {
            return None;
        }
        let cause = &self.tree.causes[expiry];
        let set = cause.event().filter(|_| cause.reason == Reason::TimerSet);
        let due = set.map(|set| (self.tree.events[set].time_ns, self.tree.events[set].event));
        match due {
            Some((set_ns, Event::Timer { change: TimerChange::Set { due_in_ns, .. }, .. })) => {
                Some(set_ns.saturating_add(due_in_ns))
            }
            // Assumed: a timer that expires again and again is due at each expiry.
            _ => Some(expired.time_ns),
        }
    }

    /// Measures the bytes that came in: when the driver took each byte, and when the application
    /// got it.
    fn bytes_in(&mut self) {
        let mut arrived: VecDeque<(u8, u64)> = VecDeque::new();
        for number in 0..self.tree.events.len() {
            let event = self.tree.events[number];
            match event.event {
                Event::Serial { lane, byte, edge: SerialEdge::End, .. }
                    if self.log.name(lane) == LANE_IN =>
                {
                    arrived.push_back((byte, event.time_ns));
                }
                Event::Access(access) if access.direction == Direction::Read => {
                    self.arrival(number, &event);
                }
                Event::Note(text) if self.log.name(event.who) == APPLICATION => {
                    if let Some(words) = self.log.text(text).strip_prefix(READ)
                        && let Some(end_ns) = take_read(&mut arrived, words)
                    {
                        let time_ns = event.time_ns.saturating_sub(end_ns);
                        self.add(Span::Read, APPLICATION, time_ns, number as u32);
                    }
                }
                _ => {}
            }
        }
    }

    fn arrival(&mut self, number: usize, event: &TimedEvent) {
        let Some(trigger) = self.tree.causes[number].trigger() else { return };
        let byte = &self.tree.events[trigger];
        if let Event::Serial { lane, edge: SerialEdge::End, .. } = byte.event {
            let time_ns = event.time_ns.saturating_sub(byte.time_ns);
            let name = self.log.name(lane).to_owned();
            self.add(Span::Arrival, &name, time_ns, number as u32);
        }
    }

    fn lane_of(&self, byte: u32) -> String {
        match self.tree.events[byte as usize].event {
            Event::Serial { lane, .. } => self.log.name(lane).to_owned(),
            _ => String::new(),
        }
    }

    pub(super) fn into_latency(self, bin_edges_ns: BinEdges) -> Latency {
        let series = self.samples.iter().map(|(&(span, name), samples)| {
            let worst = self.worst(span, samples);
            let name = self.names[name].clone();
            Series::new((span, name), samples, &bin_edges_ns, worst)
        });
        Latency {
            run_ns: self.run_ns(),
            bytes_written: self.bytes_written,
            polls: self.polls,
            series: series.collect(),
            levels: self.levels(),
            lanes: self.lanes(),
            bin_edges_ns,
        }
    }

    /// The first of the longest times.
    fn worst(&self, span: Span, samples: &[Sample]) -> Worst {
        let longest = |a: &&Sample, b: &&Sample| (a.time_ns, b.event).cmp(&(b.time_ns, a.event));
        let sample = samples.iter().max_by(longest).expect("a series has a time");
        let event = sample.event as usize;
        let at_ns = self.tree.events[event].time_ns;
        let (mark, mark_ns) = self.tree.mark_before(event);
        let node = self.tree.node_of[event];
        let inside = match span {
            Span::Isr | Span::Dpc => polls_inside(&self.tree, node),
            _ => None,
        };
        let why = inside.into_iter().chain(why(&self.tree, node)).collect();
        Worst { event, at_ns, mark, since_mark_ns: at_ns.saturating_sub(mark_ns), why }
    }

    fn run_ns(&self) -> u64 {
        let first_ns = self.tree.events.first().map_or(0, |event| event.time_ns);
        self.last_ns().saturating_sub(first_ns)
    }

    fn last_ns(&self) -> u64 {
        self.tree.events.iter().map(end_ns).max().unwrap_or(0)
    }

    fn levels(&self) -> Vec<TimeAt> {
        let mut times_ns = [0_u64; 3];
        let first_ns = self.tree.events.first().map_or(0, |event| event.time_ns);
        let (mut since_ns, mut level) = (first_ns, 0);
        let place = |level: u8| usize::from(level.min(3)).saturating_sub(1);
        for (event, next) in irql_changes(&self.tree.events) {
            let time_ns = self.tree.events[event as usize].time_ns;
            times_ns[place(level)] += time_ns.saturating_sub(since_ns);
            (since_ns, level) = (time_ns, next);
        }
        times_ns[place(level)] += self.last_ns().saturating_sub(since_ns);
        let names = ["PASSIVE_LEVEL or idle", "DISPATCH_LEVEL", "device level"];
        let times = names.into_iter().zip(times_ns);
        times.rev().map(|(level, time_ns)| TimeAt { level, time_ns }).collect()
    }

    fn lanes(&self) -> Vec<LaneUse> {
        let mut lanes: Vec<LaneUse> = Vec::new();
        for event in &self.tree.events {
            let Event::Serial { lane, edge: SerialEdge::End, bit_ns, .. } = event.event else {
                continue;
            };
            let name = self.log.name(lane);
            let known = lanes.iter().position(|known| known.lane == name);
            let index = known.unwrap_or_else(|| {
                lanes.push(LaneUse { lane: name.to_owned(), bytes: 0, busy_ns: 0 });
                lanes.len() - 1
            });
            lanes[index].bytes += 1;
            lanes[index].busy_ns += BITS * u64::from(bit_ns);
        }
        lanes
    }
}

/// Takes the bytes of a read from the bytes that have arrived, and returns the end of the last
/// byte. Skips bytes that the driver or the port left out.
fn take_read(arrived: &mut VecDeque<(u8, u64)>, words: &str) -> Option<u64> {
    let shown: Vec<u8> =
        words.split(' ').map_while(|word| u8::from_str_radix(word, 16).ok()).collect();
    let count = match words.split_once(" ... ") {
        Some((_, rest)) => rest.split(' ').next()?.parse().ok()?,
        None => shown.len(),
    };
    let mut end_ns = None;
    for byte in &shown {
        let place = arrived.iter().position(|(arrived, _)| arrived == byte)?;
        end_ns = arrived.drain(..=place).next_back().map(|(_, end_ns)| end_ns);
    }
    // The note of a read of many bytes has the first bytes and the number of all bytes.
    for _ in shown.len()..count {
        end_ns = arrived.pop_front().map(|(_, end_ns)| end_ns).or(end_ns);
    }
    end_ns
}

/// How much of a routine was polling, in words. Only runs of at least two polls count. `None` if
/// the routine has no such run.
fn polls_inside(tree: &Tree<'_>, routine: u32) -> Option<String> {
    let polls = |node: &&Node| node.kind == Kind::Poll && node.count > 1;
    let nodes = descendants(tree, routine);
    let (mut runs, mut reads, mut time_ns, mut longest_ns) = (0, 0, 0, 0);
    for node in nodes.iter().map(|number| tree.node(*number)).filter(polls) {
        let took_ns = node.end_ns.saturating_sub(node.begin_ns);
        runs += 1;
        reads += node.count;
        time_ns += took_ns;
        longest_ns = longest_ns.max(took_ns);
    }
    let us = |ns: u64| us(ns as i64);
    (runs > 0).then(|| {
        let (all, longest) = (us(time_ns), us(longest_ns));
        match runs {
            1 => format!("{all} of it are {reads} polls in one wait"),
            _ => format!("{all} of it are {runs} waits, {reads} polls, the longest {longest}"),
        }
    })
}

fn descendants(tree: &Tree<'_>, node: u32) -> Vec<u32> {
    let mut found = BTreeSet::new();
    let mut open = vec![node];
    while let Some(next) = open.pop() {
        for child in tree.children(next) {
            found.insert(child);
            open.push(child);
        }
    }
    found.into_iter().collect()
}
