//! What goes to the host from MIDI IN: record, data in stop, system messages.
//!
//! The bytes wait in the input FIFO as packets. A packet is for example a timing byte with its
//! event, or a common message with its mark. The unit gives nothing else between the bytes of a
//! packet.

use super::Sequencer;
use super::track::{DATA_END, MEASURE_END, OVERFLOW_TICKS, TIMING_OVERFLOW};
use crate::answers::MAX_RX_DEPTH;
use crate::input::Entry;
use crate::parts::Parts;

/// The state of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordState {
    Off,
    /// Record begins with the first event.
    Standby,
    On,
}

/// The counter and the state of record.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) state: RecordState,
    /// Ticks since this counter was last set to 0, as at each event. The counter overflows at 240.
    /// The unit counts the ticks even when record is off.
    pub(super) ticks: u64,
    /// Whether the first tick after the start of record has not come yet. That tick does not count:
    /// it is tick 0.
    pub(super) starts: bool,
    /// The status byte of the last channel message for the host; 0 for none.
    pub(super) last_status: u8,
}

impl Record {
    pub(super) const fn new() -> Self {
        Self { state: RecordState::Off, ticks: 0, starts: false, last_status: 0 }
    }

    pub(super) fn is_on(&self) -> bool {
        self.state == RecordState::On
    }

    /// Ticks until the counter overflows.
    pub(super) fn ticks_left(&self) -> u64 {
        u64::from(OVERFLOW_TICKS).saturating_sub(self.ticks)
    }

    /// Lets ticks pass. When record is off, the counter overflows without a message to the host.
    pub(super) fn pass(&mut self, ticks: u64) {
        let first = u64::from(ticks > 0 && core::mem::take(&mut self.starts));
        self.ticks = self.ticks.saturating_add(ticks - first);
        if !self.is_on() {
            self.ticks %= u64::from(OVERFLOW_TICKS);
        }
    }

    /// Lets ticks pass while the unit cannot tell the host of an overflow of the counter.
    pub(super) fn leave_out(&mut self, ticks: u64) {
        self.ticks = self.ticks.saturating_add(ticks) % u64::from(OVERFLOW_TICKS);
    }

    /// Returns the counter, at most 239, and sets it to 0. The value is for a timing byte or the
    /// answer to AB.
    pub(super) fn take_ticks(&mut self) -> u8 {
        let ticks = self.ticks.min(u64::from(OVERFLOW_TICKS - 1)) as u8;
        self.ticks = 0;
        ticks
    }
}

const END_WORDS: usize = MAX_RX_DEPTH as usize / 64;

/// For each byte in the input FIFO, whether it ends a packet.
#[derive(Clone)]
pub(super) struct PacketEnds {
    bits: [u64; END_WORDS],
    pushed: usize,
    popped: usize,
}

impl PacketEnds {
    /// The packets of a FIFO that holds `held` bytes. Each byte is a packet.
    pub(super) const fn new(held: usize) -> Self {
        Self { bits: [u64::MAX; END_WORDS], pushed: held, popped: 0 }
    }

    fn push(&mut self, ends: bool) {
        let bit = 1_u64 << (self.pushed % 64);
        if let Some(word) = self.bits.get_mut(self.pushed / 64 % END_WORDS) {
            *word = if ends { *word | bit } else { *word & !bit };
        }
        self.pushed = self.pushed.wrapping_add(1);
    }

    pub(super) fn pop(&mut self) -> bool {
        let word = self.bits.get(self.popped / 64 % END_WORDS).copied().unwrap_or(u64::MAX);
        let ends = word >> (self.popped % 64) & 1 != 0;
        self.popped = self.popped.wrapping_add(1);
        ends
    }
}

/// A packet for the host: bytes from MIDI IN, and bytes that the unit has added.
#[derive(Clone, Copy)]
pub(super) struct Packet<'a> {
    pub(super) bytes: &'a [u8],
    /// How many of the bytes came from MIDI IN.
    pub(super) came_in: usize,
}

impl Sequencer {
    /// Queues a packet for the host. A packet that does not fit is lost as a whole.
    pub(super) fn queue_packet(&mut self, parts: &mut Parts, packet: Packet<'_>) {
        let length = packet.bytes.len();
        let came_in = packet.came_in as u64;
        if !parts.has_input_room(length) || length > parts.input.room() {
            parts.counters.rx_overrun += came_in;
            return;
        }
        for (number, byte) in packet.bytes.iter().enumerate() {
            let _ = parts.input.push(Entry::midi(*byte));
            self.ends.push(number + 1 == length);
        }
        parts.counters.inserted += length as u64 - came_in;
    }

    /// Queues an F8 for the host in record, when 240 ticks have passed without an event.
    pub(super) fn mark_overflow(&mut self, parts: &mut Parts) {
        let record = &mut self.record;
        if record.is_on() && record.ticks_left() == 0 {
            record.ticks = 0;
            self.queue_packet(parts, Packet { bytes: &[TIMING_OVERFLOW], came_in: 0 });
        }
    }

    /// Marks the end of a measure: F9 after its timing byte.
    pub(super) fn mark_measure(&mut self, parts: &mut Parts) {
        self.mark(parts, MEASURE_END);
    }

    /// Marks the end of record, when a command stops it: FC after its timing byte.
    pub(super) fn mark_record_end(&mut self, parts: &mut Parts) {
        self.mark(parts, DATA_END);
    }

    fn mark(&mut self, parts: &mut Parts, mark: u8) {
        if parts.has_input_room(2) {
            let ticks = self.record.take_ticks();
            self.queue_packet(parts, Packet { bytes: &[ticks, mark], came_in: 0 });
        }
    }

    /// Forgets the packets, because the bytes that waited for the host were dropped.
    pub(crate) fn forget_packets(&mut self) {
        self.ends = PacketEnds::new(0);
        self.in_packet = false;
    }
}
