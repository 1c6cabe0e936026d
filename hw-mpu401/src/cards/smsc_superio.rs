//! SMSC LPC47M and LPC47B27x super-I/O: the MPU-401 of many mainboards.
//!
//! Source: SMSC LPC47M and LPC47B27x data sheets, MPU-401 MIDI UART. It is a 16550-like UART
//! with two commands.

use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, EmptyRead, Fifos, HostPort,
    InterruptKind, Overrun, ResetAck, RxWhileBusy, TxWhileBusy, UnreadInput, text,
};
use crate::spec::BIT_TIME_NS;
use crate::timing::{NEVER_NS, Spread, Timing};
use alloc::borrow::Cow;

/// The card.
pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("smsc-superio"),
    title: text("SMSC LPC47M super-I/O"),
    description: text(
        "A UART with two 16-byte FIFOs and no firmware: never busy but when its output \
                  is full, knows only FF and 3F, and interrupts by level.",
    ),
    sources: Cow::Borrowed(&[text("SMSC LPC47M and LPC47B27x data sheets, MPU-401 MIDI UART")]),
    // Source: data sheet: no command but FF and 3F.
    firmware: None,
    // Source: data sheet, ports.
    command_port: CommandPort::Present,
    // Source: data sheet, ports.
    status_offset: 1,
    // Assumed: where programs look first; the BIOS of a board decides.
    usual_port: 0x330,
    // Source: data sheet: two FIFOs.
    host_port: HostPort::Fifo,
    // Source: data sheet: reserved bits read 0, so STATUS is 80h after a reset.
    status_low_bits: 0x00,
    // Assumed: nothing says that one of them changes.
    status_rx_full_bits: 0,
    status_uart_bits: 0,
    // Assumed: the data sheet leaves it open; a receive register keeps its last byte.
    empty_read: EmptyRead::Stale,
    // Source: data sheet: 16 in the FIFO. Assumed: one more in the shifter, as in a 16550.
    tx_depth: 17,
    // Source: data sheet: 16 in the FIFO.
    rx_depth: 16,
    // Source: data sheet: overrun as in a 16550, the newest is lost and STATUS does not show it.
    rx_overrun: Overrun::DropNew,
    // Assumed: there is no busy time in which one could be lost.
    rx_while_busy: RxWhileBusy::Kept,
    // Assumed: there is no busy time.
    tx_while_busy: TxWhileBusy::Waits,
    // Source: data sheet: the FIFOs are independent.
    unread_input: UnreadInput::Harmless,
    // Source: data sheet: other commands are ignored without an ACK.
    ack_set: AckSet::ResetAndUart,
    // Source: data sheet: the reset is run, but not acknowledged.
    ack_reset_in_uart: ResetAck::Silent,
    // Source: data sheet: an ACK comes before unread FIFO data.
    ack_position: AckPosition::Front,
    // Source: data sheet: any byte that is available interrupts.
    ack_interrupt: AckInterrupt::Raised,
    // Source: data sheet: high until the FIFO is empty.
    interrupt: InterruptKind::Level,
    // Source: data sheet: FF clears the receive FIFO.
    cleared_by_reset: Fifos::RX,
    // Source: data sheet: 3F clears both FIFOs.
    cleared_by_uart_entry: Fifos::RX.union(Fifos::TX),
    // Assumed: no sequencer, so nothing is sent by itself.
    reset_output: None,
    timing: Timing {
        // Source: data sheet: DRR is set by a full FIFO and by nothing else.
        drr_clear_intelligent_ns: Spread::exactly(0),
        drr_clear_uart_ns: Spread::exactly(0),
        tx_accept_ns: Spread::exactly(0),
        // Assumed: half a bit to one and a half until the baud clock comes round, as in a 16550.
        tx_start_ns: Spread::between(BIT_TIME_NS / 2, BIT_TIME_NS, BIT_TIME_NS * 3 / 2),
        // Assumed: no firmware, so at once.
        ack_latency_ns: Spread::exactly(0),
        reply_latency_ns: Spread::exactly(0),
        // Assumed: the byte is in the FIFO when its stop bit ends.
        rx_to_dsr_ns: Spread::exactly(0),
        // Assumed: the FIFO shows its next byte at once.
        next_byte_ns: Spread::exactly(0),
        // Assumed: the data sheet names no busy time.
        busy_after_power_on_ns: Spread::exactly(0),
        busy_after_reset_ns: Spread::exactly(0),
        busy_after_uart_entry_ns: Spread::exactly(0),
        busy_after_exit_ns: Spread::exactly(0),
        busy_after_exit_full_ns: Spread::exactly(0),
        // Assumed: FF is said to clear the receive FIFO only.
        backlog_after_exit_ns: Spread::exactly(NEVER_NS),
        busy_after_early_uart_entry_ns: Spread::exactly(0),
        rx_queued_to_dsr_ns: Spread::exactly(0),
    },
    // Assumed: LPC cycle and bridge together.
    access_ns: 1_000,
};
