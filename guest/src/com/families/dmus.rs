//! `IMXF`, `IAllocatorMXF` and `IMasterClock` as a driver sees them.

use std::rc::Rc;

use portcls_emulator::{Need, NtStatus};
use portcls_port::guid::iid;
use portcls_port::interfaces::{IAllocatorMxf, IMasterClock, IMxf};
use portcls_port::ks::KsState;

use crate::com::Hold;
use crate::com::family::Family;
use crate::com::this::This;
use crate::objects::events::{NO_PLACE, Use};
use crate::routine::{Call, Out, Pointer, row};

pub(super) static ALLOCATOR: Family = Family {
    name: "IAllocatorMXF",
    iid: iid::ALLOCATOR_MXF,
    bases: &[iid::MXF],
    methods: &[
        row!("IAllocatorMXF::SetState", UpTo(PASSIVE_LEVEL), set_state),
        row!("IAllocatorMXF::PutMessage", ByKernel, free_message),
        row!("IAllocatorMXF::ConnectOutput", UpTo(PASSIVE_LEVEL), connect_output),
        row!("IAllocatorMXF::DisconnectOutput", UpTo(PASSIVE_LEVEL), disconnect_output),
        row!("IAllocatorMXF::GetMessage", ByKernel, get_message),
        row!("IAllocatorMXF::GetBufferSize", ByKernel, get_buffer_size),
        row!("IAllocatorMXF::GetBuffer", ByKernel, get_buffer),
        row!("IAllocatorMXF::PutBuffer", ByKernel, put_buffer),
    ],
};

pub(super) static SINK: Family = Family {
    name: "IMXF",
    iid: iid::MXF,
    bases: &[],
    methods: &[
        row!("IMXF::SetState", UpTo(PASSIVE_LEVEL), set_state),
        row!("IMXF::PutMessage", ByKernel, put_message),
        row!("IMXF::ConnectOutput", UpTo(PASSIVE_LEVEL), connect_output),
        row!("IMXF::DisconnectOutput", UpTo(PASSIVE_LEVEL), disconnect_output),
    ],
};

pub(super) static CLOCK: Family = Family {
    name: "IMasterClock",
    iid: iid::MASTER_CLOCK,
    bases: &[],
    methods: &[row!("IMasterClock::GetTime", ByKernel, get_time)],
};

/// `NTSTATUS SetState(KSSTATE)`
fn set_state(call: &Call<'_>, sink: This<dyn IMxf>, state: u32) -> Result<(), NtStatus> {
    let state = KsState::from_u32(state).ok_or(NtStatus::INVALID_PARAMETER)?;
    sink.set_state(call.kernel(), state)
}

/// `NTSTATUS PutMessage(PDMUS_KERNEL_EVENT)` of the allocator
fn free_message(call: &Call<'_>, sink: This<dyn IMxf>, event: Pointer) -> Result<(), NtStatus> {
    put(call, &sink, event, Use::Free)
}

/// `NTSTATUS PutMessage(PDMUS_KERNEL_EVENT)`
fn put_message(call: &Call<'_>, sink: This<dyn IMxf>, event: Pointer) -> Result<(), NtStatus> {
    put(call, &sink, event, Use::Send)
}

