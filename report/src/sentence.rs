//! Sentences about events: what happened, the cause, and which code ran.
//!
//! The diff and the explanation of an event speak with these words.

use std::fmt::Write as _;

use portcls_emulator::trace::{
    Direction, DpcChange, Event, Level, SerialEdge, TimedEvent, TimerChange, WaitEnd,
};

use crate::causes::{LINE, NONE};
use crate::nodes::{Kind, Tree};
use crate::text::event_words;

/// How many events this file looks back to find the code that ran, or the last state that the
/// driver read.
const FURTHEST: u32 = 2_000;
/// The most characters of a note in a sentence.
const NOTE_COLUMNS: usize = 60;
/// What a node is, as a part of a sentence.
pub(crate) fn describe(tree: &Tree<'_>, node: u32) -> String {
    let found = tree.node(node);
    let last = &tree.events[found.last as usize];
    match found.kind {
        Kind::Poll => match last.event {
            Event::Access(access) => {
                let note = tree.log.name(access.note);
                format!("polls {:X} until {:02X} ({note})", access.port, access.value)
            }
            _ => "polls".to_owned(),
        },
        _ => describe_event(tree, tree.event(node)),
    }
}

pub(crate) fn describe_event(tree: &Tree<'_>, event: &TimedEvent) -> String {
    let name = |id| tree.log.name(id);
    match event.event {
        Event::Mark(text) => format!("the mark \"{}\"", tree.log.text(text)),
        Event::Access(access) => {
            let note = name(access.note);
            let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
            let digits = 2 * usize::from(access.width);
            let value = format!("{:0digits$X}", access.value);
            match access.direction {
                Direction::Read => format!("reads {value} from {:X}{note}", access.port),
                Direction::Write => format!("writes {value} to {:X}{note}", access.port),
            }
        }
        Event::Call { function, .. } => match name(event.who) {
            "isr" => format!("ISR {}", name(function)),
            "dpc" => format!("DPC {}", name(function)),
            _ => event_words(tree.log, event),
        },
        Event::Serial { lane, byte, edge, .. } => match (edge, name(lane)) {
            (SerialEdge::End, lane) => format!("the end of byte {byte:02X} {lane}"),
            (SerialEdge::Start, lane) => format!("byte {byte:02X} {lane}"),
        },
        Event::Signal { signal, value } if name(event.who) == LINE => {
            format!("{} {}", name(signal), if value == 0 { "falls" } else { "rises" })
        }
        Event::Dpc { dpc, change } => match change {
            DpcChange::Queued => format!("the queueing of DPC {}", name(dpc)),
            DpcChange::AlreadyQueued => format!("a request that finds DPC {} queued", name(dpc)),
            DpcChange::Removed => format!("the removal of DPC {}", name(dpc)),
        },
        Event::Timer { timer, change } => match change {
            TimerChange::Set { .. } => format!("the setting of timer {}", name(timer)),
            TimerChange::Expired => format!("the expiry of timer {}", name(timer)),
            TimerChange::Cancelled => format!("the cancelling of timer {}", name(timer)),
        },
        Event::Wait { object, end, .. } => match end {
            WaitEnd::Over => format!("the end of the wait for {}", name(object)),
            WaitEnd::TimedOut => format!("the time-out of the wait for {}", name(object)),
        },
        Event::Delay { asked_ns, .. } => {
            format!("the end of the delay of {}", us(asked_ns as i64))
        }
        Event::Note(text) => {
            let text = tree.log.text(text);
            let cut = text.char_indices().nth(NOTE_COLUMNS).map_or(text.len(), |(at, _)| at);
            let more = if cut < text.len() { "..." } else { "" };
            format!("{}: {}{more}", name(event.who), &text[..cut])
        }
        _ => event_words(tree.log, event),
    }
}

/// What a node waited for, as a part of a sentence.
pub(crate) fn waits_for(tree: &Tree<'_>, node: u32) -> String {
    match tree.cause(node).event() {
        Some(event) => describe_event(tree, &tree.events[event]),
        None => "nothing".to_owned(),
    }
}

/// How much later than its cause a node is, in words.
pub(crate) fn after(tree: &Tree<'_>, node: u32) -> String {
    let cause = tree.cause(node);
    match cause.event() {
        Some(event) => {
            let cause_words = describe_event(tree, &tree.events[event]);
            format!("{} after {cause_words}", us(cause.delay_ns))
        }
        None => format!("{} after power-on, without a cause", us(cause.delay_ns)),
    }
}

/// The spans around a node, and its level.
pub(crate) fn context(tree: &Tree<'_>, node: u32) -> String {
    let found = tree.node(node);
    // An interrupt or a DPC interrupts the code that ran.
    let is_begun_by_kernel = matches!(found.kind, Kind::Isr | Kind::Dpc);
    let mut words = match found.level {
        _ if is_begun_by_kernel || found.level == Level::Hardware => {
            match running(tree, found.first) {
                Some((path, level)) => format!("{path}, at {level}"),
                None => "nothing ran".to_owned(),
            }
        }
        at => {
            let path = path(tree, found.parent, 0);
            let path = if path.is_empty() { "the thread".to_owned() } else { path };
            format!("{path}, at {}", level(at))
        }
    };
    if let Some(state) = last_state(tree, found.first) {
        let _ = write!(words, "; the driver last read {state}");
    }
    words
}

/// The spans around `node` and the span `node` itself, from the outermost in. Leaves out the spans
/// that end before the event `until`.
pub(crate) fn path(tree: &Tree<'_>, node: u32, until: u32) -> String {
    let mut names = Vec::new();
    let mut place = node;
    while place != NONE {
        if tree.node(place).child != NONE && tree.node(place).last >= until {
            names.push(match tree.event(place).event {
                Event::Call { function, .. } => match tree.node(place).kind {
                    Kind::Call => tree.log.name(function).to_owned(),
                    _ => describe(tree, place),
                },
                _ => describe(tree, place),
            });
        }
        place = tree.node(place).parent;
    }
    names.reverse();
    names.join(" > ")
}

/// The code that the processor ran at a hardware event.
pub(crate) fn running(tree: &Tree<'_>, event: u32) -> Option<(String, &'static str)> {
    let before = (event.saturating_sub(FURTHEST)..event).rev();
    let last =
        before.into_iter().find(|&before| tree.events[before as usize].level != Level::Hardware)?;
    let path = path(tree, tree.node_of[last as usize], event);
    let at = level(tree.events[last as usize].level);
    (!path.is_empty()).then_some((path, at))
}

pub(crate) fn last_state(tree: &Tree<'_>, event: u32) -> Option<String> {
    let before = (event.saturating_sub(FURTHEST)..event).rev();
    before.into_iter().find_map(|before| {
        let node = tree.node_of[before as usize];
        match tree.events[before as usize].event {
            Event::Access(access) if tree.node(node).kind == Kind::Poll => {
                let note = tree.log.name(access.note);
                Some(format!("{:02X} from {:X} ({note})", access.value, access.port))
            }
            _ => None,
        }
    })
}

pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Hardware => "no level",
        Level::Passive => "PASSIVE_LEVEL",
        Level::Dispatch => "DISPATCH_LEVEL",
        Level::Device => "device level",
        Level::Raised => "a raised level",
    }
}

/// A time in us.
pub(crate) fn us(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    format!("{sign}{}.{:03} us", ns / 1_000, ns % 1_000)
}
