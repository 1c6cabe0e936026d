//! The code that the processor runs: the thread, DPCs and service routines.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use portcls_emulator::trace::{
    CauseFacts, DpcChange, Event, Level, NameId, TimedEvent, TimerChange, TraceLog,
};

use super::{Past, Reason, Why};

/// The actors whose calls begin a service routine or a DPC.
const ISR: &str = "isr";
const DPC: &str = "dpc";

/// The deepest nesting of service routines and DPCs. A trace that has lost returns can seem to nest
/// deeper. Then the outermost routines count as ended.
const DEEPEST: usize = 64;

/// What kind of code runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum ContextKind {
    /// Threads and work items. All threads count as one.
    Thread,
    /// A DPC.
    Dpc,
    /// A service routine.
    Isr,
}

impl ContextKind {
    /// Whether code of this kind can run at `level`.
    fn runs_at(self, level: Level) -> bool {
        match self {
            ContextKind::Thread => true,
            ContextKind::Dpc => level >= Level::Dispatch,
            ContextKind::Isr => level == Level::Device,
        }
    }
}

/// The place of an event in the nesting of code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// The nesting of the code that made the event; 0 is the thread.
    pub depth: usize,
    /// How the event changes the nesting.
    pub change: Change,
}

/// How an event changes the nesting of code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    /// A step of the code at this depth.
    Step,
    /// A service routine or a DPC begins at this depth.
    Enter(ContextKind),
    /// The service routine or DPC at this depth returns. All code that is nested deeper has ended.
    Leave,
}

struct Context {
    kind: ContextKind,
    name: NameId,
    began_ns: u64,
    last: Past,
    /// Time that nested service routines and DPCs took since the last step, in ns.
    stolen_ns: u64,
}

/// The most waiting DPCs of one name that the code remembers. Each device can have one DPC of a
/// name, and a machine has fewer devices than this.
const MOST_QUEUED: usize = 8;

/// Events in a row that queued DPCs of one name. No DPC of this name ran between these events.
/// `runs` is the number of such DPCs that ran after the last of the events.
#[derive(Default)]
struct Block {
    places: Vec<u32>,
    runs: usize,
}

impl Block {
    /// Adds an event that queued a DPC. If a DPC has run since the last event of the block, settles
    /// the block and begins a new one.
    fn queue(&mut self, number: u32, lost: &mut BTreeSet<u32>) {
        if self.runs > 0 {
            self.settle(lost);
        }
        self.places.push(number);
    }

    /// Adds to `lost` the events whose DPC never ran in the trace: the oldest ones, if the block
    /// has more events than runs. A DPC cannot be in the queue twice. So if two events queued it
    /// and it ran once, the run belongs to the newer event. The older run is missing in the trace,
    /// or the DPC was removed from the queue.
    fn settle(&mut self, lost: &mut BTreeSet<u32>) {
        let missing = self.places.len().saturating_sub(self.runs);
        lost.extend(self.places.drain(..).take(missing));
        self.runs = 0;
    }
}

#[derive(Default)]
struct Line {
    rise: Option<Past>,
    is_up: bool,
    is_served: bool,
}

/// The nesting of code, the lines that the code serves, and the DPCs and timers that wait.
pub(crate) struct Processor {
    isr: Option<NameId>,
    dpc: Option<NameId>,
    /// False for a trace that shows only the hardware. In such a trace, the levels tell which code
    /// runs.
    shows_calls: bool,

    contexts: Vec<Context>,
    lines: BTreeMap<NameId, Line>,
    /// The events that queued the DPCs that wait, by the DPC's name. Several devices can have DPCs
    /// of the same name.
    queued: BTreeMap<NameId, VecDeque<Past>>,
    /// The numbers of the events that queued a DPC that never ran.
    lost: BTreeSet<u32>,
    timers: BTreeMap<NameId, Past>,
    /// True when the trace has events about DPCs and timers.
    tells_queue: bool,
    last_isr: Past,
    /// The last step at DISPATCH_LEVEL or above.
    last_dispatch: Past,
    last_device: Past,
    /// The last step at each level, in a trace without calls.
    by_level: [Past; 5],
    newest_rise: Past,
}

