//! Serves each stop of the interpreter.

use cpu_x86::{PortRead, PortWidth, Stop};

use super::call::Served;
use super::outside::{Mistake, Outside};
use super::shared_data;
use super::thunk::Thunk;
use super::vm::Vm;
use crate::debugger::Pause;

impl Vm {
    /// Serves a stop. While the kernel or a routine works for the stop, the processor is not
    /// borrowed.
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
                // Assumed: the time stamp counter runs at 1 GHz, so it counts ns.
                let now_ns = self.kernel().now_ns();
                self.cpu.borrow_mut().finish_timestamp_read(now_ns);
            }
            Stop::InterruptFlag => self.switch_interrupts(),
            Stop::Breakpoint { .. } => self.ask_debugger(Pause::Breakpoint),
            Stop::Watchpoint { address, access } => {
                self.ask_debugger(Pause::Watchpoint { address, access });
            }
            Stop::Fault(fault) if shared_data::holds(self.space, fault.address) => {
                self.read_shared_data(outside);
            }
            Stop::Fault(fault) => outside.accuse(Mistake::Access(fault)),
            other => outside.accuse(Mistake::Trap(other)),
        }
    }

    /// Lets an instruction read the shared data.
    fn read_shared_data(&self, outside: &impl Outside) {
        let content = shared_data::present(self.layout(), self.kernel());
        let (stop, retired) =
            shared_data::step_over(&mut self.cpu.borrow_mut(), self.space, &content);
        self.spend(retired);
        match stop {
            // The driver writes to the page, or the instruction also accesses a bad address.
            Stop::Fault(fault) => outside.accuse(Mistake::Access(fault)),
            stop => {
                self.serve(outside, stop);
            }
        }
    }

    /// Serves a call of a thunk, or the return from a call into the guest.
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
