//! Alignment: finds for each node of one trace the same node in the other.
//!
//! Sections are aligned by their marks. In a pair of sections, each chain is aligned separately.
//! Interrupt lines come before service routines, and service routines before DPCs. So a node can
//! be found by its cause: a service routine by the rise of its line, and a DPC by the event that
//! queued it in a service routine. When two spans are aligned, the nodes inside them are aligned
//! too. Nodes that are left between aligned nodes are compared again with weaker keys. The weakest
//! key has only the kind of node, without its values.

use std::collections::BTreeMap;

use crate::causes::{NONE, Reason};
use crate::key::mix;
use crate::nodes::{Chain, Tree};
use crate::subsequence::common;

mod moved;

/// The pairs of nodes.
pub(super) struct Pairs {
    /// The node of the second trace for each node of the first, [`NONE`] for none.
    pub of_a: Vec<u32>,
    /// The node of the first trace for each node of the second, [`NONE`] for none.
    pub of_b: Vec<u32>,
}

/// The properties that two nodes must share to be the same. The content of a node is everything
/// inside it. The cause is the node's trigger. A step of code counts as a node without a cause.
#[derive(Clone, Copy)]
enum Likeness {
    /// The same values, the same cause, the same content.
    CauseAndContent,
    /// The same values and the same cause.
    Cause,
    /// The same kind and the same cause, with other values.
    CauseOnly,
    /// The same values and the same content.
    Content,
    /// The same values.
    Values,
    /// The same kind.
    Class,
}

/// The likenesses for chains whose nodes have causes in other chains, in the order in which the
/// alignment tries them.
const BY_CAUSE: &[Likeness] = &[
    Likeness::CauseAndContent,
    Likeness::Content,
    Likeness::Cause,
    Likeness::CauseOnly,
    Likeness::Values,
    Likeness::Class,
];
/// The likenesses for steps of code, and for chains that have equal values in both traces. A step
/// has the step before it as its cause, so the cause tells nothing.
const BY_CONTENT: &[Likeness] = &[Likeness::Content, Likeness::Values, Likeness::Class];

/// Aligns two traces.
pub(super) fn align(a: &Tree<'_>, b: &Tree<'_>) -> Pairs {
    let pairs = Pairs { of_a: vec![NONE; a.nodes.len()], of_b: vec![NONE; b.nodes.len()] };
    let mut aligner = Aligner { a, b, pairs };
    for chains in aligner.sections() {
        for (chain, (of_a, of_b)) in chains {
            let has_steps = chain == Chain::Thread || aligner.are_alike(&of_a, &of_b);
            aligner.align_lists(of_a, of_b, if has_steps { BY_CONTENT } else { BY_CAUSE });
        }
    }
    aligner.pair_moved();
    aligner.pairs
}

