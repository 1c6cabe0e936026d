//! The first event that differs, for traces without any other finding.

use super::difference::Aspect;
use super::options::DiffOptions;
use super::words::{owner, spot_of_event};
use super::{Finding, FindingKind, Place};
use crate::distance::distance_ns;
use crate::nodes::Tree;
use crate::sentence::{context, describe_event, us};
use crate::text::event_words;

/// The finding for traces that differ only in these: the times of events that wait for the clock,
/// the order of events without a common cause, or a word that no comparison uses.
pub(super) fn first_difference(trees: &[Tree<'_>; 2], options: &DiffOptions) -> Option<Finding> {
    let lists = [by_order(&trees[0], options), by_order(&trees[1], options)];
    let lanes = lists[0].len().max(lists[1].len());
    let of_lane = |lane: usize| {
        let events = |side: usize| lists[side].get(lane).map_or(&[][..], Vec::as_slice);
        let (first, second) = (events(0), events(1));
        let most = first.len().max(second.len());
        let differs = |&index: &usize| match (first.get(index), second.get(index)) {
            (Some(&a), Some(&b)) => !are_equal(trees, a, b),
            _ => true,
        };
        let index = (0..most).find(differs)?;
        Some((first.get(index).copied(), second.get(index).copied()))
    };
    let (a, b) = (0..lanes).find_map(of_lane)?;
    Some(finding(trees, a, b))
}

/// The numbers of the events in lists: first the list of events that have an order, then a list for
/// each unordered actor.
fn by_order(tree: &Tree<'_>, options: &DiffOptions) -> Vec<Vec<usize>> {
    let mut lists = vec![Vec::new(); options.unordered.len() + 1];
    for (number, event) in tree.events.iter().enumerate() {
        let who = tree.log.name(event.who);
        let lane = options.unordered.iter().position(|actor| actor == who);
        lists[lane.map_or(0, |lane| lane + 1)].push(number);
    }
    lists
}

fn are_equal(trees: &[Tree<'_>; 2], a: usize, b: usize) -> bool {
    let (first, second) = (&trees[0].events[a], &trees[1].events[b]);
    (first.time_ns, first.level) == (second.time_ns, second.level)
        && words(&trees[0], a) == words(&trees[1], b)
}

fn words(tree: &Tree<'_>, event: usize) -> String {
    let found = &tree.events[event];
    format!("{} {}", tree.log.name(found.who), event_words(tree.log, found))
}

fn finding(trees: &[Tree<'_>; 2], a: Option<usize>, b: Option<usize>) -> Finding {
    let side = |side: usize, event: Option<usize>| event.map(|event| words(&trees[side], event));
    let (expected, came) = (side(0, a), side(1, b));
    let (tree, event) = match (a, b) {
        (Some(event), _) => (&trees[0], event),
        (None, event) => (&trees[1], event.unwrap_or(0)),
    };
    let node = tree.node_of[event];
    let mut kind = FindingKind::Order;
    let mut title =
        "events without a common cause are in another order, or their words differ".to_owned();
    let mut more = 0;
    if let (Some(a), Some(b)) = (a, b)
        && expected == came
    {
        let (first, second) = (&trees[0].events[a], &trees[1].events[b]);
        more = distance_ns(first.time_ns, second.time_ns);
        if more != 0 {
            kind = FindingKind::Delay;
            let moved = us(more.abs());
            let word = if more > 0 { "later" } else { "earlier" };
            title = format!("{} {moved} {word}", describe_event(&trees[0], first));
        }
    }
    Finding {
        number: 1,
        owner: owner(tree, node, Aspect::Value),
        kind,
        title,
        expected: expected.unwrap_or_else(|| "nothing".to_owned()),
        came: came.unwrap_or_else(|| "nothing".to_owned()),
        context: context(tree, node),
        count: 1,
        least: more,
        most: more,
        first: a.and_then(|event| spot_of_event(&trees[0], event)),
        second: b.and_then(|event| spot_of_event(&trees[1], event)),
        follows_from: None,
        moved: 0,
        moved_words: Vec::new(),
        places: vec![Place { first: a, second: b, delay_ns: more }],
    }
}
