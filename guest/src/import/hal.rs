//! `hal.dll`: port access and KeStallExecutionProcessor.

use super::module::Module;
use crate::routine::{Call, Pointer, Routine, row};

/// The routines of the HAL.
pub(super) static MODULE: Module =
    Module { names: &["hal.dll"], routines: &[ROUTINES], variables: &[] };

static ROUTINES: &[Routine] = &[
    row!("KeStallExecutionProcessor", UpTo(HIGH_LEVEL), stall),
    row!("READ_PORT_BUFFER_UCHAR", UpTo(HIGH_LEVEL), read_port_buffer_uchar),
    row!("READ_PORT_BUFFER_ULONG", UpTo(HIGH_LEVEL), read_port_buffer_ulong),
    row!("READ_PORT_BUFFER_USHORT", UpTo(HIGH_LEVEL), read_port_buffer_ushort),
    row!("READ_PORT_UCHAR", UpTo(HIGH_LEVEL), read_port_uchar),
    row!("READ_PORT_ULONG", UpTo(HIGH_LEVEL), read_port_ulong),
    row!("READ_PORT_USHORT", UpTo(HIGH_LEVEL), read_port_ushort),
    row!("WRITE_PORT_BUFFER_UCHAR", UpTo(HIGH_LEVEL), write_port_buffer_uchar),
    row!("WRITE_PORT_BUFFER_ULONG", UpTo(HIGH_LEVEL), write_port_buffer_ulong),
    row!("WRITE_PORT_BUFFER_USHORT", UpTo(HIGH_LEVEL), write_port_buffer_ushort),
    row!("WRITE_PORT_UCHAR", UpTo(HIGH_LEVEL), write_port_uchar),
    row!("WRITE_PORT_ULONG", UpTo(HIGH_LEVEL), write_port_ulong),
    row!("WRITE_PORT_USHORT", UpTo(HIGH_LEVEL), write_port_ushort),
];

/// A port. A driver passes a port as an address. Only the low 16 bits count.
type Port = u16;

/// `VOID KeStallExecutionProcessor(ULONG)`
fn stall(call: &Call<'_>, time_us: u32) {
    call.kernel().stall_us(time_us);
}

/// `UCHAR READ_PORT_UCHAR(PUCHAR)`
fn read_port_uchar(call: &Call<'_>, port: Port) -> u8 {
    call.kernel().read_port_u8(port)
}

/// `USHORT READ_PORT_USHORT(PUSHORT)`
fn read_port_ushort(call: &Call<'_>, port: Port) -> u16 {
    call.kernel().read_port_u16(port)
}

/// `ULONG READ_PORT_ULONG(PULONG)`
fn read_port_ulong(call: &Call<'_>, port: Port) -> u32 {
    call.kernel().read_port_u32(port)
}

/// `VOID WRITE_PORT_UCHAR(PUCHAR, UCHAR)`
fn write_port_uchar(call: &Call<'_>, port: Port, value: u8) {
    call.kernel().write_port_u8(port, value);
}

/// `VOID WRITE_PORT_USHORT(PUSHORT, USHORT)`
fn write_port_ushort(call: &Call<'_>, port: Port, value: u16) {
    call.kernel().write_port_u16(port, value);
}

/// `VOID WRITE_PORT_ULONG(PULONG, ULONG)`
fn write_port_ulong(call: &Call<'_>, port: Port, value: u32) {
    call.kernel().write_port_u32(port, value);
}

/// The addresses of `count` items of `width` bytes in a buffer. The iteration ends early when the
/// kernel is frozen.
fn items(call: &Call<'_>, buffer: Pointer, count: u32, width: u64) -> impl Iterator<Item = u64> {
    let kernel = call.kernel();
    (0..u64::from(count))
        .take_while(|_| !kernel.is_frozen())
        .map(move |index| buffer.0.wrapping_add(index * width))
}

/// `VOID READ_PORT_BUFFER_UCHAR(PUCHAR, PUCHAR, ULONG)`
fn read_port_buffer_uchar(call: &Call<'_>, port: Port, buffer: Pointer, count: u32) {
    for address in items(call, buffer, count, 1) {
        call.guest().store_u8(address, call.kernel().read_port_u8(port));
    }
}

/// `VOID READ_PORT_BUFFER_USHORT(PUSHORT, PUSHORT, ULONG)`
fn read_port_buffer_ushort(call: &Call<'_>, port: Port, buffer: Pointer, count: u32) {
    for address in items(call, buffer, count, 2) {
        call.guest().store_u16(address, call.kernel().read_port_u16(port));
    }
}

/// `VOID READ_PORT_BUFFER_ULONG(PULONG, PULONG, ULONG)`
fn read_port_buffer_ulong(call: &Call<'_>, port: Port, buffer: Pointer, count: u32) {
    for address in items(call, buffer, count, 4) {
        call.guest().store_u32(address, call.kernel().read_port_u32(port));
    }
}

/// `VOID WRITE_PORT_BUFFER_UCHAR(PUCHAR, PUCHAR, ULONG)`
fn write_port_buffer_uchar(call: &Call<'_>, port: Port, buffer: Pointer, count: u32) {
    for address in items(call, buffer, count, 1) {
        call.kernel().write_port_u8(port, call.guest().load_u8(address));
    }
}

/// `VOID WRITE_PORT_BUFFER_USHORT(PUSHORT, PUSHORT, ULONG)`
fn write_port_buffer_ushort(call: &Call<'_>, port: Port, buffer: Pointer, count: u32) {
    for address in items(call, buffer, count, 2) {
        call.kernel().write_port_u16(port, call.guest().load_u16(address));
    }
}

/// `VOID WRITE_PORT_BUFFER_ULONG(PULONG, PULONG, ULONG)`
fn write_port_buffer_ulong(call: &Call<'_>, port: Port, buffer: Pointer, count: u32) {
    for address in items(call, buffer, count, 4) {
        call.kernel().write_port_u32(port, call.guest().load_u32(address));
    }
}
