//! A cheap clone: a bare UART behind the two ports, and no commands at all.
//!
//! Source: published MPU-401 errata on such cards: base+1 is only STATUS. So a driver that waits
//! for an ACK without a time limit hangs.

use super::families::UART_CHIP;
use crate::answers::{AckInterrupt, AckSet, CommandPort, Fifos};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use crate::timing::Timing;
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("clone-dumb"),
    title: text("MPU-401 clone without commands"),
    description: text(
        "One byte each way, always in UART mode, never acknowledges, and is busy as \
        long as a byte is on the wire.",
    ),
    sources: Cow::Borrowed(&[
        text("Published MPU-401 errata on clones"),
        text("Lists of buffer sizes of sound cards"),
    ]),
    behaviour: Behaviour {
        // Source: errata: status only.
        command_port: CommandPort::StatusOnly,
        // Source: lists of buffer sizes: one byte. Assumed: this byte is in the shifter itself.
        tx_depth: 1,
        // Source: errata: there is never an ACK, so a host cannot see whether an ACK would
        // interrupt.
        ack_set: AckSet::None,
        ack_interrupt: AckInterrupt::Silent,
        // The card has no command, so no reset and no entry into UART mode happens.
        cleared_by_reset: Fifos::empty(),
        cleared_by_uart_entry: Fifos::empty(),
        // Assumed: a write loads the shifter itself, so the card takes the next byte 320 us later.
        timing: Timing::AT_ONCE,
        ..UART_CHIP
    },
};