/// Two lists of nodes, and the keys by which their nodes are compared.
type Lists = (Vec<u32>, Vec<u32>, &'static [Likeness]);

/// The chains of two sections, in the order in which the chains are aligned.
type Chains = BTreeMap<Chain, (Vec<u32>, Vec<u32>)>;

struct Aligner<'t, 'a> {
    a: &'t Tree<'a>,
    b: &'t Tree<'a>,
    pairs: Pairs,
}

impl Aligner<'_, '_> {
    /// Pairs the sections. A section without a partner joins the section before it, and its mark
    /// becomes a step of the thread.
    fn sections(&mut self) -> Vec<Chains> {
        let keys = |tree: &Tree<'_>| -> Vec<u64> {
            let key = |mark: u32| if mark == NONE { 0 } else { tree.node(mark).key };
            tree.sections.iter().map(|section| key(section.mark)).collect()
        };
        let matched = common(&keys(self.a), &keys(self.b));
        let mut joined = Vec::new();
        let (mut next_a, mut next_b) = (0, 0);
        for (x, y) in matched.into_iter().chain([(u32::MAX, u32::MAX)]) {
            let end_a = (x as usize).min(self.a.sections.len());
            let end_b = (y as usize).min(self.b.sections.len());
            if let Some(chains) = joined.last_mut() {
                (next_a..end_a).for_each(|index| join(chains, self.a, index, Side::A));
                (next_b..end_b).for_each(|index| join(chains, self.b, index, Side::B));
            }
            if end_a == self.a.sections.len() || end_b == self.b.sections.len() {
                break;
            }
            let (mark_a, mark_b) = (self.a.sections[end_a].mark, self.b.sections[end_b].mark);
            if mark_a != NONE {
                self.pair(mark_a, mark_b);
            }
            let mut chains = Chains::new();
            join_chains(&mut chains, self.a, end_a, Side::A);
            join_chains(&mut chains, self.b, end_b, Side::B);
            joined.push(chains);
            (next_a, next_b) = (end_a + 1, end_b + 1);
        }
        joined
    }

    /// Whether two chains have equal values in the same order. Then nodes at the same place are a
    /// pair, even if their causes differ.
    fn are_alike(&self, of_a: &[u32], of_b: &[u32]) -> bool {
        let values = |tree: &Tree<'_>, node: u32| tree.node(node).key;
        let both = of_a.iter().zip(of_b);
        of_a.len() == of_b.len()
            && both.into_iter().all(|(&a, &b)| values(self.a, a) == values(self.b, b))
    }

    fn pair(&mut self, a: u32, b: u32) {
        self.pairs.of_a[a as usize] = b;
        self.pairs.of_b[b as usize] = a;
    }

    /// Aligns two lists, and the nodes inside the pairs.
    fn align_lists(&mut self, of_a: Vec<u32>, of_b: Vec<u32>, likenesses: &'static [Likeness]) {
        let mut todo = vec![(of_a, of_b, likenesses)];
        while let Some((of_a, of_b, likenesses)) = todo.pop() {
            if self.stands_in_place(&of_a, &of_b) {
                for (&a, &b) in of_a.iter().zip(&of_b) {
                    todo.extend(self.pair_with_children(a, b));
                }
                continue;
            }
            let Some((&likeness, weaker)) = likenesses.split_first() else { continue };
            let keys_a: Vec<u64> = of_a.iter().map(|&node| self.key_a(node, likeness)).collect();
            let keys_b: Vec<u64> = of_b.iter().map(|&node| self.key_b(node, likeness)).collect();
            let (mut next_a, mut next_b) = (0, 0);
            let matched = common(&keys_a, &keys_b);
            for (x, y) in matched.into_iter().chain([(of_a.len() as u32, of_b.len() as u32)]) {
                let (x, y) = (x as usize, y as usize);
                if next_a < x && next_b < y {
                    todo.push((of_a[next_a..x].to_vec(), of_b[next_b..y].to_vec(), weaker));
                }
                (next_a, next_b) = (x + 1, y + 1);
                if x == of_a.len() {
                    break;
                }
                todo.extend(self.pair_with_children(of_a[x], of_b[y]));
            }
        }
    }

    /// Pairs two nodes, and returns the lists inside them.
    fn pair_with_children(&mut self, a: u32, b: u32) -> Option<Lists> {
        self.pair(a, b);
        let inside = (self.a.children(a), self.b.children(b));
        let is_there = !inside.0.is_empty() && !inside.1.is_empty();
        is_there.then_some((inside.0, inside.1, BY_CONTENT))
    }

    /// Whether the nodes at the same place in the two lists are pairs. They are pairs if all of
    /// them are of equal kinds, and if no other alignment has fewer nodes that differ. In a row of
    /// equal bytes, this finds the one byte that changed.
    fn stands_in_place(&self, of_a: &[u32], of_b: &[u32]) -> bool {
        let class = |tree: &Tree<'_>, node: u32| tree.node(node).class;
        let is_alike = |(&a, &b): (&u32, &u32)| class(self.a, a) == class(self.b, b);
        if of_a.len() != of_b.len() || !of_a.iter().zip(of_b).all(is_alike) {
            return false;
        }
        let digests = |tree: &Tree<'_>, nodes: &[u32]| -> Vec<u64> {
            nodes.iter().map(|&node| tree.node(node).digest).collect()
        };
        let (in_a, in_b) = (digests(self.a, of_a), digests(self.b, of_b));
        let changed = in_a.iter().zip(&in_b).filter(|(a, b)| a != b).count();
        changed == 0 || changed <= of_a.len() - common(&in_a, &in_b).len()
    }

    fn key_a(&self, node: u32, likeness: Likeness) -> u64 {
        key(self.a, node, likeness, |cause| Some(cause).filter(|_| self.is_paired_a(cause)))
    }

    fn key_b(&self, node: u32, likeness: Likeness) -> u64 {
        key(self.b, node, likeness, |cause| {
            Some(self.pairs.of_b[cause as usize]).filter(|&other| other != NONE)
        })
    }

    fn is_paired_a(&self, node: u32) -> bool {
        self.pairs.of_a[node as usize] != NONE
    }
}

#[derive(Clone, Copy)]
enum Side {
    A,
    B,
}

/// Adds a section and its mark to chains.
fn join(chains: &mut Chains, tree: &Tree<'_>, index: usize, side: Side) {
    let mark = tree.sections[index].mark;
    if mark != NONE {
        side_of(chains, Chain::Thread, side).push(mark);
    }
    join_chains(chains, tree, index, side);
}

fn join_chains(chains: &mut Chains, tree: &Tree<'_>, index: usize, side: Side) {
    for (chain, nodes) in &tree.sections[index].chains {
        side_of(chains, *chain, side).extend_from_slice(nodes);
    }
}

fn side_of(chains: &mut Chains, chain: Chain, side: Side) -> &mut Vec<u32> {
    let (a, b) = chains.entry(chain).or_default();
    match side {
        Side::A => a,
        Side::B => b,
    }
}

/// The key of a node. `known` gives the number of a cause in the first trace; `None` if the cause
/// has no partner yet.
fn key(tree: &Tree<'_>, node: u32, likeness: Likeness, known: impl Fn(u32) -> Option<u32>) -> u64 {
    let found = tree.node(node);
    let by_cause = |key: u64| {
        let trigger = tree.trigger_node(node);
        let is_step = tree.cause(node).reason == Reason::Step;
        if trigger == NONE || is_step {
            return mix(key, 0);
        }
        match known(trigger) {
            Some(number) => mix(mix(key, 1), u64::from(number)),
            None => mix(mix(key, 2), tree.node(trigger).key),
        }
    };
    match likeness {
        Likeness::CauseAndContent => by_cause(mix(found.key, found.digest)),
        Likeness::Cause => by_cause(found.key),
        Likeness::CauseOnly => by_cause(found.class),
        Likeness::Content => mix(found.key, found.digest),
        Likeness::Values => found.key,
        Likeness::Class => found.class,
    }
}