/// Puts the good events of a driver's chain to a sink.
///
/// # Errors
/// The status that the sink answers; `STATUS_INVALID_PARAMETER` for a chain without a good event.
/// Assumed: the status for such a chain, because the WDK's page does not say what happens after a
/// mistake.
fn put(
    call: &Call<'_>,
    sink: &This<dyn IMxf>,
    event: Pointer,
    intent: Use,
) -> Result<(), NtStatus> {
    if event.is_null() {
        return sink.put_message(call.kernel(), None);
    }
    let events = call.guest().take_events(sink.address, event.0, intent);
    if events.is_empty() {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    sink.put_message(call.kernel(), Some(events))
}

/// `NTSTATUS ConnectOutput(PMXF)`
///
/// A stream of a system miniport may get a sink of the driver's own. The guest has to know the
/// allocator of the events that the driver then gets.
fn connect_output(call: &Call<'_>, sink: This<dyn IMxf>, other: Pointer) -> Result<(), NtStatus> {
    let guest = call.guest();
    let other = guest.interface_at::<dyn IMxf>(other.0, Hold::Retain);
    let other = other.ok_or(NtStatus::INVALID_PARAMETER)?;
    guest.note_allocator_of_sink(&other, sink.address);
    sink.connect_output(call.kernel(), other)
}

/// `NTSTATUS DisconnectOutput(PMXF)`
fn disconnect_output(
    call: &Call<'_>,
    sink: This<dyn IMxf>,
    other: Pointer,
) -> Result<(), NtStatus> {
    let other = call.guest().interface_at::<dyn IMxf>(other.0, Hold::Retain);
    sink.disconnect_output(call.kernel(), other.as_ref())
}

/// `NTSTATUS GetMessage(PDMUS_KERNEL_EVENT *)`
fn get_message(
    call: &Call<'_>,
    allocator: This<dyn IAllocatorMxf>,
    out: Out<Pointer>,
) -> Result<(), NtStatus> {
    let kernel = call.kernel();
    let got = allocator.get_message(kernel).and_then(|event| {
        call.guest().show_events(allocator.address, event.into()).map_err(|events| {
            // An allocator takes back every event that it gave out.
            let _ = allocator.put_message(kernel, Some(events));
            no_place(call)
        })
    });
    hand_out(call, out, got)
}

/// `USHORT GetBufferSize()`
fn get_buffer_size(_call: &Call<'_>, allocator: This<dyn IAllocatorMxf>) -> u16 {
    allocator.get_buffer_size()
}

/// `NTSTATUS GetBuffer(PBYTE *)`
fn get_buffer(
    call: &Call<'_>,
    allocator: This<dyn IAllocatorMxf>,
    out: Out<Pointer>,
) -> Result<(), NtStatus> {
    let kernel = call.kernel();
    let got = allocator.get_buffer(kernel).and_then(|buffer| {
        call.guest().show_buffer(allocator.address, buffer).map_err(|buffer| {
            let _ = allocator.put_buffer(kernel, buffer);
            no_place(call)
        })
    });
    hand_out(call, out, got)
}

/// Notes in the trace that the driver's memory has no place for the event or buffer that the
/// allocator gave out. Returns the status for the driver.
///
/// Assumed: the driver gets the same status as from an allocator that has reached its limit. A
/// driver with one stream reaches the limit of the allocator before the driver's memory for events
/// and buffers is full.
fn no_place(call: &Call<'_>) -> NtStatus {
    let status = NtStatus::INSUFFICIENT_RESOURCES;
    call.tell_refusal(Need::Required, NO_PLACE.to_owned(), status);
    status
}

/// Gives the driver the address of an event or a buffer, or a null pointer after a failure.
fn hand_out(
    call: &Call<'_>,
    out: Out<Pointer>,
    got: Result<u64, NtStatus>,
) -> Result<(), NtStatus> {
    out.set(call.guest(), Pointer(got.unwrap_or(0)));
    got.map(drop)
}

/// `NTSTATUS PutBuffer(PBYTE)`
fn put_buffer(
    call: &Call<'_>,
    allocator: This<dyn IAllocatorMxf>,
    buffer: Pointer,
) -> Result<(), NtStatus> {
    let buffer = call.guest().take_buffer(allocator.address, buffer.0)?;
    allocator.put_buffer(call.kernel(), buffer)
}

/// `NTSTATUS GetTime(REFERENCE_TIME *)`
fn get_time(call: &Call<'_>, clock: This<dyn IMasterClock>, out: Out<u64>) -> Result<(), NtStatus> {
    let clock: &Rc<dyn IMasterClock> = &clock.object;
    out.set(call.guest(), clock.get_time(call.kernel())? as u64);
    Ok(())
}
