//! `IPort` and `IPortMidi` as a driver sees them.

use std::rc::Rc;

use portcls_emulator::{Irql, NtStatus};
use portcls_port::com::IUnknown;
use portcls_port::guid::iid;
use portcls_port::interfaces::{
    DeviceRegistryProperty, IPort, IPortMidi, IResourceList, IServiceGroup, KeyAccess,
    RegistryKeyType,
};

use super::registry_key::{hand_out_key, text_at};
use crate::com::Hold;
use crate::com::family::Family;
use crate::com::this::this;
use crate::guest::Guest;
use crate::memory::at;
use crate::routine::{Call, Routine, status, status_of};

pub(super) static MIDI: Family = Family {
    name: "IPortMidi",
    iid: iid::PORT_MIDI,
    bases: &[iid::PORT],
    methods: &[
        Routine::stdcall("IPort::Init", 6, Irql::HIGH_LEVEL, init),
        Routine::stdcall("IPort::GetDeviceProperty", 5, Irql::HIGH_LEVEL, get_device_property),
        Routine::stdcall("IPort::NewRegistryKey", 8, Irql::PASSIVE_LEVEL, new_registry_key),
        Routine::stdcall("IPortMidi::Notify", 2, Irql::HIGH_LEVEL, notify),
        Routine::stdcall("IPortMidi::RegisterServiceGroup", 2, Irql::HIGH_LEVEL, register_group),
    ],
};

/// `NTSTATUS Init(PDEVICE_OBJECT, PIRP, PUNKNOWN Miniport, PUNKNOWN Adapter, PRESOURCELIST)`
fn init(call: &Call<'_>) -> u64 {
    let guest = call.guest();
    let port = this::<dyn IPort>(call);
    let (device, irp) = (guest.device_at(call.pointer()), guest.irp_at(call.pointer()));
    let (miniport, adapter, resources) = (call.pointer(), call.pointer(), call.pointer());
    let unknown = |pointer| guest.object_at(pointer, &iid::UNKNOWN, Hold::Retain);
    let resources = guest.interface_at::<dyn IResourceList>(resources, Hold::Retain);
    let (Some(port), Some(device), Some(irp), Some(miniport), Some(resources)) =
        (port, device, irp, unknown(miniport), resources)
    else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    let adapter: Option<Rc<dyn IUnknown>> = unknown(adapter);
    status_of(&port.init(call.kernel(), &device, &irp, miniport, adapter, resources))
}

/// `NTSTATUS GetDeviceProperty(DEVICE_REGISTRY_PROPERTY, ULONG, PVOID, PULONG)`
fn get_device_property(call: &Call<'_>) -> u64 {
    let guest = call.guest();
    let port = this::<dyn IPort>(call);
    let (property, length, out, result) = (call.u32(), call.u32(), call.pointer(), call.pointer());
    let (Some(port), Some(property)) = (port, DeviceRegistryProperty::from_u32(property & 0xFFFF))
    else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    let reply = port.get_device_property(call.kernel(), property, length);
    guest.store_u32(result, reply.information);
    if !reply.bytes.is_empty() {
        guest.store(out, &reply.bytes);
    }
    status(reply.status)
}

/// `NTSTATUS NewRegistryKey(PREGISTRYKEY *, PUNKNOWN, ULONG, ACCESS_MASK, POBJECT_ATTRIBUTES,
/// ULONG, PULONG)`
fn new_registry_key(call: &Call<'_>) -> u64 {
    let guest = call.guest();
    let port = this::<dyn IPort>(call);
    let (out, outer) = (call.pointer(), call.pointer());
    let (key_type, access, attributes) = (call.u32(), call.u32(), call.pointer());
    let (_options, disposition) = (call.u32(), call.pointer());
    let outer = guest.object_at(outer, &iid::UNKNOWN, Hold::Retain);
    let (Some(port), Some(key_type)) = (port, RegistryKeyType::from_u32(key_type)) else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    let path = path_of_attributes(guest, attributes);
    let access = KeyAccess::from_bits_retain(access);
    let made = port.new_registry_key(call.kernel(), outer, key_type, access, path.as_deref());
    hand_out_key(guest, out, disposition, made)
}

/// The name in an OBJECT_ATTRIBUTES, if there are any.
pub(crate) fn path_of_attributes(guest: &Guest, attributes: u64) -> Option<String> {
    if attributes == 0 {
        return None;
    }
    let name = guest.load_word(at(attributes, guest.layout().object_attributes.object_name));
    Some(text_at(guest, name))
}

/// `VOID Notify(PSERVICEGROUP)`
fn notify(call: &Call<'_>) -> u64 {
    let port = this::<dyn IPortMidi>(call);
    let group = call.pointer();
    let group = call.guest().interface_at::<dyn IServiceGroup>(group, Hold::Retain);
    if let Some(port) = port {
        port.notify(call.kernel(), group.as_ref());
    }
    0
}

/// `VOID RegisterServiceGroup(PSERVICEGROUP)`
fn register_group(call: &Call<'_>) -> u64 {
    let port = this::<dyn IPortMidi>(call);
    let group = call.pointer();
    let group = call.guest().interface_at::<dyn IServiceGroup>(group, Hold::Retain);
    if let (Some(port), Some(group)) = (port, group) {
        port.register_service_group(call.kernel(), group);
    }
    0
}
