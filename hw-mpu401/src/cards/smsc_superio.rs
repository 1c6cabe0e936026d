//! SMSC LPC47M and LPC47B27x super-I/O: the MPU-401 of many mainboards.
//!
//! Source: SMSC LPC47M and LPC47B27x data sheets, MPU-401 MIDI UART. The device is a 16550-like
//! UART with two commands. Most values of its family come from these data sheets.

use super::families::FIFO_CHIP;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("smsc-superio"),
    title: text("SMSC LPC47M super-I/O"),
    description: text(
        "A UART with two 16-byte FIFOs and no firmware: never busy but when its output \
        is full, knows only FF and 3F, and interrupts by level.",
    ),
    sources: Cow::Borrowed(&[text("SMSC LPC47M and LPC47B27x data sheets, MPU-401 MIDI UART")]),
    behaviour: FIFO_CHIP,
};
