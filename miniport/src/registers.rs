//! The two registers of an MPU-401, as its programmer's manual shows them.
//!
//! This file owns addresses, flags and codes, and one method for each access. The code here never
//! waits and never decides. [`crate::hardware`] waits for the card. [`crate::card`] reads until
//! no byte waits.

use bitflags::bitflags;
use portcls_emulator::Kernel;

/// The number of ports that an MPU-401 decodes: DATA, and STATUS or COMMAND.
/// Source: MPU-401 technical reference, port map.
pub(crate) const PORT_COUNT: u32 = 2;

/// The byte with which a card acknowledges a command.
/// Source: MPU-401 technical reference, command acknowledge.
pub(crate) const ACK: u8 = 0xFE;

bitflags! {
    /// The STATUS register. Both flags are active low; the name of a flag says what a set bit
    /// means.
    ///
    /// Bits 5 to 0 differ from card to card. For an access to DATA or COMMAND, only bits 7 and 6
    /// count.
    /// Source: MPU-401 technical reference, status port.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Status: u8 {
        /// Data set ready, inverted: no byte waits in DATA.
        const INPUT_EMPTY = 0x80;
        /// Data read ready, inverted: the card cannot take a byte.
        const OUTPUT_FULL = 0x40;
        const _ = !0;
    }
}

impl Status {
    /// Whether a byte waits in DATA.
    pub fn can_read(self) -> bool {
        !self.contains(Status::INPUT_EMPTY)
    }

    /// Whether the driver can write DATA or COMMAND without losing a byte.
    pub fn can_write(self) -> bool {
        !self.contains(Status::OUTPUT_FULL)
    }

    /// Whether all bits are up, as on a bus without a card.
    pub fn is_floating(self) -> bool {
        self == Status::all()
    }
}

/// The values that the driver writes to COMMAND.
///
/// Source: MPU-401 technical reference, command list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Command {
    /// Enter UART mode. In UART mode the card ignores this command.
    EnterUart = 0x3F,
    /// Start again in intelligent mode. In UART mode many cards start anew without an ACK.
    Reset = 0xFF,
}

/// The registers of one card, by their ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Registers {
    data: u16,
    command: u16,
}

impl Registers {
    /// The registers from port `base` on, `None` when they do not fit below 10000h.
    pub fn new(base: u64) -> Option<Registers> {
        Registers::apart(base, base.checked_add(1)?)
    }

    /// The registers at two ports that need not be neighbours. On a PC-98 the ports are not
    /// neighbours. `None` when a port is not below 10000h, or when both ports are the same.
    pub fn apart(data: u64, command: u64) -> Option<Registers> {
        let data = u16::try_from(data).ok()?;
        let command = u16::try_from(command).ok()?;
        (data != command).then_some(Registers { data, command })
    }

    /// The port of DATA.
    pub fn base(self) -> u16 {
        self.data
    }

    /// Reads STATUS, which changes nothing. IRQL: any. Time: one port access.
    pub fn read_status(self, kernel: &Kernel) -> Status {
        Status::from_bits_retain(kernel.read_port_u8(self.command))
    }

    /// Reads DATA, which also ends the interrupt. IRQL: any. Time: one port access.
    pub fn read_data(self, kernel: &Kernel) -> u8 {
        kernel.read_port_u8(self.data)
    }

    /// Writes DATA: in UART mode a byte for MIDI OUT. IRQL: any. Time: one port access.
    pub fn write_data(self, kernel: &Kernel, byte: u8) {
        kernel.write_port_u8(self.data, byte);
    }

    /// Writes COMMAND. IRQL: any. Time: one port access.
    pub fn write_command(self, kernel: &Kernel, command: Command) {
        kernel.write_port_u8(self.command, command as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::{Registers, Status};

    #[test]
    fn the_flags_are_active_low() {
        assert!(Status::from_bits_retain(0x7F).can_read());
        assert!(!Status::from_bits_retain(0x80).can_read());
        assert!(Status::from_bits_retain(0xBF).can_write());
        assert!(!Status::from_bits_retain(0x40).can_write());
    }

    #[test]
    fn only_all_bits_up_is_a_bus_without_a_card() {
        assert!(Status::from_bits_retain(0xFF).is_floating());
        assert!(!Status::from_bits_retain(0xC0).is_floating());
    }

    #[test]
    fn both_ports_must_lie_in_the_port_space() {
        assert_eq!(Registers::new(0x330).map(Registers::base), Some(0x330));
        assert!(Registers::new(0xFFFE).is_some());
        assert!(Registers::new(0xFFFF).is_none());
        assert!(Registers::new(0x1_0330).is_none());
        assert!(Registers::new(u64::MAX).is_none());
        assert_eq!(Registers::apart(0xE0D0, 0xE0D2).map(Registers::base), Some(0xE0D0));
        assert!(Registers::apart(0xE0D0, 0xE0D0).is_none());
        assert!(Registers::apart(0xE0D0, 0x1_0000).is_none());
    }
}
