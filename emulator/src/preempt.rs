//! The preemption point: the one place where an interrupt or a DPC can begin.
//!
//! Port accesses, stalls, lowering the IRQL, releasing a lock and the event loop call it. Whoever
//! explores interleavings or injects faults hooks here and nowhere else.

use crate::irql::Irql;
use crate::kernel::Kernel;

impl Kernel {
    /// Takes the interrupts and DPCs that the current IRQL lets through.
    #[inline]
    pub(crate) fn preemption_point(&self) {
        if self.may_be_preempted() {
            self.serve_attention();
        }
    }

    /// True when something that waits may run above the current IRQL.
    #[inline]
    pub(crate) fn may_be_preempted(&self) -> bool {
        self.state.attention.get() > self.current_irql()
    }

    /// Something waits to run at `irql`: preemption points below it look.
    #[inline]
    pub(crate) fn want_attention(&self, irql: Irql) {
        self.state.attention.set(self.state.attention.get().max(irql));
    }

    #[inline(never)]
    fn serve_attention(&self) {
        while !self.is_frozen() {
            if self.take_interrupt() {
                continue;
            }
            if self.current_irql() < Irql::DISPATCH_LEVEL && self.has_queued_dpc() {
                self.drain_dpcs();
                continue;
            }
            break;
        }
        let dpc = if self.has_queued_dpc() { Irql::DISPATCH_LEVEL } else { Irql::PASSIVE_LEVEL };
        self.state.attention.set(self.requested_irql().unwrap_or(dpc));
    }
}
