//! ForteMedia FM801: a PCI sound chip on cheap cards.
//!
//! Source: Linux, driver fm801: registers and interrupt bits.

use super::pci::{PCI_BASE, PCI_CHIP};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("fm801"),
    title: text("ForteMedia FM801"),
    description: text(
        "A PCI sound chip that sends a break on MIDI OUT until its game port is set up.",
    ),
    sources: Cow::Borrowed(&[
        text("Linux, driver fm801: registers and interrupt bits"),
        text("A report on mt32-pi: a break on MIDI OUT at power-on"),
    ]),
    behaviour: Behaviour {
        // Source: Linux: DATA at 30h of the chip's ports.
        usual_port: PCI_BASE + 0x30,
        ..PCI_CHIP
    },
};
