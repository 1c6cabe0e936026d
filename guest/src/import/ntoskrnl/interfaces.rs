//! Device interfaces: registering, enabling and finding them.
//!
//! Source: WDK, the pages of the routines; wdm.h for the numbers.

use std::rc::Rc;

use portcls_emulator::{
    DeviceObject, InterfaceProperty, InterfaceState, InterfaceValue, NtStatus, PoolType,
    Registration,
};

use super::handles::new_handle;
use super::registry::KeyHandle;
use super::strings::store_new_unicode_string;
use crate::guest::Guest;
use crate::routine::{Boolean, Call, Out, Pointer, Routine, Word, row};
use crate::tables::pool_table::Fill;

pub(super) static ROUTINES: &[Routine] = &[
    row!("IoGetDeviceInterfacePropertyData", UpTo(APC_LEVEL), get_property_data),
    row!("IoGetDeviceInterfaces", UpTo(PASSIVE_LEVEL), get_device_interfaces),
    row!("IoOpenDeviceInterfaceRegistryKey", UpTo(PASSIVE_LEVEL), open_registry_key),
    row!("IoRegisterDeviceInterface", UpTo(PASSIVE_LEVEL), register_device_interface),
    row!("IoSetDeviceInterfacePropertyData", UpTo(APC_LEVEL), set_property_data),
    row!("IoSetDeviceInterfaceState", UpTo(PASSIVE_LEVEL), set_device_interface_state),
];

/// DEVICE_INTERFACE_INCLUDE_NONACTIVE.
const INCLUDE_DISABLED: u32 = 1;

/// The tag of the pool that these routines hand out. Assumed: any tag will do.
const TAG: [u8; 4] = *b"Pp  ";

/// The language identifiers that name no particular language: LOCALE_SYSTEM_DEFAULT and
/// LOCALE_USER_DEFAULT. The routines for properties refuse these identifiers. Source: winnt.h.
const DEFAULT_LOCALES: [u32; 2] = [0x800, 0x400];

/// The physical device at an address.
fn physical_at(guest: &Guest, device: Pointer) -> Result<Rc<DeviceObject>, NtStatus> {
    let device = guest.device_at(device.0).filter(|device| device.lower().is_none());
    device.ok_or(NtStatus::INVALID_DEVICE_REQUEST)
}

/// `NTSTATUS IoRegisterDeviceInterface(PDEVICE_OBJECT, CONST GUID *, PUNICODE_STRING,
/// PUNICODE_STRING SymbolicLinkName)`: the driver frees the name.
fn register_device_interface(
    call: &Call<'_>,
    physical: Pointer,
    class: Pointer,
    reference: Pointer,
    link: Pointer,
) -> Result<NtStatus, NtStatus> {
    let guest = call.guest();
    let physical = physical_at(guest, physical)?;
    let class = guest.load(class.0);
    let reference = if reference.is_null() { String::new() } else { guest.load_name(reference.0) };
    let (registration, name) =
        call.kernel().register_device_interface(class, &physical, &reference)?;
    store_new_unicode_string(guest, link, PoolType::Paged, TAG, &name)
        .map_err(|_| NtStatus::INSUFFICIENT_RESOURCES)?;
    Ok(match registration {
        Registration::New => NtStatus::SUCCESS,
        Registration::Known => NtStatus::OBJECT_NAME_EXISTS,
    })
}

/// `NTSTATUS IoSetDeviceInterfaceState(PUNICODE_STRING SymbolicLinkName, BOOLEAN Enable)`
fn set_device_interface_state(
    call: &Call<'_>,
    link: Pointer,
    enable: Boolean,
) -> Result<NtStatus, NtStatus> {
    let link = call.guest().load_name(link.0);
    let state = if enable.is_true() { InterfaceState::Enabled } else { InterfaceState::Disabled };
    call.kernel().set_device_interface_state(&link, state)
}

