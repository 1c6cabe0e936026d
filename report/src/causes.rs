//! The cause of each event: what the event waited for last, and for how long.
//!
//! This module owns the rules by which one event of a trace follows from another. It knows the
//! actors of the simulated kernel. It knows that bytes come in on the lane `in` and go out on any
//! other lane. It knows no particular device, only a few words of notes. A note with a colon and a
//! space, such as `status: can write`, marks a read that only told a state.
//!
//! # The rules
//!
//! | event | waited for |
//! |---|---|
//! | step of running code | the step before it in the same code |
//! | service routine | the rise of its line or, if later, the last step of code at device level |
//! | DPC | the event that queued it or, if later, the last step at DISPATCH_LEVEL or above |
//! | first expiry of a timer after its setting | the setting |
//! | further expiry of a timer | the expiry before this one |
//! | end of a wait | the event that ended the wait, or from which the time of the wait counts |
//! | end of a delay | the clock; the time counts from the step before the delay |
//! | byte that the driver wrote | its write or, if later, the end of the byte before it |
//! | byte that the device makes | a command, a byte in or, if later, the end of the byte before |
//! | byte that comes in | the byte before it if that byte ends then; otherwise the scenario |
//! | end of a byte | its start |
//! | rise of a line for a byte | the byte that came in or, if later, the last read |
//! | other rise of a line | the last command or the last read, whichever is later |
//! | read of a byte that came in | the step before it; the byte is its trigger |
//! | fall of a line | the last access |
//! | change of an inner signal | the last access or the last edge of a byte, whichever is later |
//! | other event of the hardware | the last step of the processor |
//!
//! Where a row says "if later", the later of the two things is the cause, and the first thing is
//! the trigger: without it the event would not have happened. In any other row except that of a
//! read, the cause is also the trigger. A command is a write to another port than the data port. A
//! read that only told a state counts as an access, but not as a read. In a trace without events
//! about the DPC queue, the cause of a DPC is the end of the last service routine.

mod device;
mod note;
mod processor;
mod sent;

use portcls_emulator::trace::{Event, Level, TimedEvent, TimerChange, TraceLog, WaitEnd};
use serde::Serialize;

use crate::distance::distance_ns;
use device::Device;
pub(crate) use note::{is_mistake, tells_state};
pub(crate) use processor::{Change, ContextKind, Place, Processor};

/// The number that stands for no event.
pub(crate) const NONE: u32 = u32::MAX;

/// The search for the step before a delay looks at no more events than this number.
const FURTHEST_STEP: usize = 2_000;

/// The lane on which bytes come in; on any other lane bytes go out.
pub(crate) const LANE_IN: &str = "in";
/// The actor whose signals are interrupt lines.
pub(crate) const LINE: &str = "line";

/// How an event waited for its cause.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Nothing in the trace is its cause.
    #[default]
    Unknown,
    /// The event is the next step of the same code. An event of the hardware without a rule of its
    /// own also counts as a step.
    Step,
    /// The interrupt line rose.
    LineRose,
    /// The DPC was queued.
    Queued,
    /// The processor became free for the code.
    ProcessorFree,
    /// The timer was set. A later expiry of a periodic timer counts from the expiry before it.
    TimerSet,
    /// The thing that the code waited for has come, or the time of the wait was over.
    WaitOver,
    /// The time that the code asked for was over.
    Clock,
    /// The driver wrote the byte.
    Written,
    /// The lane became free.
    LaneFree,
    /// The byte began.
    Begun,
    /// The byte came in.
    CameIn,
    /// The driver accessed the device, or a byte made the device act.
    Accessed,
    /// The scenario made the event happen.
    Scenario,
}

impl Reason {
    /// Every reason, in the order of its number.
    pub(crate) const ALL: [Reason; 14] = [
        Reason::Unknown,
        Reason::Step,
        Reason::LineRose,
        Reason::Queued,
        Reason::ProcessorFree,
        Reason::TimerSet,
        Reason::WaitOver,
        Reason::Clock,
        Reason::Written,
        Reason::LaneFree,
        Reason::Begun,
        Reason::CameIn,
        Reason::Accessed,
        Reason::Scenario,
    ];

