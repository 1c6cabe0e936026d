//! Creative Sound Blaster AWE64: as the Sound Blaster 16, and its output depth is known.
//!
//! Source: a list of output depths in Linux' driver. The rest as Creative's guide tells it of the
//! whole series.

use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, EmptyRead, Fifos, HostPort,
    InterruptKind, Overrun, ResetAck, RxWhileBusy, TxWhileBusy, UnreadInput, text,
};
use crate::spec::BIT_TIME_NS;
use crate::timing::{Spread, Timing};
use alloc::borrow::Cow;

/// The card.
pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("awe64"),
    title: text("Creative Sound Blaster AWE64"),
    description: text(
        "The MPU-401 of the Sound Blaster 16's last successor: UART mode only, with \
        two bytes of output.",
    ),
    sources: Cow::Borrowed(&[
        text("Linux, driver mpu401_uart: a list of output depths"),
        text("Creative, Sound Blaster Series Hardware Programming Guide"),
    ]),
    // Source: guide: no command but FF and 3F.
    firmware: None,
    // Source: guide, ports.
    command_port: CommandPort::Present,
    status_offset: 1,
    // Source: guide: 330h, or 300h.
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
    // Source: Linux: two bytes in a row. Assumed: with the one on the wire.
    tx_depth: 2,
    // Assumed: as deep as the output.
    rx_depth: 2,
    // Assumed: as in a 16550.
    rx_overrun: Overrun::DropNew,
    // Assumed: there is no busy time.
    rx_while_busy: RxWhileBusy::Kept,
    tx_while_busy: TxWhileBusy::Waits,
    // Assumed: input and output are independent.
    unread_input: UnreadInput::Harmless,
    // Source: guide: no command but FF and 3F.
    ack_set: AckSet::ResetAndUart,
    // Assumed: the guide tells to read an FE after a reset and makes no exception.
    ack_reset_in_uart: ResetAck::Acknowledged,
    // Assumed: bytes come in the order in which they arose.
    ack_position: AckPosition::Tail,
    // Source: guide: an ACK interrupts, and a read of DATA takes the interrupt away.
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
    // Assumed: an 8-bit ISA cycle with its recovery time.
    access_ns: 1_000,
};
