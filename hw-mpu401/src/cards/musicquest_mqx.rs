//! Music Quest MQX: a unit of another maker with the commands of Roland's and a few more.
//!
//! Source: public reports of its users. What they do not tell is taken from Roland's own unit.

use super::roland_mpu401::{RESET_OUTPUT, TIMING};
use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, EmptyRead, Fifos, FirmwareId,
    HostPort, InterruptKind, Overrun, ResetAck, RxWhileBusy, TxWhileBusy, UnreadInput, text,
};
use crate::timing::{Spread, Timing};
use alloc::borrow::Cow;

/// The card.
pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("musicquest-mqx"),
    title: text("Music Quest MQX"),
    description: text(
        "A compatible unit with more commands: acknowledges FF alone, and loses what is written \
        in the first 100 ms of UART mode.",
    ),
    sources: Cow::Borrowed(&[
        text("A comment in MAME's tracker: only FF is acknowledged; version 20h"),
        text("Reports on mt32-pi-control: bytes lost after the switch to UART mode"),
        text("Roland MPU-401 firmware 1.5A for all else"),
    ]),
    // Source: version 20h; bit 6 of the revision tells the timebases 216 and 240. Assumed: of
    // the extensions it has these alone, neither CLS (bit 1) nor 32 ports (bit 3).
    firmware: Some(FirmwareId { version: 0x20, revision: 0x40 }),
    // Assumed: as Roland's own unit.
    command_port: CommandPort::Present,
    // Assumed: as Roland's own unit.
    status_offset: 1,
    // Assumed: as Roland's own unit.
    usual_port: 0x330,
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
    // Source: reports: the first bytes after the switch are lost without a pause, so DRR does not
    // hold the host back.
    tx_while_busy: TxWhileBusy::Lost,
    // Assumed: as Roland's own unit.
    unread_input: UnreadInput::BlocksOutput,
    // Source: a comment in MAME's tracker. Assumed: the others are run all the same.
    ack_set: AckSet::ResetOnly,
    // Assumed: as Roland's own unit.
    ack_reset_in_uart: ResetAck::Silent,
    ack_position: AckPosition::Tail,
    ack_interrupt: AckInterrupt::Raised,
    interrupt: InterruptKind::LatchEdge,
    cleared_by_reset: Fifos::RX,
    cleared_by_uart_entry: Fifos::RX.union(Fifos::TX),
    reset_output: Some(RESET_OUTPUT),
    // Assumed: as Roland's own unit, but for UART mode. Source: reports: a pause of about 100 ms
    // is enough.
    timing: Timing {
        busy_after_uart_entry_ns: Spread::exactly(100_000_000),
        busy_after_early_uart_entry_ns: Spread::exactly(100_000_000),
        ..TIMING
    },
    // Assumed: an 8-bit cycle of the bus with its recovery time.
    access_ns: 1_000,
};
