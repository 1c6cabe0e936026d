//! A whole sentence for each event.
//!
//! The sentences are for a reader who does not know the text of a trace.

use std::collections::BTreeMap;

use portcls_emulator::trace::{
    AccessEvent, Direction, DpcChange, Event, NameId, SerialEdge, SerialSource, TimedEvent,
    TimerChange, TraceLog, WaitEnd,
};

use super::is_finding;
use crate::causes::{LANE_IN, LINE, NONE, tells_state};
use crate::legend::Legend;
use crate::nodes::Tree;
use crate::sentence::us;
use crate::text::event_words;

/// Makes sentences about the events of a trace.
pub(crate) struct Speaker<'t> {
    log: &'t TraceLog,
    legend: &'t Legend,
}

impl<'t> Speaker<'t> {
    pub(crate) fn new(log: &'t TraceLog, legend: &'t Legend) -> Speaker<'t> {
        Speaker { log, legend }
    }

    /// The sentence about an event. `byte` has the words of the legend for the byte of the event.
    pub(crate) fn sentence(&self, event: &TimedEvent, byte: &str) -> String {
        let name = |id: NameId| self.log.name(id);
        let who = name(event.who);
        match event.event {
            Event::Mark(text) => format!("The mark \"{}\" begins.", self.log.text(text)),
            Event::Access(access) => self.access(&access),
            Event::Call { function, .. } => match who {
                "isr" => format!("The service routine of {} begins.", name(function)),
                "dpc" => format!("The DPC {} begins.", name(function)),
                _ => format!("{} {}.", self.legend.actor(who), calls(&self.words(event))),
            },
            Event::Return { function, .. } => {
                let words = self.words(event);
                let result = words.split_once(", ");
                let result = result.map_or(String::new(), |(_, result)| format!(": {result}"));
                match who {
                    "isr" => format!("The service routine of {} ends{result}.", name(function)),
                    "dpc" => format!("The DPC {} ends{result}.", name(function)),
                    _ => format!("{} returns{result}.", name(function)),
                }
            }
            Event::Signal { signal, value } if who == LINE => {
                format!("{} {}.", name(signal), if value == 0 { "falls" } else { "rises" })
            }
            Event::Signal { signal, value } => format!("{} is {value} now.", name(signal)),
            Event::Serial { lane, byte: value, edge, source, .. } => {
                let byte = if byte.is_empty() { String::new() } else { format!(" ({byte})") };
                format!("{value:02X}{byte} {}.", self.serial(name(lane), edge, source))
            }
            Event::Dpc { dpc, change } => queue(name(dpc), change),
            Event::Timer { timer, change } => timer_words(name(timer), change),
            Event::Wait { object, end, .. } => match end {
                WaitEnd::Over => format!("The wait for {} is over.", name(object)),
                WaitEnd::TimedOut => format!("The wait for {} times out.", name(object)),
            },
            Event::Delay { asked_ns, taken_ns } => {
                let [asked, taken] = [asked_ns, taken_ns].map(|ns| us(ns as i64));
                format!("The delay of {asked} is over at a clock interrupt, after {taken}.")
            }
            Event::Note(text) => {
                let text = self.log.text(text);
                let who = if is_finding(text) { "Finding" } else { self.legend.actor(who) };
                format!("{who}: {text}")
            }
            Event::Choice { .. } => {
                format!("An unusual answer was chosen: {}.", self.words(event))
            }
        }
    }

    /// An event as the text of the trace shows it, without its time, level and actor.
    pub(crate) fn words(&self, event: &TimedEvent) -> String {
        match event.event {
            Event::Mark(text) => self.log.text(text).to_owned(),
            _ => event_words(self.log, event),
        }
    }

    fn access(&self, access: &AccessEvent) -> String {
        let register = self.legend.register(access.port, access.direction);
        let digits = 2 * usize::from(access.width);
        let value = format!("{:0digits$X}", access.value);
        let note = self.log.name(access.note);
        let note = match note.split_once(": ") {
            Some((_, state)) if tells_state(note) => format!(": {state}"),
            _ if note.is_empty() || note.eq_ignore_ascii_case(&register) => String::new(),
            _ => format!(" ({note})"),
        };
        match access.direction {
            Direction::Write => format!("The driver writes {value} to {register}{note}."),
            Direction::Read if access.count == 1 => {
                format!("The driver reads {value} from {register}{note}.")
            }
            Direction::Read => format!(
                "The driver reads {value} from {register} {} times, every {}{note}.",
                access.count,
                us(i64::from(access.pitch_ns))
            ),
        }
    }

    fn serial(&self, lane: &str, edge: SerialEdge, source: SerialSource) -> String {
        let title = self.legend.lane(lane);
        let is_input = lane == LANE_IN;
        match (edge, is_input) {
            (SerialEdge::Start, true) => format!("begins to come in on {title}"),
            (SerialEdge::End, true) => format!("has come in on {title}"),
            (SerialEdge::End, false) => format!("has left on {title}"),
            (SerialEdge::Start, false) => match source {
                SerialSource::Outside => format!("begins to leave on {title}"),
                SerialSource::Device => {
                    format!("begins to leave on {title}: the card sends it by itself")
                }
            },
        }
    }
}

fn queue(dpc: &str, change: DpcChange) -> String {
    match change {
        DpcChange::Queued => format!("The DPC {dpc} is queued."),
        DpcChange::AlreadyQueued => {
            format!("The DPC {dpc} is queued already, so nothing changes.")
        }
        DpcChange::Removed => format!("The DPC {dpc} is taken out of the queue."),
    }
}

fn timer_words(timer: &str, change: TimerChange) -> String {
    match change {
        TimerChange::Set { due_in_ns, tick_in_ns } => format!(
            "The timer of {timer} is set: it is due in {} and expires in {}.",
            us(due_in_ns as i64),
            us(tick_in_ns as i64)
        ),
        TimerChange::Expired => format!("The timer of {timer} expires, and queues its DPC."),
        TimerChange::Cancelled => format!("The timer of {timer} is cancelled."),
    }
}

/// `call Write, 3 bytes` as the rest of a sentence.
fn calls(words: &str) -> String {
    match words.strip_prefix("call ").map(|call| call.split_once(", ")) {
        Some(Some((function, argument))) => format!("calls {function} with {argument}"),
        _ => words.replacen("call ", "calls ", 1),
    }
}

/// The words of a legend for the bytes on the lanes. Returns the words, and for each event the
/// index of its words, or [`NONE`].
pub(crate) fn byte_words(tree: &Tree<'_>, legend: &Legend) -> (Vec<String>, Vec<u32>) {
    let mut known: Vec<String> = Vec::new();
    let mut of_event = vec![NONE; tree.events.len()];
    let Some(decode) = legend.bytes else { return (known, of_event) };
    let mut lanes: BTreeMap<NameId, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
    for (event, found) in tree.events.iter().enumerate() {
        if let Event::Serial { lane, byte, edge: SerialEdge::Start, .. } = found.event {
            let (events, bytes) = lanes.entry(lane).or_default();
            events.push(event);
            bytes.push(byte);
        }
    }
    let mut numbers = BTreeMap::new();
    for (events, bytes) in lanes.into_values() {
        for (event, words) in events.into_iter().zip(decode(&bytes)) {
            let next = known.len() as u32;
            let number = *numbers.entry(words.clone()).or_insert(next);
            if number == next {
                known.push(words);
            }
            let node = tree.node(tree.node_of[event]);
            of_event[event] = number;
            of_event[node.last as usize] = number;
        }
    }
    (known, of_event)
}
