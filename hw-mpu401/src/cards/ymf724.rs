//! Yamaha YMF724, YMF740, YMF744 and YMF754: the DS-1 family.
//!
//! Source: Linux, driver ymfpci: this driver uses the general MPU-401 driver for the two registers.
//! The MPU-401's interrupt comes through the PCI interrupt of the chip.

use super::pci::PCI_CHIP;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("ymf724"),
    title: text("Yamaha YMF724 (DS-1)"),
    description: text("A PCI sound chip that answers at port 330 as an ISA card does."),
    sources: Cow::Borrowed(&[
        text("Linux, driver ymfpci: port and interrupt"),
        text("A report on mt32-pi: no break on MIDI OUT at power-on"),
    ]),
    behaviour: Behaviour {
        // Source: Linux: the chip answers at a port for DOS, 330h by default.
        usual_port: 0x330,
        ..PCI_CHIP
    },
};
