//! The differences of aligned nodes, and the nodes without a partner.

use portcls_emulator::trace::{CauseFacts, Event, TimerChange};

use serde::Serialize;

use super::align::Pairs;
use super::options::{DiffOptions, Mode, Undriven};
use crate::causes::{NONE, Reason};
use crate::distance::distance_ns;
use crate::nodes::{Kind, Node, Tree};

/// In which way two traces differ at a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Aspect {
    /// Only the first trace has the node.
    Gone,
    /// Only the second trace has the node.
    Added,
    /// The node has another value.
    Value,
    /// The node happened at another level.
    Level,
    /// The node waited for something else.
    Cause,
    /// The node came later or earlier after its cause.
    Delay,
    /// The node was longer or shorter.
    Length,
    /// The driver polled more or less often.
    Polls,
    /// The time between two polls was different.
    Pitch,
    /// The register had another value with the same meaning.
    Bits,
    /// A timer was set for another time, or a delay was asked to last another time.
    Due,
}

impl Aspect {
    /// True when one trace lacks the node, or when the node has another value.
    pub(super) fn is_of_value(self) -> bool {
        matches!(self, Aspect::Gone | Aspect::Added | Aspect::Value)
    }
}

/// One difference at one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Difference {
    pub aspect: Aspect,
    /// The node in each trace, [`NONE`] for none.
    pub a: u32,
    pub b: u32,
    /// How much more the second trace has than the first: a time in ns, or for [`Aspect::Polls`] a
    /// number of reads. 0 if the aspect has no measure.
    pub more: i64,
}

/// The result of the comparison.
#[derive(Default)]
pub(super) struct Compared {
    pub differences: Vec<Difference>,
    /// The number of pairs that have another time, but no difference.
    pub moved: u64,
    /// The number of pairs.
    pub aligned: u64,
    /// The differences within the tolerance.
    pub residual: Option<Residual>,
    /// The differences that the options allow.
    pub passed: Passed,
}

/// The range of the time differences that are within the tolerance.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Residual {
    /// The smallest and the largest difference, second trace minus first, in ns.
    pub least_ns: i64,
    /// See `least_ns`.
    pub most_ns: i64,
    /// How many of these differences use more than half of the tolerance.
    pub over_half: u64,
}

/// How many differences are not findings, because the options allow them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Passed {
    /// Delays, lengths, distances of polls and due times that differ. Only [`Mode::Order`] lets
    /// them pass.
    pub delays: u64,
    /// The largest of these time differences in ns, without its sign.
    pub largest_delay_ns: u64,
    /// Numbers of polls that differ by no more than the options allow.
    pub polls: u64,
    /// Runs of polls whose last values differ only in bits without a meaning.
    pub bits: u64,
}

/// Time between two clock interrupts in ns.
/// Assumed: both traces have the kernel's default interval. With another interval, the code does
/// not see that a delay moved only because of the clock, and makes a finding of it.
const CLOCK_INTERVAL_NS: i64 = 1_000_000;

/// Compares all nodes.
pub(super) fn compare(
    a: &Tree<'_>,
    b: &Tree<'_>,
    pairs: &Pairs,
    options: &DiffOptions,
) -> Compared {
    let mut comparer = Comparer { a, b, pairs, options, compared: Compared::default() };
    for (node, &other) in pairs.of_a.iter().enumerate() {
        let node = node as u32;
        if other != NONE {
            comparer.compare_pair(node, other);
        } else if stands_alone(a, node, &pairs.of_a) {
            comparer.tell(Aspect::Gone, node, NONE, 0);
        }
    }
    for (node, &other) in pairs.of_b.iter().enumerate() {
        let node = node as u32;
        if other == NONE && stands_alone(b, node, &pairs.of_b) {
            comparer.tell(Aspect::Added, NONE, node, 0);
        }
    }
    comparer.compared
}

/// Whether a node without a partner is a difference of its own. It is not if the span around it has
/// no partner either.
fn stands_alone(tree: &Tree<'_>, node: u32, partners: &[u32]) -> bool {
    let parent = tree.node(node).parent;
    parent == NONE || partners[parent as usize] != NONE
}

struct Comparer<'t, 'a> {
    a: &'t Tree<'a>,
    b: &'t Tree<'a>,
    pairs: &'t Pairs,
    options: &'t DiffOptions,
    compared: Compared,
}

impl Comparer<'_, '_> {
    fn tell(&mut self, aspect: Aspect, a: u32, b: u32, more: i64) {
        self.compared.differences.push(Difference { aspect, a, b, more });
    }

