//! C-Media CMI8738: a PCI sound chip on many cards and mainboards.
//!
//! Source: Linux, driver cmipci: the registers, and what the driver takes for a missing port.

use super::pci::{PCI_BASE, PCI_CHIP};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("cmi8738"),
    title: text("C-Media CMI8738"),
    description: text(
        "A PCI sound chip with an MPU-401 in its own ports; older versions answer at 330, 320, 310 \
        or 300.",
    ),
    sources: Cow::Borrowed(&[text("Linux, driver cmipci: registers, and STATUS of a port")]),
    behaviour: Behaviour {
        // Source: Linux, which follows version 0.6 of the chip's specification: DATA at 40h of the
        // chip's ports. The driver takes a STATUS of 00 or FF for a missing MPU-401. This profile
        // has 80 at rest, so it does not contradict the driver.
        usual_port: PCI_BASE + 0x40,
        ..PCI_CHIP
    },
};
