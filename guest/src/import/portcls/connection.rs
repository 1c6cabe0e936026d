//! Physical connections between filters.

use portcls_emulator::NtStatus;
use portcls_port::guid::iid;
use portcls_port::{ConnectedPin, ConnectionEnd, pc_register_physical_connection};

use crate::com::Hold;
use crate::com::families::registry_key::text_at;
use crate::routine::{Call, status, status_of};

/// The two kinds of ends, as an argument gives them.
#[derive(Clone, Copy)]
enum End {
    /// PUNKNOWN
    Subdevice,
    /// PUNICODE_STRING
    External,
}

/// `NTSTATUS PcRegisterPhysicalConnection(PDEVICE_OBJECT, PUNKNOWN, ULONG, PUNKNOWN, ULONG)`
pub(super) fn register(call: &Call<'_>) -> u64 {
    connect(call, End::Subdevice, End::Subdevice)
}

/// `NTSTATUS PcRegisterPhysicalConnectionToExternal(PDEVICE_OBJECT, PUNKNOWN, ULONG,
/// PUNICODE_STRING, ULONG)`
pub(super) fn register_to_external(call: &Call<'_>) -> u64 {
    connect(call, End::Subdevice, End::External)
}

/// `NTSTATUS PcRegisterPhysicalConnectionFromExternal(PDEVICE_OBJECT, PUNICODE_STRING, ULONG,
/// PUNKNOWN, ULONG)`
pub(super) fn register_from_external(call: &Call<'_>) -> u64 {
    connect(call, End::External, End::Subdevice)
}

fn connect(call: &Call<'_>, from: End, to: End) -> u64 {
    let device = call.guest().device_at(call.pointer());
    let (from, to) = (pin(call, from), pin(call, to));
    match (device, from, to) {
        (Some(device), Some(from), Some(to)) => {
            status_of(&pc_register_physical_connection(call.kernel(), &device, from, to))
        }
        _ => status(NtStatus::INVALID_PARAMETER),
    }
}

fn pin(call: &Call<'_>, end: End) -> Option<ConnectedPin> {
    let (pointer, pin) = (call.pointer(), call.u32());
    let guest = call.guest();
    let end = match end {
        End::Subdevice => {
            ConnectionEnd::Subdevice(guest.object_at(pointer, &iid::UNKNOWN, Hold::Retain)?)
        }
        End::External => ConnectionEnd::External(text_at(guest, pointer)),
    };
    Some(ConnectedPin { end, pin })
}