    fn compare_pair(&mut self, a: u32, b: u32) {
        self.compared.aligned += 1;
        let (of_a, of_b) = (self.a.node(a), self.b.node(b));
        let told = self.compared.differences.len();
        if of_a.kind == Kind::Poll {
            self.compare_polls(a, b);
        } else if of_a.key != of_b.key && of_a.kind != Kind::Mark {
            self.tell(Aspect::Value, a, b, 0);
        } else {
            self.compare_counts(a, b);
        }
        if of_a.level != of_b.level {
            self.tell(Aspect::Level, a, b, 0);
        }
        self.compare_cause(a, b);
        if matches!(of_a.kind, Kind::Byte | Kind::Poll) && of_a.count == of_b.count {
            let lengths = (length_ns(of_a), length_ns(of_b));
            let stolen = (0, distance_ns(of_a.stolen_ns, of_b.stolen_ns));
            // Each read after the first one may be late by the tolerance.
            let steps = of_a.count.saturating_sub(1).max(1);
            if self.is_too_much(lengths, stolen, steps) {
                self.tell(Aspect::Length, a, b, lengths.1 - lengths.0);
            }
        }
        if self.compared.differences.len() == told && of_a.begin_ns != of_b.begin_ns {
            self.compared.moved += 1;
        }
    }

    fn compare_polls(&mut self, a: u32, b: u32) {
        let (of_a, of_b) = (self.a.node(a), self.b.node(b));
        self.compare_counts(a, b);
        let (said_a, said_b) = (last_state(self.a, of_a), last_state(self.b, of_b));
        if said_a.1 != said_b.1 || (of_a.count == of_b.count && of_a.states != of_b.states) {
            self.tell(Aspect::Value, a, b, 0);
        } else if said_a.0 != said_b.0 {
            match self.options.undriven {
                Undriven::Compare => self.tell(Aspect::Bits, a, b, 0),
                Undriven::Ignore => self.compared.passed.bits += 1,
            }
        }
        let pitches = (i64::from(of_a.pitch_ns), i64::from(of_b.pitch_ns));
        let folds = pitches.0 != 0 && pitches.1 != 0;
        if folds && self.is_too_much(pitches, (0, 0), 1) {
            self.tell(Aspect::Pitch, a, b, pitches.1 - pitches.0);
        }
    }

    fn compare_counts(&mut self, a: u32, b: u32) {
        let more = self.b.node(b).count as i64 - self.a.node(a).count as i64;
        if !self.options.polls.allows(more) {
            self.tell(Aspect::Polls, a, b, more);
        } else if more != 0 {
            self.compared.passed.polls += 1;
        }
    }

    fn compare_cause(&mut self, a: u32, b: u32) {
        let (cause_a, cause_b) = (self.a.cause(a), self.b.cause(b));
        let (from_a, from_b) = (self.a.cause_node(a), self.b.cause_node(b));
        let (needs_a, needs_b) = (self.a.trigger_node(a), self.b.trigger_node(b));
        let kind = self.a.node(a).kind;
        if matches!(kind, Kind::Timer | Kind::Delay) && self.compare_due(a, b) {
            // A delay for which the code asked for another time also ends at another time. That is
            // no second difference.
            if kind == Kind::Delay {
                return;
            }
        }
        let (delay_a, delay_b) = match kind {
            Kind::Expiry => (lateness_ns(self.a, a), lateness_ns(self.b, b)),
            // Without a cause the time counts since power-on.
            _ if (from_a, from_b) == (NONE, NONE) => {
                (distance_ns(0, self.a.node(a).begin_ns), distance_ns(0, self.b.node(b).begin_ns))
            }
            _ => (cause_a.delay_ns, cause_b.delay_ns),
        };
        let shift = self.shift(a, b);
        let more = delay_b - delay_a;
        let same_trigger = self.are_same(needs_a, needs_b);
        let same_cause = self.are_same(from_a, from_b) && cause_a.reason == cause_b.reason;
        let allowed_ns = self.options.tolerance.of_ns(delay_a, delay_b);
        // A node at the same time in both traces is no difference, even if its wait was longer or
        // shorter. Neither is a node that moved together with its trigger, if both traces have the
        // trigger.
        let moved_with_trigger = same_trigger
            && needs_a != NONE
            && (shift - self.shift(needs_a, needs_b)).unsigned_abs() <= allowed_ns;
        let stands_still = shift.unsigned_abs() <= allowed_ns || moved_with_trigger;
        if !same_trigger || !same_cause {
            let is_other_time = same_trigger && self.options.mode == Mode::Order;
            if stands_still || is_other_time {
                return;
            }
            self.tell(Aspect::Cause, a, b, shift);
            return;
        }
        let stolen = (0, distance_ns(cause_a.stolen_ns, cause_b.stolen_ns));
        let is_by_clock = match cause_a.reason {
            Reason::Clock => self.waits_for_clock(shift, more),
            // A trace without facts about causes has no event for a delay.
            Reason::Step => !self.tells_delays() && self.waits_for_clock(shift, more),
            _ => false,
        };
        let is_too_much = shift != 0 && self.is_too_much((delay_a, delay_b), stolen, 1);
        if is_too_much && !stands_still && !is_by_clock {
            self.tell(Aspect::Delay, a, b, more);
        }
    }

