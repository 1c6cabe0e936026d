//! The way out: the output FIFO, the shifter, and MIDI OUT.
//!
//! A byte starts when the byte before it has ended and the unit has the byte ready. So the start is
//! known when the unit hands the byte over. The transmitter keeps the bytes and their ends in one
//! ring. From the ring the transmitter calculates everything else: the bytes that it still holds,
//! the time when there is room again, and the wire events. The transmitter makes the wire events
//! when the caller fetches them. No code has to run while a byte is on the wire.
//!
//! This file has its own ring, and does not use the crate `ringbuf`: a byte that has left the FIFO
//! must stay readable until its wire events have been fetched or dropped.

use crate::answers::MAX_TX_DEPTH;
use crate::spec::BYTE_TIME_NS;
use crate::timing::NEVER_NS;
use crate::wire::{Lane, Source, WIRE_LIMIT, WireEdge, WireEvent};
use alloc::boxed::Box;

/// Bytes in the ring: the fullest FIFO, and the sent bytes that [`WIRE_LIMIT`] events need.
const RING: usize = 1024;

const _: () = assert!(
    RING >= 2 * MAX_TX_DEPTH as usize && RING >= MAX_TX_DEPTH as usize + WIRE_LIMIT / 2,
    "a byte that is still asked for is not written over"
);

/// The bytes, and the times at which they end on the line. The index of each is its number modulo
/// [`RING`].
#[derive(Clone)]
struct Passages {
    ends_ns: [u64; RING],
    /// The low 8 bits are the byte. [`OWN`] is set for a byte of the unit's own output.
    bytes: [u16; RING],
}

/// The bit beside a byte in the ring: the unit made the byte by itself.
const OWN: u16 = 1 << 8;

/// The index in the ring of the byte with this number.
#[inline(always)]
fn place_of(number: u64) -> usize {
    (number % RING as u64) as usize
}

/// A byte that has left on MIDI OUT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SentByte {
    /// When its start bit began, in ns. The stop bit ended [`BYTE_TIME_NS`](crate::BYTE_TIME_NS)
    /// later.
    pub start_ns: u64,
    /// The byte.
    pub byte: u8,
}

/// Bytes on their way to MIDI OUT.
#[derive(Clone)]
pub(crate) struct Transmitter {
    // Configuration.
    /// The most bytes that the FIFO and the shifter hold together.
    limit: u64,
    /// How long before the end of a byte there is room for another byte, in ns.
    ahead_ns: u64,
    // State.
    /// The end, on the line, of the last byte that the unit has handed over so far.
    last_end_ns: u64,
    /// The number of bytes that the unit has handed over, without the bytes that were dropped or
    /// taken back.
    pushed: u64,
    /// The number of bytes whose two wire events have been fetched or dropped.
    fetched: u64,
    /// The number of bytes whose start event has been fetched or dropped. The number is valid only
    /// while it is larger than `fetched`.
    starts_fetched: u64,
    passages: Box<Passages>,
    /// Bytes dropped before their start.
    cleared: u64,
    /// Bytes of the unit's own output.
    generated: u64,
    /// Bytes that [`skip`](Self::skip) has counted, and that were never made.
    skipped: u64,
    dropped_events: u64,
}

impl Transmitter {
    /// An idle transmitter that holds up to `limit` bytes, from 1 to [`MAX_TX_DEPTH`]. It takes the
    /// next byte `ahead_ns` before the end of the byte that makes room.
    pub(crate) fn new(limit: usize, ahead_ns: u64) -> Self {
        Self {
            limit: limit as u64,
            ahead_ns,
            last_end_ns: 0,
            pushed: 0,
            fetched: 0,
            starts_fetched: 0,
            passages: Box::new(Passages { ends_ns: [0; RING], bytes: [0; RING] }),
            cleared: 0,
            generated: 0,
            skipped: 0,
            dropped_events: 0,
        }
    }

    /// Takes a byte that may start at `ready_ns`. The caller knows that there is room for it.
    /// Gives the time at which an earlier byte ends and so makes room for one more.
    #[inline]
    pub(crate) fn push(&mut self, byte: u8, ready_ns: u64) -> u64 {
        // Measured: with a branch instead of a selection a byte takes one instruction more.
        let is_ready = ready_ns >= self.last_end_ns;
        let start_ns = core::hint::select_unpredictable(is_ready, ready_ns, self.last_end_ns);
        self.push_at(byte, start_ns)
    }

    /// Takes a byte as [`push`](Self::push) does, for a caller that knows when the byte starts.
    #[inline]
    pub(crate) fn push_at(&mut self, byte: u8, start_ns: u64) -> u64 {
        let passages = &mut *self.passages;
        let end_ns = start_ns + BYTE_TIME_NS;
        let place = place_of(self.pushed);
        passages.ends_ns[place] = end_ns;
        passages.bytes[place] = u16::from(byte);
        self.last_end_ns = end_ns;
        self.pushed += 1;
        passages.ends_ns[place_of(self.pushed.wrapping_sub(self.limit))]
    }

