//! `IPort`, `IPortMidi`, `IPortDMus`, `IPortClsVersion` as a driver sees them.

use portcls_emulator::NtStatus;
use portcls_port::guid::iid;
use portcls_port::interfaces::{
    DeviceRegistryProperty, IPort, IPortClsVersion, IPortDMus, IPortMidi, IResourceList,
    IServiceGroup, KeyAccess, RegistryKeyType,
};

use super::registry_key::{hand_out_key, text_at};
use crate::com::Hold;
use crate::com::family::Family;
use crate::com::this::This;
use crate::guest::Guest;
use crate::routine::{Call, Out, Pointer, Routine, row};

pub(super) static MIDI: Family = Family {
    name: "IPortMidi",
    iid: iid::PORT_MIDI,
    bases: &[iid::PORT],
    methods: &[
        INIT,
        GET_DEVICE_PROPERTY,
        NEW_REGISTRY_KEY,
        row!("IPortMidi::Notify", ByKernel, notify),
        row!("IPortMidi::RegisterServiceGroup", ByKernel, register_group),
    ],
};

pub(super) static DMUS: Family = Family {
    name: "IPortDMus",
    iid: iid::PORT_DMUS,
    bases: &[iid::PORT],
    methods: &[
        INIT,
        GET_DEVICE_PROPERTY,
        NEW_REGISTRY_KEY,
        row!("IPortDMus::Notify", ByKernel, notify_dmus),
        row!("IPortDMus::RegisterServiceGroup", ByKernel, register_group_dmus),
    ],
};

pub(super) const INIT: Routine = row!("IPort::Init", ByKernel, init);
pub(super) const GET_DEVICE_PROPERTY: Routine =
    row!("IPort::GetDeviceProperty", ByKernel, get_device_property);
pub(super) const NEW_REGISTRY_KEY: Routine =
    row!("IPort::NewRegistryKey", ByKernel, new_registry_key);

pub(super) static VERSION: Family = Family {
    name: "IPortClsVersion",
    iid: iid::PORT_CLS_VERSION,
    bases: &[],
    methods: &[row!("IPortClsVersion::GetVersion", ByKernel, get_version)],
};

/// `NTSTATUS Init(PDEVICE_OBJECT, PIRP, PUNKNOWN Miniport, PUNKNOWN Adapter, PRESOURCELIST)`
///
/// The request, the adapter and the resource list may be null.
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
    let (Some(device), Some(object)) = (guest.device_at(device.0), unknown(miniport)) else {
        return Err(NtStatus::INVALID_PARAMETER);
    };
    let irp = given(irp, || guest.irp_at(irp.0))?;
    let list = || guest.interface_at::<dyn IResourceList>(resources.0, Hold::Retain);
    let resources = given(resources, list)?;
    let adapter = unknown(adapter);
    guest.note_target(&object, miniport.0);
    // A failure is not returned as `Err`, because `Err` could add a refused call to the trace. The
    // port itself records what it refuses, and the miniport's answer is in the trace already.
    let result = port.object.init(call.kernel(), &device, irp.as_ref(), object, adapter, resources);
    Ok(NtStatus::of(&result))
}

/// An optional argument: `None` for a null pointer. For any other pointer, the object behind the
/// pointer.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` when the pointer leads to no such object.
pub(super) fn given<T>(
    pointer: Pointer,
    object: impl FnOnce() -> Option<T>,
) -> Result<Option<T>, NtStatus> {
    if pointer.is_null() {
        return Ok(None);
    }
    object().map(Some).ok_or(NtStatus::INVALID_PARAMETER)
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
    let path = path_of_attributes(guest, key_type, attributes);
    let access = KeyAccess::from_bits_retain(access);
    let made = port.new_registry_key(call.kernel(), outer, key_type, access, path.as_deref());
    hand_out_key(guest, out, disposition_of(key_type, disposition), made)
}

/// The variable for the disposition of a general key. `None` for any other key, because PortCls
/// then does not use the variable.
/// Source: WDK, PcNewRegistryKey.
pub(crate) fn disposition_of(key_type: RegistryKeyType, out: Out<u32>) -> Option<Out<u32>> {
    (key_type == RegistryKeyType::General).then_some(out)
}

/// The name in the OBJECT_ATTRIBUTES of a general key; `None` for a null pointer, and for any other
/// key, because only a general key has attributes.
pub(crate) fn path_of_attributes(
    guest: &Guest,
    key_type: RegistryKeyType,
    attributes: Pointer,
) -> Option<String> {
    if key_type != RegistryKeyType::General || attributes.is_null() {
        return None;
    }
    let name = guest.load_word(attributes.at(guest.layout().object_attributes.object_name));
    Some(text_at(guest, Pointer(name)))
}

/// `DWORD GetVersion()`
fn get_version(_call: &Call<'_>, port: This<dyn IPortClsVersion>) -> u32 {
    port.get_version().value()
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

/// `VOID Notify(PSERVICEGROUP)`
fn notify_dmus(call: &Call<'_>, port: This<dyn IPortDMus>, group: Pointer) {
    let group = call.guest().interface_at::<dyn IServiceGroup>(group.0, Hold::Retain);
    port.notify(call.kernel(), group.as_ref());
}

/// `VOID RegisterServiceGroup(PSERVICEGROUP)`
fn register_group_dmus(call: &Call<'_>, port: This<dyn IPortDMus>, group: Pointer) {
    if let Some(group) = call.guest().interface_at::<dyn IServiceGroup>(group.0, Hold::Retain) {
        port.register_service_group(call.kernel(), group);
    }
}
