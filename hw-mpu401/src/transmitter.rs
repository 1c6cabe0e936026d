//! The way out: the output FIFO, the shifter, and MIDI OUT.
//!
//! A byte leaves when the one before has ended and the unit has it ready, so its start is known
//! when it is handed over. The bytes and their starts are kept in one ring, and everything else
//! is arithmetic on it: what is still held, when there is room again, and the wire events, which
//! are made when they are fetched. Nothing has to run while a byte is on the wire.
//!
//! The ring is our own and not ringbuf's, because a byte stays readable behind its exit from the
//! FIFO, until its wire events have been fetched.

use crate::spec::BYTE_TIME_NS;
use crate::timing::NEVER_NS;
use crate::wire::{Lane, WIRE_LIMIT, WireEdge, WireEvent};
use alloc::boxed::Box;

/// Bytes in the ring: the fullest FIFO, and as many sent bytes as [`WIRE_LIMIT`] events need.
const RING: usize = 1024;

/// A byte and its way over the line.
#[derive(Clone, Copy)]
struct Passage {
    start_ns: u64,
    byte: u8,
}

impl Passage {
    fn end_ns(self) -> u64 {
        self.start_ns + BYTE_TIME_NS
    }
}

/// Bytes on their way to MIDI OUT.
pub(crate) struct Transmitter {
    // Configuration.
    /// Bytes that the FIFO and the shifter hold.
    limit: usize,
    /// While the line is busy for no longer than this, there is room.
    roomy_ns: u64,
    // State.
    /// When the last byte so far ends.
    last_end_ns: u64,
    /// Bytes handed over, without those thrown away.
    pushed: u64,
    /// Wire events fetched or dropped: two for each of the `pushed` bytes.
    fetched: u64,
    /// Bytes thrown away.
    cleared: u64,
    /// Bytes that the unit sent of its own accord.
    generated: u64,
    /// Bytes that were known to leave before they could be made.
    skipped: u64,
    dropped_events: u64,
    ring: Box<[Passage; RING]>,
}

