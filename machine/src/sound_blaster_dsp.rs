//! The reset and the version of a Sound Blaster's DSP.
//!
//! A driver uses both to find the card. Emulated: reset (base+6), read data (base+A), write command
//! and write-buffer status (base+C), read-buffer status (base+E), the command E1. Not emulated:
//! every other command, the mixer, DMA, the interrupt. Source: Creative Labs, Sound Blaster Series
//! Hardware Programming Guide, chapter "Introduction to the DSP".

use std::collections::VecDeque;

const RESET: u16 = 0x6;
const READ_DATA: u16 = 0xA;
const WRITE_COMMAND: u16 = 0xC;
const READ_STATUS: u16 = 0xE;

/// The byte that the DSP sends after a reset.
const READY: u8 = 0xAA;

/// The command that asks for the version.
const GET_VERSION: u8 = 0xE1;

/// Version 4.05, major number first. Assumed: the DSP of a usual Sound Blaster 16 has this version.
const VERSION: [u8; 2] = [4, 5];

/// Bit 7 of the read-buffer status: there is a byte to read. The guide leaves the other bits open.
/// Assumed: they read 1.
const HAS_DATA: u8 = 0xFF;
const HAS_NO_DATA: u8 = 0x7F;

/// Bit 7 of the write-buffer status is 0: a command may be written.
const CAN_WRITE: u8 = 0x7F;

/// Bit 7 of the write-buffer status is 1: no command may be written.
const CANNOT_WRITE: u8 = 0xFF;

/// Time from the end of the reset to the byte AA, in ns. Source: the guide, about 100 µs.
const RESET_TIME_NS: u64 = 100_000;

/// The DSP.
#[derive(Default)]
pub(crate) struct SoundBlasterDsp {
    /// The last write to the reset port was a 1.
    is_in_reset: bool,
    /// The time at which the DSP is ready after the last reset, in ns.
    ready_ns: u64,
    /// The bytes for the host. The host can read these bytes from `ready_ns` on.
    replies: VecDeque<u8>,
    /// The last byte that was read. Assumed: a read without data gives this byte again.
    last: u8,
}

impl SoundBlasterDsp {
    /// Reads a register; `None` for a register that is not modelled.
    pub fn read(&mut self, offset: u16, now_ns: u64) -> Option<u8> {
        let is_busy = self.is_in_reset || now_ns < self.ready_ns;
        match offset {
            READ_DATA => {
                if !is_busy && let Some(byte) = self.replies.pop_front() {
                    self.last = byte;
                }
                Some(self.last)
            }
            WRITE_COMMAND => Some(if is_busy { CANNOT_WRITE } else { CAN_WRITE }),
            READ_STATUS => {
                let has_data = !is_busy && !self.replies.is_empty();
                Some(if has_data { HAS_DATA } else { HAS_NO_DATA })
            }
            _ => None,
        }
    }

    /// Writes a register; false for a register or a command that is not modelled.
    pub fn write(&mut self, offset: u16, value: u8, now_ns: u64) -> bool {
        match offset {
            RESET => {
                let was_in_reset = std::mem::replace(&mut self.is_in_reset, value & 1 != 0);
                if self.is_in_reset {
                    self.replies.clear();
                } else if was_in_reset {
                    self.ready_ns = now_ns + RESET_TIME_NS;
                    self.replies = VecDeque::from([READY]);
                }
                true
            }
            WRITE_COMMAND if value == GET_VERSION => {
                if !self.is_in_reset && now_ns >= self.ready_ns {
                    self.replies = VecDeque::from(VERSION);
                }
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_1_and_0_at_the_reset_port_aa_can_be_read() {
        let mut dsp = SoundBlasterDsp::default();
        assert_eq!(dsp.read(0xE, 0), Some(0x7F));
        assert!(dsp.write(6, 1, 1_000));
        assert_eq!(dsp.read(0xC, 2_000), Some(0xFF));
        assert!(dsp.write(6, 0, 4_000));
        assert_eq!(dsp.read(0xE, 103_999), Some(0x7F));
        assert_eq!(dsp.read(0xE, 104_000), Some(0xFF));
        assert_eq!(dsp.read(0xA, 105_000), Some(0xAA));
        assert_eq!(dsp.read(0xE, 106_000), Some(0x7F));
        assert_eq!(dsp.read(0xA, 107_000), Some(0xAA));
    }

    #[test]
    fn a_0_without_a_1_before_it_is_no_reset() {
        let mut dsp = SoundBlasterDsp::default();
        assert!(dsp.write(6, 0, 0));
        assert_eq!(dsp.read(0xE, 1_000_000), Some(0x7F));
    }

    #[test]
    fn the_command_e1_gives_the_two_bytes_of_the_version() {
        let mut dsp = SoundBlasterDsp::default();
        assert_eq!(dsp.read(0xC, 0), Some(0x7F));
        assert!(dsp.write(0xC, 0xE1, 0));
        let bytes = [dsp.read(0xA, 10), dsp.read(0xA, 20)];
        assert_eq!(bytes, [Some(4), Some(5)]);
        assert_eq!(dsp.read(0xE, 30), Some(0x7F));
    }

    #[test]
    fn other_commands_and_registers_are_not_modelled() {
        let mut dsp = SoundBlasterDsp::default();
        assert!(!dsp.write(0xC, 0xD1, 0));
        assert!(!dsp.write(4, 0x82, 0));
        assert_eq!(dsp.read(5, 0), None);
    }
}
