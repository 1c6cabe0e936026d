//! The MIDI IN cable: bytes on their way to the unit, and their wire events.
//!
//! This file does not know what becomes of a byte that has arrived.

use crate::ring::Ring;
use crate::spec::BYTE_TIME_NS;
use crate::timing::NEVER_NS;
use crate::wire::{Lane, Source, WireEdge, WireEvent, WireLog};
use ringbuf::storage::Heap;

/// The most bytes that can wait for the MIDI IN cable. A further byte is refused and counted.
pub const MIDI_IN_LIMIT: usize = 4096;

/// A byte that was given to MIDI IN.
#[derive(Clone, Copy)]
struct CableByte {
    start_ns: u64,
    byte: u8,
}

/// The MIDI IN cable: the byte on the cable, and the bytes that come later, with or without gaps.
#[derive(Clone)]
pub(crate) struct Cable {
    /// When the next byte on the line starts or ends; [`NEVER_NS`] if the line stays idle.
    due_ns: u64,
    /// When the last byte given so far ends.
    taken_until_ns: u64,
    arriving: Option<u8>,
    queue: Ring<Heap<CableByte>>,
    waiting: usize,
    refused: u64,
    wire: WireLog,
}

impl Cable {
    /// An idle cable.
    pub(crate) fn new() -> Self {
        Self {
            due_ns: NEVER_NS,
            taken_until_ns: 0,
            arriving: None,
            queue: Ring::with_capacity(MIDI_IN_LIMIT),
            waiting: 0,
            refused: 0,
            wire: WireLog::default(),
        }
    }

    /// When the line changes next; [`NEVER_NS`] if the line does not change.
    pub(crate) fn due_ns(&self) -> u64 {
        self.due_ns
    }

    /// The number of bytes that the caller has given and that have not arrived completely.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The byte that is on the line, and the time at which its stop bit ends.
    pub(crate) fn arriving(&self) -> Option<(u8, u64)> {
        self.arriving.map(|byte| (byte, self.due_ns))
    }

    /// The number of bytes refused so far.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    /// The oldest wire event that the caller has not fetched.
    #[inline]
    pub(crate) fn first_event(&mut self) -> Option<WireEvent> {
        self.wire.first()
    }

    /// Fetches the oldest wire event.
    pub(crate) fn pop_event(&mut self) -> Option<WireEvent> {
        self.wire.pop()
    }

    /// The number of wire events that the caller did not fetch in time.
    pub(crate) fn dropped_events(&self) -> u64 {
        self.wire.dropped()
    }

    /// Queues a byte. The start bit of the byte begins at `start_ns`. If the byte before is still
    /// on the line then, the start bit begins when that byte has ended.
    pub(crate) fn push(&mut self, start_ns: u64, byte: u8) {
        let start_ns = start_ns.max(self.taken_until_ns);
        if self.queue.try_push(CableByte { start_ns, byte }).is_err() {
            self.refused += 1;
            return;
        }
        self.waiting += 1;
        self.taken_until_ns = start_ns.saturating_add(BYTE_TIME_NS);
        if self.waiting == 1 {
            self.due_ns = start_ns;
        }
    }

    /// Makes the change of the line that is due at `time_ns`, and returns the byte that has
    /// arrived.
    pub(crate) fn run(&mut self, time_ns: u64) -> Option<u8> {
        let arrived = self.arriving.take();
        if let Some(byte) = arrived {
            self.wire.push(in_event(time_ns, byte, WireEdge::End));
            self.waiting -= 1;
            match self.queue.first() {
                None => {
                    self.due_ns = NEVER_NS;
                    return arrived;
                }
                Some(next) if next.start_ns > time_ns => {
                    self.due_ns = next.start_ns;
                    return arrived;
                }
                Some(_) => {}
            }
        }
        if let Some(next) = self.queue.try_pop() {
            self.wire.push(in_event(time_ns, next.byte, WireEdge::Start));
            self.arriving = Some(next.byte);
            self.due_ns = time_ns.saturating_add(BYTE_TIME_NS);
        }
        arrived
    }
}

fn in_event(time_ns: u64, byte: u8, edge: WireEdge) -> WireEvent {
    WireEvent { time_ns, byte, lane: Lane::In, edge, source: Source::Cable }
}
