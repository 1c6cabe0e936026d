//! Facts of the MPU-401's interface: its registers, flags and codes.
//!
//! These facts are the same for every card that has the register. `behaviour` says in what the
//! cards differ, and `chip` is the model.

use bitflags::bitflags;

/// Time that one bit takes on the MIDI line, in ns: 31 250 bit/s.
/// Source: MIDI 1.0 Detailed Specification, Hardware.
pub const BIT_TIME_NS: u64 = 32_000;

/// Time that one MIDI byte takes on the line, in ns: a start bit, 8 data bits with the lowest
/// first, and a stop bit.
/// Source: MIDI 1.0 Detailed Specification, Hardware.
pub const BYTE_TIME_NS: u64 = 320_000;

/// Acknowledge: the byte by which the unit says that it took a command.
/// Source: MPU-401 technical reference, command acknowledge.
pub const ACK: u8 = 0xFE;

/// Command: reset. No other command leaves UART mode.
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

/// What a read gives where no card answers.
/// Assumed: pull-ups on the data lines, as on an ISA bus.
pub(crate) const OPEN_BUS: u8 = 0xFF;

/// MIDI real-time message Start.
/// Source: MIDI 1.0 Detailed Specification, System Real Time.
pub(crate) const MIDI_START: u8 = 0xFA;

/// MIDI real-time message Continue.
/// Source: MIDI 1.0 Detailed Specification, System Real Time.
pub(crate) const MIDI_CONTINUE: u8 = 0xFB;

/// MIDI real-time message Stop.
/// Source: MIDI 1.0 Detailed Specification, System Real Time.
pub(crate) const MIDI_STOP: u8 = 0xFC;

/// MIDI real-time message Timing Clock, 24 in each beat.
/// Source: MIDI 1.0 Detailed Specification, System Real Time.
pub(crate) const MIDI_CLOCK: u8 = 0xF8;

bitflags! {
    /// The value that a read of the STATUS register returned. The flags DSR and DRR are active low.
    ///
    /// Bits 5 to 0 differ from card to card. This type keeps their values from the read.
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

bitflags! {
    /// The control register at base+2 of National's chips.
    ///
    /// Source: LM4560 data sheet, page 17, MPUR2; the PC87393 data sheet, page 98, gives bit 4 of
    /// that chip's control register the same meaning.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Mpur2: u8 {
        /// The receive FIFO gets its bytes from the output FIFO, and not from MIDI IN. The model
        /// keeps the bit and does not obey it.
        const LOOPBACK = 0x80;
        /// MIDI OUT gets its bytes from MIDI IN. The model keeps the bit and does not obey it.
        const THRU = 0x40;
        /// A test clock drives the line. The model keeps the bit and does not obey it.
        const FAST_CLOCK = 0x20;
        /// Data that the host writes outside UART mode goes to MIDI OUT.
        const SENDS_OUTSIDE_UART = 0x10;
        /// Nothing raises the interrupt line.
        const INTERRUPT_OFF = 0x08;
        /// Read only: bytes for MIDI OUT are in the card.
        const OUTPUT_HELD = 0x02;
        /// Read only: a byte waits for the host.
        const INPUT_HELD = 0x01;
    }
}

impl Mpur2 {
    /// The bits that the host can write.
    pub(crate) const WRITABLE: Self = Self::from_bits_truncate(0xF8);
}

/// One of the ports of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Register {
    /// base+0: a read returns the next byte for the host; a write gives a data byte or a MIDI byte.
    Data,
    /// STATUS for a read, COMMAND for a write: at base+1 on nearly every card.
    Command,
    /// [`Mpur2`], on the cards that have it: at base+2.
    Control,
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
