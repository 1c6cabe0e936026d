//! COM across the border: the port's objects in the guest, the guest's objects here.
//!
//! An object of the port is a pointer to a vtable of thunks in guest memory (`port_objects.rs`);
//! what its methods do is in `families/`, one file for each interface. An object of the guest is
//! a [`GuestObject`], which implements the same traits as a miniport in Rust. An object that
//! crosses the border twice is the same one again, and a pointer that comes back is unwrapped.
//!
//! Counts are true: a reference that is given to the guest is one count in its object; a
//! reference that the guest gives is one that is released when the wrapper goes.

pub(crate) mod families;
mod guest_object;
mod miniport;
mod notified;
mod port_objects;
#[cfg(test)]
mod tests;
mod this;

use std::rc::Rc;

use portcls_port::com::{ComInterface, IUnknown, query};
use portcls_port::guid::Guid;

use crate::guest::Guest;

pub(crate) use families::{FAMILIES, Family};
pub(crate) use guest_object::{GuestObject, Hold};

impl Guest {
    /// The pointer by which the guest knows an object, counted once for the guest.
    pub(crate) fn give(&self, object: &Rc<dyn IUnknown>, iid: &Guid) -> u64 {
        match self.guest_object_behind(object) {
            Some(own) => own.give_back(iid),
            None => self.give_port_object(object, iid),
        }
    }

    /// The pointer by which the guest knows an object, for the length of a call: not counted.
    pub(crate) fn lend(&self, object: &Rc<dyn IUnknown>, iid: &Guid) -> u64 {
        match self.guest_object_behind(object) {
            Some(own) => own.pointer(iid),
            None => self.lend_port_object(object, iid),
        }
    }

    /// The object behind a pointer that the guest hands in; `None` for a null pointer.
    pub(crate) fn object_at(
        &self,
        pointer: u64,
        iid: &Guid,
        hold: Hold,
    ) -> Option<Rc<dyn IUnknown>> {
        if pointer == 0 {
            return None;
        }
        if self.is_port_object(pointer) {
            let object = self.port_object(pointer)?;
            if hold == Hold::Adopt {
                self.release_port_object(pointer);
            }
            return Some(object);
        }
        Some(GuestObject::wrap(self, pointer, iid, hold))
    }

    /// The object behind a pointer, as one of its interfaces.
    pub(crate) fn interface_at<I: ComInterface + ?Sized>(
        &self,
        pointer: u64,
        hold: Hold,
    ) -> Option<Rc<I>> {
        let object = self.object_at(pointer, &I::IID, hold)?;
        query::<I>(&object).ok()
    }
}
