//! Roland MPU-PC98: the unit on a card for NEC's PC-98.
//!
//! Source: public drivers and emulators, for the ports. The firmware of this unit was not measured:
//! all values of the firmware come from the unit for the PC.

use super::families::ROLAND_FIRMWARE;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("pc98-mpu"),
    title: text("Roland MPU-PC98"),
    description: text(
        "Roland's unit for the NEC PC-98, whose devices use every other port: STATUS is at \
        base+2.",
    ),
    sources: Cow::Borrowed(&[
        text("Linux, driver mpu401_uart, and DOSBox-X: the ports of the PC-98"),
        text("Roland MPU-401 firmware 1.5A for all else"),
    ]),
    behaviour: Behaviour {
        // Source: public drivers: STATUS and COMMAND at base+2.
        status_offset: 2,
        // Source: public emulators: E0D0h and E0D2h.
        usual_port: 0xE0D0,
        ..ROLAND_FIRMWARE
    },
};
