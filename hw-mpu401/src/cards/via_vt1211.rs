//! VIA VT1211 super-I/O: the MPU-401 of VIA's own boards.
//!
//! Source: VT1211 data sheet, revision 1.0, p. 34: the registers of the MIDI port. The page names a
//! command register and two FIFOs. The page gives neither commands nor depths, so these come from
//! the card's family.

use super::families::FIFO_CHIP;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("via-vt1211"),
    title: text("VIA VT1211 super-I/O"),
    description: text("A UART with FIFOs whose STATUS is 80 at rest; its usual port is 300."),
    sources: Cow::Borrowed(&[
        text("VIA VT1211 data sheet, revision 1.0, p. 34: ports and STATUS"),
        text("SMSC LPC47M data sheet for all else"),
    ]),
    behaviour: Behaviour {
        // Source: data sheet, p. 34: 0300h after a hardware reset. coreboot's list of registers of
        // super-I/Os has 0330h for the same register.
        usual_port: 0x300,
        // Source: data sheet, p. 34: the reserved bits always read 0.
        status_low_bits: 0x00,
        // Assumed: an ACK clears bit 7 of STATUS outside UART mode too. The sheet says that bit 7
        // is set outside UART mode, but every driver waits there for the FE of FF.
        ..FIFO_CHIP
    },
};