    /// The name of the reason, as JSON has it.
    #[cfg(feature = "parquet")]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Reason::Unknown => "unknown",
            Reason::Step => "step",
            Reason::LineRose => "line-rose",
            Reason::Queued => "queued",
            Reason::ProcessorFree => "processor-free",
            Reason::TimerSet => "timer-set",
            Reason::WaitOver => "wait-over",
            Reason::Clock => "clock",
            Reason::Written => "written",
            Reason::LaneFree => "lane-free",
            Reason::Begun => "begun",
            Reason::CameIn => "came-in",
            Reason::Accessed => "accessed",
            Reason::Scenario => "scenario",
        }
    }

    /// The reason in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Reason::Unknown => "nothing in the trace is its cause",
            Reason::Step => "the step before it",
            Reason::LineRose => "the line rose",
            Reason::Queued => "it was queued",
            Reason::ProcessorFree => "the processor became free",
            Reason::TimerSet => "the timer was set",
            Reason::WaitOver => "the wait was over",
            Reason::Clock => "the time that it asked for was over",
            Reason::Written => "the driver wrote it",
            Reason::LaneFree => "the lane became free",
            Reason::Begun => "it began",
            Reason::CameIn => "the byte came in",
            Reason::Accessed => "the device was accessed, or a byte made it act",
            Reason::Scenario => "the scenario did it",
        }
    }
}

/// The cause of one event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cause {
    event: u32,
    trigger: u32,
    /// How the event waited for its cause.
    pub reason: Reason,
    /// Time from the end of the cause to the event, in ns. Folded polls end with the last poll.
    /// Without a cause, this is the time since power-on. Negative only if the events of the trace
    /// are not in order.
    pub delay_ns: i64,
    /// How much of the delay interrupts and DPCs took from the code that waited, in ns.
    pub stolen_ns: u64,
}

impl Cause {
    /// The number of the critical cause: the event for which this event waited last.
    #[must_use]
    pub fn event(&self) -> Option<usize> {
        (self.event != NONE).then_some(self.event as usize)
    }

    /// The number of the event without which this event would not have happened. Often it is also
    /// the critical cause.
    #[must_use]
    pub fn trigger(&self) -> Option<usize> {
        (self.trigger != NONE).then_some(self.trigger as usize)
    }
}

/// An event that may be a cause: its number and its end in ns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Past {
    pub event: u32,
    pub end_ns: u64,
}

impl Past {
    pub(crate) const NOTHING: Past = Past { event: NONE, end_ns: 0 };

    pub(crate) fn new(number: usize, event: &TimedEvent) -> Past {
        Past { event: number as u32, end_ns: end_ns(event) }
    }

    fn is_there(self) -> bool {
        self.event != NONE
    }

    /// The later one of two events; `self` if both end at the same time.
    fn or_later(self, other: Past) -> Past {
        let is_later = !self.is_there() || (other.is_there() && other.end_ns > self.end_ns);
        if is_later { other } else { self }
    }
}

/// The time at which an event ends, in ns: the time of the last poll of folded polls.
pub(crate) fn end_ns(event: &TimedEvent) -> u64 {
    match event.event {
        Event::Access(access) => {
            let after_first = u64::from(access.count.saturating_sub(1));
            event.time_ns.saturating_add(after_first.saturating_mul(u64::from(access.pitch_ns)))
        }
        _ => event.time_ns,
    }
}

/// Why an event happened, before its delay is known.
#[derive(Clone, Copy)]
pub(crate) struct Why {
    reason: Reason,
    cause: Past,
    trigger: u32,
    stolen_ns: u64,
}

impl Why {
    fn new(reason: Reason, cause: Past) -> Why {
        let reason = if cause.is_there() { reason } else { Reason::Unknown };
        Why { reason, cause, trigger: cause.event, stolen_ns: 0 }
    }

