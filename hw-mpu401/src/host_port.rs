//! The ports of the card: the flags, and what an access does.
//!
//! The caller first lets time pass, and then calls these functions.

use crate::answers::{CommandPort, CommandStart, ControlPort, EmptyRead, HostPort};
use crate::latches::{Inbox, Outbox};
use crate::note::Note;
use crate::parts::Parts;
use crate::reply::ReplyKind;
use crate::spec::{ENTER_UART, Mode, Mpur2, OPEN_BUS, RESET, Status};
use crate::timing::NEVER_NS;

/// What happens to a command after the host has written it to the port.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandWay {
    /// The caller has nothing to do: the command is in the latch, or it is lost.
    ThroughLatch,
    /// The caller carries the command out at once.
    AtOnce,
}

impl Parts {
    /// Takes a read of DATA, and returns its value.
    pub(crate) fn read_data(&mut self) -> u8 {
        self.counters.data_reads += 1;
        if !self.controls.is_active() {
            self.latches.remark(Note::NoAnswer);
            return OPEN_BUS;
        }
        let (content, byte) = self.latches.read(self.now_ns());
        let (value, note) = match (content, self.rules.empty_read) {
            (Outbox::Empty, EmptyRead::Stale) => (byte, Note::Stale),
            (Outbox::Empty, EmptyRead::LastInput) => (self.latches.last_input(), Note::Stale),
            (Outbox::Empty, EmptyRead::Value(value)) => (value, Note::Empty),
            (Outbox::Reply(ReplyKind::Ack | ReplyKind::QuietAck), _) => (byte, Note::Ack),
            (Outbox::Reply(ReplyKind::Answer | ReplyKind::Request), _) => (byte, Note::Data),
            (Outbox::Midi, _) => {
                self.counters.delivered += 1;
                (byte, Note::Data)
            }
        };
        self.latches.remark(note);
        value
    }

    /// Takes a write to DATA. `meaning` is the note on a write whose byte is neither lost nor
    /// replaces another byte.
    pub(crate) fn write_data(&mut self, byte: u8, meaning: Note) {
        self.counters.data_writes += 1;
        let is_occupied = self.latches.inbox() != Inbox::Empty;
        let note = match self.rules.host_port {
            _ if !self.controls.is_active() => self.lose_write(),
            HostPort::Mailbox | HostPort::BusChip if is_occupied => {
                self.overwrite(Inbox::Data, byte, Note::OverwritesByte)
            }
            HostPort::Fifo if is_occupied || self.output_is_full() => self.ignore_write(),
            HostPort::Mailbox | HostPort::BusChip | HostPort::Fifo => {
                self.fill(Inbox::Data, byte, self.now_ns());
                meaning
            }
        };
        self.latches.remark(note);
    }

    /// Takes a write to COMMAND. A command that is carried out at once does not go into the latch.
    pub(crate) fn write_command(&mut self, byte: u8) -> CommandWay {
        self.counters.command_writes += 1;
        let mut way = CommandWay::ThroughLatch;
        if !self.controls.is_active() {
            let note = self.lose_write();
            self.latches.remark(note);
            return way;
        }
        self.last_command = byte;
        let note = if self.rules.command_port == CommandPort::StatusOnly {
            self.ignore_write()
        } else if self.rules.host_port == HostPort::BusChip {
            way = CommandWay::AtOnce;
            self.command_note(byte)
        } else if self.latches.inbox() != Inbox::Empty {
            self.overwrite(Inbox::Command, byte, Note::CommandOverwritesByte)
        } else {
            self.fill(Inbox::Command, byte, self.command_seen_ns());
            self.command_note(byte)
        };
        self.latches.remark(note);
        way
    }

