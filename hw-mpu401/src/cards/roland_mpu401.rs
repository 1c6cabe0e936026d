//! Roland MPU-401 with firmware 1.5A: the unit that gave the interface its name.
//!
//! Measured: firmware 1.5A (version 15h, revision 01h) at its host port and MIDI OUT. Where a
//! spread was measured, its middle number is the median or a point well inside it. The gate array
//! around the microcontroller was not measured.

use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, EmptyRead, Fifos, FirmwareId,
    HostPort, InterruptKind, Overrun, ResetAck, ResetOutput, RxWhileBusy, TxWhileBusy, UnreadInput,
    text,
};
use crate::timing::{Spread, Timing};
use alloc::borrow::Cow;

/// The card.
pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("roland-mpu401"),
    title: text("Roland MPU-401, firmware 1.5A"),
    description: text(
        "A microcontroller behind two one-byte mailboxes: long busy times after a \
                  reset and after entering UART mode, and unread input blocks output.",
    ),
    sources: Cow::Borrowed(&[
        text("Measured: firmware 1.5A at the host port and MIDI OUT"),
        text("Roland MPU-401 technical reference manual, as quoted by others"),
    ]),
    // Measured: answers of AC and AD.
    firmware: Some(FirmwareId { version: 0x15, revision: 0x01 }),
    // Source: technical reference, ports.
    command_port: CommandPort::Present,
    // Source: technical reference, ports.
    status_offset: 1,
    // Source: technical reference: the default of 330h.
    usual_port: 0x330,
    // Measured: a second byte written before the first is taken replaces it.
    host_port: HostPort::Mailbox,
    // Assumed: the gate array does not drive them; an open bus of pull-ups reads ones.
    status_low_bits: 0x3F,
    // Assumed: nothing says that one of them changes.
    status_rx_full_bits: 0,
    status_uart_bits: 0,
    // Measured: the mailbox keeps its last byte.
    empty_read: EmptyRead::Stale,
    // Measured: ring of 255, transmit register, shifter, host latch.
    tx_depth: 258,
    // Measured: ring of 1744 and the host latch.
    rx_depth: 1745,
    // Measured: the first 1745 bytes stay intact, the newest are lost without a flag.
    rx_overrun: Overrun::DropNew,
    // Measured: MIDI IN between 3F and the end of the busy time never reaches the host.
    rx_while_busy: RxWhileBusy::Lost,
    // Measured: the first byte written waits, DRR stays set.
    tx_while_busy: TxWhileBusy::Waits,
    // Measured: from the second unread byte on nothing is taken, FF neither.
    unread_input: UnreadInput::BlocksOutput,
    // Measured: all 256 codes are acknowledged, undefined ones too.
    ack_set: AckSet::All,
    // Measured; Source: technical reference, reset in UART mode.
    ack_reset_in_uart: ResetAck::Silent,
    // Measured: an ACK waits until the byte in the mailbox has been read.
    ack_position: AckPosition::Tail,
    // Assumed: the line follows the mailbox whatever the byte in it.
    ack_interrupt: AckInterrupt::Raised,
    // Assumed: as above; the next byte comes 9 us after a read at the earliest, so the line
    // falls in between.
    interrupt: InterruptKind::LatchEdge,
    // Assumed: the input ring starts anew. Measured: output goes on for a while, see
    // `backlog_after_exit_ns`.
    cleared_by_reset: Fifos::RX,
    // Assumed: both rings start anew.
    cleared_by_uart_entry: Fifos::RX.union(Fifos::TX),
    reset_output: Some(RESET_OUTPUT),
    timing: TIMING,
    // Assumed: an 8-bit ISA cycle with its recovery time.
    access_ns: 1_000,
};

/// How long the unit takes.
pub(super) const TIMING: Timing = Timing {
    // Measured: at 400 random phases of the main loop.
    drr_clear_intelligent_ns: Spread::between(17_000, 52_000, 243_000),
    // Measured: as above.
    drr_clear_uart_ns: Spread::between(11_000, 21_000, 32_000),
    // Measured while the buffer has room.
    tx_accept_ns: Spread::exactly(155_000),
    // Measured.
    tx_start_ns: Spread::exactly(91_000),
    // Measured.
    ack_latency_ns: Spread::exactly(25_000),
    // Measured.
    reply_latency_ns: Spread::between(81_000, 85_000, 88_000),
    // Measured.
    rx_to_dsr_ns: Spread::between(129_000, 139_000, 149_000),
    // Measured: 9 us when the unit waits already.
    next_byte_ns: Spread::exactly(9_000),
    // Measured.
    busy_after_power_on_ns: Spread::exactly(27_010_000),
    // Measured.
    busy_after_reset_ns: Spread::between(27_180_000, 27_200_000, 27_230_000),
    // Measured from a running unit.
    busy_after_uart_entry_ns: Spread::between(34_600_000, 34_700_000, 34_730_000),
    // Measured.
    busy_after_exit_ns: Spread::exactly(60_460_000),
    // Measured with a full buffer.
    busy_after_exit_full_ns: Spread::between(70_110_000, 70_140_000, 70_180_000),
    // Measured: sending goes on for about 43 ms, up to 137 bytes: 136 byte times.
    backlog_after_exit_ns: Spread::exactly(43_520_000),
    // Measured when 3F directly follows a reset. Assumed: that means a unit whose clock does not
    // run yet.
    busy_after_early_uart_entry_ns: Spread::exactly(33_450_000),
    // Measured: 140 to 200 us from a read to a byte that is not ready; a backlog drains at about
    // 7200 bytes a second, which is 139 us a byte.
    rx_queued_to_dsr_ns: Spread::between(139_000, 139_000, 200_000),
};

/// What the unit sends by itself after a reset.
pub(super) const RESET_OUTPUT: ResetOutput = ResetOutput {
    // Measured: FC ends 26.95 ms after FF was taken, the unit is ready after 27.2 ms.
    stop_before_ready_ns: 570_000,
    // Measured: F8 from about 39 ms after a reset on.
    clock_after_ready_ns: 11_800_000,
    // Measured: one F8 a 24th of a beat, at the default tempo of 100.
    clock_period_ns: 25_000_000,
};
