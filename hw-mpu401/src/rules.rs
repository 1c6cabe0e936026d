//! What a chip keeps of its card's profile: plain answers, within the bounds it relies on.
//!
//! They are made once and never change. How long everything takes is apart, in `timing`, because
//! a chip may draw that anew for each event.

use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, EmptyRead, Fifos, FirmwareId,
    HostPort, InterruptKind, MAX_RX_DEPTH, MAX_TX_DEPTH, Overrun, ResetAck, ResetOutput,
    RxWhileBusy, TxWhileBusy, UnreadInput,
};
use crate::spec::{BYTE_TIME_NS, RESET};
use crate::timing::{Spread, Timing};

/// Longer durations in a profile are cut to this, so that the sum of a time and a few durations
/// cannot overflow. In ns.
const LONGEST_NS: u64 = u64::MAX / 64;

/// The answers. Each means what the field of its name in [`CardProfile`] says.
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
    pub(crate) fn of(profile: &CardProfile) -> Self {
        Self {
            host_port: profile.host_port,
            command_port: profile.command_port,
            empty_read: profile.empty_read,
            ack_set: profile.ack_set,
            ack_reset_in_uart: profile.ack_reset_in_uart,
            ack_position: profile.ack_position,
            ack_interrupt: profile.ack_interrupt,
            status_low_bits: profile.status_low_bits & 0x3F,
            status_offset: profile.status_offset.max(1),
            status_rx_full_bits: profile.status_rx_full_bits & 0x3F,
            status_uart_bits: profile.status_uart_bits & 0x3F,
            firmware: profile.firmware,
            unread_input: profile.unread_input,
            rx_overrun: profile.rx_overrun,
            rx_while_busy: profile.rx_while_busy,
            tx_while_busy: profile.tx_while_busy,
            cleared_by_reset: profile.cleared_by_reset,
            cleared_by_uart_entry: profile.cleared_by_uart_entry,
            reset_output: profile.reset_output.map(|output| ResetOutput {
                clock_period_ns: output.clock_period_ns.max(BYTE_TIME_NS),
                ..output
            }),
            rx_limit: usize::from(profile.rx_depth.clamp(1, MAX_RX_DEPTH)),
            tx_limit: tx_limit(profile),
            has_sequencer: profile.firmware.is_some()
                && profile.host_port == HostPort::Mailbox
                && matches!(profile.ack_set, AckSet::All | AckSet::ResetOnly),
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

fn tx_limit(profile: &CardProfile) -> usize {
    let tx_depth = usize::from(profile.tx_depth.clamp(1, MAX_TX_DEPTH));
    match profile.host_port {
        // The latch is one of the positions.
        HostPort::Mailbox => (tx_depth - 1).max(1),
        HostPort::Fifo => tx_depth,
    }
}

/// The latencies of a card as a chip can use them: no sum of times overflows, and a latched line
/// falls between two bytes.
pub(crate) fn bounded_spreads(profile: &CardProfile) -> Timing {
    let bounded = |spread: &Spread| Spread {
        min: spread.min.min(LONGEST_NS),
        typ: spread.typ.min(LONGEST_NS),
        max: spread.max.min(LONGEST_NS),
    };
    let mut spreads = profile.timing.map(bounded);
    spreads.backlog_after_exit_ns = profile.timing.backlog_after_exit_ns;
    if profile.interrupt == InterruptKind::LatchEdge {
        let Spread { min, typ, max } = spreads.next_byte_ns;
        spreads.next_byte_ns = Spread::between(min.max(1), typ.max(1), max.max(1));
    }
    spreads
}
