//! The stream: plain MIDI bytes to the output, and nothing else going on.
//!
//! Nearly every access of a driver in UART mode belongs to the stream. So the stream has its own
//! fast path, which costs a few compares and stores for a byte. At the write three times are known:
//! when the unit takes the byte, when the byte starts on the line, and when there is room for the
//! next byte. So the byte goes to the transmitter at the write. A read of STATUS only compares the
//! present time with the time from which the next byte can stream. Any event other than these
//! writes and reads first ends the stream. A byte that the unit has not taken before this event
//! goes back into the latch.
//!
//! Behind a mailbox, a unit whose output is full looks for room at a pace of its own, so the stream
//! ends when the output is full. Behind a bus chip the unit takes the byte a fixed time after there
//! is room, so the stream goes on when the output is full. A FIFO has no latch: the byte is in the
//! FIFO at the write.
//!
//! While the stream of a card with a latch is open, nobody updates two fields: the time when the
//! unit is free, and the time when the latch was written. When the stream ends, both fields are
//! calculated from the time at which the unit takes the last byte.

use crate::answers::HostPort;
use crate::latches::Inbox;
use crate::note::Note;
use crate::parts::Parts;
use crate::spec::Mode;
use crate::unit::Turn;

/// The part of the stream that is not in the latches. The latches have the time from which the
/// next byte can stream.
#[derive(Clone)]
pub(crate) struct Stream {
    /// The number of the first byte of the stream.
    first: u64,
    /// Behind a mailbox: the output may be full from the byte with this number on.
    brim: u64,
    /// Behind a mailbox: when the unit took the byte before the last byte. On any other card a unit
    /// that streams is free as soon as it has taken a byte, and the stream does not follow this
    /// time.
    taken_before_ns: u64,
}

/// Whether the stream goes on unchanged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    GoesOn,
    /// The output may be full when the next byte comes.
    AtBrim,
}

impl Stream {
    /// A stream before its first byte.
    pub(crate) const NEW: Self = Self { first: 0, brim: 0, taken_before_ns: 0 };

    /// Opens the stream if a written byte can stream in the present state: in UART mode, with no
    /// byte of the host in the latch, and with no byte on its way to the host.
    ///
    /// A chip with varying latencies draws them for each byte, so such a chip does not stream. A
    /// card also does not stream if it does not answer, if anything but the last byte keeps its
    /// unit busy, or if its output has a fault. Behind a mailbox the output must have room. Behind
    /// a bus chip the unit must be free as soon as it has taken a byte. With FIFOs the unit must
    /// also take a byte as soon as the byte is written.
    pub(crate) fn open(&mut self, parts: &mut Parts) {
        parts.latches.close();
        let is_plain = parts.unit.mode() == Mode::Uart
            && parts.latches.inbox() == Inbox::Empty
            && parts.is_quiet()
            && !parts.unit.times_vary()
            && parts.faults.spare_output()
            && !parts.out_fault.changes_bytes()
            && parts.controls.is_active()
            && !parts.unit.is_held(parts.now_ns())
            && !parts.loses_data();
        if !is_plain {
            return;
        }
        let Some(taken_ns) = parts.unit.last_taken_ns() else {
            return;
        };
        let is_busy = parts.now_ns() < taken_ns;
        let timing = parts.unit.timing();
        let is_free_at_once = timing.tx_accept_ns == 0;
        let takes_at_once = is_free_at_once && timing.drr_clear_uart_ns == 0;
        self.first = parts.transmitter.pushed();
        self.taken_before_ns = taken_ns;
        match parts.rules.host_port {
            HostPort::Mailbox if !is_busy && !parts.output_is_full() => {
                self.brim = parts.transmitter.brim(parts.now_ns());
                parts.latches.open_from(taken_ns);
            }
            HostPort::BusChip if !is_busy && is_free_at_once => {
                parts.latches.open_from(taken_ns);
            }
            HostPort::Fifo if !is_busy && takes_at_once => {
                parts.latches.open_from(parts.transmitter.room_ns());
            }
            HostPort::Mailbox | HostPort::BusChip | HostPort::Fifo => {}
        }
    }

