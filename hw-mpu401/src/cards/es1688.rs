//! ESS AudioDrive ES1688: a Sound Blaster compatible chip with an MPU-401.
//!
//! Source: a list of output depths in Linux' driver. Assumed: the depth of the input. All other
//! values come from the card's family.

use super::families::FIFO_CHIP;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("es1688"),
    title: text("ESS AudioDrive ES1688"),
    description: text(
        "A sound chip with an MPU-401 of its own: UART mode only, with 12 bytes of output.",
    ),
    sources: Cow::Borrowed(&[text("Linux, driver mpu401_uart: a list of output depths")]),
    behaviour: Behaviour {
        // Source: Linux: 12 bytes in a row. Assumed: this number includes the byte on the wire.
        tx_depth: 12,
        // Assumed: the input has the depth of the output.
        rx_depth: 12,
        ..FIFO_CHIP
    },
};
