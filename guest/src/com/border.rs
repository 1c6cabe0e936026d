//! COM pointers that cross the border between the guest and Rust.

use std::rc::Rc;

use portcls_port::com::{ComInterface, IUnknown, query};
use portcls_port::guid::{Guid, iid};

use super::{GuestObject, Hold};
use crate::guest::Guest;

impl Guest {
    /// The guest's pointer to an object, with one reference counted for the guest.
    pub(crate) fn give(&self, object: &Rc<dyn IUnknown>, iid: &Guid) -> u64 {
        match self.guest_object_behind(object) {
            Some(own) => own.give_back(iid),
            None => self.give_port_object(object, iid),
        }
    }

    /// The guest's pointer to an object for the length of a call, without a reference.
    pub(crate) fn lend(&self, object: &Rc<dyn IUnknown>, iid: &Guid) -> u64 {
        match self.guest_object_behind(object) {
            Some(own) => own.pointer(iid),
            None => self.lend_port_object(object, iid),
        }
    }

    /// The pointer to a miniport or a stream, as a property request holds it. If the object is the
    /// driver's own, this is the pointer by which the driver gave the object to the port.
    /// Source: WDK, PCPROPERTY_REQUEST: MajorTarget is the miniport of IPort::Init, and MinorTarget
    /// is the stream that NewStream put out. Drivers cast both without a query.
    pub(crate) fn target_pointer(&self, object: &Rc<dyn IUnknown>) -> u64 {
        match self.guest_object_behind(object) {
            Some(own) => own.target(),
            None => self.lend_port_object(object, &iid::UNKNOWN),
        }
    }

    /// Notes the pointer by which the driver gives a miniport or a stream to the port.
    pub(crate) fn note_target(&self, object: &Rc<dyn IUnknown>, pointer: u64) {
        if let Some(own) = self.guest_object_behind(object) {
            own.note_target(pointer);
        }
    }

    /// The object behind a pointer that the guest hands in. `None` for a null pointer. A pointer to
    /// an object of the port that is gone causes a bug check, and the result is `None` too.
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

    /// The object behind a pointer, as one of its interfaces. `None` also if the object does not
    /// have this interface.
    pub(crate) fn interface_at<I: ComInterface + ?Sized>(
        &self,
        pointer: u64,
        hold: Hold,
    ) -> Option<Rc<I>> {
        let object = self.object_at(pointer, &I::IID, hold)?;
        query::<I>(&object).ok()
    }
}
