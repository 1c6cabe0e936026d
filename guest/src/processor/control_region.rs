//! What the guest finds at fixed places: the processor's control region, and the shared time.
//!
//! The page of KUSER_SHARED_DATA is written when it is read: any access to it is a guard fault,
//! which is served by filling in the time and letting that one instruction through. Who never
//! looks at it pays nothing. The IRQL in the control region is written when the guest goes on after
//! the level has changed, which only a stop can do.

use cpu_x86::{Cpu, MapError, Mode, PAGE_BYTES, Register, Rights, Stop};
use portcls_emulator::Irql;

use super::space::Space;
use super::vm::Vm;
use crate::layout::{KsystemTime, Layout};

const PAGE: u64 = PAGE_BYTES as u64;

/// Where in the control region's page the current thread's object is. Assumed: drivers compare
/// this pointer and do not look behind it.
const THREAD: u64 = 0xC00;

/// The version that the shared data tells: Windows 10. Source: KUSER_SHARED_DATA.
const VERSION: (u32, u32) = (10, 0);

/// Maps the control region and the shared data, and points GS or FS at the region.
pub(super) fn map(cpu: &mut Cpu, space: &Space, layout: &Layout) -> Result<(), MapError> {
    let memory = cpu.memory_mut();
    memory.map(space.processor, PAGE, Rights::READ | Rights::WRITE)?;
    memory.map(space.shared_data, PAGE, Rights::GUARD)?;
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

impl Vm {
    /// Makes the guest's memory what the present IRQL wants it to be: pageable memory is in or
    /// out, and the control region, where a driver may read the IRQL inline, tells it. CLI does
    /// not change what it tells.
    #[inline]
    pub fn settle_irql(&self) {
        let irql = self.kernel().current_irql();
        if self.settled_irql.replace(irql) != irql {
            self.settle_new_irql(irql);
        }
    }

    #[inline(never)]
    fn settle_new_irql(&self, irql: Irql) {
        self.settle_paging(irql);
        let field = self.space.processor + u64::from(self.layout().kpcr.irql);
        let told = self.irql_before_cli.get().unwrap_or(irql);
        let mut cpu = self.cpu.borrow_mut();
        cpu.memory_mut().poke(field, &[told.0]).expect("the region is mapped");
    }

    /// Whether an address is in KUSER_SHARED_DATA.
    pub(super) fn is_shared_data(&self, address: u64) -> bool {
        let start = self.space.shared_data;
        (start..start + PAGE).contains(&address)
    }

    /// Lets the instruction through that wants to read the shared data.
    pub(super) fn step_over_shared_data(&self) -> (Stop, u64) {
        self.fill_shared_data();
        let page = self.space.shared_data;
        let mut cpu = self.cpu.borrow_mut();
        cpu.memory_mut().protect(page, PAGE, Rights::READ).expect("the page is mapped");
        let before = cpu.instruction_count();
        let stop = cpu.step();
        let retired = cpu.instruction_count() - before;
        cpu.memory_mut().protect(page, PAGE, Rights::GUARD).expect("the page is mapped");
        (stop, retired)
    }

    /// Writes the present time into the shared data.
    pub(super) fn fill_shared_data(&self) {
        let kernel = self.kernel();
        let shared = &self.layout().kuser_shared_data;
        let time = &self.layout().ksystem_time;
        let interval_ns = kernel.config().clock_interval_ns.max(1);
        let ticks = kernel.now_ns() / interval_ns;
        // Milliseconds of a tick, with 24 binary places. Source: GetTickCount's arithmetic.
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
        let mut cpu = self.cpu.borrow_mut();
        cpu.memory_mut().poke(self.space.shared_data, &page).expect("the page is mapped");
    }
}

/// A KSYSTEM_TIME: its high part stands there twice, so that a reader can tell a torn value.
fn put_time(put: &mut impl FnMut(u32, &[u8]), time: &KsystemTime, offset: u32, value: u64) {
    let high = ((value >> 32) as u32).to_le_bytes();
    put(offset + time.low_part, &(value as u32).to_le_bytes());
    put(offset + time.high1_time, &high);
    put(offset + time.high2_time, &high);
}
