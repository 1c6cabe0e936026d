//! Refusals: a line in the trace for each call that the port turns down.
//!
//! Owns how such a line comes into the trace. The code that refuses a call says what the driver
//! asked for. A refused query for an interface makes no line here, because `query_interface` gets
//! no kernel. For a compiled driver, the guest writes that line.

use portcls_emulator::trace::Layer;
use portcls_emulator::{Kernel, Need, NtStatus, RefusedCall};

/// A result of a driver's call, which can go into the trace.
pub(crate) trait Told {
    /// Writes a line into the trace when the result is a failure, and returns the result. `routine`
    /// is the routine that the driver called, and `what` names what the driver asked for.
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
