//! Refusals: a line in the trace for each call that the port turns down.
//!
//! Owns how such a line comes into the trace. The place that refuses says what was asked for. A
//! query for an interface has no line here, because it is asked without a kernel; who hands the
//! port's objects to a compiled driver tells of it.

use portcls_emulator::trace::Layer;
use portcls_emulator::{Kernel, Need, NtStatus, RefusedCall};

/// A result that a driver gets.
pub(crate) trait Told {
    /// Tells the trace when it is a refusal. `routine` is what the driver called, and `what` names
    /// what it asked for.
    #[must_use]
    fn told(
        self,
        kernel: &Kernel,
        need: Need,
        routine: &str,
        what: impl FnOnce() -> String,
    ) -> Self;
}

impl<T> Told for Result<T, NtStatus> {
    fn told(
        self,
        kernel: &Kernel,
        need: Need,
        routine: &str,
        what: impl FnOnce() -> String,
    ) -> Self {
        if let Err(status) = self {
            let (routine, what) = (routine.to_owned(), what());
            let who = kernel.trace().actor("port", Layer::Software);
            kernel.report_refusal(who, RefusedCall { routine, what, status, need });
        }
        self
    }
}
