//! The card: its two ports, and every wait for the card with its limit.
//!
//! A driver that polls has no ISR that could access the card between two accesses. Every loop has a
//! count: a card that is broken or gone costs time, but does not stop the system.

use portcls_emulator::{Kernel, NtStatus};

/// STATUS, bit 7: no byte waits in DATA.
const NO_DATA: u8 = 0x80;
/// STATUS, bit 6: the card takes no byte now.
const BUSY: u8 = 0x40;

/// Command: start again in intelligent mode.
const RESET: u8 = 0xFF;
/// Command: pass MIDI bytes through in both directions.
const ENTER_UART: u8 = 0x3F;

/// The most pauses between looks while the driver waits until a card takes or answers a command.
/// The longest reset of a Roland takes 70 ms.
const COMMAND_LOOKS: u32 = 100;
/// The pause between these looks in 100 ns units: 1 ms, rounded up to the next clock interrupt.
const COMMAND_PITCH_100NS: u64 = 10_000;

/// How often the driver looks for room for a MIDI byte. All looks together take a little longer
/// than the 320 us that a byte needs to leave.
const OUTPUT_LOOKS: u32 = 36;
/// The pause between these looks in us.
const OUTPUT_PITCH_US: u32 = 10;

/// The most unread bytes that the driver throws away at one look.
const DRAIN_LIMIT: u32 = 64;

/// An MPU-401.
#[derive(Clone, Copy)]
pub(crate) struct Mpu401 {
    base: u16,
}

impl Mpu401 {
    /// The card with DATA at port `base` and STATUS at the next port; `None` if one of the two is
    /// no port number.
    pub fn new(base: u64) -> Option<Mpu401> {
        let base = u16::try_from(base).ok().filter(|base| *base < u16::MAX)?;
        Some(Mpu401 { base })
    }

    fn status(self, kernel: &Kernel) -> u8 {
        kernel.read_port_u8(self.base + 1)
    }

    /// Throws away the card's unread bytes, and returns whether the card then takes a byte.
    ///
    /// A Roland with two unread bytes takes no byte at all. So a driver must read the unread bytes
    /// even if it does not use them.
    fn can_write(self, kernel: &Kernel) -> bool {
        let mut status = self.status(kernel);
        for _ in 0..DRAIN_LIMIT {
            if status & NO_DATA != 0 {
                break;
            }
            let _ = kernel.read_port_u8(self.base);
            status = self.status(kernel);
        }
        status & BUSY == 0
    }

    /// Resets the card and puts it into UART mode. IRQL: PASSIVE_LEVEL.
    ///
    /// A card in UART mode may take the reset without an answer, so the driver repeats a reset that
    /// was not answered. A card that never answers may still play.
    ///
    /// # Errors
    /// `STATUS_IO_DEVICE_ERROR` when the card takes no command.
    pub fn start(self, kernel: &Kernel) -> Result<(), NtStatus> {
        if !self.command(kernel, RESET)? {
            self.command(kernel, RESET)?;
        }
        self.command(kernel, ENTER_UART)?;
        Ok(())
    }

    /// Sends a command; true if the card answered the command.
    fn command(self, kernel: &Kernel, command: u8) -> Result<bool, NtStatus> {
        if !wait(kernel, || self.can_write(kernel)) {
            return Err(NtStatus::IO_DEVICE_ERROR);
        }
        kernel.write_port_u8(self.base + 1, command);
        let answered = wait(kernel, || self.status(kernel) & NO_DATA == 0);
        if answered {
            let _ = kernel.read_port_u8(self.base);
        }
        Ok(answered)
    }

    /// Resets the card. After the reset the card sends nothing more. IRQL: PASSIVE_LEVEL.
    ///
    /// If the card answers, the driver reads the answer, because an unread byte would hold the
    /// interrupt line up.
    pub fn stop(self, kernel: &Kernel) {
        // A card that takes no command may be gone, and then the driver can do nothing.
        let _ = self.command(kernel, RESET);
    }

    /// Sends a MIDI byte if the card takes it soon; false if the card does not take it.
    ///
    /// IRQL: up to DISPATCH_LEVEL. Time: about 0.4 ms if the card does not take the byte.
    pub fn send(self, kernel: &Kernel, byte: u8) -> bool {
        for _ in 0..OUTPUT_LOOKS {
            if self.can_write(kernel) {
                kernel.write_port_u8(self.base, byte);
                return true;
            }
            kernel.stall_us(OUTPUT_PITCH_US);
        }
        false
    }
}

/// Looks until `done` returns true, and lets other threads run between two looks; false if `done`
/// never returns true.
fn wait(kernel: &Kernel, mut done: impl FnMut() -> bool) -> bool {
    for _ in 0..COMMAND_LOOKS {
        if done() {
            return true;
        }
        kernel.delay_execution_thread(COMMAND_PITCH_100NS);
    }
    done()
}
