//! A trace as lanes over time: which lane shows an event, and until when.
//!
//! This module owns the order of the lanes, from the software at the top to the wires at the
//! bottom. So an arrow that goes up is an interrupt, and an arrow that goes down is an output. The
//! page and the picture draw the facts of this module, and add none.

mod sentence;
#[cfg(test)]
mod tests;

use portcls_emulator::trace::{Event, Level, NameId, TimedEvent, TimerChange, TraceLog};

use crate::causes::{LANE_IN, LINE, NONE};
use crate::irql::IrqlFollower;
use crate::legend::Legend;
use crate::nodes::{Kind, Tree};
pub(crate) use sentence::{Speaker, byte_words};

/// What a lane shows. The order is the order on the screen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum LaneKind {
    /// Marks and the answers of an oracle.
    Scenario,
    /// Broken rules, the end of a run, and what a comparison found.
    Findings,
    /// Code of threads and work items.
    Thread,
    /// Code of DPCs.
    Dpc,
    /// Code of service routines.
    Isr,
    /// The IRQL of the processor.
    Irql,
    /// Accesses of the driver to ports.
    Accesses,
    /// The notes of the device.
    Device,
    /// An interrupt line.
    Line(NameId),
    /// Another signal.
    Signal(NameId),
    /// Bytes that were written and have not left yet.
    Waiting,
    /// Bytes that go out.
    Out(NameId),
    /// Bytes that come in.
    In(NameId),
}

/// A lane.
pub(crate) struct Lane {
    pub kind: LaneKind,
    pub title: String,
    /// What the lane shows, in a few words.
    pub meaning: &'static str,
}

/// A trace as lanes.
pub(crate) struct Timeline<'a> {
    pub tree: Tree<'a>,
    pub lanes: Vec<Lane>,
    /// The lane of each event.
    pub lane_of: Vec<u8>,
    /// The event that ends what an event begins, [`NONE`] for none.
    pub end_of: Vec<u32>,
    /// The call around each event, [`NONE`] for none.
    pub parent_of: Vec<u32>,
    /// The events at which the IRQL changes, with the value from then on: 0, 2 or 3. If the level
    /// is raised for one event only, this event is in the list twice.
    pub irql: Vec<(u32, u8)>,
    /// The events at which a byte was written or has left, with the number of bytes that wait from
    /// then on.
    pub waiting: Vec<(u32, u32)>,
}

/// Whether a timeline has a lane for findings even when the trace has no findings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FindingsLane {
    WhenNeeded,
    Always,
}

