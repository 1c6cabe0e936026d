//! What the chip is doing, in plain data for an observer inside the card.
//!
//! Nothing here changes the chip: what a driver has to read for, [`Mpu401::state`] only tells. The
//! words for it are the caller's.

use super::Mpu401;
use crate::answers::EmptyRead;
use crate::counters::Counters;
use crate::latches::{Inbox, Outbox};
use crate::own_output::OutputStep;
use crate::parts::Parts;
use crate::reply::{AfterReply, ReplyKind};
use crate::spec::{BYTE_TIME_NS, Mode, Register, Status};
use crate::timing::NEVER_NS;
use crate::unit::Action;

/// What the unit is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// In its main loop: it takes what comes.
    Ready,
    /// At work on a byte or a command until this time, in ns.
    Busy(u64),
    /// At a reset, or starting up, until this time in ns; `None` while that cannot be told,
    /// because the host has not read what stands before the ACK.
    Resets(Option<u64>),
    /// Entering UART mode, in the same way.
    EntersUart(Option<u64>),
}

/// A byte that the host wrote and that the unit has not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HostByte {
    /// Where it was written.
    pub register: Register,
    /// The byte.
    pub byte: u8,
    /// When the unit takes it, in ns, as things stand; `None` if something else has to happen
    /// before, as a read of DATA.
    pub taken_ns: Option<u64>,
}

/// What a byte for the host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataKind {
    /// The byte acknowledges a command.
    Ack,
    /// The byte answers a command.
    Answer,
    /// The unit says or asks something of its own accord.
    Request,
    /// The byte came in on MIDI IN.
    MidiIn,
}

/// A byte for the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DataByte {
    /// What it is.
    pub kind: DataKind,
    /// The byte.
    pub byte: u8,
}

/// What MIDI OUT is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transmission {
    /// The line is idle, and there is nothing to send.
    Idle,
    /// The line is idle until this byte starts.
    Starts {
        /// The byte.
        byte: u8,
        /// When its start bit begins, in ns.
        start_ns: u64,
    },
    /// This byte is on the line.
    Sends {
        /// The byte.
        byte: u8,
        /// When its stop bit ends, in ns.
        end_ns: u64,
    },
}

/// How full a buffer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fill {
    /// Bytes in it.
    pub bytes: usize,
    /// Bytes that it holds at most.
    pub limit: usize,
}

/// The state of a chip at the latest time that it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    /// The latest time that the chip has seen, in ns.
    pub time_ns: u64,
    /// The mode that the unit is in.
    pub mode: Mode,
    /// What the unit is at.
    pub phase: Phase,
    /// STATUS as a read would find it.
    pub status: Status,
    /// Whether the interrupt line is up.
    pub interrupt_line: bool,
    /// What the host wrote last, while it waits for the unit.
    pub from_host: Option<HostByte>,
    /// What waits in DATA to be read.
    pub to_host: Option<DataByte>,
    /// What a read of DATA would give now.
    pub data: u8,
    /// What the unit puts into DATA next, if it is an ACK or something else of its own.
    pub reply: Option<DataByte>,
    /// What MIDI OUT is at.
    pub transmission: Transmission,
    /// Bytes for MIDI OUT, the one on the line included.
    pub output: Fill,
    /// MIDI IN bytes that the host has not read, the one in DATA included.
    pub input: Fill,
    /// The byte that is arriving on MIDI IN, and when it will have, in ns.
    pub arriving: Option<(u8, u64)>,
    /// Bytes given to MIDI IN that have not arrived whole.
    pub cable_bytes: usize,
    /// What passed through, and what was lost.
    pub counters: Counters,
}