    /// Takes back the last byte, which has not started, and returns it.
    pub(crate) fn retract(&mut self) -> u8 {
        let byte = self.byte(self.pushed.saturating_sub(1));
        self.pushed = self.pushed.saturating_sub(1);
        self.settle_last_end();
        byte
    }

    /// Takes a byte of the unit's own output.
    pub(crate) fn generate(&mut self, byte: u8, ready_ns: u64) {
        self.generated += 1;
        let place = place_of(self.pushed);
        self.push(byte, ready_ns);
        self.passages.bytes[place] |= OWN;
    }

    /// The number of bytes of the unit's own output.
    pub(crate) fn generated(&self) -> u64 {
        self.generated.saturating_add(self.skipped)
    }

    /// The number of bytes of the host that the unit has handed over.
    pub(crate) fn accepted(&self) -> u64 {
        (self.pushed + self.cleared).saturating_sub(self.generated)
    }

    /// The earliest time at which the next byte can start.
    #[inline]
    pub(crate) fn free_ns(&self) -> u64 {
        self.last_end_ns
    }

    /// Whether the transmitter can take no more bytes.
    #[inline]
    pub(crate) fn is_full(&self, now_ns: u64) -> bool {
        now_ns < self.room_ns()
    }

    /// When there is room for one more byte: at the end of the byte that lies `limit` bytes back,
    /// or a little before the end. If there is room already, the result is a time in the past,
    /// or 0.
    ///
    /// As long as fewer than `limit` bytes were pushed, this reads an unused place of the ring.
    #[inline]
    pub(crate) fn room_ns(&self) -> u64 {
        self.end_ns(self.pushed.wrapping_sub(self.limit)).saturating_sub(self.ahead_ns)
    }

    /// The first time, from `from_ns` on, at which there is room for one more byte.
    #[inline]
    pub(crate) fn room_from_ns(&self, from_ns: u64) -> u64 {
        let end_ns = self.end_ns(self.pushed.wrapping_sub(self.limit));
        // An unused place has the end 0, so the difference may be negative. No time reaches 2^63.
        let room_ns = end_ns.cast_signed() - self.ahead_ns.cast_signed();
        room_ns.max(from_ns.cast_signed()).cast_unsigned()
    }

    /// The number of bytes that the unit has handed over so far, without the bytes that were
    /// dropped or taken back.
    #[inline]
    pub(crate) fn pushed(&self) -> u64 {
        self.pushed
    }

    /// The number that `pushed` can reach before the transmitter may be full, if no byte leaves.
    pub(crate) fn brim(&self, now_ns: u64) -> u64 {
        self.first_held(now_ns) + self.limit
    }

    /// When there is room for this many bytes at once. If the transmitter never has so much room,
    /// the result is the time when all bytes have left. If there is room already, the result is a
    /// time in the past, or 0.
    pub(crate) fn room_for_ns(&self, bytes: u64) -> u64 {
        let may_wait = self.limit.saturating_sub(bytes);
        self.end_ns(self.pushed.wrapping_sub(may_wait + 1))
    }

    /// The number of bytes that have not left completely.
    pub(crate) fn held(&self, now_ns: u64) -> usize {
        (self.pushed - self.first_held(now_ns)) as usize
    }

    /// The number of bytes that have left.
    pub(crate) fn sent(&self, now_ns: u64) -> u64 {
        self.skipped.saturating_add(self.first_held(now_ns))
    }

    /// The byte that is on the line or comes next, and the time at which it ends; `None` if there
    /// is no byte. The last `unready` bytes do not count.
    pub(crate) fn next_passage(&self, now_ns: u64, unready: u64) -> Option<(u8, u64)> {
        let number = self.first_held(now_ns);
        let is_there = number < self.pushed.saturating_sub(unready);
        is_there.then(|| (self.byte(number), self.end_ns(number)))
    }

    /// When the byte that is on the line ends; a time in the past, or 0, if the line is idle.
    pub(crate) fn wire_free_ns(&self, now_ns: u64) -> u64 {
        match self.next_passage(now_ns, 0) {
            Some((_, end_ns)) if end_ns - BYTE_TIME_NS <= now_ns => end_ns,
            _ => 0,
        }
    }

    /// The last byte that the unit handed over; 0 before the first one.
    pub(crate) fn last_byte(&self) -> u8 {
        self.pushed.checked_sub(1).map_or(0, |last| self.byte(last))
    }

    /// When the line changes next; [`NEVER_NS`] for never.
    #[inline]
    pub(crate) fn next_edge_ns(&self, now_ns: u64) -> u64 {
        if now_ns >= self.last_end_ns {
            return NEVER_NS;
        }
        let end_ns = self.end_ns(self.first_held(now_ns));
        let start_ns = end_ns - BYTE_TIME_NS;
        if start_ns > now_ns { start_ns } else { end_ns }
    }

