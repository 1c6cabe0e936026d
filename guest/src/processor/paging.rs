//! Pageable memory, which is out at DISPATCH_LEVEL and above.
//!
//! On Windows it is chance whether a page is in. In the emulator a page that is not locked is
//! always out at these levels, so a driver that touches the page there always fails. A driver may
//! lock pages of pageable memory. These pages stay in until the driver unlocks them.
//!
//! A change of the IRQL alone moves no page. Pages go out or in only when guest code runs, or guest
//! memory is accessed, at a level at which they must be out or in. So while the driver only runs at
//! DISPATCH_LEVEL, such as in DPCs, no page goes out or in.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use cpu_x86::{Memory, Rights};
use portcls_emulator::Irql;

/// A range of whole pages that may be paged out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pageable {
    pub address: u64,
    pub bytes: u64,
    /// The rights to the range while the range is in.
    pub rights: Rights,
}

/// All pageable memory, and whether this memory is out.
#[derive(Debug, Default)]
pub(crate) struct Paging {
    ranges: RefCell<Vec<Pageable>>,
    /// The locked pages; a page that was locked twice is in two of these ranges.
    locked: RefCell<Vec<Range<u64>>>,
    is_out: Cell<bool>,
}

impl Paging {
    /// Whether an address is in pageable memory.
    pub fn holds(&self, address: u64) -> bool {
        let ranges = self.ranges.borrow();
        ranges.iter().any(|range| (range.address..range.address + range.bytes).contains(&address))
    }

    /// Brings pageable memory in or out, as the IRQL requires.
    pub fn settle(&self, memory: &mut Memory, irql: Irql) {
        let wants_out = irql >= Irql::DISPATCH_LEVEL;
        if self.is_out.replace(wants_out) == wants_out {
            return;
        }
        for range in self.ranges.borrow().iter() {
            let rights = if wants_out { Rights::empty() } else { range.rights };
            memory.protect(range.address, range.bytes, rights).expect("pageable memory is mapped");
        }
        if wants_out {
            self.locked.borrow().iter().for_each(|pages| self.bring_in(memory, pages));
        }
    }

    /// Locks a range of whole pages: the pageable pages of the range stay in.
    pub fn lock(&self, memory: &mut Memory, pages: Range<u64>) {
        if self.is_out.get() {
            self.bring_in(memory, &pages);
        }
        self.locked.borrow_mut().push(pages);
    }

    /// Unlocks a range that was locked. Pages that another lock still covers stay in.
    pub fn unlock(&self, memory: &mut Memory, pages: &Range<u64>) {
        let mut locked = self.locked.borrow_mut();
        let Some(index) = locked.iter().position(|known| known == pages) else { return };
        locked.remove(index);
        if self.is_out.get() {
            for (part, _) in self.pageable_parts(pages) {
                let bytes = part.end - part.start;
                memory.protect(part.start, bytes, Rights::empty()).expect("it is mapped");
            }
            locked.iter().for_each(|pages| self.bring_in(memory, pages));
        }
    }

    fn bring_in(&self, memory: &mut Memory, pages: &Range<u64>) {
        for (part, rights) in self.pageable_parts(pages) {
            memory.protect(part.start, part.end - part.start, rights).expect("it is mapped");
        }
    }

    /// The pageable parts of a range, with the rights to each part while it is in.
    fn pageable_parts(&self, pages: &Range<u64>) -> Vec<(Range<u64>, Rights)> {
        let ranges = self.ranges.borrow();
        let parts = ranges.iter().map(|range| {
            let end = range.address + range.bytes;
            (pages.start.max(range.address)..pages.end.min(end), range.rights)
        });
        parts.filter(|(part, _)| part.start < part.end).collect()
    }

    /// Makes mapped pages pageable.
    pub fn add(&self, memory: &mut Memory, range: Pageable) {
        if self.is_out.get() {
            memory.protect(range.address, range.bytes, Rights::empty()).expect("just mapped");
        }
        self.ranges.borrow_mut().push(range);
    }

    /// Forgets the range at `address`, because its pages are freed, and the locks that begin in it.
    pub fn remove(&self, address: u64) {
        let mut ranges = self.ranges.borrow_mut();
        for gone in ranges.extract_if(.., |range| range.address == address) {
            let gone = gone.address..gone.address + gone.bytes;
            self.locked.borrow_mut().retain(|pages| !gone.contains(&pages.start));
        }
    }
}

#[cfg(test)]
mod tests {
    use cpu_x86::{Cpu, Mode};

    use super::*;
    use crate::processor::space::PAGE;

    /// A processor with a pageable page at 1000 and a resident page after it.
    fn cpu(paging: &Paging) -> Cpu {
        let mut cpu = Cpu::new(Mode::Bits32);
        let memory = cpu.memory_mut();
        memory.map(0x1000, 2 * PAGE, Rights::READ).expect("room");
        paging.add(memory, Pageable { address: 0x1000, bytes: PAGE, rights: Rights::READ });
        cpu
    }

    #[test]
    fn pageable_memory_is_out_from_dispatch_level_on_and_comes_back_as_it_was() {
        let paging = Paging::default();
        let mut cpu = cpu(&paging);
        let memory = cpu.memory_mut();
        paging.settle(memory, Irql::DISPATCH_LEVEL);
        assert_eq!(memory.rights(0x1000), Some(Rights::empty()));
        assert_eq!(memory.rights(0x2000), Some(Rights::READ), "it is resident");
        paging.settle(memory, Irql::APC_LEVEL);
        assert_eq!(memory.rights(0x1000), Some(Rights::READ));
        assert!(paging.holds(0x1FFF) && !paging.holds(0x2000));
    }

    #[test]
    fn what_becomes_pageable_while_the_rest_is_out_is_out_at_once() {
        let paging = Paging::default();
        let mut cpu = cpu(&paging);
        let memory = cpu.memory_mut();
        paging.settle(memory, Irql::DISPATCH_LEVEL);
        paging.add(memory, Pageable { address: 0x2000, bytes: PAGE, rights: Rights::READ });
        assert_eq!(memory.rights(0x2000), Some(Rights::empty()));
        paging.remove(0x2000);
        assert!(!paging.holds(0x2000));
    }

    #[test]
    fn a_locked_page_stays_in_until_it_is_unlocked_as_often() {
        let paging = Paging::default();
        let mut cpu = cpu(&paging);
        let memory = cpu.memory_mut();
        let pages = 0x1000..0x3000;
        paging.lock(memory, pages.clone());
        paging.settle(memory, Irql::DISPATCH_LEVEL);
        assert_eq!(memory.rights(0x1000), Some(Rights::READ));
        paging.lock(memory, pages.clone());
        paging.unlock(memory, &pages);
        assert_eq!(memory.rights(0x1000), Some(Rights::READ), "it is locked once more");
        paging.unlock(memory, &pages);
        assert_eq!(memory.rights(0x1000), Some(Rights::empty()));
        assert_eq!(memory.rights(0x2000), Some(Rights::READ), "it is resident");
        paging.lock(memory, pages.clone());
        assert_eq!(memory.rights(0x1000), Some(Rights::READ), "it comes in at once");
        paging.remove(0x1000);
        paging.unlock(memory, &pages);
        assert!(!paging.holds(0x1000));
    }
}
