//! Nodes that have no partner at their place, and have one elsewhere.
//!
//! The same event at the same time is the same, also where it seems to belong to other code. An
//! interrupt or a DPC that comes behind a mark is the same when what made it come is the same.

use std::collections::HashMap;

use super::{Aligner, BY_CONTENT};
use crate::causes::NONE;
use crate::nodes::{Kind, Tree};

impl Aligner<'_, '_> {
    /// Pairs what is left.
    pub(super) fn pair_moved(&mut self) {
        self.pair_roots(By::TriggerAndContent);
        self.pair_roots(By::Content);
        self.pair_by_time();
    }

    /// Pairs nodes of chains with the same content, in any section.
    fn pair_roots(&mut self, by: By) {
        let mut left: HashMap<(u32, u64), Vec<u32>> = HashMap::new();
        for b in (0..self.b.nodes.len() as u32).rev() {
            if by.is_left(self.b, b, &self.pairs.of_b) {
                let key = by.key(self.b, b, |trigger| trigger);
                left.entry(key).or_default().push(b);
            }
        }
        if left.is_empty() {
            return;
        }
        for a in 0..self.a.nodes.len() as u32 {
            if !by.is_left(self.a, a, &self.pairs.of_a) {
                continue;
            }
            let key = by.key(self.a, a, |trigger| self.pairs.of_a[trigger as usize]);
            if let Some(b) = left.get_mut(&key).and_then(Vec::pop) {
                self.pair(a, b);
                self.align_lists(self.a.children(a), self.b.children(b), BY_CONTENT);
            }
        }
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
    /// The same content alone: a service routine or a DPC that passed another one.
    Content,
}

impl By {
    /// Whether a node has what is asked for, and no partner.
    fn is_left(self, tree: &Tree<'_>, node: u32, partners: &[u32]) -> bool {
        let kind = tree.node(node).kind;
        let fits = match self {
            By::TriggerAndContent => {
                matches!(kind, Kind::Isr | Kind::Dpc | Kind::Signal | Kind::Byte)
            }
            By::Content => matches!(kind, Kind::Isr | Kind::Dpc),
        };
        fits && partners[node as usize] == NONE && tree.trigger_node(node) != NONE
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
