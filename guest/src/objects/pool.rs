//! Pool: each block on pages of its own, with unmapped pages on both sides.
//!
//! A block of less than a page ends as close to the end of its page as its alignment allows. An
//! access past this page faults at once. A block of a page or more begins at the start of a page.
//! The rest of the block's pages holds a pattern, and `free_pool` checks the pattern. A freed block
//! is unmapped, and its addresses are not used again for a long time. So a later use faults, and
//! the report can name the freed block.

use std::ops::Range;

use cpu_x86::{PAGE_BYTES, Rights};
use portcls_emulator::{BugCheckCode, PoolBlock, PoolType};

use crate::guest::Guest;
use crate::processor::paging::Pageable;
use crate::processor::space::PAGE;
use crate::tables::pool_table::{Block, Fill};

/// The pattern beside a block. Assumed: any value will do, except text and zero.
const BESIDE: u8 = 0xB5;

/// The content of a new block that is not zeroed. The routines that are older than ExAllocatePool2
/// leave garbage in new blocks.
const UNWRITTEN: u8 = 0xCD;

/// The pool that a POOL_TYPE means. Source: wdm.h: bit 0 is paged, bit 9 is not executable.
pub(crate) fn pool_type(value: u32) -> PoolType {
    match (value & 1, value & 0x200) {
        (1, _) => PoolType::Paged,
        (_, 0) => PoolType::NonPagedExecute,
        _ => PoolType::NonPagedNx,
    }
}

/// The POOL_TYPE of a pool. Source: wdm.h.
pub(crate) fn pool_value(pool: PoolType) -> u64 {
    match pool {
        PoolType::NonPagedExecute => 0,
        PoolType::Paged => 1,
        PoolType::NonPagedNx => 0x200,
    }
}

impl Guest {
    /// Allocates pool. Returns 0 when there is no memory, or when `Kernel::allocate_pool` refuses.
    pub fn allocate_pool(&self, pool: PoolType, bytes: u64, tag: [u8; 4], fill: Fill) -> u64 {
        let length = usize::try_from(bytes).unwrap_or(usize::MAX);
        let accounted = self.kernel().allocate_pool(pool, length, tag);
        self.place_block(pool, bytes, tag, fill, accounted)
    }

    /// Allocates pool for data that the system hands to a driver, and copies the data into the
    /// pool. Returns 0 when there is no memory.
    pub(crate) fn new_system_block(&self, pool: PoolType, content: &[u8], tag: [u8; 4]) -> u64 {
        let accounted = self.kernel().allocate_system_pool(pool, content.len(), tag);
        let address = self.place_block(pool, content.len() as u64, tag, Fill::Zero, accounted);
        if address != 0 {
            self.put(address, content);
        }
        address
    }

    /// Puts a block into guest memory for the pool that the kernel granted. Returns the address of
    /// the block. Returns 0 when the kernel granted no pool, or when guest memory has no room for
    /// the block.
    fn place_block(
        &self,
        pool: PoolType,
        bytes: u64,
        tag: [u8; 4],
        fill: Fill,
        accounted: Option<PoolBlock>,
    ) -> u64 {
        let Some(accounted) = accounted else { return 0 };
        match self.map_block(pool, bytes, tag, fill, accounted) {
            Some(address) => address,
            None => {
                self.kernel().free_pool(accounted, tag);
                0
            }
        }
    }

    fn map_block(
        &self,
        pool: PoolType,
        bytes: u64,
        tag: [u8; 4],
        fill: Fill,
        accounted: PoolBlock,
    ) -> Option<u64> {
        let page_count = bytes.div_ceil(PAGE);
        let pages = self.0.pool.place(pool, page_count)?;
        let rights = match pool {
            PoolType::NonPagedExecute => Rights::READ | Rights::WRITE | Rights::EXECUTE,
            PoolType::NonPagedNx | PoolType::Paged => Rights::READ | Rights::WRITE,
        };
        // Drivers expect a block of a page or more to begin at the start of a page.
        let offset = if bytes >= PAGE {
            0
        } else {
            (PAGE - bytes) / self.0.vm.space.pool_alignment * self.0.vm.space.pool_alignment
        };
        let length = page_count * PAGE;
        if self.0.vm.cpu.borrow_mut().memory_mut().map(pages, length, rights).is_err() {
            self.0.pool.give_back(pages, page_count);
            return None;
        }
        let (start, end) = (pages + offset, pages + offset + bytes);
        self.fill_pages(pages..start, BESIDE);
        if fill == Fill::Garbage {
            self.fill_pages(start..end, UNWRITTEN);
        }
        self.fill_pages(end..pages + length, BESIDE);
        if pool == PoolType::Paged {
            let range = Pageable { address: pages, bytes: length, rights };
            self.0.vm.paging.add(self.0.vm.cpu.borrow_mut().memory_mut(), range);
        }
        let address = pages + offset;
        let origin = self.origin();
        let block = Block { address, bytes, tag, pages, page_count, pool, accounted, origin };
        self.0.pool.insert(block);
        Some(address)
    }

