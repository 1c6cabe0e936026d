//! A clone as MegaMid and the driver of Windows NT 3.5 expect it.
//!
//! Source: public bug reports of emulators. Both programs send FF in UART mode and wait for ACK.
//! Roland's own unit never gives this ACK. It is not known for which cards the programs were
//! written.

use super::families::UART_CHIP;
use crate::answers::ResetAck;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("megamid"),
    title: text("MegaMid-like clone"),
    description: text(
        "The card that MegaMid and the driver of Windows NT 3.5 expect: acknowledges FF in UART \
        mode too.",
    ),
    sources: Cow::Borrowed(&[
        text("Public reports on MegaMid and Windows NT 3.5 on emulators"),
        text("Lists of buffer sizes of sound cards"),
    ]),
    behaviour: Behaviour {
        // Source: reports: both programs wait for this ACK.
        ack_reset_in_uart: ResetAck::Acknowledged,
        ..UART_CHIP
    },
};
