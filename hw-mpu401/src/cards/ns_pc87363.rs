//! National PC87363 super-I/O: a mainboard's MPU-401 with FIFOs.
//!
//! Source: the data sheets of the PC87363 (pages 164 and 165) and of the PC87393 (pages 98 and 99),
//! which describe the same MIDI port. Outside UART mode National speaks of Pass-Thru mode.

use super::cs4237b;
use crate::answers::{CommandStart, ControlPort, RxOutsideUart, TxOutsideUart};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("ns-pc87363"),
    title: text("National PC87363 super-I/O"),
    description: text(
        "A super-I/O with two 16-byte FIFOs: hears MIDI IN in both modes, acknowledges and answers \
        commands, and lets a command wait for the byte on the wire.",
    ),
    sources: Cow::Borrowed(&[
        text("National PC87363 data sheet, pages 164 and 165"),
        text("National PC87393 data sheet, pages 98 and 99"),
        text("Crystal CS4235 data sheet DS252PP2, page 63, for two answers"),
    ]),
    behaviour: Behaviour {
        // Source: PC87363 data sheet: the chip answers the commands A0 to A7 and AB with 00, and
        // the command AC with one byte, as Crystal's chips do. Assumed: the byte for AC and the
        // bytes for AD and AF are those of Crystal's chips.
        answers: cs4237b::ANSWERS,
        // Assumed: bits without a name read as 0. No page gives them a meaning.
        status_command_bits: 0x00,
        // Source: data sheet: in Pass-Thru mode 16 received bytes are kept, and the newest byte is
        // lost when the FIFO is full. Page 165: the FIFO can be off in this mode. Assumed: it is
        // on.
        rx_outside_uart: RxOutsideUart::Heard,
        // Source: data sheet: writes to DATA are ignored in Pass-Thru mode, unless bit 4 of the
        // control register is set. It is not set after a reset. Assumed: the other bits of the
        // register are those of the LM4560, by the same maker.
        control_port: ControlPort::National,
        tx_outside_uart: TxOutsideUart::Ignored,
        // Source: PC87363 data sheet, page 165: a command is postponed until the ongoing transfer
        // is completed. Assumed: only a byte on MIDI OUT counts as an ongoing transfer.
        command_start: CommandStart::AfterByteOnWire,
        // Source: data sheet: FF in UART mode goes back to Pass-Thru mode and drops the received
        // bytes. The sheet names no ACK. The family has the values for the bytes and for the ACK.
        ..cs4237b::BEHAVIOUR
    },
};
