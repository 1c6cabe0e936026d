//! Findings in words: who caused them, what was expected, what came.

use std::fmt::Write as _;

use portcls_emulator::trace::{Direction, Event, Level};

use super::difference::{Aspect, Difference};
use super::group::Group;
use super::{Diff, Finding, FindingKind, Owner, Passed, Place, Residual, Spot, Tolerance};
use crate::causes::{LANE_IN, NONE};
use crate::distance::distance_ns;
use crate::nodes::{Kind, Tree};
use crate::sentence::{after, context, describe, level, us, waits_for};
use crate::text::event_words;

/// The column where the text after `expected` and the like begins.
const WORDS_COLUMN: usize = 14;

/// Puts the differences of two trees into words.
pub(super) struct Words<'t, 'a> {
    trees: &'t [Tree<'a>; 2],
}

impl<'t, 'a> Words<'t, 'a> {
    pub(super) fn new(trees: &'t [Tree<'a>; 2]) -> Self {
        Words { trees }
    }

    /// A group as a finding. The caller sets `number` and `follows_from`.
    pub(super) fn finding(&self, group: &Group) -> Finding {
        let [first, second] = self.trees;
        let difference = &group.differences[0];
        let (tree, node) = match difference.a {
            NONE => (second, difference.b),
            a => (first, a),
        };
        let measured = group.differences.iter().map(|difference| difference.more);
        let has_measure = !group.aspect.is_of_value();
        let range = |value: Option<i64>| value.filter(|_| has_measure).unwrap_or(0);
        let (least, most) = (range(measured.clone().min()), range(measured.max()));
        Finding {
            number: 0,
            owner: owner(tree, node, group.aspect),
            kind: kind(group.aspect),
            title: self.title(difference, (least, most)),
            expected: self.side(difference, first, difference.a),
            came: self.side(difference, second, difference.b),
            context: context(tree, node),
            count: group.differences.len(),
            least,
            most,
            first: spot(first, difference.a),
            second: spot(second, difference.b),
            follows_from: None,
            moved: group.moved,
            moved_words: group.moved_first.iter().map(|&node| describe(first, node)).collect(),
            places: group.differences.iter().map(|difference| self.place(difference)).collect(),
        }
    }

    fn place(&self, difference: &Difference) -> Place {
        let event = |tree: &Tree<'_>, node| match node {
            NONE => None,
            node => Some(tree.node(node).first as usize),
        };
        let [first, second] = self.trees;
        Place {
            first: event(first, difference.a),
            second: event(second, difference.b),
            delay_ns: if difference.aspect == Aspect::Delay { difference.more } else { 0 },
        }
    }

    fn title(&self, difference: &Difference, range: (i64, i64)) -> String {
        let [first, second] = self.trees;
        let in_first = || describe(first, difference.a);
        let in_second = || describe(second, difference.b);
        match difference.aspect {
            Aspect::Gone => format!("no longer: {}", in_first()),
            Aspect::Added => format!("new: {}", in_second()),
            Aspect::Value => format!("{} -> {}", in_first(), in_second()),
            Aspect::Level => {
                let level = |tree: &Tree<'_>, node| level(tree.node(node).level);
                let (from, to) = (level(first, difference.a), level(second, difference.b));
                format!("{}: {to} instead of {from}", in_first())
            }
            Aspect::Cause => {
                let (from, to) = (waits_for(first, difference.a), waits_for(second, difference.b));
                format!("{} waits for {to} instead of {from}", in_first())
            }
            Aspect::Delay => format!("{} {}", in_first(), later(range, "later", "earlier")),
            Aspect::Length => {
                format!("{} lasts {}", in_first(), later(range, "longer", "less long"))
            }
            Aspect::Polls => {
                let count = |tree: &Tree<'_>, node| tree.node(node).count;
                let (from, to) = (count(first, difference.a), count(second, difference.b));
                let (least, most) = range;
                let range = match least == most {
                    true => String::new(),
                    false => format!(", in all {least:+} .. {most:+}"),
                };
                format!("{}: {to} instead of {from} reads{range}", in_first())
            }
            Aspect::Pitch => {
                let pitch = |tree: &Tree<'_>, node| us(i64::from(tree.node(node).pitch_ns));
                let (from, to) = (pitch(first, difference.a), pitch(second, difference.b));
                format!("{}: a read every {to} instead of {from}", in_first())
            }
            Aspect::Bits => {
                let (from, to) = (in_first(), in_second());
                format!("{from} -> {to}, which says the same")
            }
            Aspect::Due if first.node(difference.a).kind == Kind::Delay => {
                format!("{} -> {}", in_first(), in_second())
            }
            Aspect::Due => {
                format!("{} for a time {}", in_first(), later(range, "later", "earlier"))
            }
        }
    }

    /// The words for what one trace has at a difference.
    fn side(&self, difference: &Difference, tree: &Tree<'_>, node: u32) -> String {
        if node == NONE {
            return "nothing".to_owned();
        }
        match difference.aspect {
            Aspect::Gone | Aspect::Added | Aspect::Delay | Aspect::Cause => after(tree, node),
            Aspect::Length => {
                let found = tree.node(node);
                format!("it lasts {}", us(distance_ns(found.begin_ns, found.end_ns)))
            }
            _ => event_words(tree.log, &tree.events[tree.node(node).last as usize]),
        }
    }
}