impl Transmitter {
    /// An idle transmitter that holds up to `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            roomy_ns: (limit as u64).saturating_sub(1).saturating_mul(BYTE_TIME_NS),
            last_end_ns: 0,
            pushed: 0,
            fetched: 0,
            cleared: 0,
            generated: 0,
            skipped: 0,
            dropped_events: 0,
            ring: Box::new([Passage { start_ns: 0, byte: 0 }; RING]),
        }
    }

    /// Takes a byte that may start at `ready_ns`. The caller has made sure that there is room.
    #[inline]
    pub(crate) fn push(&mut self, byte: u8, ready_ns: u64) {
        let start_ns = ready_ns.max(self.last_end_ns);
        self.ring[self.pushed as usize % RING] = Passage { start_ns, byte };
        self.last_end_ns = start_ns + BYTE_TIME_NS;
        self.pushed += 1;
    }

    /// Hands back the byte that was taken last and has not started.
    pub(crate) fn retract(&mut self) -> u8 {
        let byte = self.passage(self.pushed.saturating_sub(1)).byte;
        self.pushed = self.pushed.saturating_sub(1);
        self.settle_last_end();
        byte
    }

    /// Takes a byte that the unit sends of its own accord.
    pub(crate) fn generate(&mut self, byte: u8, ready_ns: u64) {
        self.generated += 1;
        self.push(byte, ready_ns);
    }

    /// Bytes that the unit sent of its own accord.
    pub(crate) fn generated(&self) -> u64 {
        self.generated.saturating_add(self.skipped)
    }

    /// Bytes of the host that were handed over.
    pub(crate) fn accepted(&self) -> u64 {
        (self.pushed + self.cleared).saturating_sub(self.generated)
    }

    /// The next byte would start then, if it were ready.
    #[inline]
    pub(crate) fn free_ns(&self) -> u64 {
        self.last_end_ns
    }

    /// Whether the line is so busy that [`is_full`](Self::is_full) has to be asked.
    #[inline]
    pub(crate) fn may_be_full(&self, now_ns: u64) -> bool {
        self.last_end_ns > now_ns + self.roomy_ns
    }

    /// Whether no more bytes can be taken.
    #[inline]
    pub(crate) fn is_full(&self, now_ns: u64) -> bool {
        self.may_be_full(now_ns) && self.held(now_ns) >= self.limit
    }

    /// When a full transmitter has room again.
    pub(crate) fn room_ns(&self) -> u64 {
        self.passage(self.pushed.saturating_sub(self.limit as u64)).end_ns()
    }

    /// Bytes that have not left whole.
    pub(crate) fn held(&self, now_ns: u64) -> usize {
        (self.pushed - self.first_held(now_ns)) as usize
    }

    /// Bytes that have left.
    pub(crate) fn sent(&self, now_ns: u64) -> u64 {
        self.skipped.saturating_add(self.first_held(now_ns))
    }

    /// When the line changes next, [`NEVER_NS`] if it does not.
    #[inline]
    pub(crate) fn next_edge_ns(&self, now_ns: u64) -> u64 {
        if now_ns >= self.last_end_ns {
            return NEVER_NS;
        }
        let passage = self.passage(self.first_held(now_ns));
        if passage.start_ns > now_ns { passage.start_ns } else { passage.end_ns() }
    }

    /// The oldest wire event that nobody has fetched, if its time has come.
    #[inline]
    pub(crate) fn first_event(&self, now_ns: u64) -> Option<WireEvent> {
        if self.fetched >= self.pushed * 2 {
            return None;
        }
        let passage = self.passage(self.fetched / 2);
        let (time_ns, edge) = match self.fetched % 2 {
            0 => (passage.start_ns, WireEdge::Start),
            _ => (passage.end_ns(), WireEdge::End),
        };
        let event = WireEvent { time_ns, byte: passage.byte, lane: Lane::Out, edge };
        (time_ns <= now_ns).then_some(event)
    }

    /// The event that [`first_event`](Self::first_event) shows has been fetched.
    #[inline]
    pub(crate) fn fetch_event(&mut self) {
        self.fetched += 1;
    }

    /// Drops the oldest events beyond the limit.
    #[inline]
    pub(crate) fn trim_events(&mut self, now_ns: u64) {
        if self.pushed * 2 - self.fetched > WIRE_LIMIT as u64 {
            let surplus = self.surplus_events(now_ns);
            self.fetched += surplus;
            self.dropped_events += surplus;
        }
    }

    /// Wire events that nobody fetched in time.
    pub(crate) fn dropped_events(&self, now_ns: u64) -> u64 {
        self.dropped_events.saturating_add(self.surplus_events(now_ns))
    }

    /// Throws away what has not started and says how many bytes that was.
    pub(crate) fn clear(&mut self, now_ns: u64) -> u64 {
        self.trim_events(now_ns);
        let before = self.pushed;
        while self.pushed * 2 > self.fetched && self.passage(self.pushed - 1).start_ns > now_ns {
            self.pushed -= 1;
        }
        let dropped = before - self.pushed;
        self.cleared += dropped;
        if dropped > 0 {
            self.settle_last_end();
        }
        dropped
    }

    /// Counts bytes that were known to leave before they could be made. Their events would have
    /// been dropped.
    pub(crate) fn skip(&mut self, bytes: u64) {
        self.skipped = self.skipped.saturating_add(bytes);
        self.dropped_events = self.dropped_events.saturating_add(bytes.saturating_mul(2));
    }

    /// The number of the first byte that has not left whole.
    ///
    /// A busy line carries one byte a byte time, so no more are held than byte times are left;
    /// where it pauses for a byte that is not ready, they are fewer.
    #[inline]
    fn first_held(&self, now_ns: u64) -> u64 {
        let left_ns = self.last_end_ns.saturating_sub(now_ns);
        let most = left_ns.div_ceil(BYTE_TIME_NS).min(RING as u64);
        let mut number = self.pushed.saturating_sub(most);
        while number < self.pushed && self.passage(number).end_ns() <= now_ns {
            number += 1;
        }
        number
    }

    fn surplus_events(&self, now_ns: u64) -> u64 {
        let first_held = self.first_held(now_ns);
        let started = first_held < self.pushed && self.passage(first_held).start_ns <= now_ns;
        let past = first_held * 2 + u64::from(started);
        past.saturating_sub(self.fetched).saturating_sub(WIRE_LIMIT as u64)
    }

    #[inline]
    fn passage(&self, number: u64) -> Passage {
        self.ring[number as usize % RING]
    }

    fn settle_last_end(&mut self) {
        let last = self.pushed.checked_sub(1).map(|number| self.passage(number));
        self.last_end_ns = last.map_or(0, Passage::end_ns);
    }
}
