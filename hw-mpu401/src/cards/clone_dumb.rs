//! A cheap clone: a bare UART behind the two ports, and no commands at all.
//!
//! Source: published MPU-401 errata on such cards: base+1 is only STATUS, so a driver that waits
//! for an ACK without a limit never comes back.

use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, EmptyRead, Fifos, HostPort,
    InterruptKind, Overrun, ResetAck, RxWhileBusy, TxWhileBusy, UnreadInput, text,
};
use crate::timing::{NEVER_NS, Spread, Timing};
use alloc::borrow::Cow;

/// The card.
pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("clone-dumb"),
    title: text("MPU-401 clone without commands"),
    description: text(
        "One byte each way, always in UART mode, never acknowledges, and is busy as \
                  long as a byte is on the wire.",
    ),
    sources: Cow::Borrowed(&[
        text("Published MPU-401 errata on clones"),
        text("Lists of buffer sizes of sound cards"),
    ]),
    // Source: errata: no commands.
    firmware: None,
    // Source: errata: status only.
    command_port: CommandPort::StatusOnly,
    // Source: errata: status at base+1.
    status_offset: 1,
    // Assumed: where programs look first.
    usual_port: 0x330,
    // Assumed: the ports are the UART's own registers.
    host_port: HostPort::Fifo,
    // Assumed: undriven bits read ones.
    status_low_bits: 0x3F,
    // Assumed: nothing says that one of them changes.
    status_rx_full_bits: 0,
    status_uart_bits: 0,
    // Assumed: a receive register keeps its last byte.
    empty_read: EmptyRead::Stale,
    // Source: lists of buffer sizes: one byte. Assumed: it is the shifter itself.
    tx_depth: 1,
    // Source: lists of buffer sizes: one byte.
    rx_depth: 1,
    // Assumed: a single register is overwritten by the next byte.
    rx_overrun: Overrun::DropOld,
    // Assumed: there is no busy time.
    rx_while_busy: RxWhileBusy::Kept,
    // Assumed: there is no busy time.
    tx_while_busy: TxWhileBusy::Waits,
    // Assumed: input and output are independent.
    unread_input: UnreadInput::Harmless,
    // Source: errata: never an ACK.
    ack_set: AckSet::None,
    ack_reset_in_uart: ResetAck::Silent,
    // No ACK, so the next two do not show.
    ack_position: AckPosition::Tail,
    ack_interrupt: AckInterrupt::Silent,
    // Assumed: the UART's receive interrupt.
    interrupt: InterruptKind::Level,
    // No command, so neither happens.
    cleared_by_reset: Fifos::empty(),
    cleared_by_uart_entry: Fifos::empty(),
    reset_output: None,
    timing: Timing {
        // Assumed: register writes; DRR follows the shifter alone.
        drr_clear_intelligent_ns: Spread::exactly(0),
        drr_clear_uart_ns: Spread::exactly(0),
        tx_accept_ns: Spread::exactly(0),
        // Assumed: the write loads the shifter, so the next byte is taken 320 us after it.
        tx_start_ns: Spread::exactly(0),
        // No commands, so none of these shows.
        ack_latency_ns: Spread::exactly(0),
        reply_latency_ns: Spread::exactly(0),
        // Assumed: the byte can be read when its stop bit ends.
        rx_to_dsr_ns: Spread::exactly(0),
        next_byte_ns: Spread::exactly(0),
        // Assumed: no firmware and no commands, so no busy time.
        busy_after_power_on_ns: Spread::exactly(0),
        busy_after_reset_ns: Spread::exactly(0),
        busy_after_uart_entry_ns: Spread::exactly(0),
        busy_after_exit_ns: Spread::exactly(0),
        busy_after_exit_full_ns: Spread::exactly(0),
        backlog_after_exit_ns: Spread::exactly(NEVER_NS),
        busy_after_early_uart_entry_ns: Spread::exactly(0),
        rx_queued_to_dsr_ns: Spread::exactly(0),
    },
    // Assumed: an 8-bit ISA cycle with its recovery time.
    access_ns: 1_000,
};
