//! The stacks: for threads, work items, DPCs and service routines.
//!
//! Each stack lies between unmapped pages and has a guard page at its end. Each stack has the size
//! that NT gives a thread, so a driver that overflows its stack on Windows also overflows it here.

use cpu_x86::{Cpu, MapError, PAGE_BYTES, Rights};
use portcls_emulator::Running;

use super::space::Space;

/// The number of stacks.
const STACKS: u64 = 4;

/// The distance between the starts of two stacks. The gap between the stacks is not mapped.
const PITCH: u64 = 0x10_0000;

/// The places of the stacks.
#[derive(Debug)]
pub(crate) struct Stacks {
    first: u64,
    bytes: u64,
}

impl Stacks {
    /// Maps the stacks.
    pub fn map(cpu: &mut Cpu, space: &Space) -> Result<Stacks, MapError> {
        let stacks = Stacks { first: space.stacks, bytes: space.stack_bytes };
        let guard = PAGE_BYTES as u64;
        for index in 0..STACKS {
            let bottom = stacks.first + index * PITCH;
            let memory = cpu.memory_mut();
            memory.map(bottom - guard, guard, Rights::READ | Rights::WRITE | Rights::GUARD)?;
            memory.map(bottom, stacks.bytes, Rights::READ | Rights::WRITE)?;
        }
        Ok(stacks)
    }

    /// The stack pointer for a call on the stack of `running`. When `stack_pointer` already points
    /// into this stack, the result is `stack_pointer`; otherwise it is the top of the stack.
    ///
    /// Nested waits use the same stack. The same is true in the Windows kernel.
    pub fn place(&self, running: Running, stack_pointer: u64) -> u64 {
        let index = match running {
            Running::Thread => 0,
            Running::WorkItem => 1,
            Running::Dpc(_) => 2,
            Running::Interrupt(_) => 3,
        };
        let bottom = self.first + index * PITCH;
        let top = bottom + self.bytes;
        // An overflow leaves the stack pointer in the guard page. The stack pointer stays there.
        if (bottom - PAGE_BYTES as u64..top).contains(&stack_pointer) { stack_pointer } else { top }
    }

    /// The range of the stack that holds an address.
    pub fn range(&self, address: u64) -> Option<std::ops::Range<u64>> {
        (0..STACKS).map(|index| self.first + index * PITCH).find_map(|bottom| {
            let range = bottom..bottom + self.bytes;
            (bottom - PAGE_BYTES as u64..=range.end).contains(&address).then_some(range)
        })
    }
}
