//! `IDmaChannel` and `IDmaChannelSlave` as a driver sees them.

use portcls_emulator::NtStatus;
use portcls_port::guid::iid;
use portcls_port::interfaces::{DmaDirection, IDmaChannel, IDmaChannelSlave};

use crate::com::family::Family;
use crate::com::this::This;
use crate::routine::{Boolean, Call, Pointer, Routine, row};

pub(super) static CHANNEL: Family = Family {
    name: "IDmaChannel",
    iid: iid::DMA_CHANNEL,
    bases: &[],
    methods: &[
        ALLOCATE_BUFFER,
        FREE_BUFFER,
        TRANSFER_COUNT,
        MAXIMUM_BUFFER_SIZE,
        ALLOCATED_BUFFER_SIZE,
        BUFFER_SIZE,
        SET_BUFFER_SIZE,
        SYSTEM_ADDRESS,
        PHYSICAL_ADDRESS,
        GET_ADAPTER_OBJECT,
        COPY_TO,
        COPY_FROM,
    ],
};

pub(super) static SLAVE: Family = Family {
    name: "IDmaChannelSlave",
    iid: iid::DMA_CHANNEL_SLAVE,
    bases: &[iid::DMA_CHANNEL],
    methods: &[
        ALLOCATE_BUFFER,
        FREE_BUFFER,
        TRANSFER_COUNT,
        MAXIMUM_BUFFER_SIZE,
        ALLOCATED_BUFFER_SIZE,
        BUFFER_SIZE,
        SET_BUFFER_SIZE,
        SYSTEM_ADDRESS,
        PHYSICAL_ADDRESS,
        GET_ADAPTER_OBJECT,
        COPY_TO,
        COPY_FROM,
        row!("IDmaChannelSlave::Start", ByKernel, start),
        row!("IDmaChannelSlave::Stop", ByKernel, stop),
        row!("IDmaChannelSlave::ReadCounter", ByKernel, read_counter),
        row!("IDmaChannelSlave::WaitForTC", ByKernel, wait_for_tc),
    ],
};

const ALLOCATE_BUFFER: Routine = row!("IDmaChannel::AllocateBuffer", ByKernel, allocate_buffer);
const FREE_BUFFER: Routine = row!("IDmaChannel::FreeBuffer", ByKernel, free_buffer);
const TRANSFER_COUNT: Routine = row!("IDmaChannel::TransferCount", ByKernel, transfer_count);
const MAXIMUM_BUFFER_SIZE: Routine =
    row!("IDmaChannel::MaximumBufferSize", ByKernel, maximum_buffer_size);
const ALLOCATED_BUFFER_SIZE: Routine =
    row!("IDmaChannel::AllocatedBufferSize", ByKernel, allocated_buffer_size);
const BUFFER_SIZE: Routine = row!("IDmaChannel::BufferSize", ByKernel, buffer_size);
const SET_BUFFER_SIZE: Routine = row!("IDmaChannel::SetBufferSize", ByKernel, set_buffer_size);
const SYSTEM_ADDRESS: Routine = row!("IDmaChannel::SystemAddress", ByKernel, system_address);
const PHYSICAL_ADDRESS: Routine = row!("IDmaChannel::PhysicalAddress", ByKernel, physical_address);
const GET_ADAPTER_OBJECT: Routine =
    row!("IDmaChannel::GetAdapterObject", ByKernel, get_adapter_object).refusing();
const COPY_TO: Routine = row!("IDmaChannel::CopyTo", ByKernel, copy);
const COPY_FROM: Routine = row!("IDmaChannel::CopyFrom", ByKernel, copy);

/// `NTSTATUS AllocateBuffer(ULONG BufferSize, PPHYSICAL_ADDRESS Constraint)`: the constraint may be
/// null.
fn allocate_buffer(
    call: &Call<'_>,
    channel: This<dyn IDmaChannel>,
    size: u32,
    constraint: Pointer,
) -> Result<(), NtStatus> {
    let bits = (!constraint.is_null()).then(|| call.guest().load_u64(constraint.0));
    channel.allocate_buffer(call.kernel(), size, bits)
}