    /// Whether the traces have an event for the end of a delay.
    fn tells_delays(&self) -> bool {
        self.a.log.cause_facts() == CauseFacts::Recorded
    }

    /// Whether an event has its time because of the clock. Then the event moved by whole clock
    /// intervals, and its distance from its cause changed by less than one interval.
    ///
    /// The end of a delay moves in this way, because it is rounded up to a clock interrupt.
    /// Assumed: a step moves in this way too, in traces that have no event for a delay.
    fn waits_for_clock(&self, shift: i64, more: i64) -> bool {
        let beside = shift.rem_euclid(CLOCK_INTERVAL_NS);
        let apart = beside.min(CLOCK_INTERVAL_NS - beside).unsigned_abs();
        apart <= self.options.tolerance.ns && more.abs() < CLOCK_INTERVAL_NS
    }

    /// Compares when two timers are due, or when two delays end.
    ///
    /// They are alike if the code asked for the same length of time, or for the same moment on the
    /// clock. Tells the difference if there is one, and returns whether there is one.
    fn compare_due(&mut self, a: u32, b: u32) -> bool {
        // The time that the code asked for, and when the code asked.
        let due = |tree: &Tree<'_>, node: u32| {
            let event = tree.event(node);
            match event.event {
                Event::Timer { change: TimerChange::Set { due_in_ns, .. }, .. } => {
                    Some((due_in_ns, event.time_ns))
                }
                Event::Delay { asked_ns, taken_ns } => {
                    Some((asked_ns, event.time_ns.saturating_sub(taken_ns)))
                }
                _ => None,
            }
        };
        let (Some(due_a), Some(due_b)) = (due(self.a, a), due(self.b, b)) else { return false };
        let more = distance_ns(due_a.0, due_b.0);
        let shift = distance_ns(due_a.1, due_b.1);
        let dues = (distance_ns(0, due_a.0), distance_ns(0, due_b.0));
        let is_other = self.is_too_much(dues, (0, -shift), 1);
        if is_other {
            self.tell(Aspect::Due, a, b, more);
        }
        is_other
    }

    /// How much later a node is in the second trace, in ns.
    fn shift(&self, a: u32, b: u32) -> i64 {
        distance_ns(self.a.node(a).begin_ns, self.b.node(b).begin_ns)
    }

    fn are_same(&self, a: u32, b: u32) -> bool {
        match a {
            NONE => b == NONE,
            _ => b != NONE && self.pairs.of_a[a as usize] == b,
        }
    }

    /// Whether two delays differ by more than `steps` times the tolerance, both with and without
    /// the time that other code took from them. Adds a difference within the tolerance to the
    /// residual. In [`Mode::Order`], every difference passes and is only counted.
    fn is_too_much(&mut self, delays: (i64, i64), stolen: (i64, i64), steps: u64) -> bool {
        let more = delays.1 - delays.0;
        let net = more - (stolen.1 - stolen.0);
        let least = if net.unsigned_abs() < more.unsigned_abs() { net } else { more };
        if least == 0 {
            return false;
        }
        if self.options.mode == Mode::Order {
            let passed = &mut self.compared.passed;
            passed.delays += 1;
            passed.largest_delay_ns = passed.largest_delay_ns.max(least.unsigned_abs());
            return false;
        }
        let allowed_ns = self.options.tolerance.of_ns(delays.0, delays.1).saturating_mul(steps);
        if least.unsigned_abs() > allowed_ns {
            return true;
        }
        let nothing = Residual { least_ns: least, most_ns: least, over_half: 0 };
        let residual = self.compared.residual.get_or_insert(nothing);
        residual.least_ns = residual.least_ns.min(least);
        residual.most_ns = residual.most_ns.max(least);
        residual.over_half += u64::from(least.unsigned_abs() > allowed_ns / 2);
        false
    }
}

fn length_ns(node: &Node) -> i64 {
    distance_ns(node.begin_ns, node.end_ns)
}

/// The value and the note of the last read of a node.
fn last_state<'a>(tree: &Tree<'a>, node: &Node) -> (u32, &'a str) {
    match tree.events[node.last as usize].event {
        Event::Access(access) => (access.value, tree.log.name(access.note)),
        _ => (0, ""),
    }
}

/// The time from the clock interrupt at which a timer was to expire to its expiry, in ns. For a
/// further expiry of a periodic timer: the time since the expiry before it.
fn lateness_ns(tree: &Tree<'_>, node: u32) -> i64 {
    let cause = tree.cause(node);
    let set = cause.event().map(|event| tree.events[event].event);
    match (cause.reason, set) {
        (
            Reason::TimerSet,
            Some(Event::Timer { change: TimerChange::Set { tick_in_ns, .. }, .. }),
        ) => cause.delay_ns - distance_ns(0, tick_in_ns),
        _ => cause.delay_ns,
    }
}
