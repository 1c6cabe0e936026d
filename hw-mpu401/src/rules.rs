//! A card's profile within the bounds that the chip relies on.
//!
//! A new chip makes its rules once, and the rules never change. A chip with drawn latencies draws
//! them from the ranges in its rules.

use crate::answers::{
    AckPosition, AckSet, HostPort, IntelligentMode, InterruptKind, MAX_RX_DEPTH, MAX_TX_DEPTH,
    ResetOutput, TransmitInterrupt, TxOutsideUart,
};
use crate::behaviour::Behaviour;
use crate::reply::ReplyKind;
use crate::spec::{BIT_TIME_NS, BYTE_TIME_NS, Mpur2, RESET};
use crate::timing::{Spread, TimerTick};
use core::ops::Deref;

/// The longest latency, in ns. A longer latency of a profile is cut to this length, so that the sum
/// of a time and a few latencies cannot overflow. Only `backlog_after_exit_ns` is not cut, because
/// it may be [`NEVER_NS`](crate::NEVER_NS).
const LONGEST_NS: u64 = u64::MAX / 64;

/// How the card behaves, and what follows from that behaviour.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    card: Behaviour,
    /// The most bytes of input that may be unread.
    pub(crate) rx_limit: usize,
    /// The most bytes that the transmitter may hold. Behind a bus chip, a byte in its stop bit does
    /// not count.
    pub(crate) tx_limit: usize,
    /// Whether a byte of the host waits in a latch until the unit takes it.
    pub(crate) has_latch: bool,
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
            has_latch: behaviour.host_port != HostPort::Fifo,
            has_sequencer: behaviour.intelligent_mode == IntelligentMode::Sequencer
                && behaviour.host_port != HostPort::BusChip
                && behaviour.firmware.is_some()
                && behaviour.ack_set.knows_all(),
        }
    }

    /// Whether the unit interrupts its main loop for the work of a timer tick.
    pub(crate) fn timer_tick(&self) -> TimerTick {
        if self.has_sequencer { TimerTick::OfFirmware } else { TimerTick::None }
    }

    /// The control register after power-on, without its read-only bits.
    pub(crate) fn initial_mpur2(&self) -> Mpur2 {
        match self.tx_outside_uart {
            TxOutsideUart::Sent => Mpur2::SENDS_OUTSIDE_UART,
            TxOutsideUart::Ignored => Mpur2::empty(),
        }
    }

    /// Whether a reply of this kind is an entry of the receive FIFO, like a byte from MIDI IN. A
    /// mailbox has no such entries. With a FIFO every reply is an entry, except an ACK that goes to
    /// the front.
    pub(crate) fn queues(&self, reply: ReplyKind) -> bool {
        let is_ack = matches!(reply, ReplyKind::Ack | ReplyKind::QuietAck);
        self.host_port == HostPort::Fifo && (self.ack_position == AckPosition::Tail || !is_ack)
    }

    /// How long before the end of a byte the transmitter takes the next byte, in ns.
    ///
    /// Source: Intel, MCS-51, serial interface: TI is set at the beginning of the stop bit.
    pub(crate) fn tx_ahead_ns(&self) -> u64 {
        match self.host_port {
            HostPort::BusChip => BIT_TIME_NS,
            HostPort::Mailbox | HostPort::Fifo => 0,
        }
    }

    /// The most bytes that the transmitter holds at a time, including a byte in its stop bit.
    pub(crate) fn output_limit(&self) -> usize {
        self.tx_limit + usize::from(self.tx_ahead_ns() > 0)
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
        HostPort::Mailbox | HostPort::BusChip => (tx_depth - 1).max(1),
        HostPort::Fifo => tx_depth,
    }
}

/// The behaviour, with its numbers inside the bounds that the chip relies on. The offset of STATUS
/// is at least 1, and the low bits of STATUS are six bits. The input can reach its threshold, and
/// only a card with FIFOs has a transmit interrupt. No sum of times overflows. F8s do not overlap,
/// and a latched interrupt line goes low between two bytes.
fn bounded(behaviour: &Behaviour) -> Behaviour {
    let shorter = |spread: &Spread| Spread {
        min: spread.min.min(LONGEST_NS),
        typ: spread.typ.min(LONGEST_NS),
        p95: spread.p95.min(LONGEST_NS),
        max: spread.max.min(LONGEST_NS),
    };
    let mut timing = behaviour.timing.map(shorter);
    timing.backlog_after_exit_ns = behaviour.timing.backlog_after_exit_ns;
    if behaviour.interrupt == InterruptKind::LatchEdge {
        let Spread { min, typ, p95, max } = timing.next_byte_ns;
        timing.next_byte_ns = Spread::measured(min.max(1), typ.max(1), p95.max(1), max.max(1));
    }
    Behaviour {
        status_low_bits: behaviour.status_low_bits & 0x3F,
        status_rx_full_bits: behaviour.status_rx_full_bits & 0x3F,
        status_uart_bits: behaviour.status_uart_bits & 0x3F,
        status_command_bits: behaviour.status_command_bits & 0x3F,
        rx_threshold: behaviour.rx_threshold.min(behaviour.rx_depth),
        transmit_interrupt: match behaviour.host_port {
            HostPort::Mailbox | HostPort::BusChip => TransmitInterrupt::None,
            HostPort::Fifo => behaviour.transmit_interrupt,
        },
        status_offset: behaviour.status_offset.max(1),
        reset_output: behaviour.reset_output.map(|output| ResetOutput {
            clock_period_ns: output.clock_period_ns.max(BYTE_TIME_NS),
            ..output
        }),
        timing,
        ..*behaviour
    }
}
