//! Crystal CS4281: a PCI sound chip with a MIDI port and no MPU-401.
//!
//! Source: CS4281 programming manual, p. 193 and 196: the port is always in UART mode, and commands
//! have no effect. The registers are in memory, and STATUS is before DATA. Assumed: software shows
//! them to programs as DATA and STATUS of an MPU-401, at base and base+1.

use super::pci::PCI_CHIP;
use crate::answers::{
    AckInterrupt, AckSet, CommandPort, Fifos, InterruptCauses, TransmitInterrupt,
};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("cs4281"),
    title: text("Crystal CS4281"),
    description: text(
        "A PCI sound chip whose MIDI port is always in UART mode and never acknowledges.",
    ),
    sources: Cow::Borrowed(&[
        text("Cirrus Logic, CS4281 programming manual, p. 193: no commands, 16 bytes of input"),
        text("Cirrus Logic, CS4281 programming manual, p. 196: STATUS"),
    ]),
    behaviour: Behaviour {
        // Source: manual, p. 193: the port accepts no command to enter or leave UART mode.
        command_port: CommandPort::StatusOnly,
        // Source: manual, p. 193: no hardware for an MPU-401, so no ACK.
        ack_set: AckSet::None,
        ack_interrupt: AckInterrupt::Silent,
        // The card has no command, so no reset and no entry into UART mode happens.
        cleared_by_reset: Fifos::empty(),
        cleared_by_uart_entry: Fifos::empty(),
        // Source: manual, p. 193: 16 bytes of input. Assumed: the output has the same depth, and
        // one more byte in the shifter.
        rx_depth: 16,
        tx_depth: 17,
        // Source: manual, p. 196: the six low bits of the last command.
        status_command_bits: 0x3F,
        // Source: manual, p. 196, and Linux, driver cs4281: one enable for room in the output, and
        // one for a received byte. Assumed: only the second is enabled, as after the start of the
        // driver. Assumed: the causes are levels. In the manual the causes are latched, and a read
        // of STATUS ends them.
        transmit_interrupt: TransmitInterrupt::NotFull,
        interrupt_enables: InterruptCauses::RECEIVE,
        ..PCI_CHIP
    },
};
