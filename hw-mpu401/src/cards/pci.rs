//! What most of the PCI sound cards have in common.
//!
//! The data sheets of most of these chips are not public, or say nothing of the MPU-401. A public
//! driver shows where the two registers are, and what the driver waits for. A driver does not show
//! all that a card does.

use super::families::FIFO_CHIP;
use crate::answers::InterruptKind;
use crate::behaviour::Behaviour;

/// The first port of a PCI card's own range.
///
/// Assumed: the BIOS chooses the range. Many BIOSes choose a range from D000h on.
pub(super) const PCI_BASE: u16 = 0xD000;

/// A sound chip on the PCI bus whose MPU-401 has only UART mode.
///
/// Assumed: FIFOs and ACKs as in the super-I/O. No source gives the depths, and no source says what
/// FF does in UART mode. Outside UART mode the FE after FF is certain, because drivers wait for it.
pub(super) const PCI_CHIP: Behaviour = Behaviour {
    // Source: PCI Local Bus Specification: an interrupt line is a level, and cards share the line.
    interrupt: InterruptKind::Level,
    ..FIFO_CHIP
};
