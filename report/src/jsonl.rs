//! A trace as JSON Lines: one JSON document a line, for programs.
//!
//! The first line tells the version, the machine, the number of events of the whole trace, and how
//! many events the trace has dropped. Each other line is one event with its time, its cause, and
//! the names and values of its kind. A field that ends in `_ns` is a whole number of ns. `event`,
//! `cause`, `trigger`, `parent` and `end` are numbers of events, from 0. A field that does not
//! apply to an event is left out. Later programs may add fields without a new version. When a field
//! is removed or gets another meaning, the version rises.

use std::io;
use std::ops::Range;

use portcls_emulator::trace::{
    AccessEvent, Argument, Direction, DpcChange, Event, Level, SerialEdge, SerialSource,
    TimedEvent, TimerChange, TraceLog, WaitEnd,
};
use serde::Serialize;

use crate::causes::{NONE, Reason};
use crate::legend::Legend;
use crate::text::{Header, event_words};
use crate::timeline::{FindingsLane, Timeline};

/// The version of the lines.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Head<'a> {
    kind: &'static str,
    version: u32,
    machine: &'a str,
    events: usize,
    dropped: u64,
}

/// One event. The fields stand in the order of the line.
#[derive(Serialize, Default)]
pub(crate) struct Line<'a> {
    pub kind: &'static str,
    pub event: usize,
    pub time_ns: u64,
    pub since_mark_ns: i64,
    pub level: &'static str,
    pub actor: &'a str,
    pub text: String,
    #[serde(flatten)]
    pub access: Option<Access<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bit_ns: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_in_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tick_in_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<u64>,
    pub reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<usize>,
    pub delay_ns: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ns: Option<u64>,
}

#[derive(Serialize)]
pub(crate) struct Access<'a> {
    pub port: u16,
    pub value: u32,
    pub width: u8,
    pub count: u32,
    pub pitch_ns: u32,
    pub note: &'a str,
}

/// Writes a section of a trace as JSON Lines. The numbers of events are those of the whole trace.
///
/// # Errors
/// Any error of `to`. Some lines may have been written before the error.
pub fn write(
    log: &TraceLog,
    header: &Header,
    section: Range<usize>,
    to: &mut impl io::Write,
) -> io::Result<()> {
    let timeline = Timeline::new(log, &Legend::default(), FindingsLane::WhenNeeded);
    let head = Head {
        kind: "trace",
        version: VERSION,
        machine: &header.machine,
        events: timeline.tree.events.len(),
        dropped: log.dropped(),
    };
    serde_json::to_writer(&mut *to, &head)?;
    to.write_all(b"\n")?;
    for line in lines(log, &timeline).filter(|line| section.contains(&line.event)) {
        serde_json::to_writer(&mut *to, &line)?;
        to.write_all(b"\n")?;
    }
    Ok(())
}

/// The events of a trace in order.
pub(crate) fn lines<'t>(
    log: &'t TraceLog,
    timeline: &'t Timeline<'t>,
) -> impl Iterator<Item = Line<'t>> {
    let mut mark_ns = 0;
    let known = |event: u32| (event != NONE).then_some(event);
    timeline.tree.events.iter().enumerate().map(move |(number, event)| {
        if let Event::Mark(_) = event.event {
            mark_ns = event.time_ns;
        }
        let cause = &timeline.tree.causes[number];
        let end = known(timeline.end_of[number]);
        Line {
            event: number,
            since_mark_ns: event.time_ns as i64 - mark_ns as i64,
            reason: cause.reason,
            cause: cause.event(),
            delay_ns: cause.delay_ns,
            trigger: cause.trigger(),
            parent: known(timeline.parent_of[number]),
            end,
            duration_ns: end.map(|_| timeline.end_ns(number).saturating_sub(event.time_ns)),
            ..line(log, event)
        }
    })
}

