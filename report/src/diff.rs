//! The causal diff of two traces: what differs, and what follows from it.
//!
//! This module compares two traces by causes, not by lines. An event that came later only because
//! its cause came later is not a finding: it moved with its cause. The stages are: the causes
//! ([`causes`](crate::causes)), nodes and chains (`nodes`), alignment (`align`), differences of
//! aligned nodes (`difference`), findings (`group`), and words (`words`).
//!
//! A diff of A with B has the same findings as a diff of B with A, with the sides exchanged. To
//! ensure this, the diff first puts the two traces into an order that does not depend on the
//! caller.

mod align;
mod difference;
mod first;
mod group;
mod options;
mod words;

use std::borrow::Cow;

use portcls_emulator::trace::{CauseFacts, TraceLog};
use serde::Serialize;

use crate::distance::distance_ns;
use crate::key::of_text;
use crate::nodes::Tree;
use crate::subsequence::common;
use align::{Pairs, align};
use difference::{Aspect, Compared, Difference, compare};
use first::first_difference;
use group::{Group, group};
use words::Words;

pub use difference::{Passed, Residual};
pub use options::{DiffOptions, Mode, PollRule, SettingError, Start, Tolerance, Undriven};

/// The part of the machine to which a finding belongs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// The driver: its accesses, its results and the rules that it breaks.
    Driver,
    /// The card: its answers, its bytes and its interrupts.
    Card,
    /// The kernel: when interrupts, DPCs and timers run.
    Kernel,
    /// The port driver: the calls that it makes.
    Port,
    /// The scenario: the application and the other end of the cable.
    Scenario,
}

/// In which way two traces differ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Only the first trace has the event.
    Gone,
    /// Only the second trace has the event.
    Added,
    /// The event has another value.
    Value,
    /// The event ran at another level.
    Level,
    /// The event had another cause.
    Cause,
    /// The event came later or earlier after its cause.
    Delay,
    /// The event lasted longer or shorter.
    Length,
    /// There are more or fewer reads.
    Polls,
    /// The time between two reads is different.
    Pitch,
    /// The register had another value with the same meaning.
    Bits,
    /// A timer was set for another time, or the code asked for a delay of another length.
    Due,
    /// Events without a common cause are in another order. This kind also stands for a difference
    /// that fits no other kind.
    Order,
}

/// The first place of a finding in one trace.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Spot {
    /// The number of the event in its trace, from 0.
    pub event: usize,
    /// Time since power-on in ns.
    pub time_ns: u64,
    /// The words of the last mark up to the event.
    pub mark: String,
    /// Time since that mark in ns.
    pub since_mark_ns: i64,
}

/// One finding: differences of one kind at one place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// The number in the list, from 1.
    pub number: usize,
    /// The part of the machine to which the finding belongs.
    pub owner: Owner,
    /// The kind.
    pub kind: FindingKind,
    /// What is different, in a sentence.
    pub title: String,
    /// What the first trace has.
    pub expected: String,
    /// What the second trace has.
    pub came: String,
    /// The code that ran meanwhile.
    pub context: String,
    /// How often the finding occurs.
    pub count: usize,
    /// The smallest difference, second trace minus first: in ns, or in reads for
    /// [`FindingKind::Polls`]. 0 for a kind without a measured difference.
    pub least: i64,
    /// The largest difference, in the same unit.
    pub most: i64,
    /// The first place in the first trace.
    pub first: Option<Spot>,
    /// The first place in the second trace.
    pub second: Option<Spot>,
    /// The number of the finding from which this finding follows.
    pub follows_from: Option<usize>,
    /// How many events or spans only moved in time because of this finding.
    pub moved: u64,
    /// In words: the first of these events and spans, at most three. Those inside a span are left
    /// out.
    pub moved_words: Vec<String>,
    /// Every place of the finding, for a view; `first` and `second` are the first of these.
    #[serde(skip)]
    pub places: Vec<Place>,
}

/// One place of a finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The number of the event in the first trace.
    pub first: Option<usize>,
    /// The number of the event in the second trace.
    pub second: Option<usize>,
    /// In ns: the delay from the cause to the event in the second trace, minus this delay in the
    /// first trace. 0 for a finding that is not [`FindingKind::Delay`].
    pub delay_ns: i64,
}

/// The result of a diff.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Diff {
    /// The number of events in each trace.
    pub events: [usize; 2],
    /// Events or spans that are in both traces.
    pub aligned: u64,
    /// How many of the aligned events or spans have another time, but no difference of their own.
    pub moved: u64,
    /// The options of the comparison.
    pub options: DiffOptions,
    /// The smallest and the largest time difference that came and that the tolerance allows.
    pub residual: Option<Residual>,
    /// The differences that are not findings because of the options.
    pub passed: Passed,
    /// The findings: first the roots, then the findings that follow from others. Both parts are in
    /// order of time.
    pub findings: Vec<Finding>,
}

impl Diff {
    /// How many findings follow from no other finding.
    #[must_use]
    pub fn roots(&self) -> usize {
        self.findings.iter().filter(|finding| finding.follows_from.is_none()).count()
    }

    /// The result as text, with at most `most` findings.
    #[must_use]
    pub fn text(&self, most: usize) -> String {
        words::text(self, most)
    }
}

