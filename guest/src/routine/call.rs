//! One call of a routine by the guest, and where its arguments lie.
//!
//! This file must never know what the arguments mean.

use portcls_emulator::trace::Layer;
use portcls_emulator::{Kernel, Need, NtStatus, RefusedCall};

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

    /// Tells the trace that the call is refused; `what` names what the driver asked for.
    pub(crate) fn tell_refusal(&self, need: Need, what: String, status: NtStatus) {
        self.tell(self.routine.name.to_owned(), need, what, status);
    }

    /// Tells the trace that the call is refused, with `routine` as the name of the called routine.
    pub(crate) fn tell(&self, routine: String, need: Need, what: String, status: NtStatus) {
        // A method or a routine of PortCls gets the actor of the port; all other routines get the
        // actor of the kernel.
        let is_ports = routine.contains("::") || routine.starts_with("Pc");
        let who = if is_ports { "port" } else { "kernel" };
        let who = self.kernel().trace().actor(who, Layer::Software);
        self.kernel().report_refusal(who, RefusedCall { routine, what, status, need });
    }

    /// Tells the trace that the arguments were refused, if the routine's answer is not 0. Such an
    /// answer is an error status. Returns the answer.
    #[cold]
    pub(super) fn refuse_arguments(&self, answer: u64) -> u64 {
        if answer != 0 {
            self.tell_refusal(Need::Required, "its object".to_owned(), NtStatus(answer as u32));
        }
        answer
    }

    /// Tells the trace that the call is refused, unless the called code has told the trace a
    /// refusal already. `told` is the number of refusals in the trace before the call.
    #[cold]
    pub(super) fn tell_unless_told(&self, told: u64, status: NtStatus) {
        if self.kernel().refused_call_count() == told {
            self.tell_refusal(Need::Required, String::new(), status);
        }
    }

    /// The routine that was called.
    #[must_use]
    pub fn routine(&self) -> &'static Routine {
        self.routine
    }

    /// The address of the instruction after the call.
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
