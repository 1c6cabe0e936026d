//! Findings that follow from simultaneous code, or from lost time.
//!
//! A trace can show a service routine or a DPC at the same time as other code. Then the trace does
//! not tell which event belongs to which code. So if the routine differs, every difference in that
//! time follows from the routine.
//!
//! A routine that interrupts a late routine is late, too.
//!
//! Several waits at one moment may all be longer by the same time. Then time itself was lost at
//! that moment. All of these findings follow from the first one.

use super::{Group, Links, Side};
use crate::causes::NONE;
use crate::diff::difference::{Aspect, Difference};
use crate::nodes::{Kind, Tree};

/// The most nodes from a service routine or DPC back to what began it. For a DPC these are the DPC,
/// the queueing of the DPC, the service routine that queued the DPC, and the rise of the line.
const MOST_TRIGGERS: usize = 4;

/// A service routine or DPC that is late, or early, in the second trace.
#[derive(Clone, Copy)]
pub(super) struct Late {
    node: u32,
    /// How late the routine is, in ns. Negative for an early routine.
    more: i64,
    group: usize,
}

/// The most routines among which this file looks for the one that was interrupted. The search for
/// overlapping routines looks at this number of routines before the given one, and at one fewer
/// after it.
const MOST_HOSTS: usize = 16;

/// A wait, a byte or a run of polls that takes more or less time in the second trace, although it
/// begins at the same time in both traces.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    group: usize,
    from_ns: u64,
    to_ns: u64,
    /// How much more time it takes in the second trace, in ns.
    more: i64,
}

/// The most groups whose stretches are kept.
const MOST_STRETCHED: usize = 256;
/// The most stretches of one group.
const MOST_STRETCHES: usize = 4;

impl Links<'_, '_> {
    /// The stretches of the first groups.
    pub(super) fn find_stretches(&self, groups: &[Group]) -> Vec<Stretch> {
        let of_group = |(number, group): (usize, &Group)| {
            let first = group.differences.iter().take(MOST_STRETCHES);
            first.filter_map(|it| self.stretch(number, it)).collect::<Vec<Stretch>>()
        };
        groups.iter().take(MOST_STRETCHED).enumerate().flat_map(of_group).collect()
    }

    /// The stretch of a wait, a length or a run of polls. `None` for any other difference, and if
    /// the beginning has moved.
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

    /// Looks in the groups before `own` for a stretch that overlaps the stretch of `difference`.
    /// Both stretches must have grown by the same time from the first trace to the second. Returns
    /// the first such group. From the time of the overlap on, everything is later, even events that
    /// do not wait for each other.
    pub(super) fn same_moment(&self, own: usize, difference: &Difference) -> Option<usize> {
        let own = self.stretch(own, difference)?;
        let is_same = |other: &&Stretch| {
            other.group < own.group
                && other.more == own.more
                && other.from_ns.max(own.from_ns) < other.to_ns.min(own.to_ns)
        };
        self.stretches.iter().filter(is_same).map(|other| other.group).min()
    }

    /// The service routines and DPCs that are late or early, for each trace.
    pub(super) fn find_late(&self, groups: &[Group]) -> [Vec<Late>; 2] {
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

    /// For a late routine that interrupts another late routine: the group of the interrupted
    /// routine, if both are late by the same time. An interrupt begins between two steps of running
    /// code, so it is late with that code.
    pub(super) fn host(&self, own: usize, difference: &Difference) -> Option<usize> {
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

    /// The service routines and DPCs that seem to run at the same time as other code, with their
    /// partners in the other trace; for each trace. Each has the group of its own difference, or
    /// else the group of a routine that overlaps it. Routines without such a group are left out.
    pub(super) fn find_mixed(&self) -> [Vec<(u32, usize)>; 2] {
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

    /// The first group with a difference at a service routine or DPC. If the routine has no
    /// difference: the first group at its trigger, at the trigger of the trigger, and so on.
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

    /// The group of a routine that differs, seems to run at the same time as other code, and has
    /// this difference inside it.
    pub(super) fn around(&self, own: usize, difference: &Difference) -> Option<usize> {
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
}

/// The group of a routine that seems to run at the same time as the routine at `index`. The routine
/// at `index` does not differ itself, so differences in it belong to the other routine.
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
