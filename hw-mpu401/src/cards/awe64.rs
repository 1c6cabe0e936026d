//! Creative Sound Blaster AWE64: a Sound Blaster 16 with a known output depth.
//!
//! Source: a list of output depths in Linux' driver. All other values come from the Sound Blaster
//! 16, because Creative's guide is about the whole series.

use super::sb16;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("awe64"),
    title: text("Creative Sound Blaster AWE64"),
    description: text(
        "The MPU-401 of the Sound Blaster 16's last successor: UART mode only, with \
        two bytes of output.",
    ),
    sources: Cow::Borrowed(&[
        text("Linux, driver mpu401_uart: a list of output depths"),
        text("Creative, Sound Blaster Series Hardware Programming Guide"),
    ]),
    behaviour: Behaviour {
        // Source: Linux: two bytes in a row. Assumed: this number includes the byte on the wire.
        tx_depth: 2,
        ..sb16::BEHAVIOUR
    },
};