/// `VOID FreeBuffer()`
fn free_buffer(call: &Call<'_>, channel: This<dyn IDmaChannel>) {
    channel.free_buffer(call.kernel());
}

/// `ULONG TransferCount()`
fn transfer_count(_call: &Call<'_>, channel: This<dyn IDmaChannel>) -> u32 {
    channel.transfer_count()
}

/// `ULONG MaximumBufferSize()`
fn maximum_buffer_size(_call: &Call<'_>, channel: This<dyn IDmaChannel>) -> u32 {
    channel.maximum_buffer_size()
}

/// `ULONG AllocatedBufferSize()`
fn allocated_buffer_size(_call: &Call<'_>, channel: This<dyn IDmaChannel>) -> u32 {
    channel.allocated_buffer_size()
}

/// `ULONG BufferSize()`
fn buffer_size(_call: &Call<'_>, channel: This<dyn IDmaChannel>) -> u32 {
    channel.buffer_size()
}

/// `VOID SetBufferSize(ULONG)`
fn set_buffer_size(_call: &Call<'_>, channel: This<dyn IDmaChannel>, size: u32) {
    channel.set_buffer_size(size);
}

/// `PVOID SystemAddress()`
fn system_address(_call: &Call<'_>, channel: This<dyn IDmaChannel>) -> Pointer {
    let address = channel.system_address().and_then(|buffer| buffer.system_address());
    Pointer(address.unwrap_or(0))
}

/// `PHYSICAL_ADDRESS PhysicalAddress()`: a union that a method returns.
///
/// The caller passes the address for the result as the argument after the object. The method
/// returns the same address. Source: Microsoft, "Return values" of the x64 calling convention: a
/// small type is returned in RAX only by a function that is no member, or by a static member
/// function. The compilers for x86 use the same form. On x86 the address is a word of the stack,
/// which the method removes.
fn physical_address(call: &Call<'_>, channel: This<dyn IDmaChannel>, result: Pointer) -> Pointer {
    call.guest().store_u64(result.0, channel.physical_address());
    result
}

/// `PADAPTER_OBJECT GetAdapterObject()`: ends the run. A driver would call the functions of the
/// DMA adapter, which do transfers and allocate memory, and there is no DMA adapter here.
fn get_adapter_object(call: &Call<'_>, _channel: This<dyn IDmaChannel>) -> Pointer {
    call.kernel().unsupported("IDmaChannel::GetAdapterObject: there is no DMA adapter");
    Pointer::NULL
}

/// `VOID CopyTo(PVOID Destination, PVOID Source, ULONG ByteCount)`, also `CopyFrom`. The buffer is
/// the driver's own memory, so both places are addresses like any other.
fn copy(call: &Call<'_>, _channel: This<dyn IDmaChannel>, to: Pointer, from: Pointer, bytes: u32) {
    let content = call.guest().load_bytes(from.0, bytes.into());
    call.guest().store(to.0, &content);
}

/// `NTSTATUS Start(ULONG MapSize, BOOLEAN WriteToDevice)`
fn start(
    call: &Call<'_>,
    channel: This<dyn IDmaChannelSlave>,
    map_size: u32,
    write_to_device: Boolean,
) -> Result<(), NtStatus> {
    let direction = match write_to_device.is_true() {
        true => DmaDirection::ToDevice,
        false => DmaDirection::FromDevice,
    };
    channel.start(call.kernel(), map_size, direction)
}

/// `NTSTATUS Stop()`
fn stop(call: &Call<'_>, channel: This<dyn IDmaChannelSlave>) -> Result<(), NtStatus> {
    channel.stop(call.kernel())
}

/// `ULONG ReadCounter()`
fn read_counter(call: &Call<'_>, channel: This<dyn IDmaChannelSlave>) -> u32 {
    channel.read_counter(call.kernel())
}

/// `NTSTATUS WaitForTC(ULONG Microseconds)`
fn wait_for_tc(
    call: &Call<'_>,
    channel: This<dyn IDmaChannelSlave>,
    timeout_us: u32,
) -> Result<(), NtStatus> {
    channel.wait_for_tc(call.kernel(), timeout_us)
}
