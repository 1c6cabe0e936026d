//! Register facts of the MPU-401: two ports, two flags, a few codes.
//!
//! Only what the documents say about the interface is here. `behaviour` says how a card behaves,
//! and `chip` is the model.

use bitflags::bitflags;

/// Time one bit holds the MIDI line, in ns: 31 250 bit/s.
/// Source: MIDI 1.0 Detailed Specification, Hardware.
pub const BIT_TIME_NS: u64 = 32_000;

/// Time one MIDI byte holds the line, in ns: a start bit, 8 data bits with the lowest first, and
/// a stop bit.
/// Source: MIDI 1.0 Detailed Specification, Hardware.
pub const BYTE_TIME_NS: u64 = 320_000;

/// Acknowledge: the byte by which the unit says that it took a command.
/// Source: MPU-401 technical reference, command acknowledge.
pub const ACK: u8 = 0xFE;

/// Command: reset, and the only way out of UART mode.
/// Source: MPU-401 technical reference, command list.
pub const RESET: u8 = 0xFF;

/// Command: enter UART mode.
/// Source: MPU-401 technical reference, command list.
pub const ENTER_UART: u8 = 0x3F;

/// Command: ask for the version of the firmware.
/// Source: MPU-401 technical reference, command list.
pub const REQUEST_VERSION: u8 = 0xAC;

/// Command: ask for the revision of the firmware.
/// Source: MPU-401 technical reference, command list.
pub const REQUEST_REVISION: u8 = 0xAD;

/// MIDI real-time message Start.
/// Source: MIDI 1.0 Detailed Specification, System Real Time.
pub(crate) const MIDI_START: u8 = 0xFA;

/// MIDI real-time message Continue.
/// Source: MIDI 1.0 Detailed Specification, System Real Time.
pub(crate) const MIDI_CONTINUE: u8 = 0xFB;

/// MIDI real-time message Stop.
/// Source: MIDI 1.0 Detailed Specification, System Real Time.
pub(crate) const MIDI_STOP: u8 = 0xFC;

/// MIDI real-time message Timing Clock, 24 of them a beat.
/// Source: MIDI 1.0 Detailed Specification, System Real Time.
pub(crate) const MIDI_CLOCK: u8 = 0xF8;

bitflags! {
    /// The STATUS register as it is read from base+1. Both flags are active low.
    ///
    /// Bits 5 to 0 differ from card to card and are kept as they are read.
    /// Source: MPU-401 technical reference, status port.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Status: u8 {
        /// Data set ready: 0 while a byte waits in DATA.
        const DSR = 0x80;
        /// Data read ready: 0 while the unit can take a byte.
        const DRR = 0x40;
        const _ = !0;
    }
}

impl Status {
    /// Whether the host may write DATA or COMMAND without losing a byte.
    #[must_use]
    pub const fn can_write(self) -> bool {
        !self.contains(Self::DRR)
    }

    /// Whether a byte waits to be read from DATA.
    #[must_use]
    pub const fn has_data(self) -> bool {
        !self.contains(Self::DSR)
    }
}

/// One of the two ports of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Register {
    /// base+0: the next byte for the host when read; a data or MIDI byte when written.
    Data,
    /// STATUS when read, COMMAND when written: at base+1 on nearly every card.
    Command,
}

/// What the unit does with the bytes that it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Mode {
    /// After a reset: the unit runs commands, and data bytes are their parameters.
    Intelligent,
    /// After command 3F: every data byte goes to MIDI OUT, every MIDI IN byte to the host.
    Uart,
}
