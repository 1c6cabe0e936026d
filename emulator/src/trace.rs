//! The trace: every fact of a run, recorded in order, 32 bytes an event.
//!
//! This file owns recording: the folding of polls, the limit on held events, and the texts. This
//! file never knows how a view shows a trace, and it also records when there is no view. No word
//! here belongs to one kind of device: the code that records events registers the names.

mod event;
mod log;
mod names;
mod recent;

use core::cell::{Cell, RefCell};

use ringbuf::LocalRb;
use ringbuf::storage::Heap;
use ringbuf::traits::Observer;

pub use event::{
    AccessEvent, Argument, Direction, DpcChange, Event, Level, Record, SerialEdge, SerialSource,
    TextRef, TimerChange, WaitEnd,
};
pub use log::{CauseFacts, TimedEvent, TraceLog};
pub use names::{Layer, Name, NameId, Names};
use recent::Recent;

/// Whether equal polls in a row become one event when they are recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fold {
    /// Equal reads at equal distances in time become one event with a count. There must be nothing
    /// but delays between them.
    Polls,
    /// Every access stays an event of its own.
    Nothing,
}

/// How many events a trace holds, and which events it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    /// Nothing is recorded.
    Nothing,
    /// The first events. Later events are counted and dropped, and the log gives their number.
    First(usize),
    /// The last events. Older events are dropped.
    Last(usize),
}

/// Whether the trace shows the call and the return of KeSynchronizeExecution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Regions {
    /// No. The level of the events inside the call still shows the call. Polls fold even when each
    /// poll has a call of its own.
    Hidden,
    /// Yes.
    Shown,
}

/// The largest number of events that a trace holds by default: 512 MiB of records.
pub const DEFAULT_HELD_EVENTS: usize = 16 << 20;

/// The settings of a trace.
#[derive(Clone, Copy, Debug)]
pub struct TraceConfig {
    /// Whether polls are folded into one event.
    pub fold: Fold,
    /// Which events are held.
    pub hold: Hold,
    /// Whether calls of KeSynchronizeExecution are shown.
    pub regions: Regions,
}

impl Default for TraceConfig {
    fn default() -> Self {
        TraceConfig {
            fold: Fold::Polls,
            hold: Hold::First(DEFAULT_HELD_EVENTS),
            regions: Regions::Hidden,
        }
    }
}

enum Store {
    Nothing,
    First { records: Vec<Record>, limit: usize },
    Last(LocalRb<Heap<Record>>),
}

/// The recorder. Recording never fails, and it calls no other part of the kernel.
pub struct Trace {
    fold: Fold,
    recording: bool,
    keeps_first: bool,

    names: RefCell<Names>,
    texts: RefCell<String>,
    /// The number of bytes of text that are never dropped. In a trace that holds the first events,
    /// these are the texts of those events.
    texts_kept: Cell<usize>,
    /// The number of bytes of text that were dropped. They stood behind the kept texts.
    texts_gone: Cell<u64>,

    /// The newest record, not yet in the store, so that the next poll can fold into it.
    newest: RefCell<Record>,
    /// A poll and the end of a delay after the poll. While they are held here, `newest` is the
    /// empty record. If the next event is a poll equal to the held poll, the delay is dropped. Any
    /// other event puts the held poll and the delay into the trace.
    delayed: Cell<Option<[Record; 2]>>,
    store: RefCell<Store>,
    /// In a trace that holds the first events: the newest of the events for which the store has no
    /// room.
    recent: RefCell<Recent>,
    dropped: Cell<u64>,
    first_dropped_ns: Cell<u64>,
}

impl Trace {
    /// A recorder without events.
    #[must_use]
    pub fn new(config: TraceConfig) -> Self {
        let store = match config.hold {
            Hold::Nothing | Hold::First(0) | Hold::Last(0) => Store::Nothing,
            Hold::First(limit) => {
                Store::First { records: Vec::with_capacity(limit.min(FIRST_RESERVE)), limit }
            }
            Hold::Last(limit) => Store::Last(LocalRb::new(limit)),
        };
        Trace {
            fold: config.fold,
            recording: !matches!(store, Store::Nothing),
            keeps_first: matches!(store, Store::First { .. }),
            names: RefCell::new(Names::default()),
            texts: RefCell::new(String::new()),
            texts_kept: Cell::new(0),
            texts_gone: Cell::new(0),
            newest: RefCell::new(Record::NONE),
            delayed: Cell::new(None),
            store: RefCell::new(store),
            recent: RefCell::default(),
            dropped: Cell::new(0),
            first_dropped_ns: Cell::new(0),
        }
    }

