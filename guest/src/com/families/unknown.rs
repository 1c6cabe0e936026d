//! `IUnknown` as a driver sees it: the first three slots of every vtable.

use portcls_emulator::NtStatus;
use portcls_port::com::NO_INTERFACE;
use portcls_port::guid::iid;
use portcls_port::tell_refused_query;

use crate::com::family::Family;
use crate::routine::{Call, Out, Pointer, Routine, row};

pub(super) static FAMILY: Family =
    Family { name: "IUnknown", iid: iid::UNKNOWN, bases: &[], methods: &[] };

/// The first three slots of every vtable.
pub(super) static METHODS: [Routine; 3] = [
    row!("IUnknown::QueryInterface", ByKernel, query_interface),
    row!("IUnknown::AddRef", ByKernel, add_ref),
    row!("IUnknown::Release", ByKernel, release),
];

/// `NTSTATUS QueryInterface(REFIID, PVOID *)`
fn query_interface(
    call: &Call<'_>,
    this: Pointer,
    wanted: Pointer,
    out: Out<Pointer>,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let Some(object) = guest.port_object(this.0) else { return Ok(()) };
    let wanted = guest.load_guid(wanted.0);
    // A driver cannot ask for these interfaces. PortCls uses the first interface itself, and the
    // header has no identifier for the second interface.
    let answer = match wanted {
        iid::SUBDEVICE | iid::MASTER_CLOCK => Err(NO_INTERFACE),
        _ => object.query_interface(&wanted),
    };
    match answer {
        Ok(interface) => {
            out.set(guest, Pointer(guest.give(&interface.into_unknown(), &wanted)));
            Ok(())
        }
        Err(failure) => {
            let name = guest.interface_name(this.0);
            tell_refused_query(call.kernel(), name, &wanted, failure);
            out.set(guest, Pointer::NULL);
            Err(failure)
        }
    }
}

/// `ULONG AddRef()`
fn add_ref(call: &Call<'_>, this: Pointer) -> u32 {
    call.guest().add_port_reference(this.0)
}

/// `ULONG Release()`
fn release(call: &Call<'_>, this: Pointer) -> u32 {
    call.guest().release_port_object(this.0)
}