fn kind(aspect: Aspect) -> FindingKind {
    match aspect {
        Aspect::Gone => FindingKind::Gone,
        Aspect::Added => FindingKind::Added,
        Aspect::Value => FindingKind::Value,
        Aspect::Level => FindingKind::Level,
        Aspect::Cause => FindingKind::Cause,
        Aspect::Delay => FindingKind::Delay,
        Aspect::Length => FindingKind::Length,
        Aspect::Polls => FindingKind::Polls,
        Aspect::Pitch => FindingKind::Pitch,
        Aspect::Bits => FindingKind::Bits,
        Aspect::Due => FindingKind::Due,
    }
}

/// The part of the machine to which a difference at a node belongs.
pub(super) fn owner(tree: &Tree<'_>, node: u32, aspect: Aspect) -> Owner {
    let event = tree.event(node);
    match tree.node(node).kind {
        Kind::Mark | Kind::Choice => Owner::Scenario,
        Kind::Isr | Kind::Dpc | Kind::Expiry => Owner::Kernel,
        Kind::Return => Owner::Driver,
        Kind::Signal => Owner::Card,
        Kind::Poll => match aspect {
            Aspect::Value | Aspect::Bits => Owner::Card,
            _ => Owner::Driver,
        },
        Kind::Access => match (event.event, aspect) {
            (Event::Access(access), Aspect::Value) if access.direction == Direction::Read => {
                Owner::Card
            }
            _ => Owner::Driver,
        },
        Kind::Byte => match event.event {
            Event::Serial { lane, .. } if tree.log.name(lane) == LANE_IN => Owner::Scenario,
            _ => Owner::Card,
        },
        // At device level only the driver's service routine queues the DPC.
        Kind::Queue if event.level == Level::Device => Owner::Driver,
        Kind::Queue | Kind::Timer => Owner::Port,
        Kind::Call | Kind::Wait | Kind::Delay | Kind::Note => match tree.log.name(event.who) {
            "app" => Owner::Scenario,
            "port" | "pnp" | "power" => Owner::Port,
            "hw" => Owner::Card,
            _ => Owner::Driver,
        },
    }
}

fn spot(tree: &Tree<'_>, node: u32) -> Option<Spot> {
    (node != NONE).then(|| spot_of_event(tree, tree.node(node).first as usize)).flatten()
}

pub(super) fn spot_of_event(tree: &Tree<'_>, event: usize) -> Option<Spot> {
    let time_ns = tree.events.get(event)?.time_ns;
    let after = tree.sections.partition_point(|section| {
        section.mark == NONE || tree.node(section.mark).first as usize <= event
    });
    let mark = tree.sections[after - 1].mark;
    let (words, mark_ns) = match mark {
        NONE => (String::new(), 0),
        mark => match tree.event(mark).event {
            Event::Mark(text) => (tree.log.text(text).to_owned(), tree.event(mark).time_ns),
            _ => (String::new(), 0),
        },
    };
    let since_mark_ns = distance_ns(mark_ns, time_ns);
    let time_ns = time_ns.saturating_add_signed(-tree.shift_ns);
    Some(Spot { event, time_ns, mark: words, since_mark_ns })
}

fn later((least, most): (i64, i64), later: &str, earlier: &str) -> String {
    let word = if most > 0 { later } else { earlier };
    let (low, high) = (least.abs().min(most.abs()), least.abs().max(most.abs()));
    match low == high {
        true => format!("{} {word}", us(low)),
        false => format!("{} .. {} {word}", us(low).trim_end_matches(" us"), us(high)),
    }
}