impl<'a> Timeline<'a> {
    pub(crate) fn new(log: &'a TraceLog, legend: &Legend, findings: FindingsLane) -> Timeline<'a> {
        let tree = Tree::new(log);
        let kinds: Vec<LaneKind> =
            (0..tree.events.len()).map(|event| lane_kind(&tree, event)).collect();
        let waiting = waiting(&tree);
        let mut lanes: Vec<LaneKind> = Vec::new();
        let mut add = |kind| {
            if !lanes.contains(&kind) {
                lanes.push(kind);
            }
        };
        kinds.iter().copied().for_each(&mut add);
        if findings == FindingsLane::Always {
            add(LaneKind::Findings);
        }
        if tree.events.iter().any(|event| event.level != Level::Hardware) {
            add(LaneKind::Irql);
        }
        if !waiting.is_empty() {
            add(LaneKind::Waiting);
        }
        lanes.sort_unstable();
        // A page numbers the lanes with a byte. No trace of a machine has more lanes than a byte
        // can number. If a trace has more, its last lanes are drawn as one lane.
        lanes.truncate(usize::from(u8::MAX));
        let lane_of = kinds
            .iter()
            .map(|kind| lanes.binary_search(kind).unwrap_or(lanes.len() - 1) as u8)
            .collect();
        let lanes = lanes.into_iter().map(|kind| lane(log, legend, kind)).collect();
        let (parent_of, end_of) = spans(&tree);
        let irql = irql_changes(&tree.events);
        Timeline { tree, lanes, lane_of, end_of, parent_of, irql, waiting }
    }

    /// The time at which an event ends, in ns: the end of its span, of its byte, or of its polls.
    pub(crate) fn end_ns(&self, event: usize) -> u64 {
        match self.end_of[event] {
            NONE => crate::causes::end_ns(&self.tree.events[event]),
            end => self.tree.events[end as usize].time_ns,
        }
    }
}

/// Whether a note tells of a mistake of the driver or of the end of the run.
pub(crate) fn is_finding(words: &str) -> bool {
    words.starts_with("violation ") || words.starts_with("stop: ")
}

fn lane(log: &TraceLog, legend: &Legend, kind: LaneKind) -> Lane {
    let (title, meaning) = match kind {
        LaneKind::Scenario => ("Scenario", "marks"),
        LaneKind::Findings => ("Findings", "what is wrong"),
        LaneKind::Thread => ("Thread", "code of threads"),
        LaneKind::Dpc => ("DPC", "deferred code"),
        LaneKind::Isr => ("ISR", "service routine"),
        LaneKind::Irql => ("IRQL", "of the processor"),
        LaneKind::Accesses => ("Port accesses", "read up, write down"),
        LaneKind::Device => ("Device", "what it says"),
        LaneKind::Line(name) => (log.name(name), "interrupt line"),
        LaneKind::Signal(name) => (log.name(name), "inside the card"),
        LaneKind::Waiting => ("Bytes waiting", "written, not sent yet"),
        LaneKind::Out(name) => (legend.lane(log.name(name)), "leaves the card"),
        LaneKind::In(name) => (legend.lane(log.name(name)), "comes to the card"),
    };
    Lane { kind, title: title.to_owned(), meaning }
}

fn lane_kind(tree: &Tree<'_>, number: usize) -> LaneKind {
    let event = &tree.events[number];
    match event.event {
        Event::Mark(_) | Event::Choice { .. } => LaneKind::Scenario,
        Event::Note(text) if is_finding(tree.log.text(text)) => LaneKind::Findings,
        Event::Access(_) => LaneKind::Accesses,
        Event::Signal { signal, .. } if tree.log.name(event.who) == LINE => LaneKind::Line(signal),
        Event::Signal { signal, .. } => LaneKind::Signal(signal),
        Event::Serial { lane, .. } if tree.log.name(lane) == LANE_IN => LaneKind::In(lane),
        Event::Serial { lane, .. } => LaneKind::Out(lane),
        Event::Timer { change: TimerChange::Expired, .. } => LaneKind::Dpc,
        _ if event.level == Level::Hardware => LaneKind::Device,
        _ => context(tree, tree.node_of[number]),
    }
}

/// The code in which a node happened.
fn context(tree: &Tree<'_>, mut node: u32) -> LaneKind {
    loop {
        let found = tree.node(node);
        match found.kind {
            Kind::Isr => return LaneKind::Isr,
            Kind::Dpc => return LaneKind::Dpc,
            _ if found.parent == NONE => return LaneKind::Thread,
            _ => node = found.parent,
        }
    }
}

/// The call around each event, and the event that ends what an event begins.
fn spans(tree: &Tree<'_>) -> (Vec<u32>, Vec<u32>) {
    let mut parent_of = vec![NONE; tree.events.len()];
    let mut end_of = vec![NONE; tree.events.len()];
    for (event, &node) in tree.node_of.iter().enumerate() {
        let parent = if node == NONE { NONE } else { tree.node(node).parent };
        if parent != NONE {
            parent_of[event] = tree.node(parent).first;
        }
    }
    for node in &tree.nodes {
        let begins_span = matches!(node.kind, Kind::Isr | Kind::Dpc | Kind::Call | Kind::Byte);
        if begins_span && node.last != node.first {
            end_of[node.first as usize] = node.last;
        }
    }
    (parent_of, end_of)
}

/// The events at which the IRQL changes, with the value from then on: 0, 2 or 3.
pub(crate) fn irql_changes(events: &[TimedEvent]) -> Vec<(u32, u8)> {
    let mut follower = IrqlFollower::new();
    let mut changes = Vec::new();
    let mut level = 0;
    for (number, event) in events.iter().enumerate() {
        let Some((at, after)) = follower.follow(event) else { continue };
        for value in [at as u8, after as u8] {
            if value != level {
                level = value;
                changes.push((number as u32, level));
            }
        }
    }
    changes
}

/// The events that change the number of waiting bytes, each with the number from then on. A byte
/// waits from its write to its end on the wire.
fn waiting(tree: &Tree<'_>) -> Vec<(u32, u32)> {
    let mut steps: Vec<(u32, i32)> = Vec::new();
    for number in 0..tree.events.len() {
        let Some(write) = tree.write_of_byte(number) else { continue };
        let node = tree.node(tree.node_of[number]);
        steps.push((write as u32, 1));
        if node.last != node.first {
            steps.push((node.last, -1));
        }
    }
    steps.sort_unstable();
    let mut level = 0;
    let levels = steps.into_iter().map(|(event, step)| {
        level += step;
        (event, level.max(0) as u32)
    });
    levels.collect()
}