    /// Fetches the oldest byte that has left and was not fetched. Its wire events then count as
    /// fetched too.
    #[inline]
    pub(crate) fn pop_sent(&mut self, now_ns: u64) -> Option<SentByte> {
        if !self.has_unfetched(now_ns) {
            return None;
        }
        let place = place_of(self.fetched);
        let end_ns = self.passages.ends_ns[place];
        if now_ns < end_ns {
            return None;
        }
        self.fetched += 1;
        Some(SentByte { start_ns: end_ns - BYTE_TIME_NS, byte: self.passages.bytes[place] as u8 })
    }

    /// Whether there are bytes that were not fetched. Drops the oldest events if there are too
    /// many.
    #[inline(always)]
    fn has_unfetched(&mut self, now_ns: u64) -> bool {
        let unfetched = self.pushed - self.fetched;
        if unfetched == 0 {
            return false;
        }
        if unfetched > WIRE_LIMIT as u64 / 2 {
            self.trim_events(now_ns);
        }
        true
    }

    /// The oldest wire event that was not fetched, if its time has come.
    #[inline]
    pub(crate) fn first_event(&mut self, now_ns: u64) -> Option<WireEvent> {
        if !self.has_unfetched(now_ns) {
            return None;
        }
        let (end_ns, byte) = (self.end_ns(self.fetched), self.byte(self.fetched));
        let (time_ns, edge) = if self.starts_fetched > self.fetched {
            (end_ns, WireEdge::End)
        } else {
            (end_ns - BYTE_TIME_NS, WireEdge::Start)
        };
        let source = self.source(self.fetched);
        (time_ns <= now_ns).then_some(WireEvent { time_ns, byte, lane: Lane::Out, edge, source })
    }

    /// Fetches the event that [`first_event`](Self::first_event) shows.
    #[inline]
    pub(crate) fn fetch_event(&mut self) {
        if self.starts_fetched > self.fetched {
            self.fetched += 1;
        } else {
            self.starts_fetched = self.fetched + 1;
        }
    }

    /// The number of wire events that the caller did not fetch in time, or that were never made.
    pub(crate) fn dropped_events(&self, now_ns: u64) -> u64 {
        self.dropped_events.saturating_add(self.surplus_events(now_ns))
    }

    /// Drops the bytes that have not started, and returns how many there were.
    pub(crate) fn clear(&mut self, now_ns: u64) -> u64 {
        self.trim_events(now_ns);
        let before = self.pushed;
        while self.pushed > self.fetched
            && self.end_ns(self.pushed - 1).saturating_sub(BYTE_TIME_NS) > now_ns
        {
            self.pushed -= 1;
        }
        let dropped = before - self.pushed;
        self.cleared += dropped;
        if dropped > 0 {
            self.settle_last_end();
        }
        dropped
    }

    /// Counts bytes that need not be made, because their events would be dropped.
    pub(crate) fn skip(&mut self, bytes: u64) {
        self.skipped = self.skipped.saturating_add(bytes);
        self.dropped_events = self.dropped_events.saturating_add(bytes.saturating_mul(2));
    }

    /// The number of the first byte that has not left completely.
    ///
    /// A busy line carries one byte per byte time. So the transmitter holds no more bytes than
    /// there are byte times until the last byte ends. When the line pauses for a byte that is not
    /// ready, the transmitter holds fewer bytes.
    #[inline]
    fn first_held(&self, now_ns: u64) -> u64 {
        let left_ns = self.last_end_ns.saturating_sub(now_ns);
        let most = left_ns.div_ceil(BYTE_TIME_NS).min(RING as u64);
        let mut number = self.pushed.saturating_sub(most);
        while number < self.pushed && self.end_ns(number) <= now_ns {
            number += 1;
        }
        number
    }

    /// Drops the oldest events beyond the limit.
    #[cold]
    fn trim_events(&mut self, now_ns: u64) {
        let surplus = self.surplus_events(now_ns);
        self.dropped_events += surplus;
        let fetched_events = self.fetched_events() + surplus;
        self.fetched = fetched_events / 2;
        self.starts_fetched = fetched_events.div_ceil(2);
    }

    fn surplus_events(&self, now_ns: u64) -> u64 {
        let first_held = self.first_held(now_ns);
        let started = first_held < self.pushed && self.end_ns(first_held) - BYTE_TIME_NS <= now_ns;
        let past = first_held * 2 + u64::from(started);
        past.saturating_sub(self.fetched_events()).saturating_sub(WIRE_LIMIT as u64)
    }

    fn fetched_events(&self) -> u64 {
        self.fetched * 2 + u64::from(self.starts_fetched > self.fetched)
    }

    #[inline]
    fn end_ns(&self, number: u64) -> u64 {
        self.passages.ends_ns[place_of(number)]
    }

    #[inline]
    fn byte(&self, number: u64) -> u8 {
        self.passages.bytes[place_of(number)] as u8
    }

    #[inline]
    fn source(&self, number: u64) -> Source {
        match self.passages.bytes[place_of(number)] & OWN {
            0 => Source::Host,
            _ => Source::Unit,
        }
    }

    fn settle_last_end(&mut self) {
        self.last_end_ns = self.pushed.checked_sub(1).map_or(0, |last| self.end_ns(last));
    }
}
