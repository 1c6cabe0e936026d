//! Crystal CS4237B: the MPU-401 of a codec on many ISA cards and mainboards.
//!
//! Source: a list of output depths in Linux' driver. All other values come from the card's family.

use super::families::FIFO_CHIP;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("cs4237b"),
    title: text("Crystal CS4237B"),
    description: text(
        "A codec with an MPU-401 of its own: UART mode only, with 16 bytes of output.",
    ),
    sources: Cow::Borrowed(&[text("Linux, driver mpu401_uart: a list of output depths")]),
    behaviour: Behaviour {
        // Assumed: bits 5 to 0 of STATUS show those of the last command, as the manual of the
        // CS4281 says of that chip. The manual gives compatibility as the reason, so the maker's
        // chips for the ISA bus probably do the same.
        status_command_bits: 0x3F,
        // Source: Linux: 16 bytes in a row. Assumed: this number includes the byte on the wire, and
        // MIDI IN has the same depth.
        tx_depth: 16,
        ..FIFO_CHIP
    },
};
