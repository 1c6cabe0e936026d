//! National LM4560: a PCI sound chip whose STATUS has two bits more.
//!
//! Source: its data sheet, for the bits of STATUS. The rest is not known and marked so.

use crate::profile::{
    AckInterrupt, AckPosition, AckSet, CardProfile, CommandPort, EmptyRead, Fifos, HostPort,
    InterruptKind, Overrun, ResetAck, RxWhileBusy, TxWhileBusy, UnreadInput, text,
};
use crate::spec::BIT_TIME_NS;
use crate::timing::{Spread, Timing};
use alloc::borrow::Cow;

/// The card.
pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("lm4560"),
    title: text("National LM4560"),
    description: text(
        "A PCI sound chip whose STATUS tells more: bit 5 that the input is full, bit 4 the mode.",
    ),
    sources: Cow::Borrowed(&[text("LM4560 data sheet, MPU-401 status register")]),
    // Source: the drivers for it use FF and 3F only.
    firmware: None,
    // Source: the drivers for it write COMMAND at base+1.
    command_port: CommandPort::Present,
    status_offset: 1,
    // Assumed: where programs look first.
    usual_port: 0x330,
    // Assumed: the ports are the ends of two buffers, as on the super-I/O, which has a data sheet.
    host_port: HostPort::Fifo,
    // Assumed: the bits without a meaning read zeros, as on the super-I/O.
    status_low_bits: 0x00,
    // Source: data sheet: bit 5 is set while the receive FIFO is full.
    status_rx_full_bits: 0x20,
    // Source: data sheet: bit 4 tells the mode. Assumed: 1 is UART mode.
    status_uart_bits: 0x10,
    // Assumed: a receive register keeps its last byte.
    empty_read: EmptyRead::Stale,
    // Assumed: as deep as the other chips of its time, 16 bytes.
    tx_depth: 16,
    // Assumed: as deep as the output.
    rx_depth: 16,
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
