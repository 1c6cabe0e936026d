//! Single changes of a trace, for the tests of the diff.
//!
//! A seed chooses the place of a change and, where a change has one, its size.

use std::ops::Range;

use portcls_machine::emulator::trace::{
    Argument, CauseFacts, Direction, Event, Level, NameId, Names, Record, SerialEdge, TextRef,
    TimedEvent, TraceLog,
};

/// A kind of change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// An interrupt line rises later. Its service routine and the DPC that this routine queued are
    /// late too.
    LateInterrupt,
    /// A service routine comes later, with the DPC that it queued. Its interrupt line does not.
    LateIsr,
    /// A DPC comes later.
    LateDpc,
    /// A service routine runs without an interrupt.
    SpuriousIsr,
    /// The driver reads DATA twice.
    ReadTwice,
    /// A run of polls has another count.
    PollCount,
    /// A run of polls has another count, and all events after it move by the difference in time.
    PollCountAndTime,
    /// A DPC does not run.
    NoDpc,
    /// A DPC is there twice. The second run follows the first, but has the times of the first.
    DoubleDpc,
    /// A DPC runs a second time when its first run is over.
    DpcAgain,
    /// A byte has another value, in one event.
    Byte,
    /// A byte on the wire has another value, at its start and at its end.
    WireByte,
    /// A poll is missing.
    NoPoll,
    /// A run of polls is missing.
    NoPolls,
    /// Everything after a point comes later.
    LateFrom,
    /// An event comes 1 ns to 50 us later.
    AnyLater,
    /// An event is missing.
    AnyGone,
    /// An event is there twice.
    AnyTwice,
    /// An event happens at another level.
    AnyLevel,
}

impl Change {
    /// Every kind.
    pub const ALL: [Change; 19] = [
        Change::LateInterrupt,
        Change::LateIsr,
        Change::LateDpc,
        Change::SpuriousIsr,
        Change::ReadTwice,
        Change::PollCount,
        Change::PollCountAndTime,
        Change::NoDpc,
        Change::DoubleDpc,
        Change::DpcAgain,
        Change::Byte,
        Change::WireByte,
        Change::NoPoll,
        Change::NoPolls,
        Change::LateFrom,
        Change::AnyLater,
        Change::AnyGone,
        Change::AnyTwice,
        Change::AnyLevel,
    ];

    /// The most roots that the diff may have for this change: findings that follow from no other
    /// finding.
    pub fn most_roots(self) -> usize {
        match self {
            Change::LateInterrupt
            | Change::LateIsr
            | Change::LateDpc
            | Change::SpuriousIsr
            | Change::ReadTwice
            | Change::PollCount => 1,
            Change::NoDpc
            | Change::DoubleDpc
            | Change::DpcAgain
            | Change::Byte
            | Change::WireByte
            | Change::NoPoll
            | Change::NoPolls => 2,
            Change::PollCountAndTime
            | Change::LateFrom
            | Change::AnyLater
            | Change::AnyGone
            | Change::AnyTwice
            | Change::AnyLevel => 4,
        }
    }
}

/// The order of the events of a mutant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The changed events stay at their places, whatever their times are.
    AsRecorded,
    /// By time, as in a trace of a machine with this change.
    ByTime,
}

impl Order {
    /// Both orders.
    pub const ALL: [Order; 2] = [Order::AsRecorded, Order::ByTime];
}

/// Makes mutants of one trace.
pub struct Mutants<'a> {
    log: &'a TraceLog,
    events: Vec<TimedEvent>,
    seed: u64,
}

impl<'a> Mutants<'a> {
    /// `seed` chooses the changes.
    pub fn new(log: &'a TraceLog, seed: u64) -> Mutants<'a> {
        Mutants { log, events: log.events().collect(), seed }
    }

    /// A number below `limit`.
    fn draw(&mut self, limit: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.seed >> 33) as usize % limit.max(1)
    }

    /// The index of an event for which `fits` is true, chosen by the seed.
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

    /// The index after the return that belongs to the call at `start`. Without such a return, the
    /// end of the trace.
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