impl Mpu401 {
    /// What the chip is doing at the latest time that it has seen. The call is not an access, and
    /// it changes nothing. To get the state at a later time, let that time pass in a clone and ask
    /// the clone.
    #[must_use]
    pub fn state(&self) -> State {
        let (parts, now_ns) = (&self.parts, self.parts.now_ns());
        let waiting = self.waiting();
        let latches = &parts.latches;
        let reply = latches.reply_on_its_way();
        State {
            time_ns: now_ns,
            mode: self.mode(),
            phase: self.phase(),
            status: self.status(),
            interrupt_line: self.interrupt_line(),
            from_host: self.byte_from_host(),
            to_host: byte_in_data(parts),
            data: match (latches.outbox(), parts.rules.empty_read) {
                (Outbox::Empty, EmptyRead::Value(value)) => value,
                _ => latches.outbox_byte(),
            },
            reply: reply.map(|reply| DataByte { kind: reply.kind.into(), byte: reply.byte }),
            transmission: self.transmission(),
            output: Fill { bytes: waiting.output, limit: parts.rules.tx_limit },
            input: Fill { bytes: waiting.input, limit: parts.rules.rx_limit },
            arriving: self.cable.arriving(),
            cable_bytes: waiting.cable,
            counters: self.counters(),
        }
    }

    fn phase(&self) -> Phase {
        let (parts, now_ns) = (&self.parts, self.parts.now_ns());
        let free_ns = self.stream.unit_free_ns(parts);
        let comes_next = parts.latches.reply_on_its_way().map(|reply| reply.then);
        match comes_next {
            Some(AfterReply::Reset) => Phase::Resets(None),
            Some(AfterReply::EnterUart) => Phase::EntersUart(None),
            _ if parts.unit.enters_uart(now_ns) => {
                Phase::EntersUart(Some(parts.unit.uart_from_ns()))
            }
            _ if free_ns <= now_ns => Phase::Ready,
            _ if is_resetting(parts) => Phase::Resets(Some(free_ns)),
            _ => Phase::Busy(free_ns),
        }
    }

    fn byte_from_host(&self) -> Option<HostByte> {
        let latches = &self.parts.latches;
        if self.stream.holds_byte(&self.parts) {
            return Some(HostByte {
                register: Register::Data,
                byte: self.parts.transmitter.last_byte(),
                taken_ns: Some(latches.open_from_ns()),
            });
        }
        let register = match latches.inbox() {
            Inbox::Empty => return None,
            Inbox::Data => Register::Data,
            Inbox::Command => Register::Command,
        };
        let plan = self.parts.unit.plan();
        let is_next = plan.action == Action::Take && plan.due_ns != NEVER_NS;
        let taken_ns = is_next.then_some(plan.due_ns);
        Some(HostByte { register, byte: latches.inbox_byte(), taken_ns })
    }

    fn transmission(&self) -> Transmission {
        let now_ns = self.parts.now_ns();
        // A byte of the stream is with the transmitter before the unit has taken it.
        let unready = u64::from(self.stream.holds_byte(&self.parts));
        match self.parts.transmitter.next_passage(now_ns, unready) {
            None => Transmission::Idle,
            Some((byte, end_ns)) => match end_ns - BYTE_TIME_NS {
                start_ns if start_ns > now_ns => Transmission::Starts { byte, start_ns },
                _ => Transmission::Sends { byte, end_ns },
            },
        }
    }
}

/// Whether what keeps the unit busy is a reset or the start-up: it plans its own output then, or
/// has nothing else to do for long.
fn is_resetting(parts: &Parts) -> bool {
    let own = parts.own_output;
    if parts.unit.mode() == Mode::Uart {
        return false;
    }
    match own.step() {
        _ if !parts.rules.has_sequencer => true,
        _ if own.due_ns() == NEVER_NS => false,
        OutputStep::DropBacklog | OutputStep::Stop => true,
        OutputStep::FirstClock => {
            // A command that came since has moved the end of its work behind this.
            let pause_ns = parts.rules.reset_output.map_or(0, |output| output.clock_after_ready_ns);
            parts.unit.free_ns() <= own.due_ns().saturating_sub(pause_ns)
        }
        OutputStep::Clock => false,
    }
}

fn byte_in_data(parts: &Parts) -> Option<DataByte> {
    let kind = match parts.latches.outbox() {
        Outbox::Empty => return None,
        Outbox::Reply(kind) => kind.into(),
        Outbox::Midi => DataKind::MidiIn,
    };
    Some(DataByte { kind, byte: parts.latches.outbox_byte() })
}

impl From<ReplyKind> for DataKind {
    fn from(kind: ReplyKind) -> Self {
        match kind {
            ReplyKind::Ack | ReplyKind::QuietAck => Self::Ack,
            ReplyKind::Answer => Self::Answer,
            ReplyKind::Request => Self::Request,
        }
    }
}
