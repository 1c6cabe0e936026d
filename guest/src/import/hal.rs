//! `hal.dll`: ports, stalls, and what is about the processor.

use portcls_emulator::{Irql, Kernel};

use super::module::Module;
use crate::guest::Guest;
use crate::routine::{Call, Routine};

/// The table.
pub(super) static MODULE: Module = Module {
    names: &["hal.dll"],
    routines: &[
        Routine::stdcall("KeStallExecutionProcessor", 1, Irql::HIGH_LEVEL, stall),
        Routine::stdcall("READ_PORT_BUFFER_UCHAR", 3, Irql::HIGH_LEVEL, read_port_buffer_uchar),
        Routine::stdcall("READ_PORT_BUFFER_ULONG", 3, Irql::HIGH_LEVEL, read_port_buffer_ulong),
        Routine::stdcall("READ_PORT_BUFFER_USHORT", 3, Irql::HIGH_LEVEL, read_port_buffer_ushort),
        Routine::stdcall("READ_PORT_UCHAR", 1, Irql::HIGH_LEVEL, read_port_uchar),
        Routine::stdcall("READ_PORT_ULONG", 1, Irql::HIGH_LEVEL, read_port_ulong),
        Routine::stdcall("READ_PORT_USHORT", 1, Irql::HIGH_LEVEL, read_port_ushort),
        Routine::stdcall("WRITE_PORT_BUFFER_UCHAR", 3, Irql::HIGH_LEVEL, write_port_buffer_uchar),
        Routine::stdcall("WRITE_PORT_BUFFER_ULONG", 3, Irql::HIGH_LEVEL, write_port_buffer_ulong),
        Routine::stdcall("WRITE_PORT_BUFFER_USHORT", 3, Irql::HIGH_LEVEL, write_port_buffer_ushort),
        Routine::stdcall("WRITE_PORT_UCHAR", 2, Irql::HIGH_LEVEL, write_port_uchar),
        Routine::stdcall("WRITE_PORT_ULONG", 2, Irql::HIGH_LEVEL, write_port_ulong),
        Routine::stdcall("WRITE_PORT_USHORT", 2, Irql::HIGH_LEVEL, write_port_ushort),
    ],
    variables: &[],
};

/// `VOID KeStallExecutionProcessor(ULONG)`
fn stall(call: &Call<'_>) -> u64 {
    call.kernel().stall_us(call.u32());
    0
}

/// `UCHAR READ_PORT_UCHAR(PUCHAR)`
fn read_port_uchar(call: &Call<'_>) -> u64 {
    u64::from(call.kernel().read_port_u8(call.u16()))
}

/// `USHORT READ_PORT_USHORT(PUSHORT)`
fn read_port_ushort(call: &Call<'_>) -> u64 {
    u64::from(call.kernel().read_port_u16(call.u16()))
}

/// `ULONG READ_PORT_ULONG(PULONG)`
fn read_port_ulong(call: &Call<'_>) -> u64 {
    u64::from(call.kernel().read_port_u32(call.u16()))
}

/// `VOID WRITE_PORT_UCHAR(PUCHAR, UCHAR)`
fn write_port_uchar(call: &Call<'_>) -> u64 {
    let port = call.u16();
    call.kernel().write_port_u8(port, call.u8());
    0
}

/// `VOID WRITE_PORT_USHORT(PUSHORT, USHORT)`
fn write_port_ushort(call: &Call<'_>) -> u64 {
    let port = call.u16();
    call.kernel().write_port_u16(port, call.u16());
    0
}

/// `VOID WRITE_PORT_ULONG(PULONG, ULONG)`
fn write_port_ulong(call: &Call<'_>) -> u64 {
    let port = call.u16();
    call.kernel().write_port_u32(port, call.u32());
    0
}

/// Moves items of `width` bytes between one port and a buffer: `item` is given the port and where
/// in the buffer the item lies.
fn for_each_item(call: &Call<'_>, width: u64, item: impl Fn(&Guest, &Kernel, u16, u64)) -> u64 {
    let (port, buffer, count) = (call.u16(), call.pointer(), call.u32());
    for index in 0..u64::from(count) {
        if call.kernel().is_frozen() {
            break;
        }
        item(call.guest(), call.kernel(), port, buffer.wrapping_add(index * width));
    }
    0
}

/// `VOID READ_PORT_BUFFER_UCHAR(PUCHAR, PUCHAR, ULONG)`
fn read_port_buffer_uchar(call: &Call<'_>) -> u64 {
    for_each_item(call, 1, |guest, kernel, port, at| guest.store_u8(at, kernel.read_port_u8(port)))
}

/// `VOID READ_PORT_BUFFER_USHORT(PUSHORT, PUSHORT, ULONG)`
fn read_port_buffer_ushort(call: &Call<'_>) -> u64 {
    for_each_item(call, 2, |guest, kernel, port, at| {
        guest.store_u16(at, kernel.read_port_u16(port));
    })
}

/// `VOID READ_PORT_BUFFER_ULONG(PULONG, PULONG, ULONG)`
fn read_port_buffer_ulong(call: &Call<'_>) -> u64 {
    for_each_item(call, 4, |guest, kernel, port, at| {
        guest.store_u32(at, kernel.read_port_u32(port));
    })
}

/// `VOID WRITE_PORT_BUFFER_UCHAR(PUCHAR, PUCHAR, ULONG)`
fn write_port_buffer_uchar(call: &Call<'_>) -> u64 {
    for_each_item(call, 1, |guest, kernel, port, at| kernel.write_port_u8(port, guest.load_u8(at)))
}

/// `VOID WRITE_PORT_BUFFER_USHORT(PUSHORT, PUSHORT, ULONG)`
fn write_port_buffer_ushort(call: &Call<'_>) -> u64 {
    for_each_item(call, 2, |guest, kernel, port, at| {
        kernel.write_port_u16(port, guest.load_u16(at));
    })
}

/// `VOID WRITE_PORT_BUFFER_ULONG(PULONG, PULONG, ULONG)`
fn write_port_buffer_ulong(call: &Call<'_>) -> u64 {
    for_each_item(call, 4, |guest, kernel, port, at| {
        kernel.write_port_u32(port, guest.load_u32(at));
    })
}
