//! S3 SonicVibes: a PCI sound chip with an MPU-401.
//!
//! Source: a list of output depths in Linux' driver. Assumed: the depth of the input. All other
//! values come from the chip's family.

use super::families::FIFO_CHIP;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("sonicvibes"),
    title: text("S3 SonicVibes"),
    description: text("A PCI sound chip with an MPU-401: UART mode only, with 8 bytes of output."),
    sources: Cow::Borrowed(&[text("Linux, driver mpu401_uart: a list of output depths")]),
    behaviour: Behaviour {
        // Source: Linux: eight bytes in a row. Assumed: this number includes the byte on the wire.
        tx_depth: 8,
        // Assumed: the input has the depth of the output.
        rx_depth: 8,
        ..FIFO_CHIP
    },
};