impl Processor {
    pub(crate) fn new(log: &TraceLog) -> Processor {
        let mut actors = [None; 2];
        let mut shows_calls = false;
        let mut blocks: BTreeMap<NameId, Block> = BTreeMap::new();
        let mut lost = BTreeSet::new();
        for (number, event) in log.events().enumerate() {
            match event.event {
                Event::Call { function, .. } => {
                    shows_calls = true;
                    for (actor, name) in actors.iter_mut().zip([ISR, DPC]) {
                        if actor.is_none() && log.name(event.who) == name {
                            *actor = Some(event.who);
                        }
                    }
                    if Some(event.who) == actors[1] {
                        blocks.entry(function).or_default().runs += 1;
                    }
                }
                Event::Dpc { dpc: name, change: DpcChange::Queued }
                | Event::Timer { timer: name, change: TimerChange::Expired } => {
                    blocks.entry(name).or_default().queue(number as u32, &mut lost);
                }
                _ => {}
            }
        }
        blocks.into_values().for_each(|mut block| block.settle(&mut lost));
        let thread = Context {
            kind: ContextKind::Thread,
            name: NameId::NONE,
            began_ns: 0,
            last: Past::NOTHING,
            stolen_ns: 0,
        };
        Processor {
            isr: actors[0],
            dpc: actors[1],
            shows_calls,
            contexts: vec![thread],
            lines: BTreeMap::new(),
            queued: BTreeMap::new(),
            lost,
            timers: BTreeMap::new(),
            tells_queue: log.cause_facts() == CauseFacts::Recorded,
            last_isr: Past::NOTHING,
            last_dispatch: Past::NOTHING,
            last_device: Past::NOTHING,
            by_level: [Past::NOTHING; 5],
            newest_rise: Past::NOTHING,
        }
    }

    /// The place of an event in the nesting. Changes nothing.
    pub(crate) fn place(&self, event: &TimedEvent) -> Place {
        let kind = match Some(event.who) {
            who if who == self.isr => Some(ContextKind::Isr),
            who if who == self.dpc => Some(ContextKind::Dpc),
            _ => None,
        };
        match (kind, event.event) {
            (Some(kind), Event::Call { .. }) => {
                return Place { depth: self.contexts.len(), change: Change::Enter(kind) };
            }
            (Some(kind), Event::Return { function, .. }) => {
                let returns = |context: &Context| (context.kind, context.name) == (kind, function);
                if let Some(depth) = self.contexts.iter().rposition(returns) {
                    return Place { depth, change: Change::Leave };
                }
            }
            _ => {}
        }
        let runs = |context: &Context| context.kind.runs_at(event.level);
        let depth = self.contexts.iter().rposition(runs).unwrap_or(0);
        Place { depth, change: Change::Step }
    }

    /// How deep the code is nested now; 0 is the thread.
    pub(crate) fn depth(&self) -> usize {
        self.contexts.len() - 1
    }

    /// Takes an event of the processor, and returns why it happened.
    pub(crate) fn step(&mut self, past: Past, event: &TimedEvent) -> Why {
        let place = self.place(event);
        let why = match place.change {
            Change::Enter(kind) => self.enter(past, event, kind),
            Change::Leave => self.leave(past, event, place.depth),
            Change::Step if self.shows_calls => self.step_of(past, place.depth),
            Change::Step => self.step_by_level(past, event),
        };
        match event.event {
            Event::Dpc { dpc, change: DpcChange::Queued } => {
                self.queue(dpc, past);
            }
            Event::Dpc { dpc, change: DpcChange::Removed } => {
                let _ = self.take_queued(dpc);
            }
            Event::Timer { timer, change: TimerChange::Set { .. } } => {
                self.timers.insert(timer, past);
            }
            Event::Timer { timer, change: TimerChange::Cancelled } => {
                self.timers.remove(&timer);
            }
            _ => {}
        }
        if event.level >= Level::Dispatch {
            self.last_dispatch = past;
        }
        if event.level >= Level::Device {
            self.last_device = past;
        }
        why
    }

    fn step_of(&mut self, past: Past, depth: usize) -> Why {
        let context = &mut self.contexts[depth];
        let mut why = Why::new(Reason::Step, context.last);
        why.stolen_ns = std::mem::take(&mut context.stolen_ns);
        context.last = past;
        why
    }

