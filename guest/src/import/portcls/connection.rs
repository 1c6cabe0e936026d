//! Physical connections between filters.

use portcls_emulator::NtStatus;
use portcls_port::guid::iid;
use portcls_port::{ConnectedPin, ConnectionEnd, pc_register_physical_connection};

use crate::com::Hold;
use crate::com::families::registry_key::text_at;
use crate::guest::Guest;
use crate::routine::{Call, Pointer, Routine, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("PcRegisterPhysicalConnection", ByKernel, register),
    row!("PcRegisterPhysicalConnectionFromExternal", ByKernel, register_from_external),
    row!("PcRegisterPhysicalConnectionToExternal", ByKernel, register_to_external),
];

/// `NTSTATUS PcRegisterPhysicalConnection(PDEVICE_OBJECT, PUNKNOWN, ULONG, PUNKNOWN, ULONG)`
fn register(
    call: &Call<'_>,
    device: Pointer,
    from: Pointer,
    from_pin: u32,
    to: Pointer,
    to_pin: u32,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    connect(call, device, subdevice(guest, from, from_pin), subdevice(guest, to, to_pin))
}

/// `NTSTATUS PcRegisterPhysicalConnectionToExternal(PDEVICE_OBJECT, PUNKNOWN, ULONG,
/// PUNICODE_STRING, ULONG)`
fn register_to_external(
    call: &Call<'_>,
    device: Pointer,
    from: Pointer,
    from_pin: u32,
    to: Pointer,
    to_pin: u32,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    connect(call, device, subdevice(guest, from, from_pin), Some(external(guest, to, to_pin)))
}

/// `NTSTATUS PcRegisterPhysicalConnectionFromExternal(PDEVICE_OBJECT, PUNICODE_STRING, ULONG,
/// PUNKNOWN, ULONG)`
fn register_from_external(
    call: &Call<'_>,
    device: Pointer,
    from: Pointer,
    from_pin: u32,
    to: Pointer,
    to_pin: u32,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    connect(call, device, Some(external(guest, from, from_pin)), subdevice(guest, to, to_pin))
}

fn connect(
    call: &Call<'_>,
    device: Pointer,
    from: Option<ConnectedPin>,
    to: Option<ConnectedPin>,
) -> Result<(), NtStatus> {
    match (call.guest().device_at(device.0), from, to) {
        (Some(device), Some(from), Some(to)) => {
            pc_register_physical_connection(call.kernel(), &device, from, to)
        }
        _ => Err(NtStatus::INVALID_PARAMETER),
    }
}

/// One end of a connection: a pin of the driver's own subdevice behind a PUNKNOWN.
fn subdevice(guest: &Guest, unknown: Pointer, pin: u32) -> Option<ConnectedPin> {
    let subdevice = guest.object_at(unknown.0, &iid::UNKNOWN, Hold::Retain)?;
    Some(ConnectedPin { end: ConnectionEnd::Subdevice(subdevice), pin })
}

/// One end of a connection: a pin of another driver's filter. `link` is the PUNICODE_STRING with
/// the symbolic link of the filter.
fn external(guest: &Guest, link: Pointer, pin: u32) -> ConnectedPin {
    ConnectedPin { end: ConnectionEnd::External(text_at(guest, link)), pin }
}
