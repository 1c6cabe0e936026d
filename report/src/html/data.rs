//! The trace in the page: columns of numbers, and a table of shapes.
//!
//! Most events of a trace differ from an earlier event only in their time. So the page has a table
//! of shapes, and an event is a number in this table. A shape has the words, the sentence and the
//! values. An event takes about 20 bytes in the page. An event names its cause, its trigger, its
//! call and its end by the distance to that event, as a number of events.

use std::collections::HashMap;

use portcls_emulator::trace::{
    Direction, Event, Level, NameId, Record, SerialEdge, SerialSource, TimedEvent, TraceLog,
};
use serde::Serialize;

use super::PageOptions;
use crate::causes::{NONE, Reason, is_mistake};
use crate::diff::{Diff, FindingKind};
use crate::explain::command_before_time;
use crate::legend::{Legend, Register};
use crate::text::Header;
use crate::timeline::{FindingsLane, Lane, LaneKind, Speaker, Timeline, byte_words};

/// The most places of one finding that are drawn.
const MOST_PLACES: usize = 1_000;

#[derive(Serialize)]
struct Data<'a> {
    machine: &'a str,
    /// The command that explains an event, without the time.
    explain: Option<String>,
    dropped: u64,
    /// The actors. A shape has the number of its actor.
    actors: Vec<&'a str>,
    lanes: Vec<(u8, &'a str, &'static str)>,
    reasons: Vec<&'static str>,
    registers: Vec<RegisterRow<'a>>,
    shapes: Vec<Shape>,
    /// For each event, the time since the event before it, in ns.
    times: Vec<i64>,
    shape_of: Vec<u32>,
    lane_of: &'a [u8],
    /// For each event, the distance back to its cause, to its trigger and to the call around it. 0
    /// for none, and for a trigger that is also the cause.
    causes: Vec<i64>,
    triggers: Vec<i64>,
    parents: Vec<i64>,
    reason_of: Vec<u8>,
    /// For each event, the distance to the event that ends what it begins; 0 for none.
    ends: Vec<u32>,
    irql: &'a [(u32, u8)],
    waiting: &'a [(u32, u32)],
    findings: Vec<FindingRow<'a>>,
    ghosts: Vec<Ghost>,
}

/// A register: port, 0 for read and 1 for write, name, and its bits.
#[derive(Serialize)]
struct RegisterRow<'a>(u16, u8, &'a str, Vec<(u8, &'a str, &'a str, &'a str)>);

/// An event without its time.
#[derive(Serialize)]
struct Shape {
    kind: u8,
    actor: u16,
    level: u8,
    words: String,
    sentence: String,
    /// What the byte on a lane means.
    #[serde(skip_serializing_if = "String::is_empty")]
    meaning: String,
    /// Of an access: direction, port, value, width, count, pitch in ns, 1 for a mistake. Of a
    /// byte: value, 1 for its end, 1 when the device made the byte. Of a signal: value.
    values: Vec<u32>,
}

#[derive(Serialize)]
struct FindingRow<'a> {
    number: usize,
    owner: crate::diff::Owner,
    title: &'a str,
    expected: &'a str,
    came: &'a str,
    context: &'a str,
    count: usize,
    follows_from: Option<usize>,
    /// For each place, the time in ns and the number of the event in the page's trace. The number
    /// is -1 if only the expected trace has an event there.
    places: Vec<(u64, i64)>,
}

/// An event that only the expected trace has, or that has another time or another length there.
#[derive(Serialize)]
struct Ghost {
    lane: u8,
    /// 1 when the ghost is in the lower half of its lane, where writes are; else 0.
    down: u8,
    from_ns: u64,
    to_ns: u64,
    finding: usize,
    words: String,
}

/// The data of a page as JSON.
pub(super) fn json(log: &TraceLog, header: &Header, options: PageOptions<'_>) -> String {
    let empty = Legend::default();
    let legend = options.legend.unwrap_or(&empty);
    let lane = if options.diff.is_some() { FindingsLane::Always } else { FindingsLane::WhenNeeded };
    let timeline = Timeline::new(log, legend, lane);
    let shaped = shapes(log, &timeline, legend);
    let events = &timeline.tree.events;
    let causes = &timeline.tree.causes;
    let back = |to: Option<usize>, from: usize| to.map_or(0, |to| from as i64 - to as i64);
    let mut last_ns = 0;
    let step = |event: &TimedEvent| {
        let since_ns = event.time_ns as i64 - last_ns as i64;
        last_ns = event.time_ns;
        since_ns
    };
    let numbered = || causes.iter().enumerate();
    let known = |event: u32| (event != NONE).then_some(event as usize);
    let (findings, ghosts) = match options.diff {
        Some((diff, expected)) => findings(&timeline, legend, diff, expected),
        None => (Vec::new(), Vec::new()),
    };
    let data = Data {
        machine: &header.machine,
        explain: options.file.map(command_before_time),
        dropped: log.dropped(),
        actors: shaped.actors.iter().map(|&actor| log.name(actor)).collect(),
        lanes: timeline.lanes.iter().map(lane_row).collect(),
        reasons: Reason::ALL.iter().map(|reason| reason.words()).collect(),
        registers: legend.registers.iter().map(register_row).collect(),
        shapes: shaped.shapes,
        times: events.iter().map(step).collect(),
        shape_of: shaped.of_event,
        lane_of: &timeline.lane_of,
        causes: numbered().map(|(event, cause)| back(cause.event(), event)).collect(),
        triggers: numbered()
            .map(|(event, cause)| {
                let other = cause.trigger().filter(|&trigger| Some(trigger) != cause.event());
                back(other, event)
            })
            .collect(),
        parents: (0..events.len())
            .map(|event| back(known(timeline.parent_of[event]), event))
            .collect(),
        reason_of: causes.iter().map(|cause| cause.reason as u8).collect(),
        ends: (0..events.len())
            .map(|event| known(timeline.end_of[event]).map_or(0, |end| (end - event) as u32))
            .collect(),
        irql: &timeline.irql,
        waiting: &timeline.waiting,
        findings,
        ghosts,
    };
    serde_json::to_string(&data).expect("numbers, texts and lists are always JSON")
}

