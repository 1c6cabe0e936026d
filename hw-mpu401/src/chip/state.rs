//! What the chip is doing, in plain data for an observer inside the card.
//!
//! A driver sees only what its reads return, and a read changes the chip. [`Mpu401::state`] returns
//! more, and changes nothing. The caller turns the state into text.

use super::Mpu401;
use crate::answers::EmptyRead;
use crate::counters::Counters;
use crate::latches::{Inbox, Outbox};
use crate::own_output::OutputStep;
use crate::parts::Parts;
use crate::reply::{AfterReply, ReplyKind};
use crate::spec::{BYTE_TIME_NS, Mode, OPEN_BUS, Register, Status};
use crate::timing::NEVER_NS;
use crate::unit::Action;

/// What the unit is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The unit is in its main loop.
    Ready,
    /// The unit works on a byte or a command until this time, in ns.
    Busy(u64),
    /// The unit resets or starts up until this time, in ns. `None` until the unit gives the ACK,
    /// because the end depends on the time of the ACK.
    Resets(Option<u64>),
    /// The unit enters UART mode until this time, in ns. `None` as for a reset.
    EntersUart(Option<u64>),
}

/// A byte that the host wrote and that the unit has not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HostByte {
    /// The register that the host wrote.
    pub register: Register,
    /// The byte.
    pub byte: u8,
    /// When the unit takes the byte, in ns, if the host does nothing more. `None` if another event
    /// has to come first, such as a read of DATA.
    pub taken_ns: Option<u64>,
}

/// The kind of a byte for the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataKind {
    /// The byte acknowledges a command.
    Ack,
    /// The byte answers a command.
    Answer,
    /// The unit sends the byte without a command of the host.
    Request,
    /// The byte came in on MIDI IN, or the sequencer inserted it there: a timing byte, a status
    /// byte or a mark.
    MidiIn,
}

/// A byte for the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DataByte {
    /// The kind of the byte.
    pub kind: DataKind,
    /// The byte.
    pub byte: u8,
}

/// What MIDI OUT is doing.
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
    /// The number of bytes in the buffer.
    pub bytes: usize,
    /// The most bytes that the buffer can hold.
    pub limit: usize,
}

/// The state of a chip at the latest time that it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    /// The latest time that the chip has seen, in ns.
    pub time_ns: u64,
    /// The unit's mode.
    pub mode: Mode,
    /// What the unit is doing.
    pub phase: Phase,
    /// STATUS, as a read would return it.
    pub status: Status,
    /// Whether the interrupt line is up.
    pub interrupt_line: bool,
    /// The byte of the host that the unit has not taken yet.
    pub from_host: Option<HostByte>,
    /// The byte in DATA that the host has not read.
    pub to_host: Option<DataByte>,
    /// The value that a read of DATA would return now.
    pub data: u8,
    /// The ACK, answer or request that the unit will give next.
    pub reply: Option<DataByte>,
    /// What MIDI OUT is doing.
    pub transmission: Transmission,
    /// Bytes for MIDI OUT, including the byte on the line.
    pub output: Fill,
    /// MIDI IN bytes that the host has not read, including the byte in DATA.
    pub input: Fill,
    /// The byte that is on the MIDI IN line, as its sender means it, and the time at which it ends,
    /// in ns. A break counts as 00.
    pub arriving: Option<(u8, u64)>,
    /// Bytes and breaks that were given to MIDI IN and have not ended.
    pub cable_bytes: usize,
    /// How many bytes passed through, and how many were lost.
    pub counters: Counters,
}

impl Mpu401 {
    /// What the chip is doing at the latest time that it has seen.
    ///
    /// This method is no access, and changes nothing. For the state at a later time, let that time
    /// pass in a clone of the chip, and ask the clone.
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
                _ if !parts.controls.is_active() => OPEN_BUS,
                (Outbox::Empty, EmptyRead::Value(value)) => value,
                (Outbox::Empty, EmptyRead::LastInput) => latches.last_input(),
                _ => latches.outbox_byte(),
            },
            reply: reply.map(|reply| DataByte { kind: reply.kind.into(), byte: reply.byte }),
            transmission: self.transmission(),
            output: Fill { bytes: waiting.output, limit: parts.rules.output_limit() },
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
            _ if parts.unit.is_held(now_ns) => Phase::Busy(parts.unit.held_until_ns()),
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
        // The transmitter gets a byte of the stream before the unit has taken the byte.
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

/// Whether a reset or the start-up keeps the unit busy. The caller has found that the unit is busy.
/// At a reset and at the start-up a unit with a sequencer plans output of its own, and this
/// function looks at that plan. A unit without a sequencer counts as resetting, because nothing
/// else keeps it busy for long outside UART mode.
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
            // The reset ends `pause_ns` before the first F8. If the unit is busy for longer, a
            // later command is the reason.
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
