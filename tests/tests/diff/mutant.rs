//! Single changes of a trace, as a fault in a machine would make them.
//!
//! A seed chooses the place of a change.

use portcls_machine::emulator::trace::{
    Argument, Direction, Event, Level, NameId, Names, Record, SerialEdge, TextRef, TimedEvent,
    TraceLog,
};

/// A kind of change that a real machine or driver could make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// An interrupt comes later, with all that it does.
    LateInterrupt,
    /// A DPC comes later.
    LateDpc,
    /// A service routine runs without an interrupt.
    SpuriousIsr,
    /// The driver reads DATA twice.
    ReadTwice,
    /// A run of polls has another count.
    PollCount,
    /// A DPC does not run.
    NoDpc,
    /// A DPC runs twice.
    DoubleDpc,
    /// A byte has another value.
    Byte,
    /// A poll is missing.
    NoPoll,
    /// Everything after a point comes later.
    LateFrom,
}

impl Change {
    /// Every kind.
    pub const ALL: [Change; 10] = [
        Change::LateInterrupt,
        Change::LateDpc,
        Change::SpuriousIsr,
        Change::ReadTwice,
        Change::PollCount,
        Change::NoDpc,
        Change::DoubleDpc,
        Change::Byte,
        Change::NoPoll,
        Change::LateFrom,
    ];

    /// The most findings that do not follow from another one.
    pub fn most_roots(self) -> usize {
        match self {
            Change::LateInterrupt
            | Change::LateDpc
            | Change::SpuriousIsr
            | Change::ReadTwice
            | Change::PollCount => 1,
            Change::NoDpc | Change::DoubleDpc | Change::Byte | Change::NoPoll => 2,
            Change::LateFrom => 4,
        }
    }
}

/// The changes of one trace.
pub struct Mutants<'a> {
    log: &'a TraceLog,
    events: Vec<TimedEvent>,
    seed: u64,
}

impl<'a> Mutants<'a> {
    /// The changes that `seed` chooses.
    pub fn new(log: &'a TraceLog, seed: u64) -> Mutants<'a> {
        Mutants { log, events: log.events().collect(), seed }
    }

    /// A number below `limit`.
    fn draw(&mut self, limit: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.seed >> 33) as usize % limit.max(1)
    }

    /// One place of those where `fits` holds.
    fn pick(&mut self, fits: impl Fn(&TimedEvent) -> bool) -> Option<usize> {
        let places: Vec<usize> =
            (0..self.events.len()).filter(|&index| fits(&self.events[index])).collect();
        if places.is_empty() {
            return None;
        }
        let chosen = self.draw(places.len());
        Some(places[chosen])
    }

    fn is_call(&self, event: &TimedEvent, who: &str) -> bool {
        matches!(event.event, Event::Call { .. }) && self.log.name(event.who) == who
    }

    fn pick_call(&mut self, who: &str) -> Option<usize> {
        let places: Vec<usize> = (0..self.events.len())
            .filter(|&index| self.is_call(&self.events[index], who))
            .collect();
        if places.is_empty() {
            return None;
        }
        let chosen = self.draw(places.len());
        Some(places[chosen])
    }

    /// The index behind the return that belongs to the call at `start`.
    fn end_of(&self, start: usize) -> usize {
        let Event::Call { function, .. } = self.events[start].event else { return start + 1 };
        let who = self.events[start].who;
        let returns = |event: &TimedEvent| {
            event.who == who
                && matches!(event.event, Event::Return { function: left, .. } if left == function)
        };
        let rest = &self.events[start..];
        rest.iter().position(returns).map_or(self.events.len(), |length| start + length + 1)
    }

