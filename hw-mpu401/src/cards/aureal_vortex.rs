//! Aureal Vortex: the AU8810, AU8820 and AU8830.
//!
//! Source: Linux, driver au88x0: the driver writes FF and reads DATA with its next access. If the
//! byte is not FE, the driver decides that there is no MPU-401.

use super::pci::PCI_CHIP;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("aureal-vortex"),
    title: text("Aureal Vortex"),
    description: text(
        "A PCI sound chip whose FE is in DATA at the access after FF; at port 330 for DOS, and in \
        the chip's memory for drivers.",
    ),
    sources: Cow::Borrowed(&[text("Linux, driver au88x0: the registers, and FF")]),
    behaviour: Behaviour {
        // Source: Linux: the chip can be told to answer at 330h. In memory DATA is at 28800h
        // (AU8830) or 11000h (AU8820), and STATUS four bytes later.
        usual_port: 0x330,
        ..PCI_CHIP
    },
};
