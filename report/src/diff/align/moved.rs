//! Nodes that have no partner at their place, and have one elsewhere.
//!
//! The same event at the same time is the same, also where it seems to belong to other code. An
//! interrupt or a DPC that comes behind a mark is the same when what made it come is the same.

use std::collections::{HashMap, HashSet};

use portcls_emulator::trace::Event;

use super::{Aligner, BY_CONTENT};
use crate::causes::NONE;
use crate::nodes::{Kind, Tree};

/// The most rounds of pairing by triggers: from a rise over the service routine and what it queues
/// to the DPC, and what these cause.
const MOST_ROUNDS: usize = 4;

impl Aligner<'_, '_> {
    /// Pairs what is left.
    pub(super) fn pair_moved(&mut self) {
        // A pair makes more triggers known.
        for _ in 0..MOST_ROUNDS {
            if self.pair_roots(By::TriggerAndContent) + self.pair_roots(By::Content) == 0 {
                break;
            }
        }
        self.pair_falls_by_trigger();
        self.pair_by_time();
    }

    /// Gives falls of signals the partner with the same trigger, where the order of the lines gave
    /// them another one. Lines are aligned before the service routines that let them fall. A rise
    /// keeps its place, because a late one seems to come from the access before it.
    fn pair_falls_by_trigger(&mut self) {
        let is_fall = |tree: &Tree<'_>, node: u32| {
            matches!(tree.event(node).event, Event::Signal { value: 0, .. })
        };
        let crossed: Vec<(u32, u32)> = (0..self.a.nodes.len() as u32)
            .map(|a| (a, self.pairs.of_a[a as usize]))
            .filter(|&(a, b)| b != NONE && is_fall(self.a, a) && is_fall(self.b, b))
            .filter(|&(a, b)| !self.has_trigger_of(a, b))
            .collect();
        let mut free: HashMap<(u32, u64), Vec<u32>> = HashMap::new();
        for &(_, b) in crossed.iter().rev() {
            let trigger = self.b.trigger_node(b);
            free.entry((trigger, self.b.node(b).key)).or_default().push(b);
        }
        let partner = |&(a, _): &(u32, u32)| {
            let trigger = self.a.trigger_node(a);
            let wanted = if trigger == NONE { NONE } else { self.pairs.of_a[trigger as usize] };
            let key = (wanted, self.a.node(a).key);
            if wanted == NONE { None } else { free.get_mut(&key).and_then(Vec::pop) }
        };
        let found: Vec<Option<u32>> = crossed.iter().map(partner).collect();
        let is_taken: HashSet<u32> = found.iter().flatten().copied().collect();
        // The rest of each line keeps its order.
        let mut rest: HashMap<u64, Vec<u32>> = HashMap::new();
        for b in crossed.iter().map(|&(_, b)| b).rev().filter(|b| !is_taken.contains(b)) {
            rest.entry(self.b.node(b).key).or_default().push(b);
        }
        for (&(a, before), b) in crossed.iter().zip(found) {
            let next = rest.get_mut(&self.a.node(a).key);
            match b.or_else(|| next.and_then(Vec::pop)) {
                Some(b) => self.pair(a, b),
                None => self.pair(a, before),
            }
        }
    }

    /// Whether two nodes have triggers that are a pair, or none.
    fn has_trigger_of(&self, a: u32, b: u32) -> bool {
        match self.a.trigger_node(a) {
            NONE => self.b.trigger_node(b) == NONE,
            trigger => self.pairs.of_a[trigger as usize] == self.b.trigger_node(b),
        }
    }

    /// Pairs nodes of chains with the same content, in any section. Returns how many pairs it made.
    fn pair_roots(&mut self, by: By) -> usize {
        let mut left: HashMap<(u32, u64), Vec<u32>> = HashMap::new();
        for b in (0..self.b.nodes.len() as u32).rev() {
            if by.is_left(self.b, b, &self.pairs.of_b) {
                let key = by.key(self.b, b, |trigger| trigger);
                left.entry(key).or_default().push(b);
            }
        }
        if left.is_empty() {
            return 0;
        }
        let mut pairs = 0;
        for a in 0..self.a.nodes.len() as u32 {
            if !by.is_left(self.a, a, &self.pairs.of_a) {
                continue;
            }
            let key = by.key(self.a, a, |trigger| self.pairs.of_a[trigger as usize]);
            if let Some(b) = left.get_mut(&key).and_then(Vec::pop) {
                self.pair(a, b);
                self.align_lists(self.a.children(a), self.b.children(b), BY_CONTENT);
                pairs += 1;
            }
        }
        pairs
    }

    /// Pairs nodes with the same values, time and level. Where routines seem to run at once with
    /// other code, such a pair is worth more than a pair by order.
    fn pair_by_time(&mut self) {
        self.pair_left_by_time(Taken::Stays);
        if !self.a.mixed.is_empty() || !self.b.mixed.is_empty() {
            self.pair_left_by_time(Taken::ByTime);
            self.pair_left_by_time(Taken::Stays);
        }
    }

    fn pair_left_by_time(&mut self, taken: Taken) {
        let place = |tree: &Tree<'_>, node: u32| {
            let node = tree.node(node);
            (node.begin_ns, node.key, node.level as u8)
        };
        let mut left: HashMap<_, Vec<u32>> = HashMap::new();
        for b in (0..self.b.nodes.len() as u32).rev() {
            if self.pairs.of_b[b as usize] == NONE {
                left.entry(place(self.b, b)).or_default().push(b);
            }
        }
        if left.is_empty() {
            return;
        }
        for a in 0..self.a.nodes.len() as u32 {
            let partner = self.pairs.of_a[a as usize];
            let at = place(self.a, a);
            let is_free = match taken {
                Taken::Stays => partner == NONE,
                Taken::ByTime => partner != NONE && self.b.node(partner).begin_ns != at.0,
            };
            if !is_free {
                continue;
            }
            if let Some(b) = left.get_mut(&at).and_then(Vec::pop) {
                if partner != NONE {
                    self.pairs.of_b[partner as usize] = NONE;
                }
                self.pair(a, b);
            }
        }
    }
}

/// What makes two nodes of chains the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// Triggers that are a pair, and the same content.
    TriggerAndContent,
    /// The same content alone: a service routine, a DPC or a signal that passed another one. What
    /// passed its own trigger seems to have none.
    Content,
}

impl By {
    /// Whether a node has what is asked for, and no partner.
    fn is_left(self, tree: &Tree<'_>, node: u32, partners: &[u32]) -> bool {
        let kind = tree.node(node).kind;
        let fits = match self {
            By::TriggerAndContent => {
                matches!(kind, Kind::Isr | Kind::Dpc | Kind::Signal | Kind::Byte)
                    && tree.trigger_node(node) != NONE
            }
            By::Content => matches!(kind, Kind::Isr | Kind::Dpc | Kind::Signal),
        };
        fits && partners[node as usize] == NONE
    }

    /// The key of a node. `known` gives the number that a trigger has in the second trace.
    fn key(self, tree: &Tree<'_>, node: u32, known: impl Fn(u32) -> u32) -> (u32, u64) {
        let trigger = match self {
            By::TriggerAndContent => known(tree.trigger_node(node)),
            By::Content => NONE,
        };
        (trigger, tree.node(node).digest)
    }
}

/// Which nodes of the first trace may get another partner.
#[derive(Clone, Copy)]
enum Taken {
    /// Those without a partner.
    Stays,
    /// Those whose partner has another time.
    ByTime,
}
