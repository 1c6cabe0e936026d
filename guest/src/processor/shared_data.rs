//! KUSER_SHARED_DATA: time and version, which drivers read.
//!
//! The page is filled in only when the driver reads it. Any access to the page is a guard fault. To
//! serve the fault of an instruction, the emulator fills in the page and lets the instruction
//! through. For a driver that never reads the page, the emulator does none of this work.

use cpu_x86::{Cpu, MapError, Memory, PAGE_BYTES, Rights, Stop};
use portcls_emulator::Kernel;

use super::space::{PAGE, Space};
use crate::layout::{KsystemTime, Layout};

/// The version in the shared data: Windows 10. Source: KUSER_SHARED_DATA.
const VERSION: (u32, u32) = (10, 0);

/// Maps the page with a guard.
pub(super) fn map(memory: &mut Memory, space: &Space) -> Result<(), MapError> {
    memory.map(space.shared_data, PAGE, Rights::GUARD)
}

/// Whether an address is in the page.
pub(super) fn holds(space: &Space, address: u64) -> bool {
    (space.shared_data..space.shared_data + PAGE).contains(&address)
}

/// Runs the instruction that wants to read the page, and no other instruction. During this time the
/// page holds `content` and can be read. Returns the stop of the instruction and the number of
/// retired instructions.
pub(super) fn step_over(cpu: &mut Cpu, space: &Space, content: &[u8; PAGE_BYTES]) -> (Stop, u64) {
    let page = space.shared_data;
    cpu.memory_mut().poke(page, content).expect("the page is mapped");
    cpu.memory_mut().protect(page, PAGE, Rights::READ).expect("the page is mapped");
    let before = cpu.instruction_count();
    let stop = cpu.step();
    let retired = cpu.instruction_count() - before;
    cpu.memory_mut().protect(page, PAGE, Rights::GUARD).expect("the page is mapped");
    (stop, retired)
}

/// The content of the page at the present time.
pub(super) fn present(layout: &Layout, kernel: &Kernel) -> [u8; PAGE_BYTES] {
    let shared = &layout.kuser_shared_data;
    let time = &layout.ksystem_time;
    let interval_ns = kernel.config().clock_interval_ns.max(1);
    let ticks = kernel.now_ns() / interval_ns;
    // Milliseconds of a tick, with 24 binary places. Source: the arithmetic of GetTickCount.
    let multiplier = ((interval_ns << 24) / 1_000_000) as u32;
    let mut page = [0; PAGE_BYTES];
    let mut put = |offset: u32, bytes: &[u8]| {
        page[offset as usize..offset as usize + bytes.len()].copy_from_slice(bytes);
    };
    put(shared.tick_count_low_deprecated, &(ticks as u32).to_le_bytes());
    put(shared.tick_count_multiplier, &multiplier.to_le_bytes());
    put(shared.nt_major_version, &VERSION.0.to_le_bytes());
    put(shared.nt_minor_version, &VERSION.1.to_le_bytes());
    put_time(&mut put, time, shared.interrupt_time, kernel.interrupt_time_100ns());
    put_time(&mut put, time, shared.system_time, kernel.system_time_100ns());
    put_time(&mut put, time, shared.tick_count, ticks);
    page
}

/// Writes a KSYSTEM_TIME. A KSYSTEM_TIME has its high part twice, so that a reader can detect a
/// torn value.
fn put_time(put: &mut impl FnMut(u32, &[u8]), time: &KsystemTime, offset: u32, value: u64) {
    let high = ((value >> 32) as u32).to_le_bytes();
    put(offset + time.low_part, &(value as u32).to_le_bytes());
    put(offset + time.high1_time, &high);
    put(offset + time.high2_time, &high);
}
