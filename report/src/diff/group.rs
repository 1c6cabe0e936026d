//! Groups differences into findings, and finds which follows from which.
//!
//! By the rules of this file, a finding follows from another finding along recorded causes. A
//! change in what happened can follow from another such change, but never from a delay. A delay
//! follows only from a change at its own cause or trigger, because a delay counts from its cause.
//! `together` has the other rules: what follows because it happened at the same time.

mod together;

use std::collections::BTreeMap;

use super::align::Pairs;
use super::difference::{Aspect, Compared, Difference};
use crate::causes::NONE;
use crate::nodes::{Kind, Tree};
use together::{Late, Stretch};

/// The most differences of one finding for which the code looks for a cause.
const MOST_FOLLOWED: usize = 256;
/// The most causes that the code follows back from one difference.
const FURTHEST: usize = 64;
/// The most nodes after a write among which the code looks for the driver's next write.
const MOST_STEPS: usize = 8;
/// Differences of one kind at one kind of place.
#[derive(Debug)]
pub(super) struct Group {
    pub aspect: Aspect,
    /// The differences, in order of the nodes. Never empty.
    pub differences: Vec<Difference>,
    /// The group from which this group follows.
    pub follows: Option<usize>,
    /// How many pairs only moved because of this group, and the first of these pairs: at most
    /// three, without the pairs inside a span.
    pub moved: u64,
    pub moved_first: Vec<u32>,
}

/// The key of a group: equal keys make one finding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Signature {
    aspect: Aspect,
    class: u64,
    place: u64,
    sign: i64,
}

/// Groups the differences, in the order of their first times, and says which group follows from
/// which.
pub(super) fn group(a: &Tree<'_>, b: &Tree<'_>, pairs: &Pairs, compared: &Compared) -> Vec<Group> {
    let mut by_signature: BTreeMap<Signature, Vec<Difference>> = BTreeMap::new();
    for difference in &compared.differences {
        by_signature.entry(signature(a, b, difference)).or_default().push(*difference);
    }
    let mut groups: Vec<Group> = by_signature
        .into_iter()
        .map(|(signature, differences)| Group {
            aspect: signature.aspect,
            differences,
            follows: None,
            moved: 0,
            moved_first: Vec::new(),
        })
        .collect();
    groups.sort_by_key(|group| (first_ns(a, b, &group.differences[0]), group.aspect));
    let mut links = Links::new(a, b, pairs, &groups);
    links.find(&mut groups);
    links.attribute_moved(&mut groups);
    groups
}

fn signature(a: &Tree<'_>, b: &Tree<'_>, difference: &Difference) -> Signature {
    let (tree, node) = if difference.a == NONE { (b, difference.b) } else { (a, difference.a) };
    let found = tree.node(node);
    let place = if found.parent == NONE { 0 } else { tree.node(found.parent).class };
    let sign = match difference.aspect {
        Aspect::Delay | Aspect::Length | Aspect::Pitch | Aspect::Due => difference.more.signum(),
        _ => 0,
    };
    Signature { aspect: difference.aspect, class: found.class, place, sign }
}

/// The earliest time of a difference in the two traces, in ns.
pub(super) fn first_ns(a: &Tree<'_>, b: &Tree<'_>, difference: &Difference) -> u64 {
    let time = |tree: &Tree<'_>, node: u32| {
        if node == NONE { u64::MAX } else { tree.node(node).begin_ns }
    };
    time(a, difference.a).min(time(b, difference.b))
}

struct Links<'t, 'a> {
    a: &'t Tree<'a>,
    b: &'t Tree<'a>,
    pairs: &'t Pairs,
    /// The groups that have a difference at a node, by the node.
    at_a: BTreeMap<u32, Vec<usize>>,
    at_b: BTreeMap<u32, Vec<usize>>,
    /// The nodes that seem to run at the same time as other code, with the group of each; for each
    /// trace.
    mixed: [Vec<(u32, usize)>; 2],
    /// The late service routines and DPCs in order; for each trace.
    late: [Vec<Late>; 2],
    /// The first stretches of each group.
    stretches: Vec<Stretch>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    A,
    B,
}

