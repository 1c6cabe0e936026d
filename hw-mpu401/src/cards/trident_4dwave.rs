//! Trident 4DWave-DX and -NX: PCI sound chips, with relatives of SiS and ALi.
//!
//! Source: Linux, driver trident; NetBSD and OpenBSD, driver autri. The four registers have the
//! offsets of the LM4560's registers. In the third register the BSD drivers use the two bits that
//! the LM4560 also has there. So the values of STATUS come from the LM4560 data sheet.

use super::pci::{PCI_BASE, PCI_CHIP};
use crate::answers::{ControlPort, RxOutsideUart, TxOutsideUart};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("trident-4dwave"),
    title: text("Trident 4DWave"),
    description: text(
        "A PCI sound chip with the MPU-401 of the LM4560: STATUS shows a full input and the mode.",
    ),
    sources: Cow::Borrowed(&[
        text("Linux, driver trident, and NetBSD, driver autri: registers"),
        text("LM4560 data sheet, p. 17: STATUS"),
    ]),
    behaviour: Behaviour {
        // Source: drivers: DATA at 20h of the chip's ports.
        usual_port: PCI_BASE + 0x20,
        // Assumed: as the LM4560: bit 5 is set while the receive FIFO is full.
        status_rx_full_bits: 0x20,
        // Assumed: as the LM4560: bit 4 is set in UART mode.
        status_uart_bits: 0x10,
        // Source: BSD drivers: bit 4 of the register at base+2 connects DATA to the output, and
        // bit 3 masks the interrupt. Assumed: the other bits are the LM4560's too.
        control_port: ControlPort::National,
        // Source: BSD drivers: they send without ever entering UART mode. Linux leaves out the 00
        // with which it begins on other cards, because the 00 would go out.
        tx_outside_uart: TxOutsideUart::Sent,
        // Source: BSD drivers: they offer MIDI IN without ever entering UART mode. Assumed: their
        // authors have received bytes in this way.
        rx_outside_uart: RxOutsideUart::Heard,
        ..PCI_CHIP
    },
};
