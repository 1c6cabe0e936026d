//! Roland MPU-PC98: the unit on a card for NEC's PC-98.
//!
//! Source: public drivers and emulators, for its ports. Its firmware was not measured: all of that
//! is taken from the unit for the PC.

use super::roland_mpu401::{RESET_OUTPUT, TIMING};
use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, EmptyRead, Fifos, FirmwareId,
    HostPort, InterruptKind, Overrun, ResetAck, RxWhileBusy, TxWhileBusy, UnreadInput, text,
};
use alloc::borrow::Cow;

/// The card.
pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("pc98-mpu"),
    title: text("Roland MPU-PC98"),
    description: text(
        "Roland's unit for the NEC PC-98, whose devices use every other port: STATUS is at \
        base+2.",
    ),
    sources: Cow::Borrowed(&[
        text("Linux, driver mpu401_uart, and DOSBox-X: the ports of the PC-98"),
        text("Roland MPU-401 firmware 1.5A for all else"),
    ]),
    // Assumed: as Roland's own unit.
    firmware: Some(FirmwareId { version: 0x15, revision: 0x01 }),
    // Assumed: as Roland's own unit.
    command_port: CommandPort::Present,
    // Source: public drivers: STATUS and COMMAND at base+2.
    status_offset: 2,
    // Source: public emulators: E0D0h and E0D2h.
    usual_port: 0xE0D0,
    // Assumed: as Roland's own unit.
    host_port: HostPort::Mailbox,
    // Assumed: as Roland's own unit.
    status_low_bits: 0x3F,
    status_rx_full_bits: 0,
    status_uart_bits: 0,
    // Assumed: as Roland's own unit.
    empty_read: EmptyRead::Stale,
    // Assumed: as Roland's own unit.
    tx_depth: 258,
    rx_depth: 1745,
    rx_overrun: Overrun::DropNew,
    // Assumed: as Roland's own unit.
    rx_while_busy: RxWhileBusy::Lost,
    // Assumed: as Roland's own unit.
    tx_while_busy: TxWhileBusy::Waits,
    // Assumed: as Roland's own unit.
    unread_input: UnreadInput::BlocksOutput,
    // Assumed: as Roland's own unit.
    ack_set: AckSet::All,
    // Assumed: as Roland's own unit.
    ack_reset_in_uart: ResetAck::Silent,
    ack_position: AckPosition::Tail,
    ack_interrupt: AckInterrupt::Raised,
    interrupt: InterruptKind::LatchEdge,
    cleared_by_reset: Fifos::RX,
    cleared_by_uart_entry: Fifos::RX.union(Fifos::TX),
    reset_output: Some(RESET_OUTPUT),
    // Assumed: as Roland's own unit.
    timing: TIMING,
    // Assumed: an 8-bit cycle of the bus with its recovery time.
    access_ns: 1_000,
};
