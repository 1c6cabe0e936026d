//! A card's profile within the bounds that the chip relies on.
//!
//! A new chip makes its rules once, and the rules never change. A chip with drawn latencies draws
//! them from the ranges in its rules.

use crate::answers::{
    AckPosition, AckSet, HostPort, IntelligentMode, InterruptKind, MAX_RX_DEPTH, MAX_TX_DEPTH,
    ResetOutput, TxOutsideUart,
};
use crate::behaviour::Behaviour;
use crate::reply::ReplyKind;
use crate::spec::{BYTE_TIME_NS, Control, RESET};
use crate::timing::Spread;
use core::ops::Deref;

/// The longest duration, in ns. A longer duration in a profile is cut to this length, so that the
/// sum of a time and a few durations cannot overflow.
const LONGEST_NS: u64 = u64::MAX / 64;

/// How the card behaves, and what follows from that behaviour.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    card: Behaviour,
    /// The most bytes of input that may be unread.
    pub(crate) rx_limit: usize,
    /// The most bytes that the transmitter may hold.
    pub(crate) tx_limit: usize,
    /// Whether intelligent mode has more than ACKs and fixed answers.
    pub(crate) has_sequencer: bool,
}

impl Deref for Rules {
    type Target = Behaviour;

    #[inline(always)]
    fn deref(&self) -> &Behaviour {
        &self.card
    }
}

impl Rules {
    /// The rules of this card.
    pub(crate) fn of(behaviour: &Behaviour) -> Self {
        Self {
            card: bounded(behaviour),
            rx_limit: usize::from(behaviour.rx_depth.clamp(1, MAX_RX_DEPTH)),
            tx_limit: tx_limit(behaviour),
            has_sequencer: behaviour.intelligent_mode == IntelligentMode::Sequencer
                && behaviour.firmware.is_some()
                && behaviour.ack_set.knows_all(),
        }
    }

    /// The control register after power-on, without its read-only bits.
    pub(crate) fn initial_control(&self) -> Control {
        match self.tx_outside_uart {
            TxOutsideUart::Sent => Control::SENDS_OUTSIDE_UART,
            TxOutsideUart::Ignored => Control::empty(),
        }
    }

    /// Whether a reply of this kind is an entry of the receive FIFO, like a byte from MIDI IN. On a
    /// mailbox no reply is; behind a FIFO only an ACK that goes to the front is not.
    pub(crate) fn queues(&self, reply: ReplyKind) -> bool {
        let is_ack = matches!(reply, ReplyKind::Ack | ReplyKind::QuietAck);
        self.host_port == HostPort::Fifo && (self.ack_position == AckPosition::Tail || !is_ack)
    }

    /// Whether the card acknowledges, in intelligent mode, a command that the card knows.
    pub(crate) fn acknowledges(&self, command: u8) -> bool {
        match self.ack_set {
            AckSet::All | AckSet::ResetAndUart => true,
            AckSet::ResetOnly | AckSet::ResetWithoutUart => command == RESET,
            AckSet::None => false,
        }
    }
}

fn tx_limit(behaviour: &Behaviour) -> usize {
    let tx_depth = usize::from(behaviour.tx_depth.clamp(1, MAX_TX_DEPTH));
    match behaviour.host_port {
        // The latch counts as one position of the depth.
        HostPort::Mailbox => (tx_depth - 1).max(1),
        HostPort::Fifo => tx_depth,
    }
}

/// The behaviour with every number inside the bounds that a chip can use. The offset of STATUS is
/// at least 1, and its low bits are six bits. No sum of times overflows. F8s do not overlap, and a
/// latched line goes low between two bytes.
fn bounded(behaviour: &Behaviour) -> Behaviour {
    let shorter = |spread: &Spread| Spread {
        min: spread.min.min(LONGEST_NS),
        typ: spread.typ.min(LONGEST_NS),
        max: spread.max.min(LONGEST_NS),
    };
    let mut timing = behaviour.timing.map(shorter);
    timing.backlog_after_exit_ns = behaviour.timing.backlog_after_exit_ns;
    if behaviour.interrupt == InterruptKind::LatchEdge {
        let Spread { min, typ, max } = timing.next_byte_ns;
        timing.next_byte_ns = Spread::between(min.max(1), typ.max(1), max.max(1));
    }
    Behaviour {
        status_low_bits: behaviour.status_low_bits & 0x3F,
        status_rx_full_bits: behaviour.status_rx_full_bits & 0x3F,
        status_uart_bits: behaviour.status_uart_bits & 0x3F,
        status_offset: behaviour.status_offset.max(1),
        reset_output: behaviour.reset_output.map(|output| ResetOutput {
            clock_period_ns: output.clock_period_ns.max(BYTE_TIME_NS),
            ..output
        }),
        timing,
        ..*behaviour
    }
}
