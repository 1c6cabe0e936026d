//! The plain stream of MIDI bytes to the output, and nothing else going on.
//!
//! Nearly every access of a driver in UART mode belongs to it, so it has a way of its own, which
//! costs one byte a few compares and stores. What a written byte will do is known at once: when
//! the unit takes it, when it starts on the line, and when there is room for the next one. So it
//! goes to the transmitter as it is written, and DRR is a compare with the time. Whatever else
//! happens leaves the stream first; a byte that has not been taken by then goes back into the
//! latch.
//!
//! While the stream is open, `free_ns` and `inbox_written_ns` stand still: both follow from when
//! the last byte is taken.

use crate::chip::{Mpu401, Turn};
use crate::host_port::Inbox;
use crate::note::Note;
use crate::profile::HostPort;
use crate::spec::Mode;
use crate::timing::NEVER_NS;

/// The plain stream of MIDI bytes, as far as it is not in `Hot`.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    /// The number of the first byte of the stream.
    first: u64,
    /// The number of the byte from which on the output may be full.
    brim: u64,
    /// When the byte before the last one was taken.
    taken_before_ns: u64,
}

impl Stream {
    /// No byte has streamed.
    pub(crate) const NEW: Self = Self { first: 0, brim: 0, taken_before_ns: 0 };
}

impl Mpu401 {
    /// Opens the stream if a written byte may stream as things stand: in UART mode, with room for
    /// output, and no input, no reply and no byte in the latch. Times that vary are drawn byte by
    /// byte, which the stream is not.
    pub(crate) fn open_stream(&mut self) {
        self.hot.open_from_ns = NEVER_NS;
        let is_plain = self.hot.mode == Mode::Uart
            && self.hot.inbox == Inbox::Empty
            && self.is_quiet()
            && self.draws.is_none()
            && !self.loses_data();
        if !is_plain {
            return;
        }
        let accept_ns = self.timing.tx_accept_ns;
        // When a byte was taken last, or may have been.
        let Some(taken_ns) = self.hot.free_ns.checked_sub(accept_ns) else {
            return;
        };
        let is_busy = self.hot.now_ns < taken_ns;
        self.stream.first = self.transmitter.pushed();
        match self.rules.host_port {
            HostPort::Mailbox if !is_busy && !self.output_is_full() => {
                self.stream.brim = self.transmitter.brim(self.hot.now_ns);
                self.hot.open_from_ns = taken_ns;
            }
            HostPort::Fifo if !is_busy && accept_ns + self.timing.drr_clear_uart_ns == 0 => {
                self.hot.open_from_ns = self.transmitter.room_ns();
            }
            HostPort::Mailbox | HostPort::Fifo => {}
        }
    }

    /// A write to DATA while the stream is open and its latch empty.
    #[inline(always)]
    pub(crate) fn stream(&mut self, byte: u8) {
        self.hot.note = Note::Data;
        match self.rules.host_port {
            HostPort::Mailbox => self.stream_through_latch(byte),
            HostPort::Fifo => self.stream_into_fifo(byte),
        }
    }

    #[inline(always)]
    fn stream_through_latch(&mut self, byte: u8) {
        let seen_ns = self.hot.now_ns + self.timing.drr_clear_uart_ns;
        let taken_ns = seen_ns.max(self.hot.open_from_ns + self.timing.tx_accept_ns);
        self.stream.taken_before_ns = self.hot.open_from_ns;
        self.hot.open_from_ns = taken_ns;
        self.transmitter.push(byte, taken_ns + self.timing.tx_start_ns);
        if self.transmitter.pushed() >= self.stream.brim {
            self.reach_brim();
        }
    }

    #[inline(always)]
    fn stream_into_fifo(&mut self, byte: u8) {
        let ready_ns = self.hot.now_ns + self.timing.tx_start_ns;
        self.hot.open_from_ns = self.transmitter.push(byte, ready_ns);
    }

    /// The output may be full when the next byte comes.
    #[cold]
    #[inline(never)]
    fn reach_brim(&mut self) {
        self.stream.brim = self.transmitter.brim(self.hot.now_ns);
        if self.transmitter.pushed() >= self.stream.brim {
            self.leave_stream();
            self.settle();
        }
    }

    /// Whether a byte of the stream is still in the latch.
    pub(crate) fn stream_holds_byte(&self) -> bool {
        self.rules.host_port == HostPort::Mailbox
            && self.hot.open_from_ns != NEVER_NS
            && self.hot.now_ns < self.hot.open_from_ns
    }

    /// Ends the stream as it stands now: a byte that has not been taken is in the latch again.
    pub(crate) fn leave_stream(&mut self) {
        self.leave_stream_before(self.hot.now_ns + 1);
    }

    /// Ends the stream as it stands before this time.
    pub(crate) fn leave_stream_before(&mut self, time_ns: u64) {
        let taken_ns = core::mem::replace(&mut self.hot.open_from_ns, NEVER_NS);
        if taken_ns == NEVER_NS {
            return;
        }
        if self.rules.host_port == HostPort::Mailbox {
            self.hot.free_ns = taken_ns + self.timing.tx_accept_ns;
            if self.transmitter.pushed() > self.stream.first && time_ns <= taken_ns {
                self.put_back(taken_ns);
            }
        }
        if self.transmitter.pushed() > self.stream.first {
            self.turn = Turn::Input;
        }
    }

    /// Puts the last byte back into the latch. If the unit was busy when the byte was written,
    /// it is taken when that is over, so any earlier time will do for when it was seen.
    fn put_back(&mut self, taken_ns: u64) {
        self.hot.inbox = Inbox::Data;
        self.hot.inbox_byte = self.transmitter.retract();
        self.hot.inbox_written_ns = taken_ns - self.timing.drr_clear_uart_ns;
        self.hot.free_ns = self.stream.taken_before_ns + self.timing.tx_accept_ns;
        self.counters.data_writes += 1;
    }
}
