//! The preemption point: the one place where an interrupt or a DPC can begin.
//!
//! The preemption point is called, for example, by each port access, by a stall, when the IRQL is
//! lowered, when a DPC is queued, and by the event loop. An oracle explores interleavings here and
//! nowhere else: it decides which of the waiting interrupts and DPCs begin at this preemption point
//! (see `choice/point.rs`).

use crate::choice::{ALWAYS, Choice, When};
use crate::irql::Irql;
use crate::kernel::Kernel;

impl Kernel {
    /// Runs the interrupts and DPCs that the current IRQL lets through.
    #[inline]
    pub(crate) fn preemption_point(&self) {
        if self.may_be_preempted() {
            self.serve_attention();
        }
    }

    /// True when an interrupt or a DPC with a level above the current IRQL may wait. While there is
    /// an oracle, the result is always true.
    #[inline]
    pub(crate) fn may_be_preempted(&self) -> bool {
        self.state.attention.get() > self.current_irql()
    }

    /// Notes that an interrupt or a DPC waits to run at `irql`. A preemption point below `irql`
    /// then looks for the interrupt or DPC.
    #[inline]
    pub(crate) fn want_attention(&self, irql: Irql) {
        self.state.attention.set(self.state.attention.get().max(irql));
    }

    #[inline(never)]
    fn serve_attention(&self) {
        self.ask_at_point();
        while !self.is_frozen() && self.begin_something() {}
        let dpc = if self.has_queued_dpc() { Irql::DISPATCH_LEVEL } else { Irql::PASSIVE_LEVEL };
        let waiting = self.requested_irql().unwrap_or(dpc);
        self.state.attention.set(if self.has_oracle() { ALWAYS } else { waiting });
    }

    /// Runs the most urgent interrupt that the IRQL lets through, or else the queued DPCs. Returns
    /// true when the caller must look again, because something ran or an oracle let time pass.
    #[inline]
    fn begin_something(&self) -> bool {
        if let Some(line) = self.line_let_through() {
            match self.when_to_begin(Choice::Interrupt) {
                When::Here => {
                    self.service_line(line);
                    return true;
                }
                When::TimePassed => return true,
                When::AtAnotherPoint => {}
            }
        }
        if !self.has_dpc_let_through() {
            return false;
        }
        match self.when_to_begin(Choice::Dpc) {
            When::Here => self.drain_dpcs(),
            When::TimePassed => {}
            When::AtAnotherPoint => return false,
        }
        true
    }

    /// True, right after a preemption point, when an oracle put off an interrupt or a DPC there.
    #[inline]
    pub(crate) fn is_something_put_off(&self) -> bool {
        self.has_oracle() && (self.line_let_through().is_some() || self.has_dpc_let_through())
    }

    /// True when a DPC waits and the IRQL lets it through.
    #[inline]
    pub(crate) fn has_dpc_let_through(&self) -> bool {
        self.current_irql() < Irql::DISPATCH_LEVEL && self.has_queued_dpc()
    }
}
