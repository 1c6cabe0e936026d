//! `hal.dll`: ports, stalls, and what is about the processor.

use portcls_emulator::Irql;

use super::Module;
use crate::routine::{Call, Routine};

/// The table.
pub(super) static MODULE: Module = Module {
    names: &["hal.dll"],
    routines: &[
        Routine::stdcall("KeStallExecutionProcessor", 1, Irql::HIGH_LEVEL, stall),
        Routine::stdcall("READ_PORT_UCHAR", 1, Irql::HIGH_LEVEL, read_port_uchar),
        Routine::stdcall("WRITE_PORT_UCHAR", 2, Irql::HIGH_LEVEL, write_port_uchar),
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

/// `VOID WRITE_PORT_UCHAR(PUCHAR, UCHAR)`
fn write_port_uchar(call: &Call<'_>) -> u64 {
    let port = call.u16();
    call.kernel().write_port_u8(port, call.u8());
    0
}
