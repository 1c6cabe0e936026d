//! The processor's control region, KPCR, which a driver's inline code reads.
//!
//! After a change of the IRQL, the new level is written to the region when the guest goes on. Guest
//! code can change the level only by a stop, so it never reads an old level. CLI does not change
//! the level in the region.

use cpu_x86::{Cpu, MapError, Memory, Mode, PAGE_BYTES, Register, Rights};
use portcls_emulator::Irql;

use super::space::Space;
use crate::layout::Layout;

/// The offset of the first thread's object in the control region's page, and the distance between
/// two such objects. Assumed: drivers compare the pointer to a thread and do not read the object.
const FIRST_THREAD: u64 = 0xC00;
const THREAD_BYTES: u64 = 0x10;

/// The number of threads that have an object in this page: the thread of the event loop and the
/// threads of work items. A system thread has an object elsewhere.
/// Assumed: 64 are enough. A work item gets a number above 1 only when it runs in a wait of another
/// work item, and all work items share one stack.
const THREADS: u64 = 64;

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
    put(kpcr.current_thread, thread_object(space, 0));
    put(THREAD_TYPE as u32, thread_type(space));
    let mut registers = cpu.registers();
    match cpu.mode() {
        Mode::Bits64 => registers.gs_base = space.processor,
        Mode::Bits32 => registers.fs_base = space.processor,
    }
    registers.general[Register::Rsp as usize] = 0;
    cpu.set_registers(&registers);
    Ok(())
}

/// The offset of the type of threads in the control region's page. The word at this offset holds
/// its own address. Assumed: drivers hand the type to routines and do not read it.
const THREAD_TYPE: u64 = 0xBF0;

/// The address of the object type of threads.
pub(crate) fn thread_type(space: &Space) -> u64 {
    space.processor + THREAD_TYPE
}

/// The address of a thread's object.
pub(super) fn thread_object(space: &Space, thread: u32) -> u64 {
    space.processor + FIRST_THREAD + u64::from(thread) % THREADS * THREAD_BYTES
}

/// Writes the address of the current thread's object into the region.
pub(super) fn tell_thread(memory: &mut Memory, space: &Space, layout: &Layout, object: u64) {
    let field = space.processor + u64::from(layout.kpcr.current_thread);
    let bytes = object.to_le_bytes();
    memory.poke(field, &bytes[..space.pointer_bytes as usize]).expect("the region is mapped");
}

/// Writes the IRQL into the region.
pub(super) fn tell_irql(memory: &mut Memory, space: &Space, layout: &Layout, irql: Irql) {
    let field = space.processor + u64::from(layout.kpcr.irql);
    memory.poke(field, &[irql.0]).expect("the region is mapped");
}
