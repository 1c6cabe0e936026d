//! Refusals: lines in the trace about calls that the port turns down.
//!
//! This file owns how such a line comes into the trace. The code that refuses a call says what the
//! driver asked for. `query_interface` gets no kernel, so it cannot write a line itself. A driver
//! in Rust asks by [`ask`], which writes the line of a refusal. For a compiled driver, the guest
//! writes the same line.

use std::rc::Rc;

use portcls_emulator::trace::Layer;
use portcls_emulator::{Kernel, Need, NtStatus, RefusedCall};

use crate::com::{ComInterface, IUnknown, query};
use crate::guid::Guid;

/// Asks an object of the port for an interface, as a driver does. If the object refuses, the trace
/// gets a line.
///
/// `ask::<dyn IPortClsVersion, _>(kernel, &port)` is [`query`] with such a line. The line names the
/// interface by which the driver has the object. A driver asks its own objects by `query`, because
/// an answer of the driver's own object is no refusal of the port.
///
/// IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// The errors of [`query`].
pub fn ask<I, O>(kernel: &Kernel, object: &Rc<O>) -> Result<Rc<I>, NtStatus>
where
    I: ComInterface + ?Sized,
    O: IUnknown + ?Sized,
{
    query::<I>(object).inspect_err(|status| {
        let name = std::any::type_name::<O>();
        let name = name.rsplit("::").next().unwrap_or(name);
        tell_refused_query(kernel, name, &I::IID, *status);
    })
}

/// Writes a line into the trace about an object of the port that does not have an interface.
/// `object` is the name of the interface by which the driver has the object.
pub fn tell_refused_query(kernel: &Kernel, object: &str, iid: &Guid, status: NtStatus) {
    let (routine, what) = (format!("{object}::QueryInterface"), format!("{iid:?}"));
    let who = kernel.trace().actor("port", Layer::Software);
    kernel.report_refusal(who, RefusedCall { routine, what, status, need: Need::Optional });
}

/// The result of a driver's call; a failure can go into the trace.
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
