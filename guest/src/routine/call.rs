//! One call of a routine by the guest, and where its arguments lie.
//!
//! It must never know what the arguments mean.

use portcls_emulator::Kernel;

use super::Routine;
use crate::guest::Guest;
use crate::processor::arguments::ArgumentWords;

/// One call of a routine by the guest.
pub struct Call<'a> {
    guest: &'a Guest,
    routine: &'static Routine,
    arguments: ArgumentWords,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        guest: &'a Guest,
        routine: &'static Routine,
        arguments: ArgumentWords,
    ) -> Call<'a> {
        Call { guest, routine, arguments }
    }

    /// The guest.
    #[must_use]
    pub fn guest(&self) -> &'a Guest {
        self.guest
    }

    /// The kernel.
    #[must_use]
    pub fn kernel(&self) -> &'a Kernel {
        self.guest.kernel()
    }

    /// The routine that was called.
    #[must_use]
    pub fn routine(&self) -> &'static Routine {
        self.routine
    }

    /// The address of the instruction behind the call.
    #[must_use]
    pub fn return_address(&self) -> u64 {
        self.arguments.return_address
    }

    /// Bytes of a word of the arguments: 8 on x64, 4 on x86.
    #[inline]
    pub(super) fn word_bytes(&self) -> u64 {
        self.arguments.word_bytes
    }

    /// A word of the arguments, counted from 0.
    #[inline]
    pub(super) fn word(&self, index: u64) -> u64 {
        match self.in_stack(index) {
            None => self.arguments.registers[index as usize],
            Some(address) => self.guest.load_word(address),
        }
    }

    /// The address of a word of the arguments; `None` for a word in a register.
    #[inline]
    pub(super) fn in_stack(&self, index: u64) -> Option<u64> {
        let words = &self.arguments;
        let index = index.checked_sub(words.in_registers)?;
        Some(words.stack.wrapping_add(index * words.word_bytes))
    }
}
