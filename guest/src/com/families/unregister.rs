//! The two interfaces that take subdevices and connections away.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, NtStatus};
use portcls_port::com::IUnknown;
use portcls_port::guid::iid;
use portcls_port::interfaces::{IUnregisterPhysicalConnection, IUnregisterSubdevice};

use super::registry_key::text_at;
use crate::com::Hold;
use crate::com::family::Family;
use crate::com::this::This;
use crate::routine::{Call, Pointer, row};

pub(super) static SUBDEVICE: Family = Family {
    name: "IUnregisterSubdevice",
    iid: iid::UNREGISTER_SUBDEVICE,
    bases: &[],
    methods: &[row!("IUnregisterSubdevice::UnregisterSubdevice", ByKernel, unregister_subdevice)],
};

pub(super) static CONNECTION: Family = Family {
    name: "IUnregisterPhysicalConnection",
    iid: iid::UNREGISTER_PHYSICAL_CONNECTION,
    bases: &[],
    methods: &[
        row!(
            "IUnregisterPhysicalConnection::UnregisterPhysicalConnection",
            ByKernel,
            unregister_connection
        ),
        row!(
            "IUnregisterPhysicalConnection::UnregisterPhysicalConnectionToExternal",
            ByKernel,
            unregister_to_external
        ),
        row!(
            "IUnregisterPhysicalConnection::UnregisterPhysicalConnectionFromExternal",
            ByKernel,
            unregister_from_external
        ),
    ],
};

/// The device at the address in an argument.
fn device_at(call: &Call<'_>, device: Pointer) -> Result<Rc<DeviceObject>, NtStatus> {
    call.guest().device_at(device.0).ok_or(NtStatus::INVALID_PARAMETER)
}

/// The port at a PUNKNOWN in an argument.
fn port_at(call: &Call<'_>, unknown: Pointer) -> Result<Rc<dyn IUnknown>, NtStatus> {
    let port = call.guest().object_at(unknown.0, &iid::UNKNOWN, Hold::Retain);
    port.ok_or(NtStatus::INVALID_PARAMETER)
}

/// One end of a connection: the port at a PUNKNOWN, and the number of a pin of this port.
fn inside(
    call: &Call<'_>,
    unknown: Pointer,
    pin: u32,
) -> Result<(Rc<dyn IUnknown>, u32), NtStatus> {
    Ok((port_at(call, unknown)?, pin))
}

/// `NTSTATUS UnregisterSubdevice(PDEVICE_OBJECT, PUNKNOWN)`
fn unregister_subdevice(
    call: &Call<'_>,
    port: This<dyn IUnregisterSubdevice>,
    device: Pointer,
    subdevice: Pointer,
) -> Result<(), NtStatus> {
    let subdevice = port_at(call, subdevice)?;
    port.unregister_subdevice(call.kernel(), &device_at(call, device)?, subdevice)
}

/// `NTSTATUS UnregisterPhysicalConnection(PDEVICE_OBJECT, PUNKNOWN, ULONG, PUNKNOWN, ULONG)`
fn unregister_connection(
    call: &Call<'_>,
    port: This<dyn IUnregisterPhysicalConnection>,
    device: Pointer,
    from: Pointer,
    from_pin: u32,
    to: Pointer,
    to_pin: u32,
) -> Result<(), NtStatus> {
    let device = device_at(call, device)?;
    let (from, to) = (inside(call, from, from_pin)?, inside(call, to, to_pin)?);
    port.unregister_physical_connection(call.kernel(), &device, from, to)
}

/// `NTSTATUS UnregisterPhysicalConnectionToExternal(PDEVICE_OBJECT, PUNKNOWN, ULONG,
/// PUNICODE_STRING, ULONG)`
fn unregister_to_external(
    call: &Call<'_>,
    port: This<dyn IUnregisterPhysicalConnection>,
    device: Pointer,
    from: Pointer,
    from_pin: u32,
    to: Pointer,
    to_pin: u32,
) -> Result<(), NtStatus> {
    let (device, from) = (device_at(call, device)?, inside(call, from, from_pin)?);
    let link = text_at(call.guest(), to);
    let to = (&link[..], to_pin);
    port.unregister_physical_connection_to_external(call.kernel(), &device, from, to)
}

/// `NTSTATUS UnregisterPhysicalConnectionFromExternal(PDEVICE_OBJECT, PUNICODE_STRING, ULONG,
/// PUNKNOWN, ULONG)`
fn unregister_from_external(
    call: &Call<'_>,
    port: This<dyn IUnregisterPhysicalConnection>,
    device: Pointer,
    from: Pointer,
    from_pin: u32,
    to: Pointer,
    to_pin: u32,
) -> Result<(), NtStatus> {
    let (device, to) = (device_at(call, device)?, inside(call, to, to_pin)?);
    let link = text_at(call.guest(), from);
    let from = (&link[..], from_pin);
    port.unregister_physical_connection_from_external(call.kernel(), &device, from, to)
}
