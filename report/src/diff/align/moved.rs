//! Pairs nodes whose partner is at another place.
//!
//! An event with the same time and words is the same event, even if it seems to belong to other
//! code. An interrupt or DPC may come before a mark in one trace, and after it in the other. The
//! two are the same interrupt or DPC if they have the same content. Those whose triggers are a pair
//! are paired first.

use std::collections::{HashMap, HashSet};

use portcls_emulator::trace::Event;

use super::{Aligner, BY_CONTENT};
use crate::causes::NONE;
use crate::nodes::{Kind, Tree};

/// The most rounds of pairing by triggers. A round can pair the triggers of nodes that the next
/// round then pairs.
const MOST_ROUNDS: usize = 4;

impl Aligner<'_, '_> {
    /// Pairs the nodes that are left, and corrects pairs that triggers or times contradict.
    pub(super) fn pair_moved(&mut self) {
        // A new pair can be the trigger of other nodes.
        for _ in 0..MOST_ROUNDS {
            if self.pair_roots(By::TriggerAndContent) + self.pair_roots(By::Content) == 0 {
                break;
            }
        }
        self.pair_falls_by_trigger();
        self.pair_by_time();
    }

    /// Pairs falls of signals that have the same trigger. The events of an interrupt line were
    /// paired before the service routines that make the line fall. So the triggers of the falls had
    /// no partners yet, and a fall may have got the wrong partner. A rise keeps its partner: a late
    /// rise seems to come from the access before it, so its trigger would mislead.
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
        // The other falls of each signal are paired in order.
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

    /// Whether the triggers of two nodes are a pair. True if neither node has a trigger.
    fn has_trigger_of(&self, a: u32, b: u32) -> bool {
        match self.a.trigger_node(a) {
            NONE => self.b.trigger_node(b) == NONE,
            trigger => self.pairs.of_a[trigger as usize] == self.b.trigger_node(b),
        }
    }

    /// Pairs nodes with the same content, in any section. Returns the number of new pairs.
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

    /// Pairs nodes with the same values, time and level. Where routines seem to run at the same
    /// time as other code, equal times are a better proof than equal order. There, a node may leave
    /// a partner that has another time.
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

/// What two nodes must have in common to be paired.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// The triggers are a pair, and the content is the same.
    TriggerAndContent,
    /// The content is the same. This is for a service routine, DPC or signal that overtook another
    /// one. Its trigger does not count, because a node that overtook its own trigger seems to have
    /// none.
    Content,
}

impl By {
    /// Whether a node can be paired in this way and has no partner yet.
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

    /// The key of a node. `known` gives the trigger's number in the second trace.
    fn key(self, tree: &Tree<'_>, node: u32, known: impl Fn(u32) -> u32) -> (u32, u64) {
        let trigger = match self {
            By::TriggerAndContent => known(tree.trigger_node(node)),
            By::Content => NONE,
        };
        (trigger, tree.node(node).digest)
    }
}

/// Which nodes of the first trace may get a partner by their time.
#[derive(Clone, Copy)]
enum Taken {
    /// Nodes without a partner.
    Stays,
    /// Nodes whose partner has another time.
    ByTime,
}