fn lane_row(lane: &Lane) -> (u8, &str, &'static str) {
    (lane_number(lane.kind), &lane.title, lane.meaning)
}

/// The number that stands for a kind of lane in the page.
fn lane_number(kind: LaneKind) -> u8 {
    match kind {
        LaneKind::Scenario => 0,
        LaneKind::Findings => 1,
        LaneKind::Thread => 2,
        LaneKind::Dpc => 3,
        LaneKind::Isr => 4,
        LaneKind::Irql => 5,
        LaneKind::Accesses => 6,
        LaneKind::Device => 7,
        LaneKind::Line(_) => 8,
        LaneKind::Signal(_) => 9,
        LaneKind::Waiting => 10,
        LaneKind::Out(_) => 11,
        LaneKind::In(_) => 12,
    }
}

fn register_row(register: &Register) -> RegisterRow<'_> {
    let bits = register.bits.iter();
    let bits = bits.map(|bit| (bit.number, &*bit.name, &*bit.zero, &*bit.one)).collect();
    let direction = u8::from(register.direction == Direction::Write);
    RegisterRow(register.port, direction, &register.name, bits)
}

struct Shaped {
    shapes: Vec<Shape>,
    of_event: Vec<u32>,
    actors: Vec<NameId>,
}

/// Gives each event the number of its shape.
fn shapes(log: &TraceLog, timeline: &Timeline<'_>, legend: &Legend) -> Shaped {
    let speaker = Speaker::new(log, legend);
    let (meanings, meaning_of) = byte_words(&timeline.tree, legend);
    let mut known: HashMap<([u64; 4], u32), u32> = HashMap::new();
    let mut shaped = Shaped { shapes: Vec::new(), of_event: Vec::new(), actors: Vec::new() };
    for (number, event) in timeline.tree.events.iter().enumerate() {
        let stored = Record::new(0, event.level, event.who, event.event);
        let key = (bytemuck::cast(stored), meaning_of[number]);
        let next = shaped.shapes.len() as u32;
        let shape = *known.entry(key).or_insert(next);
        if shape == next {
            let meaning = match meaning_of[number] {
                NONE => "",
                meaning => meanings[meaning as usize].as_str(),
            };
            let actor = shaped.actors.iter().position(|&actor| actor == event.who);
            let actor = actor.unwrap_or_else(|| {
                shaped.actors.push(event.who);
                shaped.actors.len() - 1
            });
            let (kind, values) = kind_and_values(log, event);
            shaped.shapes.push(Shape {
                kind,
                actor: actor as u16,
                level: event.level as u8,
                words: speaker.words(event),
                sentence: speaker.sentence(event, meaning),
                meaning: meaning.to_owned(),
                values,
            });
        }
        shaped.of_event.push(shape);
    }
    shaped
}

fn kind_and_values(log: &TraceLog, event: &TimedEvent) -> (u8, Vec<u32>) {
    match event.event {
        Event::Mark(_) => (0, Vec::new()),
        Event::Access(access) => (
            1,
            vec![
                u32::from(access.direction == Direction::Write),
                u32::from(access.port),
                access.value,
                u32::from(access.width),
                access.count,
                access.pitch_ns,
                u32::from(is_mistake(log.name(access.note))),
            ],
        ),
        Event::Call { .. } => (2, Vec::new()),
        Event::Return { .. } => (3, Vec::new()),
        Event::Signal { value, .. } => (4, vec![value]),
        Event::Serial { byte, edge, source, .. } => {
            let is_end = u32::from(edge == SerialEdge::End);
            let is_own = u32::from(source == SerialSource::Device);
            (5, vec![u32::from(byte), is_end, is_own])
        }
        Event::Note(_) => (6, Vec::new()),
        Event::Choice { .. } => (7, Vec::new()),
        Event::Dpc { .. } => (8, Vec::new()),
        Event::Timer { .. } => (9, Vec::new()),
        Event::Wait { .. } => (10, Vec::new()),
        Event::Delay { .. } => (11, Vec::new()),
    }
}

