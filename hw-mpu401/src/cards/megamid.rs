//! A clone as MegaMid and the driver of Windows NT 3.5 expect it.
//!
//! Source: public reports on emulators: both wait for the ACK of an FF in UART mode, which Roland's
//! own unit never gives. Which cards they were written for is not known.

use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, EmptyRead, Fifos, HostPort,
    InterruptKind, Overrun, ResetAck, RxWhileBusy, TxWhileBusy, UnreadInput, text,
};
use crate::spec::BIT_TIME_NS;
use crate::timing::{Spread, Timing};
use alloc::borrow::Cow;

/// The card.
pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("megamid"),
    title: text("MegaMid-like clone"),
    description: text(
        "The card that MegaMid and the driver of Windows NT 3.5 expect: acknowledges FF in UART \
        mode too.",
    ),
    sources: Cow::Borrowed(&[
        text("Public reports on MegaMid and Windows NT 3.5 on emulators"),
        text("Lists of buffer sizes of sound cards"),
    ]),
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
    // Source: lists of buffer sizes: one byte is common. Assumed: one more in the shifter.
    tx_depth: 2,
    // Source: lists of buffer sizes: one byte is common.
    rx_depth: 1,
    // Assumed: a single register is overwritten by the next byte.
    rx_overrun: Overrun::DropOld,
    // Assumed: there is no busy time.
    rx_while_busy: RxWhileBusy::Kept,
    tx_while_busy: TxWhileBusy::Waits,
    // Assumed: input and output are independent.
    unread_input: UnreadInput::Harmless,
    // Source: the drivers for it use FF and 3F only.
    ack_set: AckSet::ResetAndUart,
    // Source: reports: both programs wait for it.
    ack_reset_in_uart: ResetAck::Acknowledged,
    // Assumed: bytes come in the order in which they arose.
    ack_position: AckPosition::Tail,
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
    // Assumed: an 8-bit ISA cycle with its recovery time.
    access_ns: 1_000,
};
