//! IC Ensemble ICE1712, also VIA Envy24: a chip of studio cards.
//!
//! Source: Linux, driver ice1712: the registers of the chip's two MPU-401s, and a mask bit for the
//! interrupt of each.

use super::pci::{PCI_BASE, PCI_CHIP};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("ice1712"),
    title: text("IC Ensemble ICE1712 (Envy24)"),
    description: text("A PCI chip of studio cards with two MPU-401s; this is the first of them."),
    sources: Cow::Borrowed(&[text("Linux, driver ice1712: registers and interrupt masks")]),
    behaviour: Behaviour {
        // Source: Linux: DATA at 0Ch, and at 1Ch for the second MPU-401. The driver's header calls
        // these registers control registers, but the driver uses them as DATA.
        usual_port: PCI_BASE + 0x0C,
        ..PCI_CHIP
    },
};
