//! A trace as nodes: spans of calls with what happens in them, in chains that have an order.
//!
//! A mark begins a section. In a section each service routine, DPC, lane, signal and timer is a
//! chain of its own, and so is the thread. Nothing is said about the order of two chains: only
//! causes connect them. Reads of a state in a row are one node, and so are both ends of a byte.

use portcls_emulator::trace::{
    AccessEvent, Argument, Direction, Event, Level, NameId, SerialEdge, TimedEvent, TimerChange,
    TraceLog,
};

use crate::causes::{
    Cause, Change, ContextKind, LANE_IN, LINE, NONE, Past, Processor, Reason, causes, end_ns,
    tells_state,
};
use crate::key::{NameKeys, mix, of_text, of_text_without_numbers};

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
    Note,
    Choice,
}

/// A chain of a section: first what aligns the chains behind it.
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
    /// What it is, with its values, without its time.
    pub key: u64,
    /// What it is, without its values.
    pub class: u64,
    /// The key, with everything inside.
    pub digest: u64,
    /// How many reads, and the distance of folded reads in ns.
    pub count: u64,
    pub pitch_ns: u32,
    pub begin_ns: u64,
    /// The end of the last event.
    pub end_ns: u64,
    /// Time that interrupts and DPCs took between the first and the last event, in ns.
    pub stolen_ns: u64,
    /// The keys of all reads of a state, one after the other without repetitions.
    pub states: u64,
    last_state: u64,
}

/// What happened from one mark to the next.
#[derive(Default)]
pub(crate) struct Section {
    /// [`NONE`] for the section before the first mark.
    pub mark: u32,
    pub chains: Vec<(Chain, Vec<u32>)>,
}

/// A trace as nodes.
pub(crate) struct Tree<'a> {
    pub log: &'a TraceLog,
    pub events: Vec<TimedEvent>,
    pub causes: Vec<Cause>,
    pub nodes: Vec<Node>,
    /// The node of each event.
    pub node_of: Vec<u32>,
    pub sections: Vec<Section>,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(log: &'a TraceLog) -> Tree<'a> {
        let events: Vec<TimedEvent> = log.events().collect();
        let tree = Tree {
            log,
            causes: causes(log),
            nodes: Vec::with_capacity(events.len()),
            node_of: vec![NONE; events.len()],
            sections: vec![Section { mark: NONE, chains: Vec::new() }],
            events,
        };
        let mut builder = Builder {
            names: NameKeys::new(log),
            tree,
            processor: Processor::new(log),
            frames: vec![Vec::new()],
            open_bytes: Vec::new(),
            thread_tail: NONE,
        };
        for number in 0..builder.tree.events.len() {
            builder.take(number as u32);
        }
        let mut tree = builder.tree;
        tree.settle_digests();
        tree
    }

    pub(crate) fn node(&self, number: u32) -> &Node {
        &self.nodes[number as usize]
    }

    /// The cause of a node: that of its first event.
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

    pub(crate) fn children(&self, number: u32) -> Vec<u32> {
        let mut children = Vec::new();
        let mut child = self.node(number).child;
        while child != NONE {
            children.push(child);
            child = self.node(child).next;
        }
        children
    }

    /// A number that tells this trace from any other one.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.nodes
            .iter()
            .fold(0, |print, node| mix(mix(print, node.key), mix(node.begin_ns, node.end_ns)))
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

struct Builder<'a> {
    names: NameKeys<'a>,
    tree: Tree<'a>,
    processor: Processor,
    /// The open spans at each depth of the processor's nesting.
    frames: Vec<Vec<u32>>,
    /// The byte that is on each lane.
    open_bytes: Vec<(NameId, u32)>,
    /// The last node of the thread that is in no span, in this section.
    thread_tail: u32,
}

