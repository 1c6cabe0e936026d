//! Where the arguments of a call out of the guest are: calling conventions.
//!
//! Source: Microsoft, x64 calling convention; Argument passing and naming conventions for x86.

use cpu_x86::{Fault, Mode, Register};

use super::vm::Vm;

/// How a routine is called on x86; on x64 there is one convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// Arguments on the stack, taken off by the routine.
    Stdcall,
    /// The first two words in ECX and EDX, the rest as `Stdcall`.
    Fastcall,
    /// Arguments on the stack, taken off by the caller; the only one with a variable number.
    Cdecl,
}

/// Where the words of the arguments are.
#[derive(Clone, Copy)]
pub(crate) struct ArgumentWords {
    /// The first words, in registers.
    pub registers: [u64; 4],
    /// How many of them there are.
    pub in_registers: u64,
    /// The address of the first word that is not in a register.
    pub stack: u64,
    /// Bytes of a word.
    pub word_bytes: u64,
    /// Where the routine returns to.
    pub return_address: u64,
}

impl Vm {
    /// Where the arguments of the call are that was just made, and the stack pointer in it.
    ///
    /// # Errors
    /// The fault when the return address cannot be read.
    #[inline(always)]
    pub fn arguments(&self, convention: Convention) -> Result<(ArgumentWords, u64), Fault> {
        let (registers, in_registers, stack_pointer) = {
            let cpu = self.cpu.borrow();
            let of = |register| cpu.register(register);
            let stack_pointer = of(Register::Rsp);
            match (cpu.mode(), convention) {
                (Mode::Bits64, _) => {
                    use Register::{R8, R9, Rcx, Rdx};
                    ([of(Rcx), of(Rdx), of(R8), of(R9)], 4, stack_pointer)
                }
                (Mode::Bits32, Convention::Fastcall) => {
                    ([of(Register::Rcx), of(Register::Rdx), 0, 0], 2, stack_pointer)
                }
                (Mode::Bits32, _) => ([0; 4], 0, stack_pointer),
            }
        };
        let word_bytes = self.pointer_bytes();
        // Behind the return address, and on x64 behind the home space of four words.
        let home = if word_bytes == 8 { 32 } else { 0 };
        let arguments = ArgumentWords {
            registers,
            in_registers,
            stack: stack_pointer.wrapping_add(word_bytes + home),
            word_bytes,
            return_address: self.read_word(stack_pointer)?,
        };
        Ok((arguments, stack_pointer))
    }

    /// Where the call returns to that was just made.
    ///
    /// # Errors
    /// The fault when the return address cannot be read.
    pub fn return_address(&self) -> Result<u64, Fault> {
        let stack_pointer = self.cpu.borrow().register(Register::Rsp);
        self.read_word(stack_pointer)
    }

    /// Returns from the call that was just made: `result` is what the routine answers,
    /// `stack_bytes` tells what it takes off the stack on x86 beside its return address.
    #[inline]
    pub fn return_from_call(
        &self,
        to: u64,
        stack_pointer: u64,
        stack_bytes: impl FnOnce() -> u64,
        result: u64,
    ) {
        let mut cpu = self.cpu.borrow_mut();
        cpu.set_rip(to);
        match cpu.mode() {
            Mode::Bits64 => {
                cpu.set_register(Register::Rax, result);
                cpu.set_register(Register::Rsp, stack_pointer.wrapping_add(8));
            }
            Mode::Bits32 => {
                let popped = 4 + stack_bytes();
                cpu.set_register(Register::Rax, result & u64::from(u32::MAX));
                cpu.set_register(Register::Rdx, result >> 32);
                cpu.set_register(Register::Rsp, stack_pointer.wrapping_add(popped));
            }
        }
    }
}
