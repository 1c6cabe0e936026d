//! What a chip keeps of its card's profile: the behaviour within the bounds it relies on.
//!
//! It is made once and never changes. A chip with drawn latencies draws them from the ranges here.

use crate::answers::{AckSet, HostPort, InterruptKind, MAX_RX_DEPTH, MAX_TX_DEPTH, ResetOutput};
use crate::behaviour::Behaviour;
use crate::spec::{BYTE_TIME_NS, RESET};
use crate::timing::Spread;
use core::ops::Deref;

/// Longer durations in a profile are cut to this, so that the sum of a time and a few durations
/// cannot overflow. In ns.
const LONGEST_NS: u64 = u64::MAX / 64;

/// How the card behaves, and what follows from it.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    card: Behaviour,
    /// Bytes of input that may be unread.
    pub(crate) rx_limit: usize,
    /// Bytes that the transmitter may hold.
    pub(crate) tx_limit: usize,
    /// Whether intelligent mode is more than acknowledgements: firmware behind mailboxes.
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
            has_sequencer: behaviour.firmware.is_some()
                && behaviour.host_port == HostPort::Mailbox
                && matches!(behaviour.ack_set, AckSet::All | AckSet::ResetOnly),
        }
    }

    /// Whether a command that the card knows is acknowledged in intelligent mode.
    pub(crate) fn acknowledges(&self, command: u8) -> bool {
        match self.ack_set {
            AckSet::All | AckSet::ResetAndUart => true,
            AckSet::ResetOnly => command == RESET,
            AckSet::None => false,
        }
    }
}

fn tx_limit(behaviour: &Behaviour) -> usize {
    let tx_depth = usize::from(behaviour.tx_depth.clamp(1, MAX_TX_DEPTH));
    match behaviour.host_port {
        // The latch is one of the positions.
        HostPort::Mailbox => (tx_depth - 1).max(1),
        HostPort::Fifo => tx_depth,
    }
}

/// The behaviour with every number as a chip can use it: STATUS behind DATA and with six low bits,
/// no sum of times that overflows, F8s that do not overlap, and a latched line that falls between
/// two bytes.
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
