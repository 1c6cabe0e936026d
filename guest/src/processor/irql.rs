//! The IRQL for a driver's own code: CR8, the interrupt flag, memory.

use cpu_x86::RFlags;
use portcls_emulator::Irql;

use super::control_region::tell_irql;
use super::outside::{Mistake, Outside};
use super::vm::Vm;

impl Vm {
    /// Makes the guest's memory fit the current IRQL. Pageable memory goes in or out. The control
    /// region gets the new level, because a driver's inline code may read the IRQL there. CLI does
    /// not change the level in the control region.
    #[inline]
    pub fn settle_irql(&self) {
        let irql = self.kernel().current_irql();
        if self.settled_irql.replace(irql) != irql {
            self.settle_new_irql(irql);
        }
    }

    #[inline(never)]
    fn settle_new_irql(&self, irql: Irql) {
        let mut cpu = self.cpu.borrow_mut();
        let memory = cpu.memory_mut();
        self.paging.settle(memory, irql);
        let told = self.irql_before_cli.get().unwrap_or(irql);
        tell_irql(memory, self.space, self.layout(), told);
    }

    /// Serves a write to CR8, the task priority. When the priority falls, the kernel delivers the
    /// interrupts that it no longer masks.
    pub(super) fn write_cr8(&self, outside: &impl Outside, value: u64) {
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

    /// Serves CLI and STI.
    ///
    /// Assumed: while interrupts are off, the IRQL is HIGH_LEVEL, which masks the same interrupts.
    /// A driver that reads CR8 or calls KeGetCurrentIrql at that time gets HIGH_LEVEL. In the
    /// control region it finds the level from before CLI.
    pub(super) fn switch_interrupts(&self) {
        let kernel = self.kernel();
        let on = self.cpu.borrow().flags().contains(RFlags::INTERRUPT);
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
}
