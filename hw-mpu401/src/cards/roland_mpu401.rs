//! Roland MPU-401 with firmware 1.5A: the interface is named after this unit.
//!
//! The family has the values of this unit, so no value differs here.

use super::families::ROLAND_FIRMWARE;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("roland-mpu401"),
    title: text("Roland MPU-401, firmware 1.5A"),
    description: text(
        "A microcontroller behind two one-byte mailboxes: long busy times after a \
        reset and after entering UART mode, and unread input blocks output.",
    ),
    sources: Cow::Borrowed(&[
        text("Measured: firmware 1.5A at the host port and MIDI OUT"),
        text("Roland MPU-401 technical reference manual, as quoted by others"),
    ]),
    behaviour: ROLAND_FIRMWARE,
};