    /// True when events are kept, so that a caller can skip work that serves only the trace.
    #[inline]
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.recording
    }

    /// The id of a word that appears in events: a function, a signal, a lane or a note.
    ///
    /// The same text gives the same id. More than 65 535 names are our own bug.
    pub fn name(&self, text: &str) -> NameId {
        self.names.borrow_mut().intern(text, None)
    }

    /// The text of a name of this trace.
    #[must_use]
    pub fn name_text(&self, id: NameId) -> String {
        self.names.borrow().text(id).to_owned()
    }

    /// The id of an actor, which is a source of events. `layer` becomes the layer of the actor.
    pub fn actor(&self, text: &str, layer: Layer) -> NameId {
        self.names.borrow_mut().intern(text, Some(layer))
    }

    /// Keeps a text (a debug message, a mark) and returns its place.
    ///
    /// A trace that holds the last events may drop the texts of its oldest events before it drops
    /// the events themselves. Such a trace keeps at least the last 4 MiB of text.
    pub fn text(&self, text: &str) -> TextRef {
        if !self.recording {
            return TextRef::EMPTY;
        }
        let mut texts = self.texts.borrow_mut();
        let is_full = self.dropped.get() > 0;
        let kept = self.texts_kept.get();
        if (is_full || !self.keeps_first) && texts.len() - kept > 2 * FLIGHT_TEXT {
            let newer = (texts.len() - FLIGHT_TEXT..texts.len())
                .find(|&start| texts.is_char_boundary(start))
                .unwrap_or(texts.len());
            texts.drain(kept..newer);
            self.texts_gone.set(self.texts_gone.get() + (newer - kept) as u64);
        }
        let offset = self.texts_gone.get() + texts.len() as u64;
        texts.push_str(text);
        TextRef { offset, length: text.len() as u32 }
    }

    /// Records one event.
    #[inline]
    pub fn record(&self, time_ns: u64, level: Level, who: NameId, event: Event) {
        if self.recording {
            self.push(Record::new(time_ns, level, who, event));
        }
    }

    /// Records one port access. If polls are folded, an equal poll folds into the poll before it.
    #[inline(always)]
    pub fn record_access(&self, time_ns: u64, level: Level, who: NameId, access: AccessEvent) {
        if !self.recording {
            return;
        }
        let record = Record::new(time_ns, level, who, Event::Access(access));
        let may_fold = self.fold == Fold::Polls && access.direction == Direction::Read;
        if !(may_fold && self.newest.borrow_mut().fold(&record)) {
            self.push(record);
        }
    }

    /// Records the end of a delay. If polls are folded, a loop of equal polls and delays becomes
    /// one event.
    pub(crate) fn record_delay(&self, time_ns: u64, level: Level, who: NameId, event: Event) {
        if !self.recording {
            return;
        }
        let record = Record::new(time_ns, level, who, event);
        let newest = *self.newest.borrow();
        if self.fold == Fold::Polls && newest.is_read() {
            self.newest.replace(Record::NONE);
            self.delayed.set(Some([newest, record]));
        } else {
            self.push(record);
        }
    }

    #[inline]
    fn push(&self, record: Record) {
        let older = self.newest.replace(record);
        if older.is_none() {
            self.settle_delay();
        } else {
            self.store(older);
        }
    }

    /// Decides what becomes of the poll and the delay in `delayed`, now that the next record has
    /// come. Does nothing if `delayed` is empty.
    #[cold]
    fn settle_delay(&self) {
        let Some([mut poll, delay]) = self.delayed.take() else { return };
        let newest = *self.newest.borrow();
        if !poll.is_equal_read(&newest) {
            self.store(poll);
            self.store(delay);
        } else if poll.fold(&newest) {
            self.newest.replace(poll);
        } else {
            self.store(poll);
        }
    }

    #[inline]
    fn store(&self, record: Record) {
        match &mut *self.store.borrow_mut() {
            Store::First { records, limit } if records.len() < *limit => records.push(record),
            other => self.push_elsewhere(other, record),
        }
    }

    #[inline(never)]
    fn push_elsewhere(&self, store: &mut Store, record: Record) {
        let dropped = match store {
            Store::Nothing => None,
            Store::First { .. } => {
                self.recent.borrow_mut().push(record);
                Some(record)
            }
            Store::Last(ring) => ring.push_overwrite(record),
        };
        if let Some(record) = dropped {
            if self.dropped.get() == 0 {
                self.first_dropped_ns.set(record.time_ns());
                if self.keeps_first {
                    self.texts_kept.set(self.texts.borrow().len());
                }
            }
            self.dropped.set(self.dropped.get() + 1);
        }
    }

    /// A copy of all held events, with their names and texts.
    #[must_use]
    pub fn log(&self) -> TraceLog {
        let overflow = self.overflow();
        let mut records: Vec<Record> = match &mut *self.store.borrow_mut() {
            Store::Nothing => Vec::new(),
            Store::First { records, limit } => {
                records.iter().copied().chain(self.after_store()).take(*limit).collect()
            }
            Store::Last(ring) => {
                ring.iter().copied().chain(self.after_store()).skip(overflow.len()).collect()
            }
        };
        self.settle_texts(&mut records);
        let dropped = self.dropped.get() + overflow.len() as u64;
        let names = self.names.borrow().clone();
        TraceLog::from_parts(names, self.texts.borrow().clone(), records, dropped)
    }

    /// A copy of the newest events, at most `events` of them, for the report of a failure. A trace
    /// that holds the first events also keeps some of the events for which its store had no room:
    /// the newest 64. The copy may have these events.
    #[must_use]
    pub fn recent(&self, events: usize) -> TraceLog {
        let newest = self.after_store();
        let mut records: Vec<Record> = match &mut *self.store.borrow_mut() {
            Store::Nothing => Vec::new(),
            Store::First { records, .. } => {
                let start = records.len().saturating_sub(events);
                let recent = self.recent.borrow();
                // Events may be missing between the store and `recent`. The events before such a
                // gap would mislead the reader.
                let has_gap = self.dropped.get() > recent.iter().count() as u64;
                let first = if has_gap { &[] } else { &records[start..] };
                first.iter().chain(recent.iter()).copied().chain(newest).collect()
            }
            Store::Last(ring) => ring.iter().copied().chain(newest).collect(),
        };
        records.drain(..records.len().saturating_sub(events));
        self.settle_texts(&mut records);
        let dropped = self.dropped.get();
        TraceLog::from_parts(
            self.names.borrow().clone(),
            self.texts.borrow().clone(),
            records,
            dropped,
        )
    }

    /// Updates the places of the texts in the records.
    fn settle_texts(&self, records: &mut [Record]) {
        for record in records {
            record.rebase_text(self.texts_kept.get() as u64, self.texts_gone.get());
        }
    }

    /// The records that are not in the store yet.
    fn after_store(&self) -> impl Iterator<Item = Record> {
        let newest = Some(*self.newest.borrow()).filter(|newest| !newest.is_none());
        newest.into_iter().chain(self.delayed.get().into_iter().flatten())
    }

    /// The newest record and a delayed poll are not in the store yet, but they count towards the
    /// limit. Returns the records that are then over the limit. In a trace that holds the first
    /// events, these are the newest records. In a trace that holds the last events, these are the
    /// oldest records.
    fn overflow(&self) -> Vec<Record> {
        match &mut *self.store.borrow_mut() {
            Store::Nothing => Vec::new(),
            Store::First { records, limit } => {
                self.after_store().skip(*limit - records.len()).collect()
            }
            Store::Last(ring) => {
                let newest = self.after_store().count();
                let over = (ring.occupied_len() + newest).saturating_sub(ring.capacity().get());
                ring.iter().copied().chain(self.after_store()).take(over).collect()
            }
        }
    }

    /// Time of the first event that was dropped, if there was one.
    #[must_use]
    pub fn first_dropped_ns(&self) -> Option<u64> {
        if self.dropped.get() > 0 {
            return Some(self.first_dropped_ns.get());
        }
        self.overflow().first().map(Record::time_ns)
    }
}

/// A trace of the first events reserves room for at most this number of records when it is made:
/// 8 MiB. Only the used part costs memory.
const FIRST_RESERVE: usize = 1 << 18;

/// When older texts are dropped, this number of bytes of the newest text stays: 4 MiB.
const FLIGHT_TEXT: usize = 4 << 20;