/// Compares two traces: says what `second` does in another way than `first`.
///
/// An older trace may lack the facts about causes ([`CauseFacts`]). Then the other trace is
/// compared without these facts, too. Time and memory grow with the number of events.
#[must_use]
pub fn diff(first: &TraceLog, second: &TraceLog, options: DiffOptions) -> Diff {
    let compared = [alike(first, second), alike(second, first)];
    let mut result = diff_alike(&compared[0], &compared[1], options);
    let [is_first_cut, is_second_cut] = compared.map(|log| matches!(log, Cow::Owned(_)));
    if is_first_cut {
        result.events[0] = first.events().count();
        renumber(
            first,
            result.findings.iter_mut().flat_map(|finding| {
                let places = finding.places.iter_mut().filter_map(|place| place.first.as_mut());
                places.chain(finding.first.as_mut().map(|spot| &mut spot.event))
            }),
        );
    }
    if is_second_cut {
        result.events[1] = second.events().count();
        renumber(
            second,
            result.findings.iter_mut().flat_map(|finding| {
                let places = finding.places.iter_mut().filter_map(|place| place.second.as_mut());
                places.chain(finding.second.as_mut().map(|spot| &mut spot.event))
            }),
        );
    }
    result
}

/// The numbers are those of events in the trace without facts about causes. Each becomes the number
/// of its event in the whole trace.
fn renumber<'n>(log: &TraceLog, numbers: impl Iterator<Item = &'n mut usize>) {
    let kept = log.events().enumerate().filter(|(_, event)| !event.event.is_cause_fact());
    let whole: Vec<usize> = kept.map(|(number, _)| number).collect();
    numbers.for_each(|number| *number = whole[*number]);
}

/// Compares two traces that have the same kinds of events.
fn diff_alike(first: &TraceLog, second: &TraceLog, options: DiffOptions) -> Diff {
    let options = options.settled();
    let shift_ns = match options.start {
        Start::PowerOn => 0,
        Start::FirstEvent => distance_ns(begin_ns(second), begin_ns(first)),
    };
    let trees = [Tree::new(first), Tree::later(second, shift_ns)];
    let prints = [trees[0].fingerprint(), trees[1].fingerprint()];
    // The alignment can depend on which trace comes first. So the fingerprints decide which trace
    // comes first, and not the caller.
    let is_swapped = prints[0] > prints[1];
    let (a, b) = if is_swapped { (&trees[1], &trees[0]) } else { (&trees[0], &trees[1]) };
    let pairs = align(a, b);
    let compared = compare(a, b, &pairs, &options);
    let mut groups = group(a, b, &pairs, &compared);
    if is_swapped {
        groups.iter_mut().for_each(|group| turn(group, &pairs));
    }
    let mut result = Diff {
        events: [trees[0].events.len(), trees[1].events.len()],
        aligned: compared.aligned,
        moved: compared.moved,
        residual: residual(&compared, is_swapped),
        passed: compared.passed,
        findings: findings(&trees, &groups),
        options,
    };
    let differs = prints[0] != prints[1];
    if differs && result.findings.is_empty() && result.options.is_strict() {
        result.findings.extend(first_difference(&trees, &result.options));
    }
    result
}

/// The time of the first event, in ns.
fn begin_ns(log: &TraceLog) -> u64 {
    log.events().next().map_or(0, |event| event.time_ns)
}

/// The trace without those facts about causes that `other` does not have.
fn alike<'a>(log: &'a TraceLog, other: &TraceLog) -> Cow<'a, TraceLog> {
    match (log.cause_facts(), other.cause_facts()) {
        (CauseFacts::Recorded, CauseFacts::Missing) => Cow::Owned(log.without_cause_facts()),
        _ => Cow::Borrowed(log),
    }
}

/// How many lines of two texts have no equal line in the other text. The order of lines counts.
#[must_use]
pub fn differing_lines(first: &str, second: &str) -> usize {
    let keys = |text: &str| text.lines().map(of_text).collect::<Vec<u64>>();
    let (first, second) = (keys(first), keys(second));
    first.len() + second.len() - 2 * common(&first, &second).len()
}

/// Exchanges the two traces in a group of differences.
fn turn(group: &mut Group, pairs: &Pairs) {
    let turned = |aspect| match aspect {
        Aspect::Gone => Aspect::Added,
        Aspect::Added => Aspect::Gone,
        other => other,
    };
    group.aspect = turned(group.aspect);
    for difference in &mut group.differences {
        let Difference { aspect, a, b, more } = *difference;
        *difference = Difference { aspect: turned(aspect), a: b, b: a, more: -more };
    }
    for node in &mut group.moved_first {
        *node = pairs.of_a[*node as usize];
    }
}

fn residual(compared: &Compared, is_swapped: bool) -> Option<Residual> {
    let residual = compared.residual?;
    let (least_ns, most_ns) = (-residual.most_ns, -residual.least_ns);
    Some(if is_swapped { Residual { least_ns, most_ns, ..residual } } else { residual })
}

/// The findings in words: roots first.
fn findings(trees: &[Tree<'_>; 2], groups: &[Group]) -> Vec<Finding> {
    let words = Words::new(trees);
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&index| (groups[index].follows.is_some(), index));
    let mut numbers = vec![0; groups.len()];
    for (number, &index) in order.iter().enumerate() {
        numbers[index] = number + 1;
    }
    let finding = |&index: &usize| {
        let group = &groups[index];
        let mut finding = words.finding(group);
        finding.number = numbers[index];
        finding.follows_from = group.follows.map(|parent| numbers[parent]);
        finding
    };
    order.iter().map(finding).collect()
}
