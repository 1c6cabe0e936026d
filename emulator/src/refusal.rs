//! Refused calls: what drivers asked for and did not get.
//!
//! This file owns the list of refusals and their lines in the trace. The rooms above know what a
//! driver can ask for, and why a driver does not get it.

use std::cell::{Cell, RefCell};
use std::fmt;

use crate::kernel::Kernel;
use crate::status::NtStatus;
use crate::trace::NameId;

/// What a driver asked for and did not get.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedCall {
    /// The routine or method that the driver called.
    pub routine: String,
    /// The name of the thing that the driver asked for; empty when the name of the routine is
    /// enough.
    pub what: String,
    /// The answer.
    pub status: NtStatus,
    /// Whether drivers usually go on without the thing.
    pub need: Need,
}

/// Whether drivers usually go on without what they asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Drivers do not go on without the thing, such as a port or a connected interrupt.
    Required,
    /// Drivers go on without the thing, such as an interface that only some systems have, or a
    /// value of the registry with a default.
    Optional,
}

impl fmt::Display for RefusedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.what.is_empty() { "" } else { " " };
        write!(f, "{} refuses{space}{}: {}", self.routine, self.what, self.status)
    }
}

/// The list keeps at most this number of refusals. Further refusals are only counted and noted in
/// the trace.
const KEPT_REFUSALS: usize = 1_000;

#[derive(Default)]
pub(crate) struct Refusals {
    kept: RefCell<Vec<RefusedCall>>,
    count: Cell<u64>,
}

impl Kernel {
    /// Notes a refusal in the list of refusals. In the trace the refusal becomes a line of `who`.
    pub fn report_refusal(&self, who: NameId, refusal: RefusedCall) {
        if self.is_frozen() {
            return;
        }
        self.record_note(who, &refusal.to_string());
        let refusals = &self.state.refusals;
        refusals.count.set(refusals.count.get() + 1);
        let mut kept = refusals.kept.borrow_mut();
        if kept.len() < KEPT_REFUSALS {
            kept.push(refusal);
        }
    }

    /// The refusals so far. The list has at most the first 1 000 refusals.
    #[must_use]
    pub fn refused_calls(&self) -> Vec<RefusedCall> {
        self.state.refusals.kept.borrow().clone()
    }

    /// The number of all refusals; the list may have fewer.
    #[must_use]
    pub fn refused_call_count(&self) -> u64 {
        self.state.refusals.count.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::KernelConfig;
    use crate::trace::Layer;

    fn refusal(what: &str) -> RefusedCall {
        RefusedCall {
            routine: "PcNewPort".to_owned(),
            what: what.to_owned(),
            status: NtStatus::NOT_SUPPORTED,
            need: Need::Required,
        }
    }

    #[test]
    fn a_refusal_names_the_routine_what_was_asked_for_and_the_status() {
        let text = "PcNewPort refuses CLSID_PortTopology: STATUS_NOT_SUPPORTED";
        assert_eq!(refusal("CLSID_PortTopology").to_string(), text);
        assert_eq!(refusal("").to_string(), "PcNewPort refuses: STATUS_NOT_SUPPORTED");
    }

    #[test]
    fn refusals_beyond_the_limit_are_counted_and_the_first_are_kept() {
        let kernel = Kernel::new(KernelConfig::default());
        let who = kernel.trace().actor("port", Layer::Software);
        for number in 0..1_005 {
            kernel.report_refusal(who, refusal(&number.to_string()));
        }
        assert_eq!(kernel.refused_call_count(), 1_005);
        let kept = kernel.refused_calls();
        assert_eq!((kept.len(), &*kept[999].what), (1_000, "999"));
    }
}
