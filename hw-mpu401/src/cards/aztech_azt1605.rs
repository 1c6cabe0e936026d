//! Aztech AZT1605: a Sound Blaster clone with an MPU-401.
//!
//! Source: a public note on what the card's driver for Windows NT waits for. All other values come
//! from the card's family.

use super::families::UART_CHIP;
use crate::answers::ResetAck;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("aztech-azt1605"),
    title: text("Aztech AZT1605"),
    description: text(
        "A Sound Blaster clone: acknowledges FF in UART mode too, and does not interrupt for \
        that.",
    ),
    sources: Cow::Borrowed(&[
        text("Public notes of an emulator on the card's NT driver"),
        text("Lists of buffer sizes of sound cards"),
    ]),
    behaviour: Behaviour {
        // Source: notes: the card's NT driver waits for an FE, but not for the interrupt of that
        // FE.
        ack_reset_in_uart: ResetAck::WithoutInterrupt,
        ..UART_CHIP
    },
};
