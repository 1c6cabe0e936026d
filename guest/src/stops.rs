//! What is done at each stop of the interpreter.

use cpu_x86::{Mode, PortRead, PortWidth, Register, Stop};
use portcls_emulator::Irql;

use crate::call::Served;
use crate::debugger::Pause;
use crate::guest::Guest;
use crate::leak::Serving;
use crate::routine::{ArgumentWords, Call, Convention, Routine};
use crate::rules;
use crate::thunk::Thunk;

impl Guest {
    /// Serves a stop. The processor is free meanwhile, except for its answer.
    #[inline(always)]
    pub(crate) fn serve(&self, stop: Stop) -> Served {
        match stop {
            Stop::Budget => {}
            Stop::PortRead(read) => self.read_port(&read),
            Stop::PortWrite { port, width, value } => match width {
                PortWidth::Byte => self.kernel().write_port_u8(port, value as u8),
                PortWidth::Word => self.kernel().write_port_u16(port, value as u16),
                PortWidth::Dword => self.kernel().write_port_u32(port, value),
            },
            Stop::Reached { address } => return self.reach(address),
            other => self.serve_rare(other),
        }
        Served::GoOn
    }

    #[inline(always)]
    fn read_port(&self, read: &PortRead) {
        let kernel = self.kernel();
        let value = match read.width {
            PortWidth::Byte => u32::from(kernel.read_port_u8(read.port)),
            PortWidth::Word => u32::from(kernel.read_port_u16(read.port)),
            PortWidth::Dword => kernel.read_port_u32(read.port),
        };
        let finished = self.0.cpu.borrow_mut().finish_port_read(read, value);
        if let Err(fault) = finished {
            self.accuse_driver(fault);
        }
    }

    #[cold]
    fn serve_rare(&self, stop: Stop) {
        match stop {
            Stop::Cr8Read(read) => {
                let irql = self.kernel().current_irql();
                self.0.cpu.borrow_mut().finish_cr8_read(&read, u64::from(irql.0));
            }
            Stop::Cr8Write { value } => self.write_cr8(value),
            Stop::TimestampRead => {
                // Assumed: a time stamp counter of 1 GHz, so that it counts ns.
                let now_ns = self.kernel().now_ns();
                self.0.cpu.borrow_mut().finish_timestamp_read(now_ns);
            }
            Stop::InterruptFlag => self.switch_interrupts(),
            Stop::Breakpoint { .. } => self.ask_debugger(Pause::Breakpoint),
            Stop::Watchpoint { address, access } => {
                self.ask_debugger(Pause::Watchpoint { address, access });
            }
            Stop::Fault(fault) if self.is_shared_data(fault.address) => {
                let (stop, retired) = self.step_over_shared_data();
                let time_ns = retired * self.0.options.instruction_ns;
                self.kernel().busy_until(self.kernel().now_ns().saturating_add(time_ns));
                match stop {
                    // A write, or an access that reaches into the next page.
                    Stop::Fault(fault) => self.accuse_driver(fault),
                    stop => {
                        self.serve(stop);
                    }
                }
            }
            Stop::Fault(fault) => self.accuse_driver(fault),
            other => self.raise_trap(other),
        }
    }

    /// A new task priority: what was masked is delivered when it falls.
    fn write_cr8(&self, value: u64) {
        let kernel = self.kernel();
        match u8::try_from(value) {
            Ok(level) if level <= Irql::HIGH_LEVEL.0 => {
                let new = Irql(level);
                if new >= kernel.current_irql() {
                    kernel.raise_irql(new);
                } else {
                    kernel.lower_irql(new);
                }
            }
            _ => self.raise_general_protection(&format!("{value:#x} was written to CR8")),
        }
    }

    /// CLI and STI.
    ///
    /// Assumed: while interrupts are off the IRQL is HIGH_LEVEL, which keeps away the same; a
    /// driver that asks for the IRQL meanwhile sees that.
    fn switch_interrupts(&self) {
        let kernel = self.kernel();
        let on = self.0.cpu.borrow().flags().contains(cpu_x86::RFlags::INTERRUPT);
        let before = self.0.irql_before_cli.take();
        match (on, before) {
            (true, Some(irql)) => kernel.lower_irql(irql.min(kernel.current_irql())),
            (false, None) => {
                let irql = kernel.raise_irql(Irql::HIGH_LEVEL.max(kernel.current_irql()));
                self.0.irql_before_cli.set(Some(irql));
            }
            (false, before) => self.0.irql_before_cli.set(before),
            (true, None) => {}
        }
    }

    /// The guest called, or returned.
    #[inline]
    fn reach(&self, address: u64) -> Served {
        let routine = match self.0.thunks.borrow().at(address) {
            Some(Thunk::Return) => return Served::Returned,
            Some(Thunk::Routine(routine)) => Some(*routine),
            Some(Thunk::Missing(_)) | None => None,
        };
        match routine {
            Some(routine) => self.serve_routine(routine),
            None => self.reach_nothing(address),
        }
        Served::GoOn
    }

    /// Runs a routine and returns from it.
    #[inline]
    fn serve_routine(&self, routine: &'static Routine) {
        let (arguments, stack_pointer) = self.arguments(routine.convention);
        let serving = Serving { routine, return_address: arguments.return_address };
        let outer = self.0.serving.replace(Some(serving));
        if self.kernel().current_irql() > routine.highest_irql {
            rules::report_high_irql(self.kernel(), routine.highest_irql, routine.name);
        }
        let call = Call::new(self, routine, arguments);
        let result = (routine.body)(&call);
        debug_assert!(
            routine.convention == Convention::Cdecl
                || self.mode() == Mode::Bits64
                || self.kernel().is_frozen()
                || call.taken() == u64::from(routine.words),
            "{} took {} words, its table says {}",
            routine.name,
            call.taken(),
            routine.words
        );
        self.0.serving.set(outer);
        let mut cpu = self.0.cpu.borrow_mut();
        cpu.set_rip(arguments.return_address);
        match cpu.mode() {
            Mode::Bits64 => {
                cpu.set_register(Register::Rax, result);
                cpu.set_register(Register::Rsp, stack_pointer.wrapping_add(8));
            }
            Mode::Bits32 => {
                let popped = 4 + routine.stack_bytes();
                cpu.set_register(Register::Rax, result & u64::from(u32::MAX));
                cpu.set_register(Register::Rdx, result >> 32);
                cpu.set_register(Register::Rsp, stack_pointer.wrapping_add(popped));
            }
        }
    }

    /// Where the arguments of the call are that was just made.
    #[inline]
    fn arguments(&self, convention: Convention) -> (ArgumentWords, u64) {
        let (registers, in_registers, stack_pointer) = {
            let cpu = self.0.cpu.borrow();
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
            return_address: self.load_word(stack_pointer),
        };
        (arguments, stack_pointer)
    }

    /// What was called is not there.
    #[cold]
    fn reach_nothing(&self, address: u64) {
        let missing = self.0.thunks.borrow().name(address).map(str::to_owned);
        let Some(name) = missing else {
            self.raise_general_protection(&format!("{address:#x} was called"));
            return;
        };
        let (arguments, _) = self.arguments(Convention::Stdcall);
        let caller = self.describe_address(arguments.return_address);
        self.kernel().unsupported(&format!("{name}, called before {caller}"));
    }
}