    /// A copy of the trace with one change. `None` when the trace has no place for the change, or
    /// when the chosen place does not allow it.
    pub fn change(&mut self, change: Change, order: Order) -> Option<TraceLog> {
        let mut events = match change {
            Change::LateInterrupt | Change::LateIsr => self.late_isr(change)?,
            Change::LateDpc => self.late_dpc()?,
            Change::SpuriousIsr => self.spurious_isr()?,
            Change::ReadTwice => self.read_twice()?,
            Change::PollCount | Change::PollCountAndTime => self.poll_count(change)?,
            Change::NoDpc => self.no_dpc()?,
            Change::DoubleDpc | Change::DpcAgain => self.dpc_again(change)?,
            Change::Byte => self.other_byte()?,
            Change::WireByte => self.other_wire_byte()?,
            Change::NoPoll | Change::NoPolls => self.no_poll(change)?,
            Change::LateFrom => {
                let mut events = self.events.clone();
                let from = self.draw(events.len() - 2) + 1;
                let late_ns = [200_000, 1_000, 5_000_000, 17][self.draw(4)];
                events[from..].iter_mut().for_each(|event| event.time_ns += late_ns);
                events
            }
            Change::AnyLater | Change::AnyGone | Change::AnyTwice | Change::AnyLevel => {
                self.any(change)
            }
        };
        if order == Order::ByTime {
            events.sort_by_key(|event| event.time_ns);
        }
        Some(rebuild(self.log, &events))
    }

    fn late_isr(&mut self, change: Change) -> Option<Vec<TimedEvent>> {
        let mut events = self.events.clone();
        let isr = self.pick_call("isr")?;
        let is_rise = |index: &usize| {
            matches!(events[*index].event, Event::Signal { value: 1, .. })
                && self.log.name(events[*index].who) == "line"
        };
        let rise = (0..isr).rev().find(is_rise)?;
        let end = self.end_of(isr);
        // One rise of a line that cards share calls several service routines. A late rise makes all
        // of them late, up to the chosen one.
        let first = match change {
            Change::LateInterrupt => {
                (rise..isr).find(|&index| self.is_call(&events[index], "isr")).unwrap_or(isr)
            }
            _ => isr,
        };
        let late_ns = 1_000 * (5 + self.draw(115) as u64);
        if change == Change::LateInterrupt {
            events[rise].time_ns += late_ns;
        }
        // Bytes on the wire stay, because the wire does not wait for the processor.
        let moves = |event: &&mut TimedEvent| !matches!(event.event, Event::Serial { .. });
        let last = if self.is_queued_dpc(isr..end) { self.end_of(end) } else { end };
        events[first..last].iter_mut().filter(moves).for_each(|event| event.time_ns += late_ns);
        Some(events)
    }

    /// Whether the event after a service routine is the call of the DPC that this routine queued. A
    /// DPC that other code queued is not late with the routine. A trace without cause facts does
    /// not say who queued a DPC, so there any DPC counts.
    fn is_queued_dpc(&self, isr: Range<usize>) -> bool {
        let Some(next) = self.events.get(isr.end).filter(|event| self.is_call(event, "dpc")) else {
            return false;
        };
        let Event::Call { function, .. } = next.event else { return false };
        let queues =
            |event: &TimedEvent| matches!(event.event, Event::Dpc { dpc, .. } if dpc == function);
        self.log.cause_facts() == CauseFacts::Missing || self.events[isr].iter().any(queues)
    }

    fn late_dpc(&mut self) -> Option<Vec<TimedEvent>> {
        let mut events = self.events.clone();
        let dpc = self.pick_call("dpc")?;
        let end = self.end_of(dpc);
        let late_ns = [25_000, 1_000, 90_000][self.draw(3)];
        for event in &mut events[dpc..end] {
            if event.level != Level::Hardware {
                event.time_ns += late_ns;
            }
        }
        Some(events)
    }

    fn spurious_isr(&mut self) -> Option<Vec<TimedEvent>> {
        let mut events = self.events.clone();
        let isr = self.pick_call("isr")?;
        let copied: Vec<TimedEvent> = self.events[isr..self.end_of(isr)]
            .iter()
            .filter(|event| event.level == Level::Device)
            .filter(|event| !matches!(event.event, Event::Dpc { .. }))
            .copied()
            .collect();
        let at = self.pick(|event| event.level == Level::Passive)?;
        let shift = self.events[at].time_ns as i64 - copied[0].time_ns as i64;
        let moved = copied
            .into_iter()
            .map(|event| TimedEvent { time_ns: event.time_ns.wrapping_add_signed(shift), ..event });
        events.splice(at..at, moved);
        Some(events)
    }

    fn read_twice(&mut self) -> Option<Vec<TimedEvent>> {
        let mut events = self.events.clone();
        let log = self.log;
        let read = self.pick(|event| {
            matches!(event.event, Event::Access(access)
                if access.direction == Direction::Read
                    && access.count == 1
                    && !log.name(access.note).contains(": "))
        })?;
        let mut again = events[read];
        let takes_ns = [0, 1_000][self.draw(2)];
        again.time_ns += takes_ns;
        if takes_ns > 0 {
            // The events that follow at the same level are later by the same time, up to the first
            // event at another level. A thread that has raised its IRQL counts as the same code.
            let code = |level| if level == Level::Raised { Level::Passive } else { level };
            let is_same = |event: &&TimedEvent| code(event.level) == code(again.level);
            let count = events[read + 1..].iter().take_while(is_same).count();
            events[read + 1..=read + count].iter_mut().for_each(|event| event.time_ns += takes_ns);
        }
        events.insert(read + 1, again);
        Some(events)
    }

