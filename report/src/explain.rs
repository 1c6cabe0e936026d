//! Explains one event: what happened, which code ran, causes and effects.
//!
//! The explanation also has the last values of the registers up to the event. For a reader who
//! asks about one moment of a trace, this module puts the results of [`causes`](crate::causes) into
//! words.

mod command;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use portcls_emulator::trace::{Direction, Event, Level, TimedEvent, TraceLog};
use serde::Serialize;

use crate::causes::NONE;
use crate::distance::distance_ns;
use crate::nodes::{Kind, Tree};
use crate::sentence::{after, describe, level, path, running, us};
use crate::text::event_words;

pub(crate) use command::command_before_time;
pub use command::{command, shell_quoted};

/// The most causes, the most effects and the most earlier events of the same time that an
/// explanation tells.
const MOST_TOLD: usize = 8;

/// What is known about one event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Explanation {
    /// The number of the event, from 0.
    pub event: usize,
    /// Time since power-on in ns.
    pub time_ns: u64,
    /// The words of the last mark up to the event.
    pub mark: String,
    /// The time since this mark in ns.
    pub since_mark_ns: i64,
    /// The actor, and what happened, as the text of the trace shows it.
    pub what: String,
    /// What happened, in words.
    pub sentence: String,
    /// The events before it that have the same time, as the text of the trace shows them.
    pub at_once: Vec<String>,
    /// The IRQL of the processor at the event.
    pub level: &'static str,
    /// The code around the event, from the outermost call to the innermost.
    pub stack: String,
    /// The last read and the last write of each port, and the value of each signal, in words.
    pub registers: Vec<String>,
    /// The chain of causes: the event with its cause, the cause with its own cause, and so on.
    pub causes: Vec<String>,
    /// The events that waited for this event, or that this event triggered.
    pub effects: Vec<String>,
}

/// Explains the last event that is not later than `time_ns` since power-on. `None` if all events
/// are later.
#[must_use]
pub fn explain(log: &TraceLog, time_ns: u64) -> Option<Explanation> {
    let tree = Tree::new(log);
    let event = tree.events.iter().rposition(|event| event.time_ns <= time_ns)?;
    let found = &tree.events[event];
    let node = tree.node_of[event];
    let (mark, mark_ns) = tree.mark_before(event);
    let number = event as u32;
    let (stack, ran_at) = match found.level {
        Level::Hardware => running(&tree, number).unwrap_or((String::new(), "no level")),
        at => (path(&tree, tree.node(node).parent, 0), level(at)),
    };
    Some(Explanation {
        event,
        time_ns: found.time_ns,
        mark,
        since_mark_ns: distance_ns(mark_ns, found.time_ns),
        what: what(log, found),
        sentence: describe(&tree, node),
        at_once: at_once(&tree, event),
        level: ran_at,
        stack,
        registers: registers(&tree, event),
        causes: why(&tree, node),
        effects: effects(&tree, event),
    })
}

/// The actor of an event, and what happened.
fn what(log: &TraceLog, event: &TimedEvent) -> String {
    if let Event::Mark(words) = event.event {
        return format!("the mark \"{}\"", log.text(words));
    }
    format!("{} {}", log.name(event.who), event_words(log, event))
}

/// The events before an event that have the same time. A reader who asks for this time can mean any
/// of them.
fn at_once(tree: &Tree<'_>, event: usize) -> Vec<String> {
    let time_ns = tree.events[event].time_ns;
    let before = tree.events[..event].iter().rev();
    let same = before.take_while(|other| other.time_ns == time_ns).take(MOST_TOLD);
    let mut told: Vec<String> = same.map(|other| what(tree.log, other)).collect();
    told.reverse();
    told
}

/// The last read and the last write of each port, and the value of each signal, at an event.
fn registers(tree: &Tree<'_>, event: usize) -> Vec<String> {
    let mut ports = BTreeMap::new();
    let mut lines = BTreeMap::new();
    for (number, found) in tree.events[..=event].iter().enumerate() {
        match found.event {
            Event::Access(access) => {
                ports.insert((access.port, access.direction == Direction::Write), number);
            }
            Event::Signal { signal, value } => {
                lines.insert(tree.log.name(signal), value);
            }
            _ => {}
        }
    }
    let since = |number: usize| {
        let ago_ns = distance_ns(tree.events[number].time_ns, tree.events[event].time_ns);
        format!("{}, {} ago", event_words(tree.log, &tree.events[number]).trim_end(), us(ago_ns))
    };
    let accesses = ports.into_values().map(since);
    accesses.chain(lines.into_iter().map(|(line, value)| format!("{line} = {value}"))).collect()
}

/// The chain of causes, from a node back.
pub(crate) fn why(tree: &Tree<'_>, node: u32) -> Vec<String> {
    let mut told = Vec::new();
    let mut next = node;
    while next != NONE && told.len() < MOST_TOLD {
        let words = after(tree, next);
        let trigger = tree.trigger_node(next);
        let cause = tree.cause_node(next);
        let because = match trigger {
            NONE => String::new(),
            same if same == cause => String::new(),
            other => format!(", because of {}", describe(tree, other)),
        };
        told.push(format!("{}: {words}{because}", describe(tree, next)));
        next = cause;
    }
    told
}

/// The events whose cause or trigger is the event `event`. Returns are left out.
fn effects(tree: &Tree<'_>, event: usize) -> Vec<String> {
    let is_effect = |&node: &u32| {
        let cause = tree.cause(node);
        let is_inside = tree.node(node).kind == Kind::Return;
        node != tree.node_of[event]
            && !is_inside
            && (cause.event() == Some(event) || cause.trigger() == Some(event))
    };
    let nodes = (0..tree.nodes.len() as u32).filter(is_effect).take(MOST_TOLD);
    let words = |node: u32| {
        let later_ns = distance_ns(tree.events[event].time_ns, tree.node(node).begin_ns);
        format!("{}, {} later", describe(tree, node), us(later_ns))
    };
    nodes.map(words).collect()
}

impl Explanation {
    /// The explanation as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut line = |key: &str, words: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{key:<11}{words}");
        };
        line("event", &format!("{}: {}", self.event, self.what));
        line("what", &self.sentence);
        let time = us(distance_ns(0, self.time_ns));
        match self.mark.is_empty() {
            true => line("time", &format!("{time} since power-on")),
            false => {
                let since = us(self.since_mark_ns);
                line("time", &format!("{time} since power-on, {since} after \"{}\"", self.mark));
            }
        }
        line("level", self.level);
        line("stack", if self.stack.is_empty() { "the thread, in no call" } else { &self.stack });
        let mut list = |key: &str, lines: &[String]| {
            for (index, words) in lines.iter().enumerate() {
                line(if index == 0 { key } else { "" }, words);
            }
        };
        list("at once", &self.at_once);
        list("registers", &self.registers);
        list("why", &self.causes);
        list("leads to", &self.effects);
        out
    }
}
