//! National LM4560: a PCI sound chip with two more bits in STATUS.
//!
//! Source: the chip's data sheet, page 17, for the bits of STATUS and for data outside UART mode.
//! Assumed: the depth of the output. All other values come from the chip's family.

use super::families::FIFO_CHIP;
use crate::answers::{ControlPort, TxOutsideUart};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("lm4560"),
    title: text("National LM4560"),
    description: text(
        "A PCI sound chip that sends data in both modes, and whose STATUS tells more: bit 5 that \
        the input is full, bit 4 the mode.",
    ),
    sources: Cow::Borrowed(&[text("LM4560 data sheet, page 17: MPU-401 registers")]),
    behaviour: Behaviour {
        // Source: data sheet: bit 5 is set while the receive FIFO is full.
        status_rx_full_bits: 0x20,
        // Source: data sheet: bit 4 is set in UART mode.
        status_uart_bits: 0x10,
        // Source: data sheet: MPUR2 at base+2, 10h after a reset.
        control_port: ControlPort::National,
        // Source: data sheet: in Pass-Thru mode DATA is connected to the output FIFO after a reset.
        // Linux probes other cards with a 00. On the sibling Trident 4DWave it leaves out this 00,
        // because the byte would go out.
        tx_outside_uart: TxOutsideUart::Sent,
        // Assumed: 16 bytes, as in the other chips of its time, and the same depth for MIDI IN.
        tx_depth: 16,
        ..FIFO_CHIP
    },
};
