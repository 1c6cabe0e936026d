//! The input FIFO: MIDI IN bytes that wait to be fetched for the host.

use crate::answers::MAX_RX_DEPTH;
use crate::latches::Incoming;
use crate::ring::Ring;
use crate::timing::Timing;
use alloc::boxed::Box;
use ringbuf::storage::Array;
use ringbuf::traits::Observer;

/// The FIFO.
#[derive(Clone)]
pub(crate) struct Input {
    bytes: Box<Ring<Array<u8, { MAX_RX_DEPTH as usize }>>>,
    /// When the last byte arrived on MIDI IN, even if that byte was lost.
    heard_ns: u64,
}

impl Input {
    /// An empty FIFO.
    pub(crate) fn new() -> Self {
        Self { bytes: Box::default(), heard_ns: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.occupied_len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many more bytes the FIFO can take.
    pub(crate) fn room(&self) -> usize {
        self.bytes.vacant_len()
    }

    /// Notes that a byte arrives now.
    pub(crate) fn hear(&mut self, now_ns: u64) {
        self.heard_ns = now_ns;
    }

    /// Keeps a byte, or returns it when there is no room.
    pub(crate) fn push(&mut self, byte: u8) -> Result<(), u8> {
        self.bytes.try_push(byte)
    }

    /// Fetches the oldest byte. The byte is ready a little later. A byte that had to wait in the
    /// FIFO needs a little longer.
    pub(crate) fn fetch(&mut self, now_ns: u64, timing: &Timing<u64>) -> Option<Incoming> {
        let has_waited = self.heard_ns < now_ns || self.len() > 1;
        let latency_ns = if has_waited { timing.rx_queued_to_dsr_ns } else { timing.rx_to_dsr_ns };
        let ready_ns = now_ns.saturating_add(latency_ns);
        self.bytes.try_pop().map(|byte| Incoming { byte, ready_ns })
    }

    /// Drops the oldest byte.
    pub(crate) fn drop_oldest(&mut self) {
        self.bytes.try_pop();
    }

    /// Drops all bytes, and returns their number.
    pub(crate) fn clear(&mut self) -> usize {
        self.bytes.clear()
    }
}
