//! Binding an object of the kernel to the driver's memory, and what that memory's end means.

use std::rc::Rc;

use portcls_emulator::BugCheckCode;

use crate::guest::Guest;
use crate::tables::bindings::{BINDING_LIMIT, Bound};
use crate::tables::origin::Origin;

impl Guest {
    /// Binds an object to an address; it replaces what was there, and that is dropped.
    pub fn bind(&self, address: u64, object: Rc<dyn Bound>) {
        self.bind_from(self.origin(), address, object);
    }

    /// The same with how the driver comes by it, when that is not the routine which is served.
    pub(crate) fn bind_from(&self, origin: Option<Origin>, address: u64, object: Rc<dyn Bound>) {
        if self.0.bindings.insert(address, object, origin).is_err() {
            self.kernel().unsupported(&format!(
                "more than {BINDING_LIMIT} objects of the kernel at a time (BINDING_LIMIT)"
            ));
        }
    }

    /// The first object of a kind that is what `is` says, with its address.
    pub(crate) fn find_bound<T: Bound>(&self, is: impl Fn(&T) -> bool) -> Option<(u64, Rc<T>)> {
        self.0.bindings.find(is)
    }

    /// The object bound to an address, if it is a `T`.
    #[must_use]
    pub fn bound<T: Bound>(&self, address: u64) -> Option<Rc<T>> {
        self.0.bindings.get(address)
    }

    /// Takes an object away.
    pub fn unbind(&self, address: u64) -> Option<Rc<dyn Bound>> {
        self.0.bindings.take(address)
    }

    /// The driver has returned from its unload routine: what it keeps in its image must not be
    /// pending any more, or bug check TIMER_OR_DPC_INVALID tells what is and where.
    /// IRQL: PASSIVE_LEVEL.
    pub fn check_unload(&self) {
        let image = self.loaded().base..self.loaded().base + self.loaded().size;
        if let Some((at, what)) = self.0.bindings.remove(image.clone()) {
            let message = format!("the driver was unloaded with {what} in it, at {at:#x}");
            let parameters = [0, at, image.start, image.end];
            self.kernel().bug_check_with(BugCheckCode::TIMER_OR_DPC_INVALID, parameters, &message);
        }
    }
}
