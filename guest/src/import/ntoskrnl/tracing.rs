//! Messages of a driver to a session of event tracing.
//!
//! Source: WDK, WmiTraceMessage; wmistr.h.

use portcls_emulator::NtStatus;
use portcls_emulator::trace::Layer;

use crate::routine::{Call, Pointer, Routine, Variables, row};

pub(super) static ROUTINES: &[Routine] =
    &[row!("WmiTraceMessage", ByKernel, wmi_trace_message).cdecl()];

/// `NTSTATUS WmiTraceMessage(TRACEHANDLE, ULONG MessageFlags, LPGUID, USHORT MessageNumber, ...)`
///
/// The routine accepts the message, and a note in the trace has the number and the GUID of the
/// message. The text of the message is not in the driver, so the routine does not read the values.
fn wmi_trace_message(
    call: &Call<'_>,
    _session: u64,
    _flags: u32,
    message: Pointer,
    number: u16,
    _values: Variables,
) -> NtStatus {
    let guid = if message.is_null() {
        "no GUID".to_owned()
    } else {
        call.guest().load_guid(message.0).to_string()
    };
    let who = call.kernel().trace().actor("kernel", Layer::Software);
    call.kernel().record_note(who, &format!("WmiTraceMessage {number} of {guid}"));
    NtStatus::SUCCESS
}
