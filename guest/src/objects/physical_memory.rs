//! Memory by its physical address: contiguous blocks and frames.

use portcls_emulator::PhysicalRequest;

use crate::guest::Guest;
use crate::processor::space::PAGE;

/// The content of a new block for which the caller states no content.
/// Assumed: any value that is not zero will do.
const UNWRITTEN: u8 = 0xCD;

impl Guest {
    /// Allocates a contiguous block of whole pages and returns its address; `None` when there is no
    /// such memory. Each byte of the block is `fill`.
    pub(crate) fn allocate_contiguous(
        &self,
        request: &PhysicalRequest,
        fill: Option<u8>,
    ) -> Option<u64> {
        let start = self.kernel().take_physical_memory(request)?;
        let pages = request.length.div_ceil(PAGE);
        let content = vec![fill.unwrap_or(UNWRITTEN); (pages * PAGE) as usize];
        let Some(address) = self.try_object_block(&content) else {
            self.kernel().give_physical_memory_back(start);
            return None;
        };
        self.0.physical.put_behind(address, start / PAGE, pages);
        Some(address)
    }

    /// Frees a contiguous block.
    pub(crate) fn free_contiguous(&self, address: u64, pages: u64) {
        self.kernel().give_physical_memory_back(self.0.physical.frame_of(address) * PAGE);
        self.0.physical.forget(address, pages);
        self.free_object_block(address, (pages * PAGE) as usize);
    }

    /// The physical address behind an address. `None` if there is no memory at the address.
    pub(crate) fn physical_address(&self, address: u64) -> Option<u64> {
        Some(self.frame_of(address)? * PAGE + address % PAGE)
    }

    /// The frame behind an address. `None` if there is no memory at the address.
    pub(crate) fn frame_of(&self, address: u64) -> Option<u64> {
        self.0.vm.cpu.borrow().memory().rights(address)?;
        Some(self.0.physical.frame_of(address))
    }
}
