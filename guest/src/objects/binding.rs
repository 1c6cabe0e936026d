//! Bindings of kernel objects to the driver's memory.

use std::rc::Rc;

use portcls_emulator::BugCheckCode;

use crate::guest::Guest;
use crate::tables::bindings::{BINDING_LIMIT, Bound};
use crate::tables::origin::Origin;

/// The second parameter of DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS: the processor
/// executed code of the unloaded driver.
/// Source: the WDK page of this bug check gives 0 for a read. Assumed: 8 for execution, as in the
/// bug checks of page faults.
const EXECUTES: u64 = 8;

impl Guest {
    /// Binds an object to an address. An object that was bound there before is dropped.
    pub fn bind(&self, address: u64, object: Rc<dyn Bound>) {
        self.bind_from(self.origin(), address, object);
    }

    /// Binds an object as `bind` does. Here the driver did not get the object from the routine
    /// being served, so `origin` says where the driver got the object.
    pub(crate) fn bind_from(&self, origin: Option<Origin>, address: u64, object: Rc<dyn Bound>) {
        if self.0.bindings.insert(address, object, origin).is_err() {
            self.kernel().unsupported(&format!(
                "more than {BINDING_LIMIT} objects of the kernel at a time (BINDING_LIMIT)"
            ));
        }
    }

    /// The first object of type `T` for which `is` returns true, with its address.
    pub(crate) fn find_bound<T: Bound>(&self, is: impl Fn(&T) -> bool) -> Option<(u64, Rc<T>)> {
        self.0.bindings.find(is)
    }

    /// The object bound to an address, if it is a `T`.
    #[must_use]
    pub fn bound<T: Bound>(&self, address: u64) -> Option<Rc<T>> {
        self.0.bindings.get(address)
    }

    /// Whether an object of any type is bound to an address.
    pub(crate) fn is_bound(&self, address: u64) -> bool {
        self.0.bindings.holds(address)
    }

    /// Removes the binding at an address and returns the object.
    pub fn unbind(&self, address: u64) -> Option<Rc<dyn Bound>> {
        self.0.bindings.take(address)
    }

    /// Checks the driver after its unload routine has returned. No object in the driver's image may
    /// be pending. A pending object is bug check TIMER_OR_DPC_INVALID, which names the object and
    /// the place of the object. A system thread that still lives is bug check
    /// DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS.
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// Windows stops when the thread next runs; this kernel stops at once. Assumed: the result is
    /// the same, because the code of the thread is gone.
    pub fn check_unload(&self) {
        if let Some((at, what)) = self.0.bindings.still_running() {
            let code = BugCheckCode::DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS;
            let message = format!("the driver was unloaded, and {what}");
            self.kernel().bug_check_with(code, [at, EXECUTES, at, 0], &message);
        }
        let image = self.loaded().base..self.loaded().base + self.loaded().size;
        if let Some((at, what)) = self.0.bindings.remove(image.clone()) {
            let message = format!("the driver was unloaded with {what} in it, at {at:#x}");
            let parameters = [0, at, image.start, image.end];
            self.kernel().bug_check_with(BugCheckCode::TIMER_OR_DPC_INVALID, parameters, &message);
        }
    }
}
