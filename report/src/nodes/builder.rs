//! Makes the nodes of a trace, event by event.

mod polls;

use portcls_emulator::trace::{
    Argument, Direction, Event, Level, NameId, SerialEdge, TimedEvent, TimerChange,
};

use super::{Chain, Kind, Node, Section, Tree};
use crate::causes::{Change, ContextKind, LANE_IN, LINE, NONE, Past, Processor, end_ns};
use crate::key::{NameKeys, mix, of_text, of_text_without_numbers};

/// Makes the nodes of a tree that has its events and causes.
pub(super) struct Builder<'a> {
    names: NameKeys<'a>,
    tree: Tree<'a>,
    processor: Processor,
    /// The open spans at each depth of the processor's nesting.
    frames: Vec<Vec<u32>>,
    /// The byte that is on each lane.
    open_bytes: Vec<(NameId, u32)>,
    /// The last node in this section that belongs to the thread and is in no span.
    thread_tail: u32,
    /// The events of delays in a row that have no node yet. The next step of their code decides
    /// about the node: delays between two polls belong to the node of the polls.
    held_delays: Vec<u32>,
    /// The depth of the code that has the delays.
    delay_depth: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(tree: Tree<'a>) -> Builder<'a> {
        Builder {
            names: NameKeys::new(tree.log),
            processor: Processor::new(tree.log),
            frames: vec![Vec::new()],
            open_bytes: Vec::new(),
            thread_tail: NONE,
            held_delays: Vec::new(),
            delay_depth: 0,
            tree,
        }
    }

    /// Takes all events, and returns the tree.
    pub(super) fn build(mut self) -> Tree<'a> {
        for number in 0..self.tree.events.len() {
            self.take(number as u32);
        }
        self.put_delays();
        self.tree
    }

    fn take(&mut self, number: u32) {
        let event = self.tree.events[number as usize];
        match event.event {
            Event::Mark(text) => {
                self.put_delays();
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
        if place.depth + 1 < self.frames.len() {
            self.note_mixed(place.depth + 1);
        }
        self.settle_delays(number, event, place);
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
                Event::Delay { .. } => {
                    self.held_delays.push(number);
                    self.delay_depth = place.depth;
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
        // A routine does not interrupt itself. If the trace shows a call of a routine inside
        // another call of it, the outer call and all routines inside it only seem to run at the
        // same time.
        let class = self.tree.nodes[node as usize].class;
        let runs = |frame: &Vec<u32>| {
            frame.first().is_some_and(|&root| self.tree.nodes[root as usize].class == class)
        };
        if let Some(depth) = self.frames.iter().skip(1).position(runs) {
            self.note_mixed(depth + 1);
            self.tree.mixed.push(node);
        }
        // `processor` keeps only a limited nesting. It may have dropped an outer routine.
        while self.frames.len() > self.processor.depth() {
            self.frames.remove(1);
        }
        self.frames.push(vec![node]);
    }

    /// Notes that the service routines and DPCs from a depth on seem to run at the same time as
    /// other code.
    fn note_mixed(&mut self, depth: usize) {
        let roots = self.frames[depth..].iter().filter_map(|frame| frame.first());
        self.tree.mixed.extend(roots.copied());
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

    /// A node of one event.
    fn leaf(&mut self, number: u32, event: &TimedEvent) -> u32 {
        let who = self.names.of(event.who);
        let (kind, class, value) = match event.event {
            Event::Access(access) => {
                let class = mix(access.direction as u64, u64::from(access.port));
                // The device's note on a write belongs to the write.
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
            // The length of a delay is compared separately. If code delays until a fixed moment on
            // the clock, the lengths may differ and the delays are still alike.
            Event::Delay { .. } => (Kind::Delay, who, 0),
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
