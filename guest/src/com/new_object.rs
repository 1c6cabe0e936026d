//! A new object of the port for the driver that asked for it.

use std::rc::Rc;

use portcls_emulator::NtStatus;
use portcls_port::com::IUnknown;
use portcls_port::guid::{Guid, iid};

use super::Hold;
use crate::routine::{Call, Out, Pointer};

/// Gives the guest a new object with one reference, through an out parameter.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` for a null out parameter. Any other failure is the failure in `made`.
pub(crate) fn hand_out<T: IUnknown + ?Sized>(
    call: &Call<'_>,
    out: Out<Pointer>,
    iid: &Guid,
    made: Result<Rc<T>, NtStatus>,
    upcast: impl FnOnce(Rc<T>) -> Rc<dyn IUnknown>,
) -> Result<(), NtStatus> {
    if out.is_null() {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let guest = call.guest();
    match made {
        Ok(object) => out.set(guest, Pointer(guest.give(&upcast(object), iid))),
        Err(failure) => {
            out.set(guest, Pointer::NULL);
            return Err(failure);
        }
    }
    Ok(())
}

/// The outer object that the driver passes for an aggregation; `None` for a null pointer. No object
/// of PortCls supports aggregation.
pub(crate) fn outer_at(call: &Call<'_>, outer: Pointer) -> Option<Rc<dyn IUnknown>> {
    call.guest().object_at(outer.0, &iid::UNKNOWN, Hold::Retain)
}
