//! Polls: reads of a state in a row, with the delays between, are one node.

use std::mem;

use portcls_emulator::trace::{AccessEvent, Direction, Event, TimedEvent};

use super::Builder;
use crate::causes::{NONE, Place, Reason, tells_state};
use crate::key::mix;
use crate::nodes::Kind;

impl Builder<'_> {
    pub(super) fn take_access(
        &mut self,
        number: u32,
        event: &TimedEvent,
        access: &AccessEvent,
        depth: usize,
    ) {
        if !self.is_poll(access) {
            let node = self.leaf(number, event);
            self.put(depth, node);
            return;
        }
        let note = self.names.of(access.note);
        let state = mix(note, u64::from(access.value));
        if let Some(polls) = self.polls_before(number, event, access, depth) {
            if depth == self.delay_depth {
                for delay in self.held_delays.drain(..) {
                    self.tree.node_of[delay as usize] = polls;
                }
            }
            self.extend(polls, number);
            let stolen_ns = self.tree.causes[number as usize].stolen_ns;
            let node = &mut self.tree.nodes[polls as usize];
            node.count += u64::from(access.count);
            node.stolen_ns = node.stolen_ns.saturating_add(stolen_ns);
            if node.pitch_ns == 0 {
                node.pitch_ns = access.pitch_ns;
            }
            if node.last_state != state {
                node.states = mix(node.states, note);
                node.last_state = state;
            }
            return;
        }
        let node = self.new_node(number, Kind::Poll, of_port(access), 0);
        self.put(depth, node);
        let node = &mut self.tree.nodes[node as usize];
        (node.states, node.last_state) = (note, state);
        (node.count, node.pitch_ns) = (u64::from(access.count), access.pitch_ns);
    }

    fn is_poll(&self, access: &AccessEvent) -> bool {
        access.direction == Direction::Read && tells_state(self.tree.log.name(access.note))
    }

    /// The node of the polls that a poll continues.
    fn polls_before(
        &self,
        number: u32,
        event: &TimedEvent,
        access: &AccessEvent,
        depth: usize,
    ) -> Option<u32> {
        // A trace of the hardware alone has no spans. In such a trace, a poll that follows an
        // interrupt, or a poll at another level, does not belong to the polls before it.
        let goes_on = self.tree.causes[number as usize].reason == Reason::Step;
        let tail = Some(self.tail_of(depth)).filter(|&tail| tail != NONE && goes_on)?;
        let node = &self.tree.nodes[tail as usize];
        let class = mix(Kind::Poll as u64, of_port(access));
        let is_alike = node.class == class && node.level == event.level;
        (node.kind == Kind::Poll && is_alike).then_some(tail)
    }

    /// Puts the held delays into their code, unless the event continues the polls of this code or
    /// belongs to code that interrupted this code.
    pub(super) fn settle_delays(&mut self, number: u32, event: &TimedEvent, place: Place) {
        let depth = self.delay_depth;
        if self.held_delays.is_empty() || place.depth > depth {
            return;
        }
        let goes_on = place.depth == depth
            && match event.event {
                Event::Delay { .. } => true,
                Event::Access(access) if self.is_poll(&access) => {
                    self.polls_before(number, event, &access, depth).is_some()
                }
                _ => false,
            };
        if !goes_on {
            self.put_delays();
        }
    }

    pub(super) fn put_delays(&mut self) {
        let depth = self.delay_depth.min(self.frames.len() - 1);
        for number in mem::take(&mut self.held_delays) {
            let event = self.tree.events[number as usize];
            let node = self.leaf(number, &event);
            self.put(depth, node);
        }
    }
}

/// The key that all polls of one port share.
fn of_port(access: &AccessEvent) -> u64 {
    mix(1, u64::from(access.port))
}
