//! MIDI IN bytes from the moment they have arrived until the host can read them.

use crate::chip::{Mpu401, Turn};
use crate::host_port::{Incoming, Outbox};
use crate::profile::{HostPort, Overrun, RxWhileBusy};
use crate::spec::Mode;
use ringbuf::traits::Observer;

impl Mpu401 {
    /// Input bytes that the host has not read, wherever they are.
    pub(crate) fn input_held(&self) -> usize {
        usize::from(self.hot.outbox == Outbox::Midi)
            + usize::from(self.displaced.is_some())
            + usize::from(self.incoming.is_some())
            + self.input.occupied_len()
    }

    /// Input bytes that have arrived and that the host has not read, those included that still wait
    /// for the rest of their message.
    pub(crate) fn input_waiting(&self) -> usize {
        self.input_held() + self.sequencer.held()
    }

    /// A byte has arrived on MIDI IN.
    ///
    /// In intelligent mode the sequencer listens. Assumed: on a card without one nobody does.
    pub(crate) fn hear(&mut self, byte: u8) {
        self.counters.received += 1;
        self.heard_ns = self.hot.now_ns;
        if self.runs_sequencer() {
            self.listen(byte);
            return;
        }
        if self.hot.mode == Mode::Intelligent {
            self.counters.unheard += 1;
            return;
        }
        let is_busy = self.hot.now_ns < self.uart_from_ns;
        if is_busy && self.unit.rx_while_busy == RxWhileBusy::Lost {
            self.counters.lost_in_busy += 1;
            return;
        }
        if self.input_held() >= self.unit.rx_limit {
            self.counters.rx_overrun += 1;
            match self.unit.rx_overrun {
                Overrun::DropNew => return,
                Overrun::DropOld => self.drop_oldest_input(),
            }
        }
        if self.input.try_push(byte).is_err() {
            self.counters.rx_overrun += 1;
        }
    }

    fn drop_oldest_input(&mut self) {
        if self.hot.outbox == Outbox::Midi {
            self.hot.outbox = Outbox::Empty;
        } else if self.displaced.take().is_none() && self.incoming.take().is_none() {
            self.input.try_pop();
        }
    }

    /// Throws away what the host has not read, but for a byte already in a mailbox.
    pub(crate) fn clear_input(&mut self) {
        let mut cleared = self.input.clear();
        cleared += usize::from(self.displaced.take().is_some());
        cleared += usize::from(self.incoming.take().is_some());
        if self.rules.host_port == HostPort::Fifo && self.hot.outbox == Outbox::Midi {
            self.hot.outbox = Outbox::Empty;
            cleared += 1;
        }
        self.counters.input_cleared += cleared as u64;
        self.sequencer.forget_packets();
    }

    /// The unit fetches the next byte for the host.
    pub(crate) fn fetch(&mut self) {
        let has_waited = self.heard_ns < self.hot.now_ns || self.input.occupied_len() > 1;
        let latency_ns =
            if has_waited { self.timing.rx_queued_to_dsr_ns } else { self.timing.rx_to_dsr_ns };
        let ready_ns = self.hot.now_ns.saturating_add(latency_ns);
        self.incoming = self.input.try_pop().map(|byte| Incoming { byte, ready_ns });
        if self.runs_sequencer() {
            self.follow_packet();
        }
    }

    /// The unit puts the byte that it holds into the latch.
    pub(crate) fn give_input(&mut self) {
        let held = self.displaced.take().or(self.incoming.take().map(|incoming| incoming.byte));
        let Some(byte) = held else {
            return;
        };
        self.hot.outbox = Outbox::Midi;
        self.hot.outbox_byte = byte;
        self.hot.free_ns = self.hot.free_ns.max(self.hot.now_ns);
        self.turn = Turn::Host;
    }
}
