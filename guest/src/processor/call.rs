//! Calls into the guest: arguments in, the run, the result out.
//!
//! While code outside serves a stop of the interpreter, the processor is not borrowed. So an
//! interrupt, a DPC or another call can run on top of this call. A call saves all registers except
//! the x87 registers when it begins, and restores them when it ends. An interrupt on x86 Windows
//! does not save the x87 registers either. Kernel code that uses the x87 must save its registers
//! with KeSaveFloatingPointState.

use std::rc::Rc;

use cpu_x86::{Access, Cpu, Fault, Mode, RFlags, Register, Registers, Stop};

use super::course::running_code;
use super::outside::{Mistake, Outside};
use super::vm::Vm;
use crate::debugger::{Debugger, Pause, Verdict};
use crate::rules;

/// The first arguments on x64. Source: the Microsoft x64 calling convention.
const ARGUMENT_REGISTERS: [Register; 4] =
    [Register::Rcx, Register::Rdx, Register::R8, Register::R9];

/// When the driver calls a routine that takes no simulated time, the call budget shrinks by this
/// number of instructions. If the routine takes time, the kernel's limit for the time of a call
/// ends an endless loop.
/// Measured: DbgPrint with a short text takes this program as long as some 300 instructions.
const ROUTINE_COST: u64 = 250;

/// Whether a call goes on after a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Served {
    /// The call goes on.
    GoOn,
    /// The guest's function has returned.
    Returned,
    /// A system thread leaves the processor to others.
    Left,
}

impl Vm {
    /// Calls a function of the guest and returns its result: RAX, or EDX:EAX on x86.
    ///
    /// Each word is an argument. On x86 a 64-bit argument is two words. A change of the IRQL by the
    /// function stays. On a frozen kernel nothing runs and the result is 0.
    pub fn call(&self, outside: &impl Outside, function: u64, words: &[u64]) -> u64 {
        if self.kernel().is_frozen() {
            return 0;
        }
        let (saved, refused) = self.begin_call(function, words);
        if let Some(fault) = refused {
            outside.accuse(Mistake::Access(fault));
            self.cpu.borrow_mut().set_registers(&saved.registers);
            return 0;
        }
        let outer = self.may_leave.replace(false);
        let result = match self.run::<false>(outside) {
            Served::Returned => self.take_result(saved.stack_pointer),
            Served::GoOn | Served::Left => 0,
        };
        self.may_leave.set(outer);
        self.cpu.borrow_mut().set_registers(&saved.registers);
        result
    }

    /// Begins a call: lays out the arguments and the return address, and points RIP at the
    /// function. Returns what the caller needs at the end of the call. The fault is there when the
    /// current stack has no room.
    pub(super) fn begin_call(&self, function: u64, words: &[u64]) -> (Saved, Option<Fault>) {
        self.settle_irql();
        let running = self.kernel().running();
        let return_address = self.thunks.borrow().return_address();
        let mut cpu = self.cpu.borrow_mut();
        let registers = cpu.registers();
        let top = self.stacks.place(running, registers.general[Register::Rsp as usize]);
        let laid = match cpu.mode() {
            Mode::Bits64 => lay_out_64(&mut cpu, top, words, return_address),
            Mode::Bits32 => lay_out_32(&mut cpu, top, words, return_address),
        };
        cpu.set_rip(function);
        cpu.set_flags(RFlags::INTERRUPT);
        let (stack_pointer, fault) = match laid {
            Ok(stack_pointer) => (stack_pointer, None),
            Err(fault) => (fault.address, Some(fault)),
        };
        // After a fault, the report shows the call that could not be made.
        cpu.set_register(Register::Rsp, stack_pointer);
        (Saved { registers, stack_pointer }, fault)
    }