/// What an event is, without its place in the trace.
fn line<'a>(log: &'a TraceLog, event: &TimedEvent) -> Line<'a> {
    let name = |id| Some(log.name(id));
    let line = Line {
        time_ns: event.time_ns,
        level: level(event.level),
        actor: log.name(event.who),
        text: match event.event {
            Event::Mark(text) => log.text(text).to_owned(),
            _ => event_words(log, event),
        },
        ..Line::default()
    };
    match event.event {
        Event::Mark(_) => Line { kind: "mark", ..line },
        Event::Access(access) => of_access(log, &access, line),
        Event::Call { function, argument } => {
            of_argument(log, argument, Line { kind: "call", name: name(function), ..line })
        }
        Event::Return { function, status, argument } => {
            let status = Some(status.0);
            let line = Line { kind: "return", name: name(function), status, ..line };
            of_argument(log, argument, line)
        }
        Event::Signal { signal, value } => {
            Line { kind: "signal", name: name(signal), number: Some(value), ..line }
        }
        Event::Serial { lane, byte, edge, bit_ns, source } => Line {
            kind: match edge {
                SerialEdge::Start => "byte-start",
                SerialEdge::End => "byte-end",
            },
            name: name(lane),
            byte: Some(byte),
            bit_ns: Some(bit_ns),
            own: Some(source == SerialSource::Device),
            ..line
        },
        Event::Dpc { dpc, change } => {
            let change = match change {
                DpcChange::Queued => "queued",
                DpcChange::AlreadyQueued => "already-queued",
                DpcChange::Removed => "removed",
            };
            Line { kind: "dpc", name: name(dpc), change: Some(change), ..line }
        }
        Event::Timer { timer, change } => {
            let line = Line { kind: "timer", name: name(timer), ..line };
            match change {
                TimerChange::Set { due_in_ns, tick_in_ns } => Line {
                    change: Some("set"),
                    due_in_ns: Some(due_in_ns),
                    tick_in_ns: Some(tick_in_ns),
                    ..line
                },
                TimerChange::Expired => Line { change: Some("expired"), ..line },
                TimerChange::Cancelled => Line { change: Some("cancelled"), ..line },
            }
        }
        Event::Wait { object, end, counted_ns } => {
            let change = match end {
                WaitEnd::Over => "over",
                WaitEnd::TimedOut => "timed-out",
            };
            let counted_ns = Some(counted_ns);
            Line { kind: "wait", name: name(object), change: Some(change), counted_ns, ..line }
        }
        Event::Delay { asked_ns, taken_ns } => {
            Line { kind: "delay", asked_ns: Some(asked_ns), counted_ns: Some(taken_ns), ..line }
        }
        Event::Note(_) => Line { kind: "note", ..line },
        Event::Choice { choice, ordinal, answer, word } => Line {
            kind: "choice",
            name: name(choice),
            ordinal: Some(ordinal),
            number: Some(answer),
            word: name(word),
            ..line
        },
    }
}

fn of_access<'a>(log: &'a TraceLog, access: &AccessEvent, line: Line<'a>) -> Line<'a> {
    let AccessEvent { direction, port, width, value, note, count, pitch_ns } = *access;
    let kind = match direction {
        Direction::Read => "read",
        Direction::Write => "write",
    };
    let note = log.name(note);
    let access = Access { port, value, width, count, pitch_ns, note };
    Line { kind, access: Some(access), ..line }
}

fn of_argument<'a>(log: &'a TraceLog, argument: Argument, line: Line<'a>) -> Line<'a> {
    match argument {
        Argument::None => line,
        Argument::Count(amount, unit) => {
            Line { amount: Some(amount), unit: Some(log.name(unit)), ..line }
        }
        Argument::Word(word) => Line { word: Some(log.name(word)), ..line },
        Argument::Hex(number) => Line { number: Some(number), ..line },
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Hardware => "hardware",
        Level::Passive => "passive",
        Level::Dispatch => "dispatch",
        Level::Device => "device",
        Level::Raised => "raised",
    }
}