    /// Takes a read of the control register, and returns its value.
    pub(crate) fn read_control(&mut self) -> u8 {
        if !self.controls.is_active() {
            self.latches.remark(Note::NoAnswer);
            return OPEN_BUS;
        }
        if self.rules.control_port == ControlPort::Absent {
            self.latches.remark(Note::Empty);
            return OPEN_BUS;
        }
        let mut value = self.mpur2;
        value.set(Mpur2::OUTPUT_HELD, self.transmitter.held(self.now_ns()) > 0);
        value.set(Mpur2::INPUT_HELD, self.latches.outbox() != Outbox::Empty);
        self.latches.remark(Note::Control);
        value.bits()
    }

    /// Takes a write to the control register.
    pub(crate) fn write_control(&mut self, byte: u8) {
        if !self.controls.is_active() {
            self.latches.remark(Note::NoAnswer);
            return;
        }
        if self.rules.control_port == ControlPort::Absent {
            self.latches.remark(Note::Ignored);
            return;
        }
        self.mpur2 = Mpur2::from_bits_truncate(byte) & Mpur2::WRITABLE;
        self.latches.remark(Note::Control);
    }

    /// When the unit sees a command that the host writes now.
    fn command_seen_ns(&self) -> u64 {
        match self.rules.command_start {
            CommandStart::AtOnce => self.now_ns(),
            CommandStart::AfterByteOnWire => {
                self.transmitter.wire_free_ns(self.now_ns()).max(self.now_ns())
            }
        }
    }

    fn command_note(&self, byte: u8) -> Note {
        match (byte, self.unit.mode()) {
            (RESET, _) => Note::Reset,
            (_, Mode::Uart) => Note::Ignored,
            (ENTER_UART, _) => Note::UartMode,
            (_, Mode::Intelligent) if self.rules.ack_set.knows_all() => Note::Command,
            (_, Mode::Intelligent) => Note::Ignored,
        }
    }

    /// Puts a byte of the host into the empty latch. The unit sees the byte from `seen_ns` on.
    fn fill(&mut self, content: Inbox, byte: u8, seen_ns: u64) {
        self.unit.draw_for_write(self.now_ns());
        self.latches.fill(content, byte, seen_ns);
    }

    fn overwrite(&mut self, content: Inbox, byte: u8, note: Note) -> Note {
        self.counters.overwritten += 1;
        self.latches.overwrite(content, byte);
        note
    }

    fn ignore_write(&mut self) -> Note {
        self.counters.ignored += 1;
        Note::Ignored
    }

    /// Counts a write to ports at which no card answers.
    fn lose_write(&mut self) -> Note {
        self.counters.ignored += 1;
        Note::NoAnswer
    }

    /// Updates STATUS to the state of the parts.
    pub(crate) fn refresh_status(&mut self) {
        if !self.controls.is_active() {
            self.latches.show_no_answer();
            return;
        }
        let is_busy = self.latches.inbox() != Inbox::Empty || self.is_closed_by_full_fifo();
        let mut status = self.rules.status_low_bits;
        status |= self.last_command & self.rules.status_command_bits;
        if self.rules.status_rx_full_bits != 0 && !self.has_input_room(1) {
            status |= self.rules.status_rx_full_bits;
        }
        if self.unit.mode() == Mode::Uart {
            status |= self.rules.status_uart_bits;
        }
        if is_busy {
            status |= Status::DRR.bits();
        }
        if self.latches.outbox() == Outbox::Empty {
            status |= Status::DSR.bits();
        }
        self.latches.show(status);
    }

    /// Whether DRR is set because the output FIFO is full. While the stream is open, DRR follows
    /// from the stream instead.
    fn is_closed_by_full_fifo(&self) -> bool {
        !self.latches.is_open() && self.rules.host_port == HostPort::Fifo && self.output_is_full()
    }

    /// When a full output FIFO gets room, so that DRR clears; [`NEVER_NS`] if the FIFO is not full
    /// or the stream is open.
    pub(crate) fn room_due_ns(&self) -> u64 {
        if self.is_closed_by_full_fifo() { self.transmitter.room_ns() } else { NEVER_NS }
    }
}
