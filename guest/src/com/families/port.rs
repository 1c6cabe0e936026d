//! `IPort` and `IPortMidi` as a driver sees them.

use portcls_emulator::NtStatus;
use portcls_port::guid::iid;
use portcls_port::interfaces::{
    DeviceRegistryProperty, IPort, IPortMidi, IResourceList, IServiceGroup, KeyAccess,
    RegistryKeyType,
};

use super::registry_key::{hand_out_key, text_at};
use crate::com::Hold;
use crate::com::family::Family;
use crate::com::this::This;
use crate::guest::Guest;
use crate::routine::{Call, Out, Pointer, row};

pub(super) static MIDI: Family = Family {
    name: "IPortMidi",
    iid: iid::PORT_MIDI,
    bases: &[iid::PORT],
    methods: &[
        row!("IPort::Init", ByKernel, init),
        row!("IPort::GetDeviceProperty", ByKernel, get_device_property),
        row!("IPort::NewRegistryKey", UpTo(PASSIVE_LEVEL), new_registry_key),
        row!("IPortMidi::Notify", ByKernel, notify),
        row!("IPortMidi::RegisterServiceGroup", ByKernel, register_group),
    ],
};

/// `NTSTATUS Init(PDEVICE_OBJECT, PIRP, PUNKNOWN Miniport, PUNKNOWN Adapter, PRESOURCELIST)`
fn init(
    call: &Call<'_>,
    port: This<dyn IPort>,
    device: Pointer,
    irp: Pointer,
    miniport: Pointer,
    adapter: Pointer,
    resources: Pointer,
) -> Result<NtStatus, NtStatus> {
    let guest = call.guest();
    let unknown = |pointer: Pointer| guest.object_at(pointer.0, &iid::UNKNOWN, Hold::Retain);
    let resources = guest.interface_at::<dyn IResourceList>(resources.0, Hold::Retain);
    let (Some(device), Some(irp), Some(miniport), Some(resources)) =
        (guest.device_at(device.0), guest.irp_at(irp.0), unknown(miniport), resources)
    else {
        return Err(NtStatus::INVALID_PARAMETER);
    };
    // The port tells of its refusals itself, and what the miniport answered is in the trace.
    let adapter = unknown(adapter);
    let result = port.object.init(call.kernel(), &device, &irp, miniport, adapter, resources);
    Ok(NtStatus::of(&result))
}

/// `NTSTATUS GetDeviceProperty(DEVICE_REGISTRY_PROPERTY, ULONG, PVOID, PULONG)`
fn get_device_property(
    call: &Call<'_>,
    port: This<dyn IPort>,
    property: u32,
    length: u32,
    out: Pointer,
    result: Out<u32>,
) -> Result<NtStatus, NtStatus> {
    let guest = call.guest();
    let property = DeviceRegistryProperty::from_u32(property & 0xFFFF);
    let property = property.ok_or(NtStatus::INVALID_PARAMETER)?;
    let reply = port.get_device_property(call.kernel(), property, length);
    result.set(guest, reply.information);
    if !reply.bytes.is_empty() {
        guest.store(out.0, &reply.bytes);
    }
    Ok(reply.status)
}

/// `NTSTATUS NewRegistryKey(PREGISTRYKEY *, PUNKNOWN, ULONG, ACCESS_MASK, POBJECT_ATTRIBUTES,
/// ULONG, PULONG)`
fn new_registry_key(
    call: &Call<'_>,
    port: This<dyn IPort>,
    out: Out<Pointer>,
    outer: Pointer,
    key_type: u32,
    access: u32,
    attributes: Pointer,
    _options: u32,
    disposition: Out<u32>,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let outer = guest.object_at(outer.0, &iid::UNKNOWN, Hold::Retain);
    let key_type = RegistryKeyType::from_u32(key_type).ok_or(NtStatus::INVALID_PARAMETER)?;
    let path = path_of_attributes(guest, attributes);
    let access = KeyAccess::from_bits_retain(access);
    let made = port.new_registry_key(call.kernel(), outer, key_type, access, path.as_deref());
    hand_out_key(guest, out, disposition, made)
}

/// The name in an OBJECT_ATTRIBUTES; `None` at a null pointer.
pub(crate) fn path_of_attributes(guest: &Guest, attributes: Pointer) -> Option<String> {
    if attributes.is_null() {
        return None;
    }
    let name = guest.load_word(attributes.at(guest.layout().object_attributes.object_name));
    Some(text_at(guest, Pointer(name)))
}

/// `VOID Notify(PSERVICEGROUP)`
fn notify(call: &Call<'_>, port: This<dyn IPortMidi>, group: Pointer) {
    let group = call.guest().interface_at::<dyn IServiceGroup>(group.0, Hold::Retain);
    port.notify(call.kernel(), group.as_ref());
}

/// `VOID RegisterServiceGroup(PSERVICEGROUP)`
fn register_group(call: &Call<'_>, port: This<dyn IPortMidi>, group: Pointer) {
    if let Some(group) = call.guest().interface_at::<dyn IServiceGroup>(group.0, Hold::Retain) {
        port.register_service_group(call.kernel(), group);
    }
}
