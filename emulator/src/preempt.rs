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
        if self.state.attention.get() {
            self.serve_attention();
        }
    }

    /// Something may wait: the next preemption point looks.
    #[inline]
    pub(crate) fn want_attention(&self) {
        self.state.attention.set(true);
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
        let waiting = self.has_requested_line() || self.has_queued_dpc();
        self.state.attention.set(waiting && !self.is_frozen());
    }
}
