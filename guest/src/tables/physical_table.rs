//! Physical memory: which page frame is behind a page of the driver's memory.
//!
//! No device of the machine reads or writes memory, so a physical address is only a number to the
//! driver. The numbers behave as on a PC:
//! - Two pages have two frames, and a page keeps its frame as long as it is mapped.
//! - RAM for contiguous blocks lies from 1 MiB to 128 MiB. A block gets the lowest frames that fit.
//! - Any other page gets its frame from 128 MiB on, when the driver first asks for it.
//!
//! Assumed: these limits, as any will do. A block below 16 MiB, for the DMA of an ISA card, fits.

use std::cell::RefCell;
use std::collections::BTreeMap;

use cpu_x86::PAGE_BYTES;

const PAGE: u64 = PAGE_BYTES as u64;

/// The first frame of RAM, and the first one behind the contiguous blocks.
const FIRST: u64 = 0x10_0000 / PAGE;
const BEHIND: u64 = 0x800_0000 / PAGE;

/// What a contiguous block has to be like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub pages: u64,
    /// The lowest and the highest physical address that the block may have.
    pub lowest: u64,
    pub highest: u64,
    /// The block must not cross a multiple of this; 0 for a block that may.
    pub boundary: u64,
}

#[derive(Default)]
struct State {
    /// The contiguous blocks: the first frame of each, and the number of its frames.
    blocks: BTreeMap<u64, u64>,
    /// The frames of pages, by the number of the page.
    frames: BTreeMap<u64, u64>,
    /// How many frames behind the contiguous blocks are in use.
    others: u64,
}

/// The frames of a guest.
#[derive(Default)]
pub(crate) struct PhysicalTable(RefCell<State>);

impl PhysicalTable {
    /// Takes contiguous frames; `None` when no such frames are free.
    pub fn take_block(&self, wanted: &Wanted) -> Option<u64> {
        let mut state = self.0.borrow_mut();
        let first = state.find_block(wanted)?;
        state.blocks.insert(first, wanted.pages);
        Some(first)
    }

    /// Gives the frames of a block back.
    pub fn give_back(&self, first: u64) {
        self.0.borrow_mut().blocks.remove(&first);
    }

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

    /// The frame behind the page that holds an address.
    pub fn frame_of(&self, address: u64) -> u64 {
        let mut state = self.0.borrow_mut();
        let State { frames, others, .. } = &mut *state;
        *frames.entry(address / PAGE).or_insert_with(|| {
            *others += 1;
            BEHIND + *others - 1
        })
    }
}

impl State {
    fn find_block(&self, wanted: &Wanted) -> Option<u64> {
        let bytes = wanted.pages.checked_mul(PAGE)?;
        if bytes == 0 || wanted.boundary != 0 && bytes > wanted.boundary {
            return None;
        }
        let mut first = FIRST.max(wanted.lowest.div_ceil(PAGE));
        loop {
            let end = first.checked_add(wanted.pages)?;
            if end > BEHIND || end * PAGE - 1 > wanted.highest {
                return None;
            }
            let mut before = self.blocks.range(..end).rev();
            let taken = before.find(|(start, pages)| *start + *pages > first);
            let crossed = match wanted.boundary {
                0 => None,
                boundary => {
                    let last = (end * PAGE - 1) / boundary;
                    (first * PAGE / boundary != last).then_some((last * boundary).div_ceil(PAGE))
                }
            };
            match (taken, crossed) {
                (Some((start, pages)), _) => first = start + pages,
                (None, Some(next)) => first = next,
                (None, None) => return Some(first),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANYWHERE: Wanted = Wanted { pages: 2, lowest: 0, highest: u64::MAX, boundary: 0 };

    #[test]
    fn blocks_get_the_lowest_frames_that_are_free() {
        let table = PhysicalTable::default();
        assert_eq!(table.take_block(&ANYWHERE), Some(0x100));
        assert_eq!(table.take_block(&ANYWHERE), Some(0x102));
        table.give_back(0x100);
        assert_eq!(table.take_block(&Wanted { pages: 3, ..ANYWHERE }), Some(0x104));
        assert_eq!(table.take_block(&ANYWHERE), Some(0x100));
    }

    #[test]
    fn a_block_keeps_to_its_limits() {
        let table = PhysicalTable::default();
        let below_16_mib = Wanted { highest: 0xFF_FFFF, ..ANYWHERE };
        let above_8_mib = Wanted { lowest: 0x80_0000, ..below_16_mib };
        assert_eq!(table.take_block(&above_8_mib), Some(0x800));
        let too_many = Wanted { pages: 0xF01, ..below_16_mib };
        assert_eq!(table.take_block(&too_many), None, "from 1 to 16 MiB");
        assert_eq!(table.take_block(&Wanted { highest: 0xF_FFFF, ..ANYWHERE }), None, "no RAM");
        assert_eq!(table.take_block(&Wanted { pages: u64::MAX, ..ANYWHERE }), None);
        assert_eq!(table.take_block(&Wanted { pages: 0, ..ANYWHERE }), None);
    }

    #[test]
    fn a_block_does_not_cross_a_multiple_of_its_boundary() {
        let table = PhysicalTable::default();
        let block = Wanted { pages: 3, boundary: 0x4000, ..ANYWHERE };
        assert_eq!(table.take_block(&block), Some(0x100));
        assert_eq!(table.take_block(&block), Some(0x104));
        assert_eq!(table.take_block(&Wanted { pages: 5, ..block }), None);
    }

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