/// The findings of a comparison, and the ghosts: the expected events at the places of the findings.
fn findings<'d>(
    timeline: &Timeline<'_>,
    legend: &Legend,
    diff: &'d Diff,
    expected: &TraceLog,
) -> (Vec<FindingRow<'d>>, Vec<Ghost>) {
    let golden = Timeline::new(expected, legend, FindingsLane::Always);
    let clock = Clock::new(&golden, timeline);
    let speaker = Speaker::new(expected, legend);
    let mut ghosts = Vec::new();
    let mut rows = Vec::new();
    for finding in &diff.findings {
        // For any other kind, such as a value or a cause, the expected event is at the place of the
        // event that came, or there is no expected event. Then no ghost is needed.
        let has_ghost = matches!(
            finding.kind,
            FindingKind::Gone | FindingKind::Delay | FindingKind::Length | FindingKind::Polls
        );
        let mut places = Vec::new();
        for place in finding.places.iter().take(MOST_PLACES) {
            let came = place.second.map(|event| &timeline.tree.events[event]);
            let expected_ns = place.first.map(|event| {
                let begin_ns = golden.tree.events[event].time_ns;
                let length_ns = golden.end_ns(event).saturating_sub(begin_ns);
                let here_ns = match came {
                    Some(came) if place.delay_ns != 0 => {
                        came.time_ns.saturating_add_signed(-place.delay_ns)
                    }
                    _ => clock.of_second(begin_ns),
                };
                (here_ns, length_ns)
            });
            let at_ns = came.map(|event| event.time_ns).or(expected_ns.map(|(at_ns, _)| at_ns));
            let event = place.second.map_or(-1, |event| event as i64);
            places.push((at_ns.unwrap_or(0), event));
            if let (Some(first), Some((from_ns, length_ns))) = (place.first, expected_ns)
                && has_ghost
            {
                let event = &golden.tree.events[first];
                let is_write = matches!(event.event,
                    Event::Access(access) if access.direction == Direction::Write);
                ghosts.push(Ghost {
                    lane: lane_in(timeline, &golden.lanes[usize::from(golden.lane_of[first])]),
                    down: u8::from(is_write),
                    from_ns,
                    to_ns: from_ns + length_ns,
                    finding: finding.number,
                    words: speaker.words(event),
                });
            }
        }
        rows.push(FindingRow {
            number: finding.number,
            owner: finding.owner,
            title: &finding.title,
            expected: &finding.expected,
            came: &finding.came,
            context: &finding.context,
            count: finding.count,
            follows_from: finding.follows_from,
            places,
        });
    }
    (rows, ghosts)
}

/// The number of the lane of `timeline` with the kind and the title of `lane`, which is a lane of
/// the other trace. If `timeline` has no such lane, the number of the lane of findings.
fn lane_in(timeline: &Timeline<'_>, lane: &Lane) -> u8 {
    let is_like = |other: &Lane| {
        (lane_number(other.kind), &other.title) == (lane_number(lane.kind), &lane.title)
    };
    let found = timeline.lanes.iter().position(is_like);
    let findings = || timeline.lanes.iter().position(|lane| lane.kind == LaneKind::Findings);
    found.or_else(findings).unwrap_or(0) as u8
}

/// Moves the times of one trace so that each mark has the time of the same mark in another trace.
struct Clock {
    /// The time of each mark in the first trace, and the ns to add to times from this mark on.
    marks: Vec<(u64, i64)>,
}

impl Clock {
    fn new(first: &Timeline<'_>, second: &Timeline<'_>) -> Clock {
        let mut theirs = marks(second).into_iter();
        let mut shift_ns = 0;
        let found = marks(first).into_iter().map(|(time_ns, words)| {
            let rest = theirs.clone();
            if let Some(there) = theirs.find(|(_, other)| *other == words) {
                shift_ns = there.0 as i64 - time_ns as i64;
            } else {
                theirs = rest;
            }
            (time_ns, shift_ns)
        });
        Clock { marks: found.collect() }
    }

    fn of_second(&self, time_ns: u64) -> u64 {
        let before = self.marks.iter().rev().find(|(mark_ns, _)| *mark_ns <= time_ns);
        time_ns.saturating_add_signed(before.map_or(0, |&(_, shift_ns)| shift_ns))
    }
}

fn marks<'t>(timeline: &'t Timeline<'_>) -> Vec<(u64, &'t str)> {
    let log = timeline.tree.log;
    let mark = |event: &TimedEvent| match event.event {
        Event::Mark(text) if event.level != Level::Hardware => {
            Some((event.time_ns, log.text(text)))
        }
        _ => None,
    };
    timeline.tree.events.iter().filter_map(mark).collect()
}