/// A diff as text, with at most `most` findings.
pub(super) fn text(diff: &Diff, most: usize) -> String {
    let mut out = String::new();
    let count =
        |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let roots = diff.roots();
    let following = diff.findings.len() - roots;
    let _ = write!(out, "{}", count(roots, "finding"));
    if following > 0 {
        let _ = write!(out, ", {following} more that follow from them");
    }
    let [first, second] = diff.events;
    let _ = write!(out, "; {first} and {second} events, {} aligned", diff.aligned);
    if diff.moved > 0 {
        let _ = write!(out, ", {} only moved with their cause", diff.moved);
    }
    out.push('\n');
    push_settings(&mut out, diff);
    for finding in diff.findings.iter().take(most) {
        push_finding(&mut out, finding);
    }
    if diff.findings.len() > most {
        let _ = writeln!(out, "\nand {} more", diff.findings.len() - most);
    }
    out
}

/// Adds the differences that the options allow.
fn push_settings(out: &mut String, diff: &Diff) {
    let mut line = |words: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{words}");
    };
    if let Some(Residual { least_ns, most_ns, over_half }) = diff.residual {
        let tolerance = tolerance_words(diff.options.tolerance);
        line(format!("local delays differ by {least_ns} .. {most_ns} ns (tolerance {tolerance})"));
        if over_half > 0 {
            let delays = if over_half == 1 { "delay uses" } else { "delays use" };
            line(format!("warning: {over_half} {delays} more than half of the tolerance"));
        }
    }
    let Passed { delays, largest_delay_ns, polls, bits } = diff.passed;
    if delays > 0 {
        let largest = us(largest_delay_ns as i64);
        line(format!("times are not compared: {delays} differ, the largest by {largest}"));
    }
    if polls > 0 {
        line(format!("not compared: {polls} numbers of polls that differ"));
    }
    if bits > 0 {
        line(format!("not compared: {bits} registers with other bits that mean nothing"));
    }
}

fn tolerance_words(tolerance: Tolerance) -> String {
    let percent = f64::from(tolerance.millionths) / 10_000.0;
    match (tolerance.ns, tolerance.millionths) {
        (ns, 0) => format!("{ns} ns"),
        (0, _) => format!("{percent} %"),
        (ns, _) => format!("{ns} ns or {percent} %"),
    }
}

fn push_finding(out: &mut String, finding: &Finding) {
    let owner = match finding.owner {
        Owner::Driver => "DRIVER",
        Owner::Card => "CARD",
        Owner::Kernel => "KERNEL",
        Owner::Port => "PORT",
        Owner::Scenario => "SCENARIO",
    };
    let _ = write!(out, "\n{:>2}  {owner}  {}", finding.number, finding.title);
    if finding.count > 1 {
        let _ = write!(out, "  [{} times]", finding.count);
    }
    if let Some(parent) = finding.follows_from {
        let _ = write!(out, "  <- follows from {parent}");
    }
    out.push('\n');
    let mut line = |key: &str, words: &str| {
        let _ = writeln!(out, "    {key:<width$}{words}", width = WORDS_COLUMN - 4);
    };
    line("at", &place(finding));
    line("expected", &finding.expected);
    line("came", &finding.came);
    line("while", &finding.context);
    if finding.moved > 0 {
        let more = if finding.moved as usize > finding.moved_words.len() { ", ..." } else { "" };
        let words = finding.moved_words.join(", ");
        let words = if words.is_empty() { words } else { format!(": {words}{more}") };
        let moves = match finding.moved {
            1 => "1 event moves".to_owned(),
            moved => format!("{moved} events move"),
        };
        line("then", &format!("{moves} with it, unchanged{words}"));
    }
}

fn place(finding: &Finding) -> String {
    let time = |spot: &Option<Spot>| match spot {
        Some(spot) => format!("+{}", us(spot.since_mark_ns)),
        None => "-".to_owned(),
    };
    let mark = finding.first.as_ref().or(finding.second.as_ref()).map_or("", |spot| &spot.mark);
    let times = format!("{} -> {}", time(&finding.first), time(&finding.second));
    if mark.is_empty() { times } else { format!("{times} after \"{mark}\"") }
}
