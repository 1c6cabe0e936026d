//! Physical memory: which page frame is behind a page of the driver's memory.
//!
//! No device of the machine reads or writes memory, so a physical address is only a number to the
//! driver. The numbers behave like the numbers on a PC:
//! - No two pages share a frame, and a page keeps its frame as long as it is mapped.
//! - The frames of contiguous memory come from the kernel, which knows where that memory lies.
//! - Any other page gets a frame after contiguous memory, when its frame is first asked for.

use std::cell::RefCell;
use std::collections::BTreeMap;

use portcls_emulator::CONTIGUOUS_MEMORY;

use crate::processor::space::PAGE;

/// The first frame after contiguous memory.
const BEHIND: u64 = CONTIGUOUS_MEMORY.end / PAGE;

#[derive(Default)]
struct State {
    /// The frames of pages, by the number of the page.
    frames: BTreeMap<u64, u64>,
    /// How many frames after contiguous memory are in use.
    others: u64,
}

/// The frames of a guest.
#[derive(Default)]
pub(crate) struct PhysicalTable(RefCell<State>);

impl PhysicalTable {
    /// Puts frames behind the pages from an address on.
    pub fn put_behind(&self, address: u64, first: u64, pages: u64) {
        let mut state = self.0.borrow_mut();
        for index in 0..pages {
            state.frames.insert(address / PAGE + index, first + index);
        }
    }

    /// Forgets the frames behind the pages from an address on.
    pub fn forget(&self, address: u64, pages: u64) {
        let mut state = self.0.borrow_mut();
        for page in address / PAGE..address / PAGE + pages {
            state.frames.remove(&page);
        }
    }

    /// The frame behind the page that holds an address. A page without a frame gets one.
    pub fn frame_of(&self, address: u64) -> u64 {
        let mut state = self.0.borrow_mut();
        let State { frames, others } = &mut *state;
        *frames.entry(address / PAGE).or_insert_with(|| {
            *others += 1;
            BEHIND + *others - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_frame_until_it_is_forgotten() {
        let table = PhysicalTable::default();
        let frame = table.frame_of(0x9000_0123);
        assert_eq!(frame, 0x8000);
        assert_eq!(table.frame_of(0x9000_1000), 0x8001);
        assert_eq!(table.frame_of(0x9000_0FFF), frame);
        table.put_behind(0xA000_0000, 0x100, 2);
        assert_eq!(table.frame_of(0xA000_1004), 0x101);
        table.forget(0xA000_0000, 2);
        assert_eq!(table.frame_of(0xA000_1004), 0x8002);
    }
}
