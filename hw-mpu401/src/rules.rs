//! What a chip keeps of its card's profile: plain answers, within the bounds it relies on.
//!
//! They are made once and never change. How long everything takes is apart, in `timing`, because
//! a chip may draw that anew for each event.

use crate::behaviour::Behaviour;
use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CommandPort, EmptyRead, Fifos, FirmwareId, HostPort,
    InterruptKind, MAX_RX_DEPTH, MAX_TX_DEPTH, Overrun, ResetAck, ResetOutput, RxWhileBusy,
    TxWhileBusy, UnreadInput,
};
use crate::spec::{BYTE_TIME_NS, RESET};
use crate::timing::{Spread, Timing};

/// Longer durations in a profile are cut to this, so that the sum of a time and a few durations
/// cannot overflow. In ns.
const LONGEST_NS: u64 = u64::MAX / 64;

/// The answers. Each means what the field of its name in [`Behaviour`] says.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    // The host port.
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
    // The unit behind it.
    pub(crate) firmware: Option<FirmwareId>,
    pub(crate) unread_input: UnreadInput,
    pub(crate) rx_overrun: Overrun,
    pub(crate) rx_while_busy: RxWhileBusy,
    pub(crate) tx_while_busy: TxWhileBusy,
    pub(crate) cleared_by_reset: Fifos,
    pub(crate) cleared_by_uart_entry: Fifos,
    pub(crate) reset_output: Option<ResetOutput>,
    /// Bytes of input that may be unread.
    pub(crate) rx_limit: usize,
    /// Bytes that the transmitter may hold.
    pub(crate) tx_limit: usize,
    /// Whether intelligent mode is more than acknowledgements: firmware behind mailboxes.
    pub(crate) has_sequencer: bool,
}

impl Rules {
    /// The answers of this card.
    pub(crate) fn of(behaviour: &Behaviour) -> Self {
        Self {
            host_port: behaviour.host_port,
            command_port: behaviour.command_port,
            empty_read: behaviour.empty_read,
            ack_set: behaviour.ack_set,
            ack_reset_in_uart: behaviour.ack_reset_in_uart,
            ack_position: behaviour.ack_position,
            ack_interrupt: behaviour.ack_interrupt,
            status_low_bits: behaviour.status_low_bits & 0x3F,
            status_offset: behaviour.status_offset.max(1),
            status_rx_full_bits: behaviour.status_rx_full_bits & 0x3F,
            status_uart_bits: behaviour.status_uart_bits & 0x3F,
            firmware: behaviour.firmware,
            unread_input: behaviour.unread_input,
            rx_overrun: behaviour.rx_overrun,
            rx_while_busy: behaviour.rx_while_busy,
            tx_while_busy: behaviour.tx_while_busy,
            cleared_by_reset: behaviour.cleared_by_reset,
            cleared_by_uart_entry: behaviour.cleared_by_uart_entry,
            reset_output: behaviour.reset_output.map(|output| ResetOutput {
                clock_period_ns: output.clock_period_ns.max(BYTE_TIME_NS),
                ..output
            }),
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

/// The latencies of a card as a chip can use them: no sum of times overflows, and a latched line
/// falls between two bytes.
pub(crate) fn bounded_spreads(behaviour: &Behaviour) -> Timing {
    let bounded = |spread: &Spread| Spread {
        min: spread.min.min(LONGEST_NS),
        typ: spread.typ.min(LONGEST_NS),
        max: spread.max.min(LONGEST_NS),
    };
    let mut spreads = behaviour.timing.map(bounded);
    spreads.backlog_after_exit_ns = behaviour.timing.backlog_after_exit_ns;
    if behaviour.interrupt == InterruptKind::LatchEdge {
        let Spread { min, typ, max } = spreads.next_byte_ns;
        spreads.next_byte_ns = Spread::between(min.max(1), typ.max(1), max.max(1));
    }
    spreads
}
