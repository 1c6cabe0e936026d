//! A trace outside its recorder: records with their names and texts.

use super::event::{Event, Level, Record, SerialSource, TextRef};
use super::names::{Layer, NameId, Names};

/// One event with its time, level and actor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimedEvent {
    /// Time in ns since power-on.
    pub time_ns: u64,
    /// Where the processor was.
    pub level: Level,
    /// The actor.
    pub who: NameId,
    /// The fact.
    pub event: Event,
}

impl TimedEvent {
    /// The event of a record; `None` for the empty record or an unknown kind.
    #[must_use]
    pub fn of_record(record: &Record) -> Option<TimedEvent> {
        Some(TimedEvent {
            time_ns: record.time_ns(),
            level: record.level(),
            who: record.who(),
            event: record.event()?,
        })
    }
}

/// Whether a trace has the facts that only say why something happened.
///
/// These facts are changes of the DPC queue, timers, ends of waits and delays, raised levels, and
/// who made a byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CauseFacts {
    /// The trace has them.
    Recorded,
    /// The trace lacks them, as each trace of an older recorder does.
    Missing,
}

/// A copied trace, which views read.
#[derive(Clone, Debug)]
pub struct TraceLog {
    names: Names,
    texts: String,
    records: Vec<Record>,
    dropped: u64,
    cause_facts: CauseFacts,
}

impl TraceLog {
    /// Makes a log from its parts. The recorder and the parser of texts call this function.
    #[must_use]
    pub fn from_parts(names: Names, texts: String, records: Vec<Record>, dropped: u64) -> Self {
        TraceLog { names, texts, records, dropped, cause_facts: CauseFacts::Recorded }
    }

    /// Whether the trace has the facts that only say why something happened.
    #[must_use]
    pub fn cause_facts(&self) -> CauseFacts {
        self.cause_facts
    }

    /// The log as an older recorder would have made it, without the facts of [`CauseFacts`].
    #[must_use]
    pub fn without_cause_facts(&self) -> TraceLog {
        let older = |record: &Record| {
            let event = match record.event()? {
                fact if fact.is_cause_fact() => return None,
                Event::Serial { lane, byte, edge, bit_ns, .. } => {
                    Event::Serial { lane, byte, edge, bit_ns, source: SerialSource::Outside }
                }
                other => other,
            };
            let level = match record.level() {
                Level::Raised => Level::Device,
                level => level,
            };
            Some(Record::new(record.time_ns(), level, record.who(), event))
        };
        let records = self.records.iter().filter_map(older).collect();
        TraceLog { records, cause_facts: CauseFacts::Missing, ..self.clone() }
    }

    /// The events in order.
    pub fn events(&self) -> impl Iterator<Item = TimedEvent> + '_ {
        self.records.iter().filter_map(TimedEvent::of_record)
    }

    /// The raw records, for a binary copy.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// A part of the log: the records with these numbers, or fewer if the log has fewer.
    #[must_use]
    pub fn part(&self, records: std::ops::Range<usize>) -> TraceLog {
        let end = records.end.min(self.records.len());
        let start = records.start.min(end);
        TraceLog {
            names: self.names.clone(),
            texts: self.texts.clone(),
            records: self.records[start..end].to_vec(),
            dropped: 0,
            cause_facts: self.cause_facts,
        }
    }

    /// How many events were dropped because the trace holds only a limited number. A part of a log
    /// says 0.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The text of a name.
    #[must_use]
    pub fn name(&self, id: NameId) -> &str {
        self.names.text(id)
    }

    /// The layer of an actor.
    #[must_use]
    pub fn layer(&self, id: NameId) -> Option<Layer> {
        self.names.layer(id)
    }

    /// The text of a mark or a note of this log. A reference beyond the log's texts gives the empty
    /// text.
    #[must_use]
    pub fn text(&self, reference: TextRef) -> &str {
        let start = usize::try_from(reference.offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(reference.length as usize);
        self.texts.get(start..end).unwrap_or("")
    }
}