    fn poll_count(&mut self, change: Change) -> Option<Vec<TimedEvent>> {
        let mut events = self.events.clone();
        let is_folded =
            |event: &TimedEvent| matches!(event.event, Event::Access(access) if access.count > 2);
        let polls = self.pick(is_folded)?;
        let more = [2, -1, 1, 7][self.draw(4)];
        let mut late_ns = 0;
        if let Event::Access(access) = &mut events[polls].event {
            access.count = access.count.wrapping_add_signed(more);
            late_ns = i64::from(access.pitch_ns) * i64::from(more);
        }
        if change == Change::PollCountAndTime {
            for event in &mut events[polls + 1..] {
                event.time_ns = event.time_ns.wrapping_add_signed(late_ns);
            }
        }
        Some(events)
    }

    fn no_dpc(&mut self) -> Option<Vec<TimedEvent>> {
        let mut events = self.events.clone();
        let dpc = self.pick_call("dpc")?;
        let end = self.end_of(dpc);
        let mut kept: Vec<TimedEvent> = events[dpc..end].to_vec();
        kept.retain(|event| event.level == Level::Hardware);
        events.splice(dpc..end, kept);
        Some(events)
    }

    fn dpc_again(&mut self, change: Change) -> Option<Vec<TimedEvent>> {
        let mut events = self.events.clone();
        let dpc = self.pick_call("dpc")?;
        let end = self.end_of(dpc);
        let mut copied: Vec<TimedEvent> = events[dpc..end].to_vec();
        let is_own = |event: &TimedEvent| !matches!(event.level, Level::Hardware | Level::Device);
        copied.retain(is_own);
        if change == Change::DpcAgain {
            let late_ns = events[end - 1].time_ns - events[dpc].time_ns;
            copied.iter_mut().for_each(|event| event.time_ns += late_ns);
            // One processor cannot run a DPC and other code at DISPATCH_LEVEL at once.
            let over_ns = copied.last()?.time_ns;
            let is_own = |event: &&TimedEvent| is_own(event) && event.time_ns < over_ns;
            let rest = events[end..].iter().filter(is_own);
            if rest.into_iter().any(|event| event.level >= Level::Dispatch) {
                return None;
            }
        }
        events.splice(end..end, copied);
        Some(events)
    }

    fn other_byte(&mut self) -> Option<Vec<TimedEvent>> {
        let mut events = self.events.clone();
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
        Some(events)
    }

    fn other_wire_byte(&mut self) -> Option<Vec<TimedEvent>> {
        let mut events = self.events.clone();
        let is_start = |event: &TimedEvent| {
            matches!(event.event, Event::Serial { edge: SerialEdge::Start, .. })
        };
        let place = self.pick(is_start)?;
        let Event::Serial { lane: changed, .. } = events[place].event else { return None };
        let is_end = |event: &&mut TimedEvent| {
            matches!(event.event, Event::Serial { lane, edge: SerialEdge::End, .. }
                if lane == changed)
        };
        let (start, rest) = events[place..].split_first_mut()?;
        for event in std::iter::once(start).chain(rest.iter_mut().find(is_end)) {
            if let Event::Serial { byte, .. } = &mut event.event {
                *byte ^= 0x02;
            }
        }
        Some(events)
    }

    fn no_poll(&mut self, change: Change) -> Option<Vec<TimedEvent>> {
        let mut events = self.events.clone();
        let log = self.log;
        let is_run = change == Change::NoPolls;
        let poll = self.pick(|event| {
            matches!(event.event, Event::Access(access)
                if log.name(access.note).contains(": ") && (access.count > 1) == is_run)
        })?;
        events.remove(poll);
        Some(events)
    }

    fn any(&mut self, change: Change) -> Vec<TimedEvent> {
        let mut events = self.events.clone();
        let place = self.draw(events.len());
        match change {
            Change::AnyLater => {
                events[place].time_ns += [1, 70, 2_000, 50_000][self.draw(4)];
            }
            Change::AnyGone => {
                events.remove(place);
            }
            Change::AnyTwice => events.insert(place, events[place]),
            _ => {
                let levels = [Level::Passive, Level::Dispatch, Level::Device];
                let others = levels.into_iter().filter(|&level| level != events[place].level);
                let others: Vec<Level> = others.collect();
                events[place].level = others[self.draw(others.len())];
            }
        }
        events
    }
}

/// A log of these events, with the names and texts of `log`.
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
        Event::Mark(_) | Event::Note(_) | Event::Delay { .. } => (NameId::NONE, NameId::NONE),
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
