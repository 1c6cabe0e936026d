//! Violations: breaches of documented rules after which Windows goes on.
//!
//! This file owns the list of violations. The rules themselves stand in `rules.rs` of this room and
//! of the rooms above.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::kernel::Kernel;
use crate::rule::{Rule, Severity};

/// A breach of a documented rule. Windows would survive the breach, so the run goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The rule.
    pub rule: &'static Rule,
    /// What was done, where, and what is allowed.
    pub message: String,
    /// Simulated time in ns.
    pub time_ns: u64,
    /// Where the driver called the routine that found the breach: the offset in the driver's image
    /// to which this routine returns. `None` when no compiled driver called the routine, and when
    /// the driver's own code has run since its last call.
    pub call_site: Option<u64>,
}

/// Tells where the driver called the routine that runs now.
pub type CallSiteSource = Rc<dyn Fn() -> Option<u64>>;

/// The list keeps the first violations, at most this number. A further violation is counted, and
/// has its note in the trace.
pub(crate) const KEPT_VIOLATIONS: usize = 1_000;

#[derive(Default)]
pub(crate) struct Violations {
    kept: RefCell<Vec<Violation>>,
    count: Cell<u64>,
    call_sites: RefCell<Option<CallSiteSource>>,
}

impl Kernel {
    /// Sets the function that tells the call site of a violation. The code that runs compiled
    /// drivers calls this method.
    pub fn set_call_site_source(&self, source: CallSiteSource) {
        *self.state.violations.call_sites.borrow_mut() = Some(source);
    }

    /// Notes a breach of a documented rule in the trace and in the list of violations.
    pub fn report_violation(&self, rule: &'static Rule, message: &str) {
        debug_assert_eq!(rule.severity, Severity::Error, "{}: advice is a warning", rule.id);
        if self.is_frozen() {
            return;
        }
        self.record_note(self.state.names.kernel, &format!("violation {}: {message}", rule.id));
        let violations = &self.state.violations;
        violations.count.set(violations.count.get() + 1);
        let mut kept = violations.kept.borrow_mut();
        if kept.len() < KEPT_VIOLATIONS {
            let call_site = violations.call_sites.borrow().as_ref().and_then(|source| source());
            let message = message.to_owned();
            kept.push(Violation { rule, message, time_ns: self.now_ns(), call_site });
        }
    }

    /// The violations so far. The list has at most the first 1 000 violations.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.state.violations.kept.borrow().clone()
    }

    /// The number of all violations; the list may have fewer.
    #[must_use]
    pub fn violation_count(&self) -> u64 {
        self.state.violations.count.get()
    }
}
