//! A trace as nodes: spans of calls with what happens in them, in chains.
//!
//! The nodes of a chain have an order. A mark begins a section. In a section each service routine,
//! DPC, lane, signal and timer is a separate chain, and so is the thread. Nothing is said about
//! the order of two chains: only causes connect them. Several reads of a state in a row are one
//! node. The two ends of a byte are one node.

mod builder;
mod fingerprint;

use portcls_emulator::trace::{
    Direction, Event, Level, SerialEdge, SerialSource, TimedEvent, TraceLog,
};

use crate::causes::{Cause, NONE, causes};
use crate::key::mix;
use builder::Builder;
use fingerprint::fingerprint;

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Mark,
    Isr,
    Dpc,
    Call,
    Return,
    Access,
    Poll,
    Byte,
    Signal,
    Queue,
    Timer,
    Expiry,
    Wait,
    Delay,
    Note,
    Choice,
}

/// A chain of a section. A comparison aligns the chains in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Chain {
    LaneIn(u64),
    Line(u64),
    Timer(u64),
    Isr(u64),
    Dpc(u64),
    Thread,
    Signal(u64),
    Hardware,
    LaneOut(u64),
}

/// A node of one or more events.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub kind: Kind,
    pub level: Level,
    /// The first and the last event.
    pub first: u32,
    pub last: u32,
    /// Links to other nodes, [`NONE`] for none.
    pub parent: u32,
    pub child: u32,
    pub next: u32,
    tail: u32,
    /// What the node is, with its values, without its time.
    pub key: u64,
    /// What the node is, without its values.
    pub class: u64,
    /// The key of the node, mixed with the keys of everything inside.
    pub digest: u64,
    /// How many reads, and the distance of folded reads in ns.
    pub count: u64,
    pub pitch_ns: u32,
    pub begin_ns: u64,
    /// The end of the last event.
    pub end_ns: u64,
    /// Time that interrupts and DPCs took between the first and the last event, in ns.
    pub stolen_ns: u64,
    /// The keys of the notes of all reads, mixed in order. A read with the note and the value of
    /// the read before it adds nothing.
    pub states: u64,
    last_state: u64,
}

/// What happened from one mark to the next.
#[derive(Default)]
pub(crate) struct Section {
    /// The node of the mark; [`NONE`] for the section before the first mark.
    pub mark: u32,
    pub chains: Vec<(Chain, Vec<u32>)>,
}

/// A trace as nodes.
pub(crate) struct Tree<'a> {
    pub log: &'a TraceLog,
    /// How much later the times are than in the log, in ns.
    pub shift_ns: i64,
    pub events: Vec<TimedEvent>,
    pub causes: Vec<Cause>,
    pub nodes: Vec<Node>,
    /// The node of each event.
    pub node_of: Vec<u32>,
    pub sections: Vec<Section>,
    /// The service routines and DPCs that seem to run at the same time as code that cannot run
    /// then, in order. For an event inside such a routine, the trace does not tell whether the
    /// routine or the other code made it.
    pub mixed: Vec<u32>,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(log: &'a TraceLog) -> Tree<'a> {
        Tree::later(log, 0)
    }

    /// The tree of a trace, with all times later by `shift_ns`.
    pub(crate) fn later(log: &'a TraceLog, shift_ns: i64) -> Tree<'a> {
        let moved = |event: TimedEvent| TimedEvent {
            time_ns: event.time_ns.saturating_add_signed(shift_ns),
            ..event
        };
        let events: Vec<TimedEvent> = log.events().map(moved).collect();
        let tree = Tree {
            log,
            shift_ns,
            causes: causes(log),
            nodes: Vec::with_capacity(events.len()),
            node_of: vec![NONE; events.len()],
            sections: vec![Section { mark: NONE, chains: Vec::new() }],
            mixed: Vec::new(),
            events,
        };
        let mut tree = Builder::new(tree).build();
        tree.settle_digests();
        tree.mixed.sort_unstable();
        tree.mixed.dedup();
        tree
    }

    pub(crate) fn node(&self, number: u32) -> &Node {
        &self.nodes[number as usize]
    }

    /// The cause of a node: the cause of its first event.
    pub(crate) fn cause(&self, number: u32) -> &Cause {
        &self.causes[self.node(number).first as usize]
    }

    /// The node of an event, [`NONE`] for no event.
    pub(crate) fn node_of_event(&self, event: Option<usize>) -> u32 {
        event.map_or(NONE, |event| self.node_of[event])
    }

    /// The node of the critical cause of a node.
    pub(crate) fn cause_node(&self, number: u32) -> u32 {
        self.node_of_event(self.cause(number).event())
    }

    /// The node of the trigger of a node.
    pub(crate) fn trigger_node(&self, number: u32) -> u32 {
        self.node_of_event(self.cause(number).trigger())
    }

    /// The first event of a node.
    pub(crate) fn event(&self, number: u32) -> &TimedEvent {
        &self.events[self.node(number).first as usize]
    }

    /// The write that became the byte that an event starts; `None` for any other event, and for a
    /// byte that the device made by itself.
    pub(crate) fn write_of_byte(&self, event: usize) -> Option<usize> {
        let is_written = matches!(
            self.events[event].event,
            Event::Serial { edge: SerialEdge::Start, source: SerialSource::Outside, .. }
        );
        let is_write = |write: &usize| {
            matches!(self.events[*write].event,
                Event::Access(access) if access.direction == Direction::Write)
        };
        self.causes[event].trigger().filter(|write| is_written && is_write(write))
    }

    /// The words of the last mark up to an event, and the time of this mark in ns. Before the
    /// first mark there are no words, and the time is 0.
    pub(crate) fn mark_before(&self, event: usize) -> (String, u64) {
        let mark = |event: &TimedEvent| match event.event {
            Event::Mark(text) => Some((self.log.text(text).to_owned(), event.time_ns)),
            _ => None,
        };
        self.events[..=event].iter().rev().find_map(mark).unwrap_or_default()
    }

    pub(crate) fn children(&self, number: u32) -> Vec<u32> {
        let mut children = Vec::new();
        let mut child = self.node(number).child;
        while child != NONE {
            children.push(child);
            child = self.node(child).next;
        }
        children
    }

    /// A number that differs for traces that differ.
    pub(crate) fn fingerprint(&self) -> u64 {
        fingerprint(self.log, &self.events)
    }

    /// Folds the keys of the children into the digests. A child has a higher number than its
    /// parent.
    fn settle_digests(&mut self) {
        for number in (0..self.nodes.len()).rev() {
            let node = &mut self.nodes[number];
            if node.kind == Kind::Poll {
                node.key = mix(node.class, node.last_state);
            }
            node.digest = mix(mix(node.digest, node.key), node.level as u64);
            let (digest, parent) = (node.digest, node.parent);
            if parent != NONE {
                let parent = &mut self.nodes[parent as usize];
                parent.digest = mix(parent.digest, digest);
            }
        }
    }
}
