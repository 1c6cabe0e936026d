//! Calling conventions: where the arguments of a call out of the guest are.
//!
//! Source: Microsoft, x64 calling convention; Argument passing and naming conventions for x86.

use cpu_x86::{Fault, Mode, Register};

use super::vm::Vm;

/// The calling convention of a routine on x86. x64 has only one convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// Arguments on the stack. The routine removes the arguments.
    Stdcall,
    /// The first two words in ECX and EDX, the other words on the stack. The routine removes the
    /// words on the stack.
    Fastcall,
    /// Arguments on the stack. The caller removes the arguments. Only with this convention may the
    /// number of arguments be variable.
    Cdecl,
}

/// The places of a call's arguments, in words.
#[derive(Clone, Copy)]
pub(crate) struct ArgumentWords {
    /// The words in registers.
    pub registers: [u64; 4],
    /// The number of words in registers.
    pub in_registers: u64,
    /// The address of the first word on the stack.
    pub stack: u64,
    /// Bytes of a word.
    pub word_bytes: u64,
    /// The address to which the routine returns.
    pub return_address: u64,
}

impl Vm {
    /// The arguments of the call that the guest has just made, and the stack pointer in this call.
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
        // The words follow the return address, and on x64 also the home space of four words.
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

    /// The return address of the call that the guest has just made.
    ///
    /// # Errors
    /// The fault when the return address cannot be read.
    pub fn return_address(&self) -> Result<u64, Fault> {
        let stack_pointer = self.cpu.borrow().register(Register::Rsp);
        self.read_word(stack_pointer)
    }

    /// Returns from the call that the guest has just made. `result` is the answer of the routine.
    /// `stack_bytes` says how many bytes the routine removes from the stack on x86, besides the
    /// return address.
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