    /// The cause is the later of the two events `trigger` and `freed`.
    fn later(reason: Reason, trigger: Past, freed_reason: Reason, freed: Past) -> Why {
        let cause = trigger.or_later(freed);
        let reason = if cause == trigger { reason } else { freed_reason };
        Why { trigger: trigger.event, ..Why::new(reason, cause) }
    }
}

/// Finds the cause of each event of a trace, in the order of the events.
///
/// The events have 32-bit numbers, so a trace may have at most 4 294 967 295 events. A recorder
/// holds far fewer.
#[must_use]
pub fn causes(log: &TraceLog) -> Vec<Cause> {
    let mut finder = Finder {
        log,
        processor: Processor::new(log),
        device: Device::new(log),
        mark: Past::NOTHING,
        last: Past::NOTHING,
    };
    let mut found = Vec::with_capacity(log.records().len());
    for (number, event) in log.events().enumerate() {
        let why = finder.why(number, &event);
        let since_ns = distance_ns(why.cause.end_ns, event.time_ns);
        found.push(Cause {
            event: why.cause.event,
            trigger: why.trigger,
            reason: why.reason,
            delay_ns: since_ns,
            stolen_ns: why.stolen_ns,
        });
    }
    found
}

struct Finder<'a> {
    log: &'a TraceLog,

    processor: Processor,
    device: Device,
    mark: Past,
    /// The last event of the processor.
    last: Past,
}

impl Finder<'_> {
    fn why(&mut self, number: usize, event: &TimedEvent) -> Why {
        let past = Past::new(number, event);
        match event.event {
            Event::Serial { lane, byte, edge, source, .. } => {
                self.device.serial(past, lane, byte, (edge, source), self.mark)
            }
            Event::Signal { signal, value } => {
                let is_line = self.log.name(event.who) == LINE;
                let why = self.device.signal(past, is_line, value);
                if is_line {
                    self.processor.line(past, signal, value != 0);
                }
                why
            }
            Event::Timer { timer, change: TimerChange::Expired } => {
                self.processor.expire(past, timer)
            }
            _ if event.level == Level::Hardware => Why::new(Reason::Step, self.last),
            _ => self.on_processor(past, event),
        }
    }

    fn on_processor(&mut self, past: Past, event: &TimedEvent) -> Why {
        let step = self.processor.step(past, event);
        let mut why = match event.event {
            Event::Wait { end, counted_ns, .. } => {
                let since_ns = event.time_ns.saturating_sub(counted_ns);
                match (end, counted_ns) {
                    (WaitEnd::Over, 0) => Why::new(Reason::WaitOver, self.last),
                    (WaitEnd::TimedOut, _) => Why { reason: Reason::WaitOver, ..step },
                    _ => Why::new(Reason::WaitOver, self.device.last_end_at(since_ns, self.last)),
                }
            }
            Event::Delay { taken_ns, .. } => {
                let began_ns = event.time_ns.saturating_sub(taken_ns);
                Why { stolen_ns: 0, ..Why::new(Reason::Clock, self.step_at(past, began_ns, &step)) }
            }
            _ => step,
        };
        match event.event {
            Event::Mark(_) => self.mark = past,
            Event::Access(access) => {
                let taken = self.device.access(past, self.log, &access);
                if taken.is_there() {
                    why.trigger = taken.event;
                }
            }
            _ => {}
        }
        self.last = past;
        why
    }

    /// The last step of a thread that ended at or before `time_ns`, of the steps before `past`.
    /// Usually this is the cause of `step`. If another thread has gone on in the meantime, this is
    /// an earlier event.
    fn step_at(&self, past: Past, time_ns: u64, step: &Why) -> Past {
        if step.cause.end_ns <= time_ns {
            return step.cause;
        }
        let events = self.log.records()[..past.event as usize].iter().enumerate().rev();
        let steps = events.take(FURTHEST_STEP).filter(|(_, it)| it.level() == Level::Passive);
        let mut ended = steps.filter_map(|(number, record)| {
            let event = TimedEvent::of_record(record)?;
            Some(Past::new(number, &event)).filter(|past| past.end_ns <= time_ns)
        });
        ended.next().unwrap_or(step.cause)
    }
}