impl Builder<'_> {
    fn take(&mut self, number: u32) {
        let event = self.tree.events[number as usize];
        match event.event {
            Event::Mark(text) => {
                let text = self.tree.log.text(text);
                let node = self.new_node(number, Kind::Mark, 0, of_text_without_numbers(text));
                let _ = self.processor.step(Past::new(number as usize, &event), &event);
                self.tree.sections.push(Section { mark: node, chains: Vec::new() });
                self.thread_tail = NONE;
            }
            Event::Serial { lane, byte, edge, .. } => self.take_serial(number, lane, byte, edge),
            Event::Signal { signal, value } => {
                let name = self.names.of(signal);
                let node = self.new_node(number, Kind::Signal, name, u64::from(value));
                let is_line = self.tree.log.name(event.who) == LINE;
                self.chain(if is_line { Chain::Line(name) } else { Chain::Signal(name) }, node);
                if is_line {
                    let past = Past::new(number as usize, &event);
                    self.processor.line(past, signal, value != 0);
                }
            }
            Event::Timer { timer, change: TimerChange::Expired } => {
                let name = self.names.of(timer);
                let node = self.new_node(number, Kind::Expiry, name, 0);
                self.chain(Chain::Timer(name), node);
            }
            _ if event.level == Level::Hardware => {
                let node = self.leaf(number, &event);
                self.chain(Chain::Hardware, node);
            }
            _ => self.take_processor(number, &event),
        }
    }

    fn take_serial(&mut self, number: u32, lane: NameId, byte: u8, edge: SerialEdge) {
        let open = self.open_bytes.iter().position(|&(open, _)| open == lane);
        if let (SerialEdge::End, Some(index)) = (edge, open) {
            let (_, node) = self.open_bytes.swap_remove(index);
            self.extend(node, number);
            let node = &mut self.tree.nodes[node as usize];
            node.key = mix(node.key, u64::from(byte));
            return;
        }
        let name = self.names.of(lane);
        let Event::Serial { source, bit_ns, .. } = self.tree.events[number as usize].event else {
            unreachable!("a serial event")
        };
        let value = u64::from(byte) | (source as u64) << 8 | u64::from(bit_ns) << 16;
        let node = self.new_node(number, Kind::Byte, name, value);
        let is_input = self.tree.log.name(lane) == LANE_IN;
        self.chain(if is_input { Chain::LaneIn(name) } else { Chain::LaneOut(name) }, node);
        if edge == SerialEdge::Start {
            self.open_bytes.retain(|&(open, _)| open != lane);
            self.open_bytes.push((lane, node));
        }
    }

    fn take_processor(&mut self, number: u32, event: &TimedEvent) {
        let place = self.processor.place(event);
        let _ = self.processor.step(Past::new(number as usize, event), event);
        match place.change {
            Change::Enter(kind) => self.enter(number, event, kind),
            Change::Leave => {
                self.frames[place.depth].truncate(1);
                self.put_return(number, event, place.depth);
                self.frames.truncate(place.depth);
            }
            Change::Step => match event.event {
                Event::Return { function, .. } => {
                    self.take_return(number, event, function, place.depth)
                }
                Event::Access(access) => self.take_access(number, event, &access, place.depth),
                Event::Call { .. } => {
                    let node = self.leaf(number, event);
                    self.put(place.depth, node);
                    self.frames[place.depth].push(node);
                }
                _ => {
                    let node = self.leaf(number, event);
                    self.put(place.depth, node);
                }
            },
        }
    }

    fn enter(&mut self, number: u32, event: &TimedEvent, kind: ContextKind) {
        let Event::Call { function, .. } = event.event else { unreachable!("a call enters") };
        let name = self.names.of(function);
        let (kind, chain) = match kind {
            ContextKind::Isr => (Kind::Isr, Chain::Isr(name)),
            _ => (Kind::Dpc, Chain::Dpc(name)),
        };
        let node = self.new_node(number, kind, name, 0);
        self.chain(chain, node);
        // The nesting of the processor is limited: it may have dropped an outer level.
        while self.frames.len() > self.processor.depth() {
            self.frames.remove(1);
        }
        self.frames.push(vec![node]);
    }

    fn take_return(&mut self, number: u32, event: &TimedEvent, function: NameId, depth: usize) {
        let events = &self.tree.events;
        let nodes = &self.tree.nodes;
        let calls = |node: &u32| {
            let node = &nodes[*node as usize];
            let call = &events[node.first as usize].event;
            node.kind == Kind::Call
                && matches!(call, Event::Call { function: called, .. } if *called == function)
        };
        let open = self.frames[depth].iter().rposition(calls);
        if let Some(index) = open {
            self.frames[depth].truncate(index + 1);
        }
        self.put_return(number, event, depth);
        if open.is_some() {
            self.frames[depth].pop();
        }
    }

    /// Puts a return into the innermost open span, and ends this span.
    fn put_return(&mut self, number: u32, event: &TimedEvent, depth: usize) {
        let node = self.leaf(number, event);
        self.put(depth, node);
        if let Some(&span) = self.frames[depth].last() {
            let end = end_ns(event);
            let span = &mut self.tree.nodes[span as usize];
            (span.last, span.end_ns) = (number, end);
        }
    }

    fn take_access(&mut self, number: u32, event: &TimedEvent, access: &AccessEvent, depth: usize) {
        let is_poll =
            access.direction == Direction::Read && tells_state(self.tree.log.name(access.note));
        let note = self.names.of(access.note);
        let state = mix(note, u64::from(access.value));
        if is_poll {
            let tail = self.tail_of(depth);
            let class = mix(Kind::Poll as u64, mix(1, u64::from(access.port)));
            // A trace of the hardware alone has no spans. There a poll that follows an interrupt,
            // or that ran at another level, does not belong to the polls before it.
            let goes_on = self.tree.causes[number as usize].reason == Reason::Step;
            let joins = |node: &Node| {
                let is_alike = node.class == class && node.level == event.level;
                node.kind == Kind::Poll && is_alike && goes_on
            };
            if tail != NONE && joins(&self.tree.nodes[tail as usize]) {
                self.extend(tail, number);
                let stolen_ns = self.tree.causes[number as usize].stolen_ns;
                let node = &mut self.tree.nodes[tail as usize];
                node.count += u64::from(access.count);
                node.stolen_ns += stolen_ns;
                if node.pitch_ns == 0 {
                    node.pitch_ns = access.pitch_ns;
                }
                if node.last_state != state {
                    node.states = mix(node.states, note);
                    node.last_state = state;
                }
                return;
            }
            let node = self.new_node(number, Kind::Poll, mix(1, u64::from(access.port)), 0);
            self.put(depth, node);
            let node = &mut self.tree.nodes[node as usize];
            node.class = class;
            (node.states, node.last_state) = (note, state);
            (node.count, node.pitch_ns) = (u64::from(access.count), access.pitch_ns);
            return;
        }
        let node = self.leaf(number, event);
        self.put(depth, node);
    }

    /// A node of one event.
    fn leaf(&mut self, number: u32, event: &TimedEvent) -> u32 {
        let who = self.names.of(event.who);
        let (kind, class, value) = match event.event {
            Event::Access(access) => {
                let class = mix(access.direction as u64, u64::from(access.port));
                // What the device says of a write belongs to the write.
                let note = match access.direction {
                    Direction::Write => self.names.of(access.note),
                    Direction::Read => 0,
                };
                let value = mix(note, u64::from(access.value) << 8 | u64::from(access.width));
                (Kind::Access, class, value)
            }
            Event::Call { function, argument } => {
                let function = self.names.of(function);
                (Kind::Call, mix(who, function), self.argument(argument))
            }
            Event::Return { function, status, argument } => {
                let function = self.names.of(function);
                let value = mix(self.argument(argument), u64::from(status.0));
                (Kind::Return, mix(who, function), value)
            }
            Event::Dpc { dpc, change } => (Kind::Queue, self.names.of(dpc), change as u64),
            Event::Timer { timer, change } => {
                let is_cancelled = u64::from(change == TimerChange::Cancelled);
                (Kind::Timer, self.names.of(timer), is_cancelled)
            }
            Event::Wait { object, end, .. } => (Kind::Wait, self.names.of(object), end as u64),
            Event::Note(text) => {
                let text = self.tree.log.text(text);
                let first = text.split(' ').next().unwrap_or("");
                (Kind::Note, mix(who, of_text_without_numbers(first)), of_text(text))
            }
            Event::Choice { choice, ordinal, answer, word } => {
                let value = mix(mix(ordinal, u64::from(answer)), self.names.of(word));
                (Kind::Choice, self.names.of(choice), value)
            }
            Event::Mark(_) | Event::Serial { .. } | Event::Signal { .. } => {
                unreachable!("the caller has these")
            }
        };
        let node = self.new_node(number, kind, class, value);
        if let Event::Access(access) = event.event {
            let node = &mut self.tree.nodes[node as usize];
            (node.count, node.pitch_ns) = (u64::from(access.count), access.pitch_ns);
        }
        node
    }

    fn argument(&mut self, argument: Argument) -> u64 {
        match argument {
            Argument::None => 0,
            Argument::Count(count, unit) => mix(self.names.of(unit), u64::from(count)),
            Argument::Word(word) => mix(1, self.names.of(word)),
            Argument::Hex(value) => mix(2, u64::from(value)),
        }
    }

    fn new_node(&mut self, number: u32, kind: Kind, class: u64, value: u64) -> u32 {
        let event = &self.tree.events[number as usize];
        let class = mix(kind as u64, class);
        self.tree.nodes.push(Node {
            kind,
            level: event.level,
            first: number,
            last: number,
            parent: NONE,
            child: NONE,
            next: NONE,
            tail: NONE,
            key: mix(class, value),
            class,
            digest: 0,
            count: 1,
            pitch_ns: 0,
            begin_ns: event.time_ns,
            end_ns: end_ns(event),
            stolen_ns: 0,
            states: 0,
            last_state: 0,
        });
        let node = self.tree.nodes.len() as u32 - 1;
        self.tree.node_of[number as usize] = node;
        node
    }

    fn extend(&mut self, node: u32, number: u32) {
        let end = end_ns(&self.tree.events[number as usize]);
        self.tree.node_of[number as usize] = node;
        let node = &mut self.tree.nodes[node as usize];
        (node.last, node.end_ns) = (number, end);
    }

    fn chain(&mut self, chain: Chain, node: u32) {
        let section = self.tree.sections.last_mut().expect("there is a section before the marks");
        match section.chains.iter_mut().find(|(known, _)| *known == chain) {
            Some((_, nodes)) => nodes.push(node),
            None => section.chains.push((chain, vec![node])),
        }
    }

    /// The last node in the innermost open span at a depth.
    fn tail_of(&self, depth: usize) -> u32 {
        match self.frames[depth].last() {
            Some(&span) => self.tree.nodes[span as usize].tail,
            None => self.thread_tail,
        }
    }

    /// Puts a node into the innermost open span at a depth, or into the chain of the thread.
    fn put(&mut self, depth: usize, node: u32) {
        let Some(&span) = self.frames[depth].last() else {
            self.thread_tail = node;
            self.chain(Chain::Thread, node);
            return;
        };
        let parent = &mut self.tree.nodes[span as usize];
        let before = std::mem::replace(&mut parent.tail, node);
        if before == NONE {
            parent.child = node;
        } else {
            self.tree.nodes[before as usize].next = node;
        }
        self.tree.nodes[node as usize].parent = span;
    }
}
