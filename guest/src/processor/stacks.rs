//! The stacks: of threads, work items, DPCs and service routines.
//!
//! Each stack has a guard page below its lowest address. The addresses above the stack and below
//! the guard page are not mapped. Each stack has the size that NT gives a thread, so a driver that
//! overflows its stack on Windows also overflows it here.

use std::cell::Cell;

use cpu_x86::{Cpu, MapError, PAGE_BYTES, Rights};
use portcls_emulator::Running;

use super::space::Space;

/// The number of stacks that are always there: all stacks except the stacks of system threads.
const STACKS: u64 = 4;

/// The distance between the lowest addresses of two stacks.
const PITCH: u64 = 0x10_0000;

/// The places of the stacks.
#[derive(Debug)]
pub(crate) struct Stacks {
    first: u64,
    bytes: u64,
    /// The number of stacks that are mapped.
    mapped: Cell<u64>,
}

impl Stacks {
    /// Maps the stacks.
    pub fn map(cpu: &mut Cpu, space: &Space) -> Result<Stacks, MapError> {
        let (first, bytes) = (space.stacks, space.stack_bytes);
        let stacks = Stacks { first, bytes, mapped: Cell::new(0) };
        stacks.map_up_to(cpu, STACKS - 1)?;
        Ok(stacks)
    }

    /// Maps the stack of a system thread, unless a thread with this number had one before. A thread
    /// that gets the stack of an ended thread finds the old bytes there.
    pub fn map_for_thread(&self, cpu: &mut Cpu, number: u32) -> Result<(), MapError> {
        self.map_up_to(cpu, index_of_thread(number))
    }

    fn map_up_to(&self, cpu: &mut Cpu, last: u64) -> Result<(), MapError> {
        let guard = PAGE_BYTES as u64;
        for index in self.mapped.get()..=last {
            let bottom = self.first + index * PITCH;
            let memory = cpu.memory_mut();
            memory.map(bottom - guard, guard, Rights::READ | Rights::WRITE | Rights::GUARD)?;
            memory.map(bottom, self.bytes, Rights::READ | Rights::WRITE)?;
            self.mapped.set(index + 1);
        }
        Ok(())
    }

    /// The stack pointer for a call on the stack of `running`. When `stack_pointer` already points
    /// into this stack, the result is `stack_pointer`. If `stack_pointer` points elsewhere, the
    /// result is the top of the stack.
    ///
    /// So a call that begins inside another call on this stack lies below the outer call, as on
    /// Windows.
    pub fn place(&self, running: Running, stack_pointer: u64) -> u64 {
        let index = match running {
            Running::Thread => 0,
            Running::WorkItem => 1,
            Running::Dpc(_) => 2,
            Running::Interrupt(_) => 3,
            Running::SystemThread(number) => index_of_thread(number),
        };
        let bottom = self.first + index * PITCH;
        let top = bottom + self.bytes;
        // An overflow leaves the stack pointer in the guard page. The stack pointer stays there.
        if (bottom - PAGE_BYTES as u64..top).contains(&stack_pointer) { stack_pointer } else { top }
    }

    /// The range of the stack that holds an address. The guard page below a stack and the first
    /// address above the stack also count.
    pub fn range(&self, address: u64) -> Option<std::ops::Range<u64>> {
        (0..self.mapped.get()).map(|index| self.first + index * PITCH).find_map(|bottom| {
            let range = bottom..bottom + self.bytes;
            (bottom - PAGE_BYTES as u64..=range.end).contains(&address).then_some(range)
        })
    }
}

/// The index of the stack of a system thread. The numbers of system threads count from 1.
fn index_of_thread(number: u32) -> u64 {
    STACKS - 1 + u64::from(number)
}
