//! The two MIDI lines, as an observer with a probe sees the lines.
//!
//! An event of MIDI IN is queued when it happens. The events of MIDI OUT are made at a fetch, from
//! the bytes that the transmitter keeps. The caller fetches the events of both lines in the order
//! of time.

use crate::ring::Ring;
use alloc::boxed::Box;
use ringbuf::storage::Array;

/// The most wire events of one line that wait for [`pop_wire`](crate::Mpu401::pop_wire). A further
/// event drops the oldest event of that line, and the chip counts the drop.
pub const WIRE_LIMIT: usize = 1024;

/// A MIDI line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// MIDI OUT, from the unit.
    Out,
    /// MIDI IN, to the unit.
    In,
}

/// One of the two ends of a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WireEdge {
    /// The start bit begins.
    Start,
    /// The stop bit ends, [`BYTE_TIME_NS`](crate::BYTE_TIME_NS) later. On MIDI IN a byte at another
    /// speed and a break have a duration of their own.
    End,
}

/// Where a byte comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The host wrote the byte to DATA, and the unit passed the byte on.
    Host,
    /// The unit sent the byte by itself: after a reset, from a track, or from MIDI IN.
    Unit,
    /// The byte came in on MIDI IN.
    Cable,
}

/// A byte begins or ends on a MIDI line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WireEvent {
    /// When the byte begins or ends, in ns.
    pub time_ns: u64,
    /// The byte.
    pub byte: u8,
    /// The line of the byte.
    pub lane: Lane,
    /// Which end of the byte this is.
    pub edge: WireEdge,
    /// Where the byte comes from.
    pub source: Source,
}

/// The events of MIDI IN that the caller has not fetched yet.
#[derive(Clone, Default)]
pub(crate) struct WireLog {
    events: Box<Ring<Array<WireEvent, WIRE_LIMIT>>>,
    dropped: u64,
}

impl WireLog {
    /// Queues an event, and drops the oldest event when the queue is full.
    pub(crate) fn push(&mut self, event: WireEvent) {
        if self.events.push_overwrite(event).is_some() {
            self.dropped += 1;
        }
    }

    /// The oldest event.
    #[inline]
    pub(crate) fn first(&mut self) -> Option<WireEvent> {
        self.events.first().copied()
    }

    /// Fetches the oldest event.
    pub(crate) fn pop(&mut self) -> Option<WireEvent> {
        self.events.try_pop()
    }

    /// Events dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}
