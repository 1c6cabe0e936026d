//! Handles: the numbers by which a program names events and semaphores.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::event::Event;
use crate::kernel::Kernel;
use crate::semaphore::Semaphore;
use crate::status::NtStatus;

/// The object that a handle leads to.
#[derive(Clone)]
pub enum HandleTarget {
    /// An event.
    Event(Event),
    /// A semaphore.
    Semaphore(Semaphore),
}

/// At most this number of handles are open. Assumed: a program needs far fewer for its
/// notifications.
const OPEN_HANDLES: usize = 65_536;

/// The distance between two handles. Source: public documentation of handles: the lowest two bits
/// are the program's own.
const STEP: u64 = 4;

/// The open handles of the program.
#[derive(Default)]
pub(crate) struct Handles {
    open: RefCell<BTreeMap<u64, HandleTarget>>,
    last: Cell<u64>,
}

impl Handles {
    /// Drops every handle.
    pub fn clear(&self) {
        drop(self.open.take());
    }
}

impl Kernel {
    /// Opens a handle to an object; no handle is used twice.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when 65 536 handles are open.
    pub fn open_handle(&self, target: HandleTarget) -> Result<u64, NtStatus> {
        let handles = &self.state.handles;
        if handles.open.borrow().len() >= OPEN_HANDLES {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        let handle = handles.last.get() + STEP;
        handles.last.set(handle);
        handles.open.borrow_mut().insert(handle, target);
        Ok(handle)
    }

    /// Closes a handle; the object lives on while other code holds it.
    ///
    /// # Errors
    /// `STATUS_INVALID_HANDLE` when the handle is not open.
    pub fn close_handle(&self, handle: u64) -> Result<(), NtStatus> {
        let gone = self.state.handles.open.borrow_mut().remove(&number_of(handle));
        gone.map(drop).ok_or(NtStatus::INVALID_HANDLE)
    }

    /// The object behind a handle. The result keeps the object alive, also after the handle is
    /// closed.
    ///
    /// # Errors
    /// `STATUS_INVALID_HANDLE` when the handle is not open.
    #[doc(alias = "ObReferenceObjectByHandle")]
    pub fn handle_target(&self, handle: u64) -> Result<HandleTarget, NtStatus> {
        let handles = self.state.handles.open.borrow();
        handles.get(&number_of(handle)).cloned().ok_or(NtStatus::INVALID_HANDLE)
    }
}

/// The number of a handle: the lowest two bits of a handle do not count.
fn number_of(handle: u64) -> u64 {
    handle & !(STEP - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventKind;
    use crate::kernel::KernelConfig;

    #[test]
    fn a_handle_leads_to_its_object_until_it_is_closed() {
        let kernel = Kernel::new(KernelConfig::default());
        let event = Event::new(EventKind::Notification, "a test");
        let first = kernel.open_handle(HandleTarget::Event(event.clone())).unwrap();
        let second = kernel.open_handle(HandleTarget::Semaphore(Semaphore::new(1, 1))).unwrap();
        assert_eq!((first, second), (4, 8));
        let Ok(HandleTarget::Event(found)) = kernel.handle_target(first | 3) else {
            panic!("the two lowest bits do not count")
        };
        kernel.set_event(&found);
        assert!(event.is_signalled());
        assert_eq!(kernel.close_handle(first), Ok(()));
        assert_eq!(kernel.close_handle(first), Err(NtStatus(0xC000_0008)));
        assert!(kernel.handle_target(first).is_err());
        assert!(kernel.handle_target(0).is_err());
    }
}
