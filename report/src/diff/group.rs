//! Findings: alike differences, and which finding follows from which.
//!
//! A finding follows from another only along recorded causes. What happened can follow from what
//! happened, never from a delay. A delay follows only from a change at its own cause, because it
//! counts from there, or from a delay by the same time at the same moment: then time itself was
//! lost, and everything that waited is later. Where a service routine or a DPC seems to run at once with other code, one
//! cannot tell what belongs to which: what differs there follows from the routine that differs.

use std::collections::BTreeMap;

use super::align::Pairs;
use super::difference::{Aspect, Compared, Difference};
use crate::causes::NONE;
use crate::nodes::{Kind, Tree};

/// The most differences of one finding whose causes are followed.
const MOST_FOLLOWED: usize = 256;
/// The most causes that are followed from one difference.
const FURTHEST: usize = 64;
/// The most steps from a write to the next one.
const MOST_STEPS: usize = 8;
/// The most triggers from a service routine or DPC back to what began it: its queueing, the service
/// routine that queued it, and the rise of the line.
const MOST_TRIGGERS: usize = 4;

/// Differences of one kind.
#[derive(Debug)]
pub(super) struct Group {
    pub aspect: Aspect,
    /// Never empty; in order of the nodes.
    pub differences: Vec<Difference>,
    /// The group from which this one follows.
    pub follows: Option<usize>,
    /// How many pairs only moved because of this one, and the first of them.
    pub moved: u64,
    pub moved_first: Vec<u32>,
}

/// What makes differences one finding.
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

/// When a difference is seen first, in ns.
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
    /// The groups with a difference at each node.
    at_a: BTreeMap<u32, Vec<usize>>,
    at_b: BTreeMap<u32, Vec<usize>>,
    /// The nodes that seem to run at once with other code, each with its group, for each trace.
    mixed: [Vec<(u32, usize)>; 2],
    /// The service routines and DPCs that are late, in order, for each trace.
    late: [Vec<Late>; 2],
    /// Waits that last longer or less long, the first ones of each group.
    stretches: Vec<Stretch>,
}

/// A wait that lasts longer or less long, though what it counts from has not moved.
#[derive(Clone, Copy)]
struct Stretch {
    group: usize,
    from_ns: u64,
    to_ns: u64,
    /// How much longer, in ns.
    more: i64,
}

/// The most stretches of one group that are looked at.
const MOST_STRETCHES: usize = 4;

/// A service routine or DPC that is late.
#[derive(Clone, Copy)]
struct Late {
    node: u32,
    /// By how much, in ns.
    more: i64,
    group: usize,
}