impl<'t, 'a> Links<'t, 'a> {
    fn new(a: &'t Tree<'a>, b: &'t Tree<'a>, pairs: &'t Pairs, groups: &[Group]) -> Self {
        let (mut at_a, mut at_b) = (BTreeMap::new(), BTreeMap::new());
        for (index, group) in groups.iter().enumerate() {
            for difference in &group.differences {
                for (at, node) in [(&mut at_a, difference.a), (&mut at_b, difference.b)] {
                    if node != NONE {
                        at.entry(node).or_insert_with(Vec::new).push(index);
                    }
                }
            }
        }
        let (mixed, late) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        let mut links = Links { a, b, pairs, at_a, at_b, mixed, late, stretches: Vec::new() };
        links.mixed = links.find_mixed();
        links.late = links.find_late(groups);
        links.stretches = links.find_stretches(groups);
        links
    }

    fn find(&self, groups: &mut [Group]) {
        for index in 0..groups.len() {
            let group = &groups[index];
            let stride = group.differences.len().div_ceil(MOST_FOLLOWED);
            let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
            let mut asked = 0;
            for difference in group.differences.iter().step_by(stride) {
                asked += 1;
                if let Some(parent) = self.parent(groups, index, difference) {
                    *votes.entry(parent).or_default() += 1;
                }
            }
            // Of two groups with equal votes, the earlier group wins.
            let most =
                votes.into_iter().max_by_key(|&(parent, count)| (count, usize::MAX - parent));
            if let Some((parent, count)) = most
                && count * 2 > asked
                && self.may_precede(&groups[parent].differences[0], &group.differences[0])
                && !leads_to(groups, parent, index)
            {
                groups[index].follows = Some(parent);
            }
        }
    }

    /// Whether a finding that begins with `child` may follow from a finding that begins with
    /// `parent`: the parent must not begin later.
    fn may_precede(&self, parent: &Difference, child: &Difference) -> bool {
        if parent.a != NONE && child.a != NONE {
            return self.a.node(parent.a).first <= self.a.node(child.a).first;
        }
        let is_in_both = parent.b != NONE && child.b != NONE;
        !is_in_both || self.b.node(parent.b).first <= self.b.node(child.b).first
    }

    /// The group from which one difference follows.
    fn parent(&self, groups: &[Group], own: usize, difference: &Difference) -> Option<usize> {
        let same_node = self.found(Side::A, difference.a).chain(self.found(Side::B, difference.b));
        let of_pitch = |&other: &usize| {
            matches!(difference.aspect, Aspect::Polls | Aspect::Length)
                && groups[other].aspect == Aspect::Pitch
        };
        if let Some(pitch) = same_node.filter(of_pitch).min() {
            return Some(pitch);
        }
        if let Some(around) = self.around(own, difference).or_else(|| self.host(own, difference)) {
            return Some(around);
        }
        if let Some(lost) = self.overwritten(groups, difference) {
            return Some(lost);
        }
        let sides = [(Side::B, difference.b), (Side::A, difference.a)];
        let there = sides.into_iter().filter(|&(_, node)| node != NONE);
        let walk = |(side, node)| self.walk(groups, own, difference.aspect, side, node);
        there.filter_map(walk).min().or_else(|| self.same_moment(own, difference))
    }

    /// The group of the write that overwrote a byte. The difference is a byte that only one trace
    /// has. In the other trace, the driver's next write to the port has another value or another
    /// note. The code assumes that the note now says that the write overwrote a byte.
    fn overwritten(&self, groups: &[Group], difference: &Difference) -> Option<usize> {
        let (side, node, other) = match difference {
            Difference { aspect: Aspect::Gone, a, .. } => (Side::A, *a, Side::B),
            Difference { aspect: Aspect::Added, b, .. } => (Side::B, *b, Side::A),
            _ => return None,
        };
        let tree = self.tree(side);
        let write = tree.trigger_node(node);
        if tree.node(node).kind != Kind::Byte || write == NONE {
            return None;
        }
        let others = self.tree(other);
        let mut next = self.partner(side, write);
        for _ in 0..MOST_STEPS {
            next = if next == NONE { return None } else { others.node(next).next };
            if next != NONE && others.node(next).class == tree.node(write).class {
                break;
            }
        }
        let is_fate = |&group: &usize| groups[group].aspect == Aspect::Value;
        self.found(other, next).find(is_fate)
    }