    /// Runs the guest until its function returns, or until the kernel is frozen. On a frozen kernel
    /// the result is `GoOn`. The run of a system thread also ends when the thread leaves the
    /// processor.
    pub(super) fn run<const IS_THREAD: bool>(&self, outside: &impl Outside) -> Served {
        let mut left = self.options.call_budget;
        loop {
            self.settle_irql();
            let mut until_pause = self.until_pause();
            if until_pause == 0 && !self.is_at_thunk() {
                self.ask_debugger(Pause::Count);
                if self.kernel().is_frozen() {
                    return Served::GoOn;
                }
                until_pause = self.until_pause();
            }
            let slice = self.slice(left).min(until_pause).max(1);
            let (stop, retired) = self.run_slice(slice);
            left = left.saturating_sub(retired);
            self.spend(retired);
            if self.kernel().is_frozen() {
                return Served::GoOn;
            }
            let is_routine = matches!(stop, Stop::Reached { .. });
            let before_ns = self.kernel().now_ns();
            if self.serve(outside, stop) == Served::Returned {
                return Served::Returned;
            }
            if is_routine && self.kernel().now_ns() == before_ns {
                left = left.saturating_sub(ROUTINE_COST);
            }
            if IS_THREAD && self.leaves.take() {
                return Served::Left;
            }
            if left == 0 {
                let limit = format!(
                    "{} instructions, the limit of --call-budget; a routine that takes no time \
                     counts as {ROUTINE_COST}",
                    self.options.call_budget
                );
                self.kernel().hang_at_limit("a call into the driver to return", &limit);
            }
            if self.kernel().is_frozen() {
                return Served::GoOn;
            }
        }
    }

    /// The number of instructions that may run before the guest must look at the clock.
    #[inline]
    fn slice(&self, left: u64) -> u64 {
        let options = &self.options;
        let kernel = self.kernel();
        let time_ns = kernel.next_deadline_ns().saturating_sub(kernel.now_ns());
        let until_deadline = match options.instruction_ns {
            0 => u64::MAX,
            1 => time_ns,
            cost => time_ns.div_ceil(cost),
        };
        left.min(until_deadline).min(options.longest_slice)
    }

    /// The number of instructions that may run before the guest must ask the debugger.
    #[inline]
    fn until_pause(&self) -> u64 {
        match self.pause_at.get() {
            u64::MAX => u64::MAX,
            count => count.saturating_sub(self.cpu.borrow().instruction_count()),
        }
    }

    /// Whether the guest is at a thunk: the guest is about to call a routine outside, or to return
    /// from a call. The guest does not ask a debugger at a thunk, because no instruction stands
    /// there. A routine and its call are one step for the debugger.
    fn is_at_thunk(&self) -> bool {
        self.thunks.borrow().holds(self.cpu.borrow().rip())
    }

    #[inline]
    fn run_slice(&self, slice: u64) -> (Stop, u64) {
        let mut cpu = self.cpu.borrow_mut();
        let before = cpu.instruction_count();
        let stop = cpu.run(slice);
        (stop, cpu.instruction_count() - before)
    }

    /// Lets the time of these instructions pass. The kernel may preempt the guest here.
    #[inline]
    pub(super) fn spend(&self, instructions: u64) {
        let time_ns = instructions.saturating_mul(self.options.instruction_ns);
        self.spender.set(Some(running_code(self.kernel())));
        self.kernel().busy_until(self.kernel().now_ns().saturating_add(time_ns));
        // The time that a routine takes does not count as time of instructions.
        self.spender.set(None);
    }

    /// Reads the result. On x64 also checks that the function left the stack pointer as it should.
    pub(super) fn take_result(&self, stack_pointer: u64) -> u64 {
        let cpu = self.cpu.borrow();
        let (low, high) = (cpu.register(Register::Rax), cpu.register(Register::Rdx));
        let popped = cpu.register(Register::Rsp).wrapping_sub(stack_pointer);
        drop(cpu);
        if self.mode() == Mode::Bits64 && popped != 8 {
            let message = format!("a function of the driver returned with RSP off by {popped:#x}");
            self.kernel().report_violation(&rules::STACK_IMBALANCE, &message);
        }
        match self.mode() {
            Mode::Bits64 => low,
            Mode::Bits32 => low | high << 32,
        }
    }

