//! Creative Sound Blaster 16: the MPU-401 that most games and drivers met.
//!
//! Source: Creative, Sound Blaster Series Hardware Programming Guide, MPU-401 UART mode. The
//! guide says little beyond the two commands; what it leaves open is marked.

use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, EmptyRead, Fifos, HostPort,
    InterruptKind, Overrun, ResetAck, RxWhileBusy, TxWhileBusy, UnreadInput, text,
};
use crate::spec::BIT_TIME_NS;
use crate::timing::{NEVER_NS, Spread, Timing};
use alloc::borrow::Cow;

/// The card.
pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("sb16"),
    title: text("Creative Sound Blaster 16"),
    description: text(
        "UART mode only, with small buffers; acknowledges FF in UART mode too, and \
                  shares its level interrupt with the rest of the card.",
    ),
    sources: Cow::Borrowed(&[
        text("Creative, Sound Blaster Series Hardware Programming Guide"),
        text("Output depth: public driver notes on the AWE64"),
    ]),
    // Source: guide: no command but FF and 3F.
    firmware: None,
    // Source: guide, ports.
    command_port: CommandPort::Present,
    // Source: guide, ports.
    status_offset: 1,
    // Source: guide: 330h, or 300h by a jumper.
    usual_port: 0x330,
    // Assumed: bytes go straight to the UART.
    host_port: HostPort::Fifo,
    // Assumed: undriven bits read ones.
    status_low_bits: 0x3F,
    // Assumed: nothing says that one of them changes.
    status_rx_full_bits: 0,
    status_uart_bits: 0,
    // Assumed: a receive register keeps its last byte.
    empty_read: EmptyRead::Stale,
    // Assumed: the AWE64, its successor, takes two bytes in a row.
    tx_depth: 2,
    // Assumed: as deep as the output; a shallow buffer shows overruns rather than hiding them.
    rx_depth: 2,
    // Assumed: as in a 16550.
    rx_overrun: Overrun::DropNew,
    // Assumed: there is no busy time.
    rx_while_busy: RxWhileBusy::Kept,
    // Assumed: there is no busy time.
    tx_while_busy: TxWhileBusy::Waits,
    // Assumed: input and output are independent.
    unread_input: UnreadInput::Harmless,
    // Source: guide: FF and 3F are the commands.
    ack_set: AckSet::ResetAndUart,
    // Assumed: the guide tells to read an FE after a reset and makes no exception.
    ack_reset_in_uart: ResetAck::Acknowledged,
    // Assumed: bytes come in the order in which they arose.
    ack_position: AckPosition::Tail,
    // Source: guide: an ACK interrupts, and a read of DATA takes the interrupt away.
    ack_interrupt: AckInterrupt::Raised,
    // Assumed: one line for several sources cannot be a pulse.
    interrupt: InterruptKind::Level,
    // Assumed: as on other UART-only cards.
    cleared_by_reset: Fifos::RX,
    // Assumed: as on other UART-only cards.
    cleared_by_uart_entry: Fifos::RX.union(Fifos::TX),
    // Assumed: no sequencer, so nothing is sent by itself.
    reset_output: None,
    timing: Timing {
        // Assumed: the guide names no wait but for the two flags, so all of these are 0.
        drr_clear_intelligent_ns: Spread::exactly(0),
        drr_clear_uart_ns: Spread::exactly(0),
        tx_accept_ns: Spread::exactly(0),
        // Assumed: half a bit to one and a half until the baud clock comes round, as in a 16550.
        tx_start_ns: Spread::between(BIT_TIME_NS / 2, BIT_TIME_NS, BIT_TIME_NS * 3 / 2),
        // Assumed: as above.
        ack_latency_ns: Spread::exactly(0),
        reply_latency_ns: Spread::exactly(0),
        rx_to_dsr_ns: Spread::exactly(0),
        next_byte_ns: Spread::exactly(0),
        busy_after_power_on_ns: Spread::exactly(0),
        busy_after_reset_ns: Spread::exactly(0),
        busy_after_uart_entry_ns: Spread::exactly(0),
        busy_after_exit_ns: Spread::exactly(0),
        busy_after_exit_full_ns: Spread::exactly(0),
        // Assumed: what the UART holds is sent.
        backlog_after_exit_ns: Spread::exactly(NEVER_NS),
        busy_after_early_uart_entry_ns: Spread::exactly(0),
        rx_queued_to_dsr_ns: Spread::exactly(0),
    },
    // Assumed: an 8-bit ISA cycle with its recovery time.
    access_ns: 1_000,
};
