//! ITE IT8712F super-I/O: the MPU-401 of many boards with an ITE chip.
//!
//! Source: IT8712F data sheet, p. 174: UART mode only, two ports, one interrupt line. The page with
//! the commands was not available. The words of p. 174 are nearly those of the Crystal CS4237B
//! sheet, so the chip may also answer to AC and AD as Crystal's does. This is not proved.

use super::families::FIFO_CHIP;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("it8712f"),
    title: text("ITE IT8712F super-I/O"),
    description: text("A UART that knows no intelligent mode, at two ports that the BIOS chooses."),
    sources: Cow::Borrowed(&[
        text("ITE IT8712F data sheet, p. 174: MIDI interface"),
        text("SMSC LPC47M data sheet for all else"),
    ]),
    behaviour: Behaviour { ..FIFO_CHIP },
};