    /// Sets the debugger that the guest asks at instruction boundaries.
    pub fn set_debugger(&self, debugger: Rc<dyn Debugger>) {
        self.pause_at.set(debugger.next_pause());
        *self.debugger.borrow_mut() = Some(debugger);
    }

    /// Removes the debugger, so that the guest asks no debugger.
    pub fn remove_debugger(&self) {
        self.debugger.borrow_mut().take();
        self.pause_at.set(u64::MAX);
    }

    /// Asks the debugger, if a debugger is there, before the next instruction.
    pub(super) fn ask_debugger(&self, pause: Pause) {
        let debugger = self.debugger.borrow().clone();
        let Some(debugger) = debugger else { return };
        let verdict = debugger.pause(pause);
        self.pause_at.set(debugger.next_pause());
        if verdict == Verdict::Abandon {
            self.kernel().abandon();
        }
    }

    /// Takes `bytes` of zeroed memory on the current stack. Returns the address of the memory, and
    /// a value by which the caller gives the memory back.
    ///
    /// # Errors
    /// The fault when the stack has no room for these bytes.
    pub fn take_scratch(&self, bytes: u64) -> Result<(u64, Scratch), Fault> {
        let running = self.kernel().running();
        let mut cpu = self.cpu.borrow_mut();
        let before = cpu.register(Register::Rsp);
        let top = self.stacks.place(running, before);
        let address = top.wrapping_sub(bytes) & !0xF;
        let zeros = vec![0; bytes as usize];
        cpu.memory_mut().write(address, &zeros)?;
        cpu.set_register(Register::Rsp, address);
        Ok((address, Scratch { stack_pointer: before }))
    }

    /// Gives scratch memory back. The caller that took memory last gives it back first.
    pub fn give_scratch_back(&self, scratch: Scratch) {
        self.cpu.borrow_mut().set_register(Register::Rsp, scratch.stack_pointer);
    }
}

/// The value by which a caller gives scratch memory back: the stack pointer before
/// [`Vm::take_scratch`].
pub(crate) struct Scratch {
    stack_pointer: u64,
}

/// What a call needs at its end: the registers to restore, and the stack pointer at its beginning.
pub(super) struct Saved {
    registers: Registers,
    /// The address of the return address.
    pub(super) stack_pointer: u64,
}

/// Lays out a call on x64: up to four words in registers, and on the stack the other words, home
/// space for four words, and the return address. Returns the stack pointer.
fn lay_out_64(cpu: &mut Cpu, top: u64, words: &[u64], back: u64) -> Result<u64, Fault> {
    let slots = words.len().max(ARGUMENT_REGISTERS.len()) as u64;
    let frame = (top & !0xF).wrapping_sub((slots * 8).next_multiple_of(16));
    let stack_pointer = frame.wrapping_sub(8);
    cpu.memory_mut().write(stack_pointer, &back.to_le_bytes())?;
    for (index, word) in words.iter().enumerate() {
        match ARGUMENT_REGISTERS.get(index) {
            Some(register) => cpu.set_register(*register, *word),
            None => cpu.memory_mut().write(frame + index as u64 * 8, &word.to_le_bytes())?,
        }
    }
    Ok(stack_pointer)
}

/// Lays out a call on x86: the words and the return address on the stack. Returns the stack
/// pointer.
fn lay_out_32(cpu: &mut Cpu, top: u64, words: &[u64], back: u64) -> Result<u64, Fault> {
    let frame = (top.wrapping_sub(words.len() as u64 * 4)) & !0xF;
    let stack_pointer = frame.wrapping_sub(4);
    let mut bytes = (back as u32).to_le_bytes().to_vec();
    bytes.extend(words.iter().flat_map(|word| (*word as u32).to_le_bytes()));
    if stack_pointer > u64::from(u32::MAX) {
        let access = Access::Write;
        let kind = cpu_x86::FaultKind::NotMapped;
        return Err(Fault { address: stack_pointer, access, kind });
    }
    cpu.memory_mut().write(stack_pointer, &bytes)?;
    Ok(stack_pointer)
}
