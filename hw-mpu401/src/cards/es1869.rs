//! ESS AudioDrive ES1869, and its relatives ES1868 and ES1879.
//!
//! Source: ES1869 data sheet, p. 42, and ES1879 data sheet, p. 45: FF is acknowledged only outside
//! UART mode, 3F is ignored in UART mode, and there is no other command. These are also the values
//! of the chip's family.

use super::families::FIFO_CHIP;
use crate::answers::{InterruptGate, ResetAck};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("es1869"),
    title: text("ESS AudioDrive ES1868, ES1869 and ES1879"),
    description: text(
        "A sound chip with an MPU-401 that knows FF and 3F; its interrupt passes a bit of the \
        mixer.",
    ),
    sources: Cow::Borrowed(&[
        text("ESS ES1869 data sheet, p. 42, and ES1879 data sheet, p. 45: commands"),
        text("Linux, driver mpu401_uart: the output depth of the ES1688"),
        text("Linux, driver es18xx: mixer register 64h, bit 6"),
    ]),
    behaviour: BEHAVIOUR,
};

/// The behaviour of this chip. The Solo-1 starts from this behaviour.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    // Assumed: as deep as the ES1688. The sheets name a transmit FIFO without its depth.
    tx_depth: 12,
    // Assumed: the input has the depth of the output.
    rx_depth: 12,
    // Source: data sheets: an ACK only if the chip is in its smart mode.
    ack_reset_in_uart: ResetAck::Silent,
    // Source: Linux, drivers es18xx and es1938; NetBSD, driver eso: bit 6 of mixer register 64h
    // lets the interrupt pass. Assumed: this bit is set, as after the start of these drivers.
    interrupt_gate: InterruptGate::Open,
    ..FIFO_CHIP
};
