//! `IUnknown` as a driver sees it: the first three slots of every vtable.

use portcls_emulator::Irql;
use portcls_port::com::NO_INTERFACE;
use portcls_port::guid::iid;

use crate::com::family::Family;
use crate::routine::{Call, Routine};

pub(super) static FAMILY: Family =
    Family { name: "IUnknown", iid: iid::UNKNOWN, bases: &[], methods: &[] };

/// The first three slots of every vtable.
pub(super) static METHODS: [Routine; 3] = [
    Routine::stdcall("IUnknown::QueryInterface", 3, Irql::HIGH_LEVEL, query_interface),
    Routine::stdcall("IUnknown::AddRef", 1, Irql::HIGH_LEVEL, add_ref),
    Routine::stdcall("IUnknown::Release", 1, Irql::HIGH_LEVEL, release),
];

/// `NTSTATUS QueryInterface(REFIID, PVOID *)`
fn query_interface(call: &Call<'_>) -> u64 {
    let (address, wanted, out) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest();
    let Some(object) = guest.port_object(address) else { return 0 };
    let wanted = guest.load_guid(wanted);
    // What PortCls keeps to itself is no interface of a driver.
    let answer =
        if wanted == iid::SUBDEVICE { Err(NO_INTERFACE) } else { object.query_interface(&wanted) };
    match answer {
        Ok(interface) => {
            let pointer = guest.give(&interface.into_unknown(), &wanted);
            guest.store_word(out, pointer);
            0
        }
        Err(status) => {
            guest.store_word(out, 0);
            u64::from(status.0)
        }
    }
}

/// `ULONG AddRef()`
fn add_ref(call: &Call<'_>) -> u64 {
    u64::from(call.guest().add_port_reference(call.pointer()))
}

/// `ULONG Release()`
fn release(call: &Call<'_>) -> u64 {
    u64::from(call.guest().release_port_object(call.pointer()))
}
