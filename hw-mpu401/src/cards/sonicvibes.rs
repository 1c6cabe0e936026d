//! S3 SonicVibes: a PCI sound chip with an MPU-401.
//!
//! Source: a list of output depths in Linux' driver. The rest is not known and marked so.

use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, EmptyRead, Fifos, HostPort,
    InterruptKind, Overrun, ResetAck, RxWhileBusy, TxWhileBusy, UnreadInput, text,
};
use crate::spec::BIT_TIME_NS;
use crate::timing::{Spread, Timing};
use alloc::borrow::Cow;

/// The card.
pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("sonicvibes"),
    title: text("S3 SonicVibes"),
    description: text("A PCI sound chip with an MPU-401: UART mode only, with 8 bytes of output."),
    sources: Cow::Borrowed(&[text("Linux, driver mpu401_uart: a list of output depths")]),
    // Source: the drivers for it use FF and 3F only.
    firmware: None,
    // Source: the drivers for it write COMMAND at base+1.
    command_port: CommandPort::Present,
    status_offset: 1,
    // Assumed: where programs look first.
    usual_port: 0x330,
    // Assumed: the ports are the ends of two buffers, as on the super-I/O, which has a data sheet.
    host_port: HostPort::Fifo,
    // Assumed: undriven bits read ones.
    status_low_bits: 0x3F,
    // Assumed: nothing says that one of them changes.
    status_rx_full_bits: 0,
    status_uart_bits: 0,
    // Assumed: a receive register keeps its last byte.
    empty_read: EmptyRead::Stale,
    // Source: Linux: eight bytes in a row. Assumed: with the one on the wire.
    tx_depth: 8,
    // Assumed: as deep as the output.
    rx_depth: 8,
    // Assumed: as in a 16550.
    rx_overrun: Overrun::DropNew,
    // Assumed: there is no busy time.
    rx_while_busy: RxWhileBusy::Kept,
    tx_while_busy: TxWhileBusy::Waits,
    // Assumed: input and output are independent.
    unread_input: UnreadInput::Harmless,
    // Source: the drivers for it use FF and 3F only.
    ack_set: AckSet::ResetAndUart,
    // Assumed: as on the super-I/O and Roland's own unit.
    ack_reset_in_uart: ResetAck::Silent,
    // Assumed: as on the super-I/O.
    ack_position: AckPosition::Front,
    // Assumed: any byte that is available interrupts.
    ack_interrupt: AckInterrupt::Raised,
    // Assumed: as on the super-I/O, which has a data sheet.
    interrupt: InterruptKind::Level,
    // Assumed: as above.
    cleared_by_reset: Fifos::RX,
    cleared_by_uart_entry: Fifos::RX.union(Fifos::TX),
    // Assumed: no sequencer, so nothing is sent by itself.
    reset_output: None,
    // Assumed: no firmware, so no wait but for the baud clock, half a bit to one and a half as in
    // a 16550.
    timing: Timing {
        tx_start_ns: Spread::between(BIT_TIME_NS / 2, BIT_TIME_NS, BIT_TIME_NS * 3 / 2),
        ..Timing::AT_ONCE
    },
    // Assumed: a PCI cycle to a slow device and its bridge.
    access_ns: 1_000,
};