/// The most service routines and DPCs that are looked at to find the one that another one
/// interrupts.
const MOST_HOSTS: usize = 16;

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
        for (number, group) in groups.iter().enumerate() {
            let found = group.differences.iter().take(MOST_STRETCHES);
            let found: Vec<Stretch> = found.filter_map(|it| links.stretch(number, it)).collect();
            links.stretches.extend(found);
        }
        links
    }

    /// A wait, a length or a run of polls that is longer, from what has not moved to what has.
    fn stretch(&self, group: usize, difference: &Difference) -> Option<Stretch> {
        let Difference { aspect, a, b, more } = *difference;
        if a == NONE || b == NONE {
            return None;
        }
        let (of_a, of_b) = (self.a.node(a), self.b.node(b));
        let stands = of_a.begin_ns == of_b.begin_ns;
        let lengths = (of_a.begin_ns, of_a.end_ns.max(of_b.end_ns));
        let (from_ns, to_ns, more) = match aspect {
            Aspect::Length if stands => (lengths.0, lengths.1, more),
            Aspect::Polls if stands => {
                (lengths.0, lengths.1, more.saturating_mul(of_a.pitch_ns.into()))
            }
            Aspect::Delay => {
                let from = self.a.cause_node(a);
                if from != NONE && self.has_moved(Side::A, from) {
                    return None;
                }
                let from_ns = if from == NONE { 0 } else { self.a.node(from).begin_ns };
                (from_ns, of_a.begin_ns.max(of_b.begin_ns), more)
            }
            _ => return None,
        };
        Some(Stretch { group, from_ns, to_ns, more })
    }

    /// The first group with a wait that is longer by the same time and at the same moment: from
    /// that moment on everything is later, also what waits for nothing of the other.
    fn same_moment(&self, own: usize, difference: &Difference) -> Option<usize> {
        let own = self.stretch(own, difference)?;
        let is_same = |other: &&Stretch| {
            other.group < own.group
                && other.more == own.more
                && other.from_ns.max(own.from_ns) < other.to_ns.min(own.to_ns)
        };
        self.stretches.iter().filter(is_same).map(|other| other.group).min()
    }

    /// The service routines and DPCs that are late.
    fn find_late(&self, groups: &[Group]) -> [Vec<Late>; 2] {
        let is_root = |node: u32| matches!(self.a.node(node).kind, Kind::Isr | Kind::Dpc);
        let mut late = [Vec::new(), Vec::new()];
        for (group, found) in groups.iter().enumerate().filter(|(_, it)| it.aspect == Aspect::Delay)
        {
            for difference in found.differences.iter().filter(|it| is_root(it.a)) {
                for (side, node) in late.iter_mut().zip([difference.a, difference.b]) {
                    side.push(Late { node, more: difference.more, group });
                }
            }
        }
        late.iter_mut().for_each(|side| side.sort_unstable_by_key(|late| late.node));
        late
    }

    /// The group of the late routine that a late routine interrupts, if both are late by the same
    /// time: an interrupt begins between two steps of the code that runs.
    fn host(&self, own: usize, difference: &Difference) -> Option<usize> {
        if difference.aspect != Aspect::Delay {
            return None;
        }
        let sides = [(self.a, difference.a, &self.late[0]), (self.b, difference.b, &self.late[1])];
        let of_side = |(tree, node, late): (&Tree<'_>, u32, &Vec<Late>)| {
            let number = tree.node(node).first;
            let before = late.partition_point(|late| late.node < node);
            let is_host = |late: &&Late| {
                late.group != own
                    && late.more == difference.more
                    && number < tree.node(late.node).last
            };
            late[..before].iter().rev().take(MOST_HOSTS).find(is_host).map(|late| late.group)
        };
        let [first, second] = sides.map(of_side);
        first.filter(|_| first == second)
    }

    /// The service routines and DPCs that differ and seem to run at once with other code, and the
    /// same ones in the other trace.
    fn find_mixed(&self) -> [Vec<(u32, usize)>; 2] {
        let mut mixed = [Vec::new(), Vec::new()];
        for (side, tree) in [(Side::A, self.a), (Side::B, self.b)] {
            let both = |node: u32| match side {
                Side::A => [node, self.partner(Side::A, node)],
                Side::B => [self.partner(Side::B, node), node],
            };
            let group = |node: u32| {
                let [a, b] = both(node);
                let groups = [self.began(Side::A, a), self.began(Side::B, b)];
                groups.into_iter().flatten().min()
            };
            let groups: Vec<Option<usize>> = tree.mixed.iter().map(|&node| group(node)).collect();
            for (index, &node) in tree.mixed.iter().enumerate() {
                let own = groups[index];
                let Some(group) = own.or_else(|| overlapping(tree, index, &groups)) else {
                    continue;
                };
                for (nodes, node) in mixed.iter_mut().zip(both(node)) {
                    if node != NONE {
                        nodes.push((node, group));
                    }
                }
            }
        }
        mixed
    }

    /// The group at a service routine or DPC, or at what made it begin.
    fn began(&self, side: Side, routine: u32) -> Option<usize> {
        let (tree, at) = match side {
            Side::A => (self.a, &self.at_a),
            Side::B => (self.b, &self.at_b),
        };
        let mut node = routine;
        for _ in 0..MOST_TRIGGERS {
            if node == NONE {
                return None;
            }
            if let Some(groups) = at.get(&node) {
                return groups.iter().min().copied();
            }
            node = tree.trigger_node(node);
        }
        None
    }

    /// The group of a service routine or DPC that differs, around a node, and that seems to run at
    /// once with other code. What is there belongs to the one or to the other.
    fn around(&self, own: usize, difference: &Difference) -> Option<usize> {
        let sides =
            [(self.a, difference.a, &self.mixed[0]), (self.b, difference.b, &self.mixed[1])];
        let of_side = |(tree, node, mixed): (&Tree<'_>, u32, &Vec<(u32, usize)>)| {
            let number = tree.node(node).first;
            let is_around = |&&(around, group): &&(u32, usize)| {
                let around = tree.node(around);
                group != own && around.first < number && number <= around.last
            };
            mixed.iter().filter(is_around).map(|&(_, group)| group).min()
        };
        let there = sides.into_iter().filter(|&(_, node, _)| node != NONE);
        there.filter_map(of_side).min()
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
            // Of two groups with as many votes the earlier one counts.
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

    /// Whether a finding that begins with `parent` may be the reason of one that begins with
    /// `child`: it does not begin later.
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

    /// The group of the write that overwrote a byte, for a byte that only one trace has. In the
    /// other trace the device says of the write behind that of the byte what became of the byte.
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

    /// The groups at a node, or at the spans around it that have no partner.
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

/// The group of a routine that seems to run at once with the routine at this index. That one does
/// not differ itself, and what differs in it belongs to the other one.
fn overlapping(tree: &Tree<'_>, index: usize, groups: &[Option<usize>]) -> Option<usize> {
    let span = |index: usize| {
        let node = tree.node(tree.mixed[index]);
        (node.first, node.last)
    };
    let (first, last) = span(index);
    let near = index.saturating_sub(MOST_HOSTS)..groups.len().min(index + MOST_HOSTS);
    let overlaps = |&other: &usize| {
        let (other_first, other_last) = span(other);
        first < other_last && other_first < last
    };
    near.filter(overlaps).filter_map(|other| groups[other]).min()
}

/// Whether a difference can follow from another one: `distance` causes lie between them.
fn may_follow(child: Aspect, parent: Aspect, distance: usize) -> bool {
    match child {
        // Bits that mean nothing change nothing.
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
