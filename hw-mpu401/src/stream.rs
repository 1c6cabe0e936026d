//! The plain stream of MIDI bytes to the output, and nothing else going on.
//!
//! Nearly every access of a driver in UART mode belongs to it, so it has a way of its own, which
//! costs one byte a few compares and stores. What a written byte will do is known at once: when
//! the unit takes it and when it starts on the line. So it goes to the transmitter as it is
//! written, and DRR is a compare with the time. Whatever else happens leaves the stream first; a
//! byte that has not been taken by then goes back into the latch.

use crate::chip::{Mpu401, Turn};
use crate::host_port::Inbox;
use crate::note::Note;
use crate::spec::Mode;
use crate::timing::NEVER_NS;

impl Mpu401 {
    /// Whether a written byte may stream: UART mode with room for output, and no input, no reply
    /// and no byte in the latch. Times that vary are drawn byte by byte, which the stream is not.
    pub(crate) fn may_stream(&self) -> bool {
        self.hot.mode == Mode::Uart
            && self.hot.inbox == Inbox::Empty
            && self.is_quiet()
            && !self.output_is_full()
            && self.draws.is_none()
    }

    /// Whether a byte of the stream is still in the latch.
    pub(crate) fn stream_holds_byte(&self) -> bool {
        self.hot.open_from_ns != NEVER_NS && self.hot.now_ns < self.hot.open_from_ns
    }

    /// A write to DATA while the stream is open and its latch empty.
    #[inline(always)]
    pub(crate) fn stream(&mut self, byte: u8) {
        let now_ns = self.hot.now_ns;
        let taken_ns = (now_ns + self.timing.drr_clear_uart_ns).max(self.hot.free_ns);
        self.hot.note = Note::Data;
        self.hot.inbox_written_ns = now_ns;
        self.hot.free_before_ns = self.hot.free_ns;
        self.hot.free_ns = taken_ns + self.timing.tx_accept_ns;
        self.hot.open_from_ns = taken_ns;
        self.transmitter.push(byte, taken_ns + self.timing.tx_start_ns);
        if self.transmitter.may_be_full(taken_ns) {
            self.leave_stream();
            self.settle();
        }
    }

    /// Ends the stream as things stand now: a byte that has not been taken is in the latch again.
    pub(crate) fn leave_stream(&mut self) {
        let taken_ns = core::mem::replace(&mut self.hot.open_from_ns, NEVER_NS);
        if taken_ns == NEVER_NS || taken_ns == 0 {
            return;
        }
        self.turn = Turn::Input;
        if self.hot.now_ns < taken_ns {
            self.hot.inbox = Inbox::Data;
            self.hot.inbox_byte = self.transmitter.retract();
            self.hot.free_ns = self.hot.free_before_ns;
            self.counters.data_writes += 1;
        }
    }
}
