//! `IPortEvents` as a driver sees it.

use portcls_port::guid::iid;
use portcls_port::interfaces::IPortEvents;
use portcls_port::rules;

use crate::com::event::entry_at;
use crate::com::family::Family;
use crate::com::this::This;
use crate::routine::{Call, Pointer, row};

pub(super) static FAMILY: Family = Family {
    name: "IPortEvents",
    iid: iid::PORT_EVENTS,
    bases: &[],
    methods: &[
        row!("IPortEvents::AddEventToEventList", ByKernel, add_event_to_event_list),
        row!("IPortEvents::GenerateEventList", ByKernel, generate_event_list),
    ],
};

/// `VOID AddEventToEventList(PKSEVENT_ENTRY)`
fn add_event_to_event_list(call: &Call<'_>, port: This<dyn IPortEvents>, entry: Pointer) {
    match entry_at(call.guest(), entry.0) {
        Some(entry) => port.add_event_to_event_list(call.kernel(), entry),
        None => {
            let message = format!(
                "AddEventToEventList with {:#x}, which is no entry of an enabled event",
                entry.0
            );
            call.kernel().report_violation(&rules::EVENT_ENTRY, &message);
        }
    }
}

/// `VOID GenerateEventList(GUID *, ULONG, BOOL, ULONG, BOOL, ULONG)`
fn generate_event_list(
    call: &Call<'_>,
    port: This<dyn IPortEvents>,
    set: Pointer,
    id: u32,
    is_pin_event: u32,
    pin: u32,
    is_node_event: u32,
    node: u32,
) {
    let set = (!set.is_null()).then(|| call.guest().load_guid(set.0));
    let pin = (is_pin_event != 0).then_some(pin);
    let node = (is_node_event != 0).then_some(node);
    port.generate_event_list(call.kernel(), set.as_ref(), id, pin, node);
}