    /// Fills a range of new pages with copies of a byte. Without this call the pages hold zeros.
    fn fill_pages(&self, range: Range<u64>, byte: u8) {
        let mut cpu = self.0.vm.cpu.borrow_mut();
        let piece = [byte; PAGE_BYTES];
        for address in range.clone().step_by(PAGE_BYTES) {
            let length = (range.end - address).min(PAGE) as usize;
            cpu.memory_mut().poke(address, &piece[..length]).expect("just mapped");
        }
    }

    /// Frees a block. When `tag` is `None`, the block's tag is not checked.
    ///
    /// Bug checks: BAD_POOL_CALLER for an address at which no block begins, or for a wrong tag;
    /// SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION when bytes beside the block were written;
    /// TIMER_OR_DPC_INVALID when the block holds something that is still pending, such as a timer
    /// that is set.
    pub fn free_pool(&self, address: u64, tag: Option<[u8; 4]>) {
        if self.kernel().is_frozen() {
            return;
        }
        let Some(block) = self.0.pool.block_at(address) else {
            self.free_of_no_block(address);
            return;
        };
        self.check_beside(&block);
        if let Some((at, what)) = self.0.bindings.remove(address..address + block.bytes) {
            let message = format!("{} was freed with {what} in it, at {at:#x}", block.describe());
            let code = BugCheckCode::TIMER_OR_DPC_INVALID;
            self.kernel().bug_check_with(code, [0, at, address, address + block.bytes], &message);
        }
        self.kernel().free_pool(block.accounted, tag.unwrap_or(block.tag));
        self.unmap_block(block);
    }

    fn unmap_block(&self, block: Block) {
        if block.pool == PoolType::Paged {
            self.0.vm.paging.remove(block.pages);
        }
        let bytes = block.page_count * PAGE;
        let unmapped = self.0.vm.cpu.borrow_mut().memory_mut().unmap(block.pages, bytes);
        unmapped.expect("a block is mapped");
        self.0.pool.remove(block);
    }

    fn free_of_no_block(&self, address: u64) {
        let message = match self.0.pool.freed_at(address) {
            Some(block) => format!("{} was freed twice", block.describe()),
            None => format!("{address:#x} was freed and is no pool block"),
        };
        self.kernel().bug_check_with(BugCheckCode::BAD_POOL_CALLER, [7, 0, 0, address], &message);
    }

    /// Looks for a write beside a block: checks the pattern in the rest of the block's pages.
    fn check_beside(&self, block: &Block) {
        let read = |range: Range<u64>| {
            let mut content = vec![0; (range.end - range.start) as usize];
            let read = self.0.vm.cpu.borrow().memory().peek(range.start, &mut content);
            read.expect("a block is mapped");
            content
        };
        let end = block.address + block.bytes;
        // On each side, the changed byte nearest to the block says most about the mistake.
        let behind = read(end..block.page_range().end);
        let behind = behind.iter().position(|byte| *byte != BESIDE);
        let before = read(block.pages..block.address);
        let before = before.iter().rposition(|byte| *byte != BESIDE);
        let (at, kind, side) = match (behind, before) {
            (Some(behind), _) => (end + behind as u64, 0x24, "behind"),
            (None, Some(before)) => (block.pages + before as u64, 0x23, "before"),
            (None, None) => return,
        };
        let message = format!("a byte {side} {} was written, at {at:#x}", block.describe());
        let code = BugCheckCode::SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION;
        self.kernel().bug_check_with(code, [block.address, at, 0, kind], &message);
    }
}