    /// A step in a trace that shows only the hardware. The cause of a step at device level is the
    /// newest rise of a line, if the line rose after the last step at device level and after the
    /// last mark. Any other step follows from the last step at its level, or from the last mark if
    /// the mark is later.
    fn step_by_level(&mut self, past: Past, event: &TimedEvent) -> Why {
        let level = match event.level {
            Level::Hardware | Level::Passive | Level::Raised => Level::Passive,
            other => other,
        };
        if let Event::Mark(_) = event.event {
            let newest = self.by_level.iter().filter(|last| last.is_there());
            let newest = newest.max_by_key(|last| last.event).copied();
            let why = Why::new(Reason::Step, newest.unwrap_or(Past::NOTHING));
            self.by_level = [past; 5];
            return why;
        }
        let last = std::mem::replace(&mut self.by_level[level as usize], past);
        let rise = self.newest_rise;
        let rose = rise.is_there() && (!last.is_there() || rise.event > last.event);
        if level == Level::Device && rose {
            return Why::new(Reason::LineRose, rise);
        }
        Why::new(Reason::Step, last)
    }

    fn enter(&mut self, past: Past, event: &TimedEvent, kind: ContextKind) -> Why {
        let Event::Call { function: name, .. } = event.event else { unreachable!("a call enters") };
        let why = match kind {
            ContextKind::Isr => self.why_isr(name),
            _ => self.why_dpc(name),
        };
        if self.contexts.len() > DEEPEST {
            self.contexts.remove(1);
        }
        self.contexts.push(Context {
            kind,
            name,
            began_ns: event.time_ns,
            last: past,
            stolen_ns: 0,
        });
        why
    }

    fn leave(&mut self, past: Past, event: &TimedEvent, depth: usize) -> Why {
        let why = self.step_of(past, depth);
        let left = &self.contexts[depth];
        let took_ns = event.time_ns.saturating_sub(left.began_ns);
        if left.kind == ContextKind::Isr {
            self.last_isr = past;
        }
        self.contexts.truncate(depth);
        if let Some(outer) = self.contexts.last_mut() {
            outer.stolen_ns = outer.stolen_ns.saturating_add(took_ns);
        }
        why
    }

    fn why_isr(&mut self, name: NameId) -> Why {
        let line = self.lines.entry(name).or_default();
        let asks = line.is_up || !line.is_served;
        let rise = line.rise.filter(|_| asks).unwrap_or(Past::NOTHING);
        line.is_served = true;
        self.after(Reason::LineRose, rise, self.last_device)
    }

    fn why_dpc(&mut self, name: NameId) -> Why {
        if !self.tells_queue {
            return Why::new(Reason::ProcessorFree, self.last_isr);
        }
        let queued = self.take_queued(name);
        self.after(Reason::Queued, queued, self.last_dispatch)
    }

    /// Takes an event that queued a DPC.
    fn queue(&mut self, dpc: NameId, past: Past) {
        if self.lost.contains(&past.event) {
            return;
        }
        let places = self.queued.entry(dpc).or_default();
        if places.len() == MOST_QUEUED {
            places.pop_front();
        }
        places.push_back(past);
    }

    /// Takes the oldest event that queued a DPC of this name. The DPC begins now, or was removed.
    fn take_queued(&mut self, dpc: NameId) -> Past {
        let places = self.queued.get_mut(&dpc);
        places.and_then(VecDeque::pop_front).unwrap_or(Past::NOTHING)
    }

    /// Why code began after it waited for `trigger` and then for a free processor. `busy` is the
    /// last step of the code that kept the processor busy.
    fn after(&self, reason: Reason, trigger: Past, busy: Past) -> Why {
        if trigger.is_there() && busy.is_there() && busy.event > trigger.event {
            return Why { trigger: trigger.event, ..Why::new(Reason::ProcessorFree, busy) };
        }
        Why::new(reason, trigger)
    }

    /// Takes a change of an interrupt line.
    pub(crate) fn line(&mut self, past: Past, signal: NameId, is_up: bool) {
        let line = self.lines.entry(signal).or_default();
        line.is_up = is_up;
        if is_up {
            line.rise = Some(past);
            line.is_served = false;
            self.newest_rise = past;
        }
    }

    /// Takes the expiry of a timer. The timer queues its DPC.
    pub(super) fn expire(&mut self, past: Past, timer: NameId) -> Why {
        let set = self.timers.insert(timer, past).unwrap_or(Past::NOTHING);
        self.queue(timer, past);
        Why::new(Reason::TimerSet, set)
    }
}
