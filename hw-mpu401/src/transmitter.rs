//! The way out: the output FIFO, the shifter, and MIDI OUT.

use crate::profile::{MAX_TX_DEPTH, NEVER_NS};
use crate::spec::BYTE_TIME_NS;
use crate::wire::{Lane, WireEdge, WireEvent, WireLog};
use alloc::boxed::Box;
use ringbuf::{LocalRb, storage::Array};

/// Bytes on their way to MIDI OUT.
#[derive(Default)]
pub(crate) struct Transmitter {
    /// When the line changes next: a byte ends, or the next one starts; [`NEVER_NS`] if idle.
    due_ns: u64,
    /// From when on the newest byte may start. Older ones may at once, for a unit takes bytes
    /// further apart than it needs to start one.
    newest_ready_ns: u64,
    /// Bytes in the FIFO and the shifter.
    held: usize,
    sent: u64,
    shifting: Option<u8>,
    fifo: Box<LocalRb<Array<u8, { MAX_TX_DEPTH as usize }>>>,
}

impl Transmitter {
    /// An idle transmitter.
    pub(crate) fn new() -> Self {
        Self { due_ns: NEVER_NS, ..Self::default() }
    }

    /// When the line changes next, [`NEVER_NS`] if it does not.
    pub(crate) fn due_ns(&self) -> u64 {
        self.due_ns
    }

    /// Bytes that have not left whole.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Bytes that have left.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Counts bytes that were known to leave before they could be made.
    pub(crate) fn skip(&mut self, bytes: u64) {
        self.sent = self.sent.saturating_add(bytes);
    }

    /// Takes a byte that may start at `ready_ns`, or hands it back when there is no room.
    pub(crate) fn push(&mut self, byte: u8, ready_ns: u64) -> Result<(), u8> {
        self.fifo.try_push(byte)?;
        self.held += 1;
        self.newest_ready_ns = ready_ns;
        if self.held == 1 {
            self.due_ns = ready_ns;
        }
        Ok(())
    }

    /// Throws away what has not started and says how many bytes that was.
    pub(crate) fn clear(&mut self) -> usize {
        let dropped = self.fifo.clear();
        self.held -= dropped;
        if self.shifting.is_none() {
            self.due_ns = NEVER_NS;
        }
        dropped
    }

    /// Lets the line change as it is due at `time_ns`.
    pub(crate) fn run(&mut self, time_ns: u64, wire: &mut WireLog) {
        if let Some(byte) = self.shifting.take() {
            wire.push(out_event(time_ns, byte, WireEdge::End));
            self.sent += 1;
            self.held -= 1;
            if self.held == 0 {
                self.due_ns = NEVER_NS;
                return;
            }
            if self.held == 1 && self.newest_ready_ns > time_ns {
                self.due_ns = self.newest_ready_ns;
                return;
            }
        }
        if let Some(byte) = self.fifo.try_pop() {
            wire.push(out_event(time_ns, byte, WireEdge::Start));
            self.shifting = Some(byte);
            self.due_ns = time_ns.saturating_add(BYTE_TIME_NS);
        }
    }
}

fn out_event(time_ns: u64, byte: u8, edge: WireEdge) -> WireEvent {
    WireEvent { time_ns, byte, lane: Lane::Out, edge }
}