    /// Changes the trace in one place; `None` when the trace has no such place.
    pub fn change(&mut self, change: Change) -> Option<TraceLog> {
        let mut events = self.events.clone();
        match change {
            Change::LateInterrupt => {
                let isr = self.pick_call("isr")?;
                let rise = (0..isr)
                    .rev()
                    .find(|&index| matches!(events[index].event, Event::Signal { value: 1, .. }))?;
                let end = self.end_of(isr);
                let late_ns = 1_000 * (5 + self.draw(115) as u64);
                events[rise].time_ns += late_ns;
                events[isr..end].iter_mut().for_each(|event| event.time_ns += late_ns);
                if events.get(end).is_some_and(|event| self.is_call(event, "dpc")) {
                    let last = self.end_of(end);
                    events[end..last].iter_mut().for_each(|event| event.time_ns += late_ns);
                }
            }
            Change::LateDpc => {
                let dpc = self.pick_call("dpc")?;
                let end = self.end_of(dpc);
                for event in &mut events[dpc..end] {
                    if event.level != Level::Hardware {
                        event.time_ns += 25_000;
                    }
                }
            }
            Change::SpuriousIsr => {
                let isr = self.pick_call("isr")?;
                let copied: Vec<TimedEvent> = self.events[isr..self.end_of(isr)]
                    .iter()
                    .filter(|event| event.level == Level::Device)
                    .filter(|event| !matches!(event.event, Event::Dpc { .. }))
                    .copied()
                    .collect();
                let at = self.pick(|event| event.level == Level::Passive)?;
                let shift = self.events[at].time_ns as i64 - copied[0].time_ns as i64;
                let moved = copied.into_iter().map(|event| TimedEvent {
                    time_ns: event.time_ns.wrapping_add_signed(shift),
                    ..event
                });
                events.splice(at..at, moved);
            }
            Change::ReadTwice => {
                let names = |event: &TimedEvent| match event.event {
                    Event::Access(access) => {
                        access.direction == Direction::Read && access.count == 1
                    }
                    _ => false,
                };
                let log = self.log;
                let read = self.pick(|event| {
                    names(event)
                        && matches!(event.event, Event::Access(access)
                            if !log.name(access.note).contains(": "))
                })?;
                events.insert(read + 1, events[read]);
            }
            Change::PollCount => {
                let polls = self.pick(
                    |event| matches!(event.event, Event::Access(access) if access.count > 2),
                )?;
                if let Event::Access(access) = &mut events[polls].event {
                    access.count += 2;
                }
            }
            Change::NoDpc => {
                let dpc = self.pick_call("dpc")?;
                let end = self.end_of(dpc);
                let mut kept: Vec<TimedEvent> = events[dpc..end].to_vec();
                kept.retain(|event| event.level == Level::Hardware);
                events.splice(dpc..end, kept);
            }
            Change::DoubleDpc => {
                let dpc = self.pick_call("dpc")?;
                let end = self.end_of(dpc);
                let mut copied: Vec<TimedEvent> = events[dpc..end].to_vec();
                copied
                    .retain(|event| event.level != Level::Hardware && event.level != Level::Device);
                events.splice(end..end, copied);
            }
            Change::Byte => {
                let place = self.pick(|event| match event.event {
                    Event::Access(access) => access.port & 1 == 0,
                    Event::Serial { edge, .. } => edge == SerialEdge::Start,
                    _ => false,
                })?;
                match &mut events[place].event {
                    Event::Access(access) => access.value ^= 0x11,
                    Event::Serial { byte, .. } => *byte ^= 0x11,
                    _ => {}
                }
            }
            Change::NoPoll => {
                let log = self.log;
                let poll = self.pick(|event| {
                    matches!(event.event, Event::Access(access)
                        if log.name(access.note).contains(": ") && access.count == 1)
                })?;
                events.remove(poll);
            }
            Change::LateFrom => {
                let from = self.draw(self.events.len() - 2) + 1;
                events[from..].iter_mut().for_each(|event| event.time_ns += 200_000);
            }
        }
        Some(rebuild(self.log, &events))
    }
}

/// A log of other events with the names and texts of `log`.
fn rebuild(log: &TraceLog, events: &[TimedEvent]) -> TraceLog {
    let mut names = Names::default();
    let most = events.iter().flat_map(names_of).max().unwrap_or(NameId::NONE);
    for number in 1..=most.0 {
        let id = NameId(number);
        assert_eq!(names.intern(log.name(id), log.layer(id)), id);
    }
    let mut texts = String::new();
    let mut keep = |text: TextRef| {
        let offset = texts.len() as u64;
        texts.push_str(log.text(text));
        TextRef { offset, length: text.length }
    };
    let mut records = Vec::new();
    for event in events {
        let kept = match event.event {
            Event::Mark(text) => Event::Mark(keep(text)),
            Event::Note(text) => Event::Note(keep(text)),
            other => other,
        };
        records.push(Record::new(event.time_ns, event.level, event.who, kept));
    }
    TraceLog::from_parts(names, texts, records, 0)
}

fn names_of(event: &TimedEvent) -> [NameId; 3] {
    let of_argument = |argument| match argument {
        Argument::Count(_, name) | Argument::Word(name) => name,
        _ => NameId::NONE,
    };
    let (first, second) = match event.event {
        Event::Mark(_) | Event::Note(_) => (NameId::NONE, NameId::NONE),
        Event::Access(access) => (access.note, NameId::NONE),
        Event::Call { function, argument } | Event::Return { function, argument, .. } => {
            (function, of_argument(argument))
        }
        Event::Signal { signal, .. } => (signal, NameId::NONE),
        Event::Serial { lane, .. } => (lane, NameId::NONE),
        Event::Dpc { dpc, .. } => (dpc, NameId::NONE),
        Event::Timer { timer, .. } => (timer, NameId::NONE),
        Event::Wait { object, .. } => (object, NameId::NONE),
        Event::Choice { choice, word, .. } => (choice, word),
    };
    [event.who, first, second]
}
