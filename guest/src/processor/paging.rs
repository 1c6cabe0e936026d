//! Pageable memory: it is out as soon as nobody may bring it in, at DISPATCH_LEVEL and above.
//!
//! Windows leaves it to chance whether a page is in; here it never is, so the mistake shows every
//! time. Pages are switched between runs of guest code of different levels, not at every change
//! of the IRQL: while a driver only runs at DISPATCH_LEVEL nothing is switched at all.

use std::cell::{Cell, RefCell};

use cpu_x86::{Memory, Rights};
use portcls_emulator::Irql;

use super::vm::Vm;

/// A range of whole pages that may be paged out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pageable {
    pub address: u64,
    pub bytes: u64,
    /// What may be done to it while it is in.
    pub rights: Rights,
}

/// What may be paged out, and whether it is.
#[derive(Debug, Default)]
pub(crate) struct Paging {
    ranges: RefCell<Vec<Pageable>>,
    is_out: Cell<bool>,
}

impl Paging {
    /// Whether an address may be paged out.
    pub fn holds(&self, address: u64) -> bool {
        let ranges = self.ranges.borrow();
        ranges.iter().any(|range| (range.address..range.address + range.bytes).contains(&address))
    }

    fn switch(&self, memory: &mut Memory, is_out: bool) {
        self.is_out.set(is_out);
        for range in self.ranges.borrow().iter() {
            let rights = if is_out { Rights::empty() } else { range.rights };
            memory.protect(range.address, range.bytes, rights).expect("pageable memory is mapped");
        }
    }
}

impl Vm {
    /// Brings pageable memory in or out, as an IRQL wants it.
    pub(super) fn settle_paging(&self, irql: Irql) {
        let wants_out = irql >= Irql::DISPATCH_LEVEL;
        if self.paging.is_out.get() != wants_out {
            let mut cpu = self.cpu.borrow_mut();
            self.paging.switch(cpu.memory_mut(), wants_out);
        }
    }

    /// Pages that were mapped with `rights` may be paged out from now on.
    pub fn add_pageable(&self, range: Pageable) {
        if self.paging.is_out.get() {
            let mut cpu = self.cpu.borrow_mut();
            let memory = cpu.memory_mut();
            memory.protect(range.address, range.bytes, Rights::empty()).expect("just mapped");
        }
        self.paging.ranges.borrow_mut().push(range);
    }

    /// The range at `address` is unmapped.
    pub fn remove_pageable(&self, address: u64) {
        self.paging.ranges.borrow_mut().retain(|range| range.address != address);
    }
}
