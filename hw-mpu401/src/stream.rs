//! The plain stream of MIDI bytes to the output, and nothing else going on.
//!
//! Nearly every access of a driver in UART mode belongs to it, so it has a way of its own, which
//! costs one byte a few compares and stores. What a written byte will do is known at once: when
//! the unit takes it, when it starts on the line, and when there is room for the next one. So it
//! goes to the transmitter as it is written, and DRR is a compare with the time. Whatever else
//! happens leaves the stream first; a byte that has not been taken by then goes back into the
//! latch.
//!
//! While the stream is open, two times stand still: when the unit is free, and when the latch was
//! written. Both follow from when the last byte is taken.

use crate::answers::HostPort;
use crate::latches::Inbox;
use crate::note::Note;
use crate::parts::Parts;
use crate::spec::Mode;
use crate::unit::Turn;

/// The stream, as far as it is not in the latches: from when on it is open is there.
#[derive(Clone)]
pub(crate) struct Stream {
    /// The number of the first byte of the stream.
    first: u64,
    /// The number of the byte from which on the output may be full.
    brim: u64,
    /// When the byte before the last one was taken.
    taken_before_ns: u64,
}

/// Whether the stream goes on as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    GoesOn,
    /// The output may be full when the next byte comes.
    AtBrim,
}

impl Stream {
    /// No byte has streamed.
    pub(crate) const NEW: Self = Self { first: 0, brim: 0, taken_before_ns: 0 };

    /// Opens the stream if a written byte may stream as things stand: in UART mode, with room for
    /// output, and no input, no reply and no byte in the latch. Times that vary are drawn byte by
    /// byte, which the stream is not.
    pub(crate) fn open(&mut self, parts: &mut Parts) {
        parts.latches.close();
        let is_plain = parts.unit.mode() == Mode::Uart
            && parts.latches.inbox() == Inbox::Empty
            && parts.is_quiet()
            && !parts.unit.times_vary()
            && !parts.loses_data();
        if !is_plain {
            return;
        }
        let Some(taken_ns) = parts.unit.last_taken_ns() else {
            return;
        };
        let is_busy = parts.now_ns() < taken_ns;
        let timing = parts.unit.timing();
        let takes_at_once = timing.tx_accept_ns + timing.drr_clear_uart_ns == 0;
        self.first = parts.transmitter.pushed();
        match parts.rules.host_port {
            HostPort::Mailbox if !is_busy && !parts.output_is_full() => {
                self.brim = parts.transmitter.brim(parts.now_ns());
                parts.latches.open_from(taken_ns);
            }
            HostPort::Fifo if !is_busy && takes_at_once => {
                parts.latches.open_from(parts.transmitter.room_ns());
            }
            HostPort::Mailbox | HostPort::Fifo => {}
        }
    }

    /// A write to DATA while the stream is open and its latch empty.
    #[inline(always)]
    pub(crate) fn write(&mut self, parts: &mut Parts, byte: u8) -> Course {
        parts.latches.remark(Note::Data);
        match parts.rules.host_port {
            HostPort::Mailbox => self.write_latch(parts, byte),
            HostPort::Fifo => {
                let ready_ns = parts.now_ns() + parts.unit.timing().tx_start_ns;
                let room_ns = parts.transmitter.push(byte, ready_ns);
                parts.latches.open_from(room_ns);
                Course::GoesOn
            }
        }
    }

    #[inline(always)]
    fn write_latch(&mut self, parts: &mut Parts, byte: u8) -> Course {
        let timing = parts.unit.timing();
        let seen_ns = parts.now_ns() + timing.drr_clear_uart_ns;
        let taken_before_ns = parts.latches.open_from_ns();
        let taken_ns = seen_ns.max(taken_before_ns + timing.tx_accept_ns);
        self.taken_before_ns = taken_before_ns;
        parts.latches.open_from(taken_ns);
        parts.transmitter.push(byte, taken_ns + parts.unit.timing().tx_start_ns);
        match parts.transmitter.pushed() >= self.brim {
            true => Course::AtBrim,
            false => Course::GoesOn,
        }
    }

    /// Looks again how far the stream may go, and whether it has come there.
    pub(crate) fn find_brim(&mut self, parts: &Parts) -> Course {
        self.brim = parts.transmitter.brim(parts.now_ns());
        match parts.transmitter.pushed() >= self.brim {
            true => Course::AtBrim,
            false => Course::GoesOn,
        }
    }

    /// Whether a byte of the stream is still in the latch.
    pub(crate) fn holds_byte(&self, parts: &Parts) -> bool {
        parts.rules.host_port == HostPort::Mailbox
            && parts.latches.is_open()
            && parts.now_ns() < parts.latches.open_from_ns()
    }

    /// When the unit is back in its main loop, as far as the stream knows better than it.
    pub(crate) fn unit_free_ns(&self, parts: &Parts) -> u64 {
        let accept_ns = parts.unit.timing().tx_accept_ns;
        match (parts.rules.host_port, self.holds_byte(parts)) {
            (HostPort::Mailbox, true) => self.taken_before_ns + accept_ns,
            (HostPort::Mailbox, false) if parts.latches.is_open() => {
                parts.latches.open_from_ns() + accept_ns
            }
            (HostPort::Mailbox | HostPort::Fifo, _) => parts.unit.free_ns(),
        }
    }

    /// Ends the stream as it stands before this time: a byte that has not been taken is in the
    /// latch again.
    pub(crate) fn leave_before(&mut self, parts: &mut Parts, time_ns: u64) {
        let Some(taken_ns) = parts.latches.close() else {
            return;
        };
        let has_streamed = parts.transmitter.pushed() > self.first;
        if parts.rules.host_port == HostPort::Mailbox {
            parts.unit.has_taken(taken_ns);
            if has_streamed && time_ns <= taken_ns {
                self.put_back(parts, taken_ns);
            }
        }
        if parts.transmitter.pushed() > self.first {
            parts.unit.set_turn(Turn::Input);
        }
    }

    /// Puts the last byte back into the latch. If the unit was busy when the byte was written,
    /// it is taken when that is over, so any earlier time will do for when it was seen.
    fn put_back(&self, parts: &mut Parts, taken_ns: u64) {
        let byte = parts.transmitter.retract();
        parts.latches.put_back(byte, taken_ns - parts.unit.timing().drr_clear_uart_ns);
        parts.unit.has_taken(self.taken_before_ns);
        parts.counters.data_writes += 1;
    }
}
