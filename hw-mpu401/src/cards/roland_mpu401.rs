//! Roland MPU-401 with firmware 1.5A: the unit that gave the interface its name.
//!
//! Measured: firmware 1.5A (version 15h, revision 01h) at its host port and MIDI OUT. Where a
//! spread was measured, the value is its median or a point well inside it; the spread stands
//! beside it. The gate array around the microcontroller was not measured.

use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, EmptyRead, Fifos, FirmwareId,
    HostPort, InterruptKind, Overrun, ResetAck, ResetOutput, RxWhileBusy, Timing, UnreadInput,
};

/// The card.
pub(super) const PROFILE: CardProfile = CardProfile {
    name: "roland-mpu401",
    title: "Roland MPU-401, firmware 1.5A",
    description: "A microcontroller behind two one-byte mailboxes: long busy times after a \
                  reset and after entering UART mode, and unread input blocks output.",
    sources: &[
        "Measured: firmware 1.5A at the host port and MIDI OUT",
        "Roland MPU-401 technical reference manual, as quoted by others",
    ],
    // Measured: answers of AC and AD.
    firmware: Some(FirmwareId { version: 0x15, revision: 0x01 }),
    // Source: technical reference, ports.
    command_port: CommandPort::Present,
    // Measured: a second byte written before the first is taken replaces it.
    host_port: HostPort::Mailbox,
    // Assumed: the gate array does not drive them; an open bus of pull-ups reads ones.
    status_low_bits: 0x3F,
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
    reset_output: Some(ResetOutput {
        // Measured: FC ends 26.95 ms after FF was taken, the unit is ready after 27.2 ms.
        stop_before_ready_ns: 570_000,
        // Measured: F8 from about 39 ms after a reset on.
        clock_after_ready_ns: 11_800_000,
        // Measured: one F8 a 24th of a beat, at the default tempo of 100.
        clock_period_ns: 25_000_000,
    }),
    timing: Timing {
        // Measured: 17 to 243 us, median 52.
        drr_clear_intelligent_ns: 52_000,
        // Measured: 11 to 32 us, median 21.
        drr_clear_uart_ns: 21_000,
        // Measured: 155 us a byte while the buffer has room.
        tx_accept_ns: 155_000,
        // Measured: about 91 us.
        tx_start_ns: 91_000,
        // Measured: 25 us.
        ack_latency_ns: 25_000,
        // Measured: 81 to 88 us.
        reply_latency_ns: 85_000,
        // Measured: 129 to 149 us, median 139.
        rx_to_dsr_ns: 139_000,
        // Measured: 9 us when the unit waits already.
        next_byte_ns: 9_000,
        // Measured: 27.01 ms.
        busy_after_power_on_ns: 27_010_000,
        // Measured: 27.18 to 27.23 ms.
        busy_after_reset_ns: 27_200_000,
        // Measured: 34.60 to 34.73 ms from a running unit.
        busy_after_uart_entry_ns: 34_700_000,
        // Measured: 60.46 ms.
        busy_after_exit_ns: 60_460_000,
        // Measured: 70.11 to 70.18 ms with a full buffer.
        busy_after_exit_full_ns: 70_140_000,
        // Measured: sending goes on for about 43 ms, up to 137 bytes: 136 byte times.
        backlog_after_exit_ns: 43_520_000,
    },
    // Assumed: an 8-bit ISA cycle with its recovery time.
    access_ns: 1_000,
};