/// `NTSTATUS IoGetDeviceInterfaces(CONST GUID *, PDEVICE_OBJECT, ULONG Flags, PWSTR *)`: the driver
/// frees the list.
fn get_device_interfaces(
    call: &Call<'_>,
    class: Pointer,
    physical: Pointer,
    flags: u32,
    list: Out<Pointer>,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let physical = if physical.is_null() { None } else { Some(physical_at(guest, physical)?) };
    let least = match flags & INCLUDE_DISABLED {
        0 => InterfaceState::Enabled,
        _ => InterfaceState::Disabled,
    };
    let class = guest.load(class.0);
    let links = call.kernel().device_interface_links(class, physical.as_ref(), least);
    let units = links.iter().flat_map(|link| link.encode_utf16().chain([0]));
    let bytes: Vec<u8> = units.chain([0]).flat_map(u16::to_le_bytes).collect();
    let address = guest.allocate_pool(PoolType::Paged, bytes.len() as u64, TAG, Fill::Garbage);
    if address == 0 {
        return Err(NtStatus::INSUFFICIENT_RESOURCES);
    }
    guest.store(address, &bytes);
    list.set(guest, Pointer(address));
    Ok(())
}

/// `NTSTATUS IoOpenDeviceInterfaceRegistryKey(PUNICODE_STRING, ACCESS_MASK, PHANDLE)`
fn open_registry_key(
    call: &Call<'_>,
    link: Pointer,
    access: u32,
    out: Out<Word>,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let key = call.kernel().open_device_interface_key(&guest.load_name(link.0))?;
    let handle = new_handle(guest, KeyHandle { key, access });
    out.set(guest, handle.ok_or(NtStatus::INSUFFICIENT_RESOURCES)?);
    Ok(())
}

/// The property for a DEVPROPKEY and a locale identifier.
fn property_at(guest: &Guest, key: Pointer, locale: u32) -> Result<InterfaceProperty, NtStatus> {
    if DEFAULT_LOCALES.contains(&locale) {
        return Err(NtStatus::UNSUCCESSFUL);
    }
    Ok(InterfaceProperty { key: guest.load(key.0), locale })
}

/// `NTSTATUS IoSetDeviceInterfacePropertyData(PUNICODE_STRING, CONST DEVPROPKEY *, LCID, ULONG
/// Flags, DEVPROPTYPE, ULONG Size, PVOID Data)`: without data the property is deleted.
///
/// Assumed: the flag that keeps the value over a restart of Windows makes no difference.
fn set_property_data(
    call: &Call<'_>,
    link: Pointer,
    key: Pointer,
    locale: u32,
    _flags: u32,
    kind: u32,
    bytes: u32,
    data: Pointer,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let property = property_at(guest, key, locale)?;
    let value = (!data.is_null()).then(|| {
        let data = guest.load_bytes(data.0, bytes.into());
        InterfaceValue { kind, data }
    });
    call.kernel().set_device_interface_property(&guest.load_name(link.0), property, value)
}

/// `NTSTATUS IoGetDeviceInterfacePropertyData(PUNICODE_STRING, CONST DEVPROPKEY *, LCID, ULONG
/// Flags, ULONG Size, PVOID Data, PULONG RequiredSize, PDEVPROPTYPE)`
fn get_property_data(
    call: &Call<'_>,
    link: Pointer,
    key: Pointer,
    locale: u32,
    _flags: u32,
    bytes: u32,
    data: Pointer,
    required: Out<u32>,
    kind: Out<u32>,
) -> Result<NtStatus, NtStatus> {
    let guest = call.guest();
    let property = property_at(guest, key, locale)?;
    let value = call.kernel().device_interface_property(&guest.load_name(link.0), property)?;
    required.set(guest, value.data.len() as u32);
    kind.set(guest, value.kind);
    if value.data.len() > bytes as usize {
        return Ok(NtStatus::BUFFER_TOO_SMALL);
    }
    guest.store(data.0, &value.data);
    Ok(NtStatus::SUCCESS)
}
