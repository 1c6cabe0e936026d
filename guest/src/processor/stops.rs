//! What is done at each stop of the interpreter.

use cpu_x86::{PortRead, PortWidth, Stop};
use portcls_emulator::Irql;

use super::call::Served;
use super::outside::{Mistake, Outside};
use super::thunk::Thunk;
use super::vm::Vm;
use crate::debugger::Pause;

impl Vm {
    /// Serves a stop. The processor is free meanwhile, except for its answer.
    #[inline(always)]
    pub(super) fn serve(&self, outside: &impl Outside, stop: Stop) -> Served {
        match stop {
            Stop::Budget => {}
            Stop::PortRead(read) => self.read_port(outside, &read),
            Stop::PortWrite { port, width, value } => match width {
                PortWidth::Byte => self.kernel().write_port_u8(port, value as u8),
                PortWidth::Word => self.kernel().write_port_u16(port, value as u16),
                PortWidth::Dword => self.kernel().write_port_u32(port, value),
            },
            Stop::Reached { address } => return self.reach(outside, address),
            other => self.serve_rare(outside, other),
        }
        Served::GoOn
    }

    #[inline(always)]
    fn read_port(&self, outside: &impl Outside, read: &PortRead) {
        let kernel = self.kernel();
        let value = match read.width {
            PortWidth::Byte => u32::from(kernel.read_port_u8(read.port)),
            PortWidth::Word => u32::from(kernel.read_port_u16(read.port)),
            PortWidth::Dword => kernel.read_port_u32(read.port),
        };
        let finished = self.cpu.borrow_mut().finish_port_read(read, value);
        if let Err(fault) = finished {
            outside.accuse(Mistake::Access(fault));
        }
    }

    #[cold]
    fn serve_rare(&self, outside: &impl Outside, stop: Stop) {
        match stop {
            Stop::Cr8Read(read) => {
                let irql = self.kernel().current_irql();
                self.cpu.borrow_mut().finish_cr8_read(&read, u64::from(irql.0));
            }
            Stop::Cr8Write { value } => self.write_cr8(outside, value),
            Stop::TimestampRead => {
                // Assumed: a time stamp counter of 1 GHz, so that it counts ns.
                let now_ns = self.kernel().now_ns();
                self.cpu.borrow_mut().finish_timestamp_read(now_ns);
            }
            Stop::InterruptFlag => self.switch_interrupts(),
            Stop::Breakpoint { .. } => self.ask_debugger(Pause::Breakpoint),
            Stop::Watchpoint { address, access } => {
                self.ask_debugger(Pause::Watchpoint { address, access });
            }
            Stop::Fault(fault) if self.is_shared_data(fault.address) => {
                let (stop, retired) = self.step_over_shared_data();
                let time_ns = retired * self.options.instruction_ns;
                self.kernel().busy_until(self.kernel().now_ns().saturating_add(time_ns));
                match stop {
                    // A write, or an access that reaches into the next page.
                    Stop::Fault(fault) => outside.accuse(Mistake::Access(fault)),
                    stop => {
                        self.serve(outside, stop);
                    }
                }
            }
            Stop::Fault(fault) => outside.accuse(Mistake::Access(fault)),
            other => outside.accuse(Mistake::Trap(other)),
        }
    }

    /// A new task priority: what was masked is delivered when it falls.
    fn write_cr8(&self, outside: &impl Outside, value: u64) {
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
            _ => {
                let what = format!("{value:#x} was written to CR8");
                outside.accuse(Mistake::Protection(&what));
            }
        }
    }

    /// CLI and STI.
    ///
    /// Assumed: while interrupts are off the IRQL is HIGH_LEVEL, which keeps away the same; a
    /// driver that asks for the IRQL meanwhile sees that.
    fn switch_interrupts(&self) {
        let kernel = self.kernel();
        let on = self.cpu.borrow().flags().contains(cpu_x86::RFlags::INTERRUPT);
        let before = self.irql_before_cli.take();
        match (on, before) {
            (true, Some(irql)) => kernel.lower_irql(irql.min(kernel.current_irql())),
            (false, None) => {
                let irql = kernel.raise_irql(Irql::HIGH_LEVEL.max(kernel.current_irql()));
                self.irql_before_cli.set(Some(irql));
            }
            (false, before) => self.irql_before_cli.set(before),
            (true, None) => {}
        }
    }

    /// The guest called, or returned.
    #[inline]
    fn reach(&self, outside: &impl Outside, address: u64) -> Served {
        let routine = match self.thunks.borrow().at(address) {
            Some(Thunk::Return) => return Served::Returned,
            Some(Thunk::Routine(routine)) => Some(*routine),
            Some(Thunk::Missing(_)) | None => None,
        };
        match routine {
            Some(routine) => outside.serve_routine(routine),
            None => outside.reach_nothing(address),
        }
        Served::GoOn
    }
}