    /// Takes a write to DATA while the stream is open and its latch is empty.
    #[inline(always)]
    pub(crate) fn write(&mut self, parts: &mut Parts, byte: u8) -> Course {
        parts.latches.remark(Note::Data);
        if !parts.rules.has_latch {
            Self::write_fifo(parts, byte);
            Course::GoesOn
        } else if parts.rules.host_port == HostPort::BusChip {
            Self::write_bus_chip(parts, byte);
            Course::GoesOn
        } else {
            self.write_mailbox(parts, byte)
        }
    }

    #[inline(always)]
    fn write_fifo(parts: &mut Parts, byte: u8) {
        let ready_ns = parts.now_ns() + parts.unit.timing().tx_start_ns;
        let room_ns = parts.transmitter.push(byte, ready_ns);
        parts.latches.open_from(room_ns);
    }

    #[inline(always)]
    fn write_mailbox(&mut self, parts: &mut Parts, byte: u8) -> Course {
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

    #[inline(always)]
    fn write_bus_chip(parts: &mut Parts, byte: u8) {
        let taken_ns = parts.bus_chip_sees_ns(parts.now_ns());
        parts.latches.open_from(taken_ns);
        let start_ns = parts.start_ns(taken_ns);
        parts.transmitter.push_at(byte, start_ns);
    }

    /// Calculates again how far the stream may go, and whether it has come that far.
    pub(crate) fn find_brim(&mut self, parts: &Parts) -> Course {
        self.brim = parts.transmitter.brim(parts.now_ns());
        match parts.transmitter.pushed() >= self.brim {
            true => Course::AtBrim,
            false => Course::GoesOn,
        }
    }

    /// Whether a byte of the stream is still in the latch.
    pub(crate) fn holds_byte(&self, parts: &Parts) -> bool {
        parts.rules.has_latch
            && parts.latches.is_open()
            && parts.now_ns() < parts.latches.open_from_ns()
    }

    /// When the unit is back in its main loop. Behind a mailbox the unit's own field does not
    /// follow the open stream, so this method calculates the time. On any other card a unit that
    /// streams is free.
    pub(crate) fn unit_free_ns(&self, parts: &Parts) -> u64 {
        let accept_ns = parts.unit.timing().tx_accept_ns;
        match (parts.rules.host_port, self.holds_byte(parts)) {
            (HostPort::Mailbox, true) => self.taken_before_ns + accept_ns,
            (HostPort::Mailbox, false) if parts.latches.is_open() => {
                parts.latches.open_from_ns() + accept_ns
            }
            (HostPort::Mailbox | HostPort::BusChip | HostPort::Fifo, _) => parts.unit.free_ns(),
        }
    }

    /// Ends the stream with its state just before this time. A byte that the unit has not taken is
    /// in the latch again.
    pub(crate) fn leave_before(&mut self, parts: &mut Parts, time_ns: u64) {
        let Some(taken_ns) = parts.latches.close() else {
            return;
        };
        let has_streamed = parts.transmitter.pushed() > self.first;
        if parts.rules.has_latch {
            parts.unit.has_taken(taken_ns);
            if has_streamed && time_ns <= taken_ns {
                self.put_back(parts, taken_ns);
            }
        }
        if parts.transmitter.pushed() > self.first {
            parts.unit.set_turn(Turn::Input);
        }
    }

    /// Puts the last byte back into the latch. The time of its write is calculated from the time at
    /// which the unit takes it. If the unit waits for room or for its own work, the result is later
    /// than the true time of the write. This does no harm, because the unit still takes the byte at
    /// the same time.
    fn put_back(&self, parts: &mut Parts, taken_ns: u64) {
        let byte = parts.transmitter.retract();
        parts.latches.put_back(byte, taken_ns - parts.unit.timing().drr_clear_uart_ns);
        parts.unit.has_taken(self.taken_before_ns);
        parts.counters.data_writes += 1;
    }
}
