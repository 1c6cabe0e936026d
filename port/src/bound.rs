//! A driver's miniport with its port: code that all kinds of miniport share.

use std::rc::{Rc, Weak};

use portcls_emulator::trace::Argument;
use portcls_emulator::{Kernel, NtStatus};

use crate::com::{ComInterface, IUnknown, query};
use crate::miniport_calls::{Method, MiniportCalls};

/// A miniport by its interface `M`, and its port by the interface `P`.
pub(crate) struct Bound<M: ?Sized, P: ?Sized> {
    pub calls: Rc<MiniportCalls>,
    pub miniport: Rc<M>,
    port: Weak<P>,
}

impl<M: ComInterface + ?Sized, P: ?Sized> Bound<M, P> {
    /// Asks a driver's object for the interface `M`, and keeps the answer with the port.
    ///
    /// # Errors
    /// The status that the object answered.
    pub fn find(
        calls: &Rc<MiniportCalls>,
        port: Weak<P>,
        object: &Rc<dyn IUnknown>,
    ) -> Result<Bound<M, P>, NtStatus> {
        Ok(Bound { calls: Rc::clone(calls), miniport: query::<M>(object)?, port })
    }

    /// Calls the miniport's Init with its port; `method` is the name of this Init.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// - `STATUS_INVALID_DEVICE_STATE`: the port is gone.
    /// - The status that the miniport returned.
    pub fn start<T>(
        &self,
        kernel: &Kernel,
        method: Method,
        init: impl FnOnce(Rc<M>, Rc<P>) -> Result<T, NtStatus>,
    ) -> Result<T, NtStatus> {
        let port = self.port.upgrade().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        let init = || init(Rc::clone(&self.miniport), port);
        self.calls.call(kernel, method, Argument::None, init, |_| Argument::None)
    }

    /// Calls the miniport's Service, a method that cannot fail.
    ///
    /// IRQL: DISPATCH_LEVEL.
    pub fn serve(&self, kernel: &Kernel, method: Method, service: impl FnOnce(&M)) {
        let serve = || {
            service(&self.miniport);
            Ok(())
        };
        let none = Argument::None;
        let _ = self.calls.call(kernel, method, none, serve, |()| none);
    }
}
