//! The newest events for which a trace of the first events has no room.
//!
//! This file owns the ring that keeps these events. A run without a view of its trace puts nearly
//! all of its events into the ring. So it must cost little to add an event: a store and an index.

use super::event::Record;

/// The number of events that the ring keeps: a power of two, so that a mask gives the place of an
/// event.
const EVENTS: usize = 64;

const _: () = assert!(EVENTS.is_power_of_two());

/// The last events that were pushed, at most 64.
pub(super) struct Recent {
    records: [Record; EVENTS],
    /// How many events were pushed.
    pushed: usize,
}

impl Default for Recent {
    fn default() -> Recent {
        Recent { records: [Record::NONE; EVENTS], pushed: 0 }
    }
}

impl Recent {
    /// Adds an event. When the ring is full, the event takes the place of the oldest event.
    #[inline]
    pub fn push(&mut self, record: Record) {
        self.records[self.pushed % EVENTS] = record;
        self.pushed += 1;
    }

    /// The events that the ring keeps, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        let (newer, older) = self.records.split_at(self.pushed % EVENTS);
        let kept = self.pushed.min(EVENTS);
        older.iter().chain(newer).skip(EVENTS - kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Event, Level, NameId, TextRef};

    fn times(recent: &Recent) -> Vec<u64> {
        recent.iter().map(|record| record.time_ns()).collect()
    }

    #[test]
    fn the_ring_keeps_the_last_64_events_in_their_order() {
        let mut recent = Recent::default();
        assert!(times(&recent).is_empty());
        for time_ns in 1..=200 {
            let event = Event::Note(TextRef::EMPTY);
            recent.push(Record::new(time_ns, Level::Hardware, NameId(1), event));
            let first_ns = time_ns.saturating_sub(63).max(1);
            assert_eq!(times(&recent), (first_ns..=time_ns).collect::<Vec<_>>());
        }
    }
}
