//! National LM4560: a PCI sound chip with two more bits in STATUS.
//!
//! Source: the chip's data sheet, for the bits of STATUS. All other values come from the chip's
//! family.

use super::families::FIFO_CHIP;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("lm4560"),
    title: text("National LM4560"),
    description: text(
        "A PCI sound chip whose STATUS tells more: bit 5 that the input is full, bit 4 the mode.",
    ),
    sources: Cow::Borrowed(&[text("LM4560 data sheet, MPU-401 status register")]),
    behaviour: Behaviour {
        // Source: data sheet: bit 5 is set while the receive FIFO is full.
        status_rx_full_bits: 0x20,
        // Source: data sheet: bit 4 shows the mode. Assumed: 1 is UART mode.
        status_uart_bits: 0x10,
        // Assumed: 16 bytes, as in the other chips of its time, and the same depth for MIDI IN.
        tx_depth: 16,
        ..FIFO_CHIP
    },
};
