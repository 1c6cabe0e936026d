//! Memory by its physical address: contiguous blocks and frames.

use cpu_x86::PAGE_BYTES;

use crate::guest::Guest;
use crate::tables::physical_table::Wanted;

const PAGE: u64 = PAGE_BYTES as u64;

/// The content of a block before the first write. Assumed: any value that is not zero will do.
const UNWRITTEN: u8 = 0xCD;

impl Guest {
    /// Allocates a contiguous block and returns its address; `None` when there is no such memory.
    /// The block begins at the beginning of a page.
    pub(crate) fn allocate_contiguous(&self, wanted: &Wanted, fill: Option<u8>) -> Option<u64> {
        let first = self.0.physical.take_block(wanted)?;
        let content = vec![fill.unwrap_or(UNWRITTEN); (wanted.pages * PAGE) as usize];
        let Some(address) = self.try_object_block(&content) else {
            self.0.physical.give_back(first);
            return None;
        };
        self.0.physical.put_behind(address, first, wanted.pages);
        Some(address)
    }

    /// Frees a contiguous block.
    pub(crate) fn free_contiguous(&self, address: u64, pages: u64) {
        self.0.physical.give_back(self.0.physical.frame_of(address));
        self.0.physical.forget(address, pages);
        self.free_object_block(address, (pages * PAGE) as usize);
    }

    /// The frame behind an address; `None` where no memory is.
    pub(crate) fn frame_of(&self, address: u64) -> Option<u64> {
        self.0.vm.cpu.borrow().memory().rights(address)?;
        Some(self.0.physical.frame_of(address))
    }
}