    fn walk(
        &self,
        groups: &[Group],
        own: usize,
        aspect: Aspect,
        side: Side,
        start: u32,
    ) -> Option<usize> {
        let tree = self.tree(side);
        let mut node = start;
        for distance in 0..FURTHEST {
            let (cause, trigger) = (tree.cause_node(node), tree.trigger_node(node));
            for from in [cause, trigger] {
                let fits = |&other: &usize| {
                    other != own && may_follow(aspect, groups[other].aspect, distance)
                };
                if let Some(parent) = self.found(side, from).filter(fits).min() {
                    return Some(parent);
                }
            }
            let goes_on = matches!(aspect, Aspect::Cause | Aspect::Polls | Aspect::Due);
            if !goes_on || cause == NONE || !self.has_moved(side, cause) {
                return None;
            }
            node = cause;
        }
        None
    }

    fn tree(&self, side: Side) -> &'t Tree<'a> {
        match side {
            Side::A => self.a,
            Side::B => self.b,
        }
    }

    /// The groups at a node. If the node has no group and no partner, the groups at the span around
    /// it.
    fn found(&self, side: Side, node: u32) -> impl Iterator<Item = usize> + '_ {
        let (tree, at) = match side {
            Side::A => (self.a, &self.at_a),
            Side::B => (self.b, &self.at_b),
        };
        let mut place = node;
        while place != NONE && !at.contains_key(&place) {
            let parent = tree.node(place).parent;
            place = if self.partner(side, place) == NONE { parent } else { NONE };
        }
        at.get(&place).into_iter().flatten().copied()
    }

    fn partner(&self, side: Side, node: u32) -> u32 {
        match side {
            Side::A => self.pairs.of_a[node as usize],
            Side::B => self.pairs.of_b[node as usize],
        }
    }

    fn has_moved(&self, side: Side, node: u32) -> bool {
        let partner = self.partner(side, node);
        if partner == NONE {
            return false;
        }
        let (a, b) = if side == Side::A { (node, partner) } else { (partner, node) };
        self.a.node(a).begin_ns != self.b.node(b).begin_ns
    }

    /// Counts for each group the pairs that moved with it.
    fn attribute_moved(&mut self, groups: &mut [Group]) {
        let mut origins: Vec<u32> = vec![NONE; self.a.nodes.len()];
        for node in 0..self.a.nodes.len() as u32 {
            if let Some(own) = self.at_a.get(&node) {
                origins[node as usize] = own[0] as u32;
                continue;
            }
            let cause = self.a.cause_node(node);
            if cause == NONE || !self.has_moved(Side::A, node) {
                continue;
            }
            let origin = origins[cause as usize];
            origins[node as usize] = origin;
            if origin != NONE {
                let group = &mut groups[origin as usize];
                group.moved += 1;
                if group.moved_first.len() < 3 && self.a.node(node).parent == NONE {
                    group.moved_first.push(node);
                }
            }
        }
    }
}

/// Whether a difference can follow from another one. `distance` is the number of causes between
/// them.
fn may_follow(child: Aspect, parent: Aspect, distance: usize) -> bool {
    match child {
        // Bits without a meaning have no effect.
        _ if parent == Aspect::Bits => false,
        Aspect::Gone | Aspect::Added | Aspect::Value => parent.is_of_value(),
        Aspect::Cause | Aspect::Polls | Aspect::Due => true,
        Aspect::Delay => {
            let at_cause =
                matches!(parent, Aspect::Polls | Aspect::Pitch | Aspect::Length | Aspect::Due);
            distance == 0 && (at_cause || parent.is_of_value())
        }
        Aspect::Length | Aspect::Level | Aspect::Pitch | Aspect::Bits => false,
    }
}

/// Whether `from` follows from `to`, directly or not.
fn leads_to(groups: &[Group], from: usize, to: usize) -> bool {
    let mut next = Some(from);
    while let Some(index) = next {
        if index == to {
            return true;
        }
        next = groups[index].follows;
    }
    false
}
