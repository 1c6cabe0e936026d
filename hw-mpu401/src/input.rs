//! The receive FIFO: bytes that wait to be fetched for the host.
//!
//! The bytes come from MIDI IN. On a card with a FIFO at its host port, some replies of the card
//! are entries of the same FIFO. This file does not know which replies these are.

use crate::answers::MAX_RX_DEPTH;
use crate::latches::Incoming;
use crate::reply::ReplyKind;
use crate::ring::Ring;
use crate::timing::Timing;
use alloc::boxed::Box;
use ringbuf::storage::Array;
use ringbuf::traits::Observer;

/// An entry of the FIFO.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) byte: u8,
    /// The kind of the reply; `None` for a byte from MIDI IN, or for a byte that the sequencer
    /// inserted among these.
    pub(crate) reply: Option<ReplyKind>,
}

impl Entry {
    /// A byte from MIDI IN.
    pub(crate) const fn midi(byte: u8) -> Self {
        Self { byte, reply: None }
    }

    /// 1 for a byte from MIDI IN, 0 for a reply.
    pub(crate) fn midi_bytes(self) -> usize {
        usize::from(self.reply.is_none())
    }
}

/// The FIFO.
#[derive(Clone)]
pub(crate) struct Input {
    entries: Box<Ring<Array<Entry, { MAX_RX_DEPTH as usize }>>>,
    /// How many of the entries are bytes from MIDI IN.
    midi_bytes: usize,
    /// When the card last heard a byte on MIDI IN, even if that byte was lost.
    heard_ns: u64,
}

impl Input {
    /// An empty FIFO.
    pub(crate) fn new() -> Self {
        Self { entries: Box::default(), midi_bytes: 0, heard_ns: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.occupied_len()
    }

    /// How many of the entries are bytes from MIDI IN.
    pub(crate) fn midi_bytes(&self) -> usize {
        self.midi_bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many more entries the FIFO can take.
    pub(crate) fn room(&self) -> usize {
        self.entries.vacant_len()
    }

    /// Notes that a byte arrives now.
    pub(crate) fn hear(&mut self, now_ns: u64) {
        self.heard_ns = now_ns;
    }

    /// Keeps an entry, or returns it when there is no room.
    pub(crate) fn push(&mut self, entry: Entry) -> Result<(), Entry> {
        self.entries.try_push(entry)?;
        self.midi_bytes += entry.midi_bytes();
        Ok(())
    }

    /// Takes the oldest entry out.
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.try_pop()?;
        self.midi_bytes -= entry.midi_bytes();
        Some(entry)
    }

    /// Fetches the oldest entry. A reply is ready at once. A MIDI IN byte is ready a little later.
    /// A MIDI IN byte that had to wait in the FIFO has a latency of its own.
    pub(crate) fn fetch(&mut self, now_ns: u64, timing: &Timing<u64>) -> Option<Incoming> {
        let has_waited = self.heard_ns < now_ns || self.len() > 1;
        let entry = self.pop()?;
        let latency_ns = match entry.reply {
            Some(_) => 0,
            None if has_waited => timing.rx_queued_to_dsr_ns,
            None => timing.rx_to_dsr_ns,
        };
        Some(Incoming { entry, ready_ns: now_ns.saturating_add(latency_ns) })
    }

    /// Drops the bytes from MIDI IN; the replies stay, in their order.
    pub(crate) fn clear_midi(&mut self) {
        for _ in 0..self.len() {
            if let Some(reply) = self.pop().filter(|entry| entry.reply.is_some()) {
                // There is room for an entry that was just taken out.
                let _ = self.push(reply);
            }
        }
    }
}
