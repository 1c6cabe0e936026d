//! ESS Solo-1: the ES1938, ES1946 and ES1969 on the PCI bus.
//!
//! Source: Linux, driver es1938, and NetBSD, driver eso: the interrupt passes only if bit 6 of
//! mixer register 64h is set. Assumed: the MPU-401 is that of the ES1869, because the data sheet
//! calls the Solo-1 the proven design of chips such as the ES1869 on another bus.

use super::es1869;
use super::pci::PCI_BASE;
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("solo-1"),
    title: text("ESS Solo-1"),
    description: text(
        "A PCI sound chip that does not interrupt for MIDI until a bit of its mixer is set.",
    ),
    sources: Cow::Borrowed(&[
        text("Linux, driver es1938, and NetBSD, driver eso: mixer register 64h, bit 6"),
        text("ESS ES1869 data sheet for all else"),
    ]),
    behaviour: Behaviour {
        // Source: drivers: the MPU-401 has a port range of its own, and DATA is the first port.
        usual_port: PCI_BASE,
        ..es1869::BEHAVIOUR
    },
};
