//! The processor's control region, KPCR, which a driver's inline code reads.
//!
//! After a change of the IRQL, the new level is written to the region when the guest goes on. Guest
//! code can change the level only by a stop, so it never reads an old level.

use cpu_x86::{Cpu, MapError, Memory, Mode, PAGE_BYTES, Register, Rights};
use portcls_emulator::Irql;

use super::space::Space;
use crate::layout::Layout;

/// The offset of the current thread's object in the control region's page. Assumed: drivers
/// compare this pointer and do not read the object.
const THREAD: u64 = 0xC00;

/// Maps the control region, and points GS or FS at the region.
pub(super) fn map(cpu: &mut Cpu, space: &Space, layout: &Layout) -> Result<(), MapError> {
    let memory = cpu.memory_mut();
    memory.map(space.processor, PAGE_BYTES as u64, Rights::READ | Rights::WRITE)?;
    let kpcr = &layout.kpcr;
    let width = space.pointer_bytes as usize;
    let mut put = |offset: u32, value: u64| {
        let bytes = value.to_le_bytes();
        memory.poke(space.processor + u64::from(offset), &bytes[..width]).expect("just mapped");
    };
    put(kpcr.self_pcr, space.processor);
    put(kpcr.current_thread, space.processor + THREAD);
    let mut registers = cpu.registers();
    match cpu.mode() {
        Mode::Bits64 => registers.gs_base = space.processor,
        Mode::Bits32 => registers.fs_base = space.processor,
    }
    registers.general[Register::Rsp as usize] = 0;
    cpu.set_registers(&registers);
    Ok(())
}

/// Writes the IRQL into the region.
pub(super) fn tell_irql(memory: &mut Memory, space: &Space, layout: &Layout, irql: Irql) {
    let field = space.processor + u64::from(layout.kpcr.irql);
    memory.poke(field, &[irql.0]).expect("the region is mapped");
}
