//! The two ports as the host meets them: the latches, the flags and what an access does.
//!
//! Times are settled before these functions are called; they never look at the clock.

use crate::chip::{Mpu401, View};
use crate::note::Note;
use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CommandPort, EmptyRead, HostPort, ResetAck,
};
use crate::sequencer::Request;
use crate::spec::{ENTER_UART, Mode, RESET, Status};
use crate::timing::NEVER_NS;

/// What the latch from the host holds.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Inbox {
    Empty,
    Data,
    Command,
}

/// What the latch to the host holds.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Outbox {
    Empty,
    Ack,
    /// An ACK that does not raise the interrupt line.
    QuietAck,
    Answer,
    /// What the unit says by itself.
    Request,
    Midi,
}

/// A byte that the unit wants to give to the host in answer to a command.
#[derive(Clone, Copy)]
pub(crate) struct Reply {
    pub(crate) byte: u8,
    pub(crate) content: Outbox,
    /// Not before this time.
    pub(crate) ready_ns: u64,
    /// Not before this long after the last read of DATA.
    pub(crate) pause_ns: u64,
    /// What the unit does when the byte is in the latch.
    pub(crate) then: AfterReply,
}

/// What the unit does when a reply is in the latch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterReply {
    Nothing,
    Reset,
    EnterUart,
    Answer(u8),
    /// Runs a command of the sequencer.
    Command(u8),
    /// The host has been asked.
    Asked(Request),
}

/// A MIDI IN byte that the unit holds for the host.
#[derive(Clone, Copy)]
pub(crate) struct Incoming {
    pub(crate) byte: u8,
    pub(crate) ready_ns: u64,
}

/// Profile answers that the host port needs.
#[derive(Clone, Copy)]
pub(crate) struct HostRules {
    pub(crate) host_port: HostPort,
    pub(crate) command_port: CommandPort,
    pub(crate) empty_read: EmptyRead,
    pub(crate) ack_set: AckSet,
    pub(crate) ack_reset_in_uart: ResetAck,
    pub(crate) ack_position: AckPosition,
    pub(crate) ack_interrupt: AckInterrupt,
    pub(crate) status_low_bits: u8,
    pub(crate) status_offset: u16,
    pub(crate) status_rx_full_bits: u8,
    pub(crate) status_uart_bits: u8,
}

impl Mpu401 {
    /// The byte that the host gets from DATA now.
    pub(crate) fn read_data(&mut self) -> u8 {
        self.counters.data_reads += 1;
        let content = self.hot.outbox;
        self.hot.outbox = Outbox::Empty;
        match content {
            Outbox::Empty => return self.read_nothing(),
            Outbox::Ack | Outbox::QuietAck => self.hot.note = Note::Ack,
            Outbox::Answer | Outbox::Request => self.hot.note = Note::Data,
            Outbox::Midi => {
                self.hot.note = Note::Data;
                self.counters.delivered += 1;
            }
        }
        self.outbox_read_ns = self.hot.now_ns;
        self.hot.outbox_byte
    }

    fn read_nothing(&mut self) -> u8 {
        match self.rules.empty_read {
            EmptyRead::Stale => {
                self.hot.note = Note::Stale;
                self.hot.outbox_byte
            }
            EmptyRead::Value(value) => {
                self.hot.note = Note::Empty;
                value
            }
        }
    }

    /// A write to DATA.
    pub(crate) fn write_data(&mut self, byte: u8) {
        self.counters.data_writes += 1;
        if self.hot.inbox != Inbox::Empty {
            self.hot.note = match self.rules.host_port {
                HostPort::Mailbox => self.overwrite(Inbox::Data, byte, Note::OverwritesByte),
                HostPort::Fifo => self.ignore_write(),
            };
        } else if self.output_is_full() && self.rules.host_port == HostPort::Fifo {
            self.hot.note = self.ignore_write();
        } else {
            self.fill_inbox(Inbox::Data, byte);
            self.hot.note = match self.hot.mode {
                Mode::Uart => Note::Data,
                Mode::Intelligent if self.awaits_data() => Note::Data,
                Mode::Intelligent => Note::Ignored,
            };
        }
    }

    /// A write to COMMAND.
    pub(crate) fn write_command(&mut self, byte: u8) {
        self.counters.command_writes += 1;
        if self.rules.command_port == CommandPort::StatusOnly {
            self.hot.note = self.ignore_write();
        } else if self.hot.inbox != Inbox::Empty {
            self.hot.note = self.overwrite(Inbox::Command, byte, Note::CommandOverwritesByte);
        } else {
            self.fill_inbox(Inbox::Command, byte);
            self.hot.note = self.command_note(byte);
        }
    }

    fn command_note(&self, byte: u8) -> Note {
        match (byte, self.hot.mode, self.rules.ack_set) {
            (RESET, _, _) => Note::Reset,
            (_, Mode::Uart, _) => Note::Ignored,
            (ENTER_UART, ..) => Note::UartMode,
            (_, _, AckSet::All | AckSet::ResetOnly) => Note::Command,
            (_, _, AckSet::ResetAndUart | AckSet::None) => Note::Ignored,
        }
    }

    fn fill_inbox(&mut self, content: Inbox, byte: u8) {
        self.hot.inbox = content;
        self.hot.inbox_byte = byte;
        self.hot.inbox_written_ns = self.hot.now_ns;
    }

    /// Replaces the byte in the latch. The unit saw the latch fill when the first byte came, so
    /// the time at which it looks into it stays.
    fn overwrite(&mut self, content: Inbox, byte: u8, note: Note) -> Note {
        self.counters.overwritten += 1;
        self.hot.inbox = content;
        self.hot.inbox_byte = byte;
        note
    }

    fn ignore_write(&mut self) -> Note {
        self.counters.ignored += 1;
        Note::Ignored
    }

    /// Brings STATUS in line with the latches.
    pub(crate) fn refresh_status(&mut self) {
        let is_busy = self.hot.inbox != Inbox::Empty || self.is_closed_by_full_fifo();
        let mut status = self.rules.status_low_bits;
        if self.rules.status_rx_full_bits != 0 && self.input_held() >= self.unit.rx_limit {
            status |= self.rules.status_rx_full_bits;
        }
        if self.hot.mode == Mode::Uart {
            status |= self.rules.status_uart_bits;
        }
        if is_busy {
            status |= Status::DRR.bits();
        }
        if self.hot.outbox == Outbox::Empty {
            status |= Status::DSR.bits();
        }
        let is_open = self.hot.open_from_ns != NEVER_NS;
        let busy = if is_open { Status::DRR.bits() } else { 0 };
        self.hot.views = [View::on_status(status), View::on_status(status | busy)];
    }

    /// Whether DRR stands for a full FIFO, and not for the stream.
    pub(crate) fn is_closed_by_full_fifo(&self) -> bool {
        self.hot.open_from_ns == NEVER_NS
            && self.rules.host_port == HostPort::Fifo
            && self.output_is_full()
    }

    /// Whether the byte in DATA raises the interrupt line.
    pub(crate) fn line_is_up(&self) -> bool {
        match self.hot.outbox {
            Outbox::Empty | Outbox::QuietAck => false,
            Outbox::Ack => self.rules.ack_interrupt == AckInterrupt::Raised,
            Outbox::Answer | Outbox::Request | Outbox::Midi => true,
        }
    }
}
