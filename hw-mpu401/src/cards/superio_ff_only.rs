//! A super-I/O that acknowledges FF and not 3F, as kernel logs show it.
//!
//! Source: kernel logs of 2007 from two boards, one of them with a SiS 648, and Linux commit
//! 8f7ba051. The driver got an FE for FF and none for 3F, and notes were played nevertheless. The
//! maker of the chip is not known.

use super::families::FIFO_CHIP;
use crate::answers::{AckSet, EmptyRead};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("superio-ff-only"),
    title: text("Super-I/O that acknowledges FF alone"),
    description: text(
        "Enters UART mode without an ACK; its empty DATA gives the last byte of MIDI IN, not the \
        last ACK.",
    ),
    sources: Cow::Borrowed(&[
        text("Kernel logs of 2007: Ubuntu 2.6.20 on a SiS 648 board; a thread of alsa-user"),
        text("Linux commit 8f7ba051"),
        text("SMSC LPC47M data sheet for all else"),
    ]),
    behaviour: Behaviour {
        // Source: logs: STATUS is 80.
        status_low_bits: 0x00,
        // Source: logs: a read of DATA while no byte waits gives 26 on one board and 90 on the
        // other. The byte is the same each time, also after an FE was read. Both values occur as
        // bytes of MIDI messages.
        empty_read: EmptyRead::LastInput,
        // Source: logs: FE for FF, and no FE for 3F.
        ack_set: AckSet::ResetWithoutUart,
        ..FIFO_CHIP
    },
};
