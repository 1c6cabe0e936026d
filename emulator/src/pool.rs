//! Pool: blocks with tags, and the list of blocks that were never freed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::bug_check::BugCheckCode;
use crate::choice::{Choice, Refusal};
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::rules;
use crate::status::NtStatus;

/// Which pool a block comes from.
#[doc(alias = "POOL_TYPE")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PoolType {
    /// Resident, not executable. IRQL: up to DISPATCH_LEVEL.
    NonPagedNx,
    /// Resident and executable; only old drivers use it.
    NonPagedExecute,
    /// May be paged out. IRQL: up to APC_LEVEL.
    Paged,
}

impl PoolType {
    fn highest_irql(self) -> Irql {
        match self {
            PoolType::Paged => Irql::APC_LEVEL,
            PoolType::NonPagedNx | PoolType::NonPagedExecute => Irql::DISPATCH_LEVEL,
        }
    }
}

/// A block of pool, by its number. Dropping this value does not free the block: the block leaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PoolBlock(u64);

struct Block {
    tag: [u8; 4],
    pool: PoolType,
    bytes: Box<[u8]>,
}

/// Blocks that have the same tag and were not freed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolLeak {
    /// The tag in the order of its bytes in memory.
    pub tag: String,
    /// The number of blocks.
    pub blocks: u64,
    /// The sum of their lengths in bytes.
    pub bytes: u64,
}

#[derive(Default)]
pub(crate) struct Pool {
    next: Cell<u64>,
    blocks: RefCell<BTreeMap<PoolBlock, Block>>,
}

impl Kernel {
    /// Allocates zeroed pool. Returns nothing when `length` is 0 or above 1 GiB, or when an oracle
    /// refuses the allocation.
    ///
    /// IRQL: up to DISPATCH_LEVEL, up to APC_LEVEL for paged pool.
    #[doc(alias = "ExAllocatePool2")]
    pub fn allocate_pool(&self, pool: PoolType, length: usize, tag: [u8; 4]) -> Option<PoolBlock> {
        if self.is_frozen() {
            return None;
        }
        self.require_irql_at_most(pool.highest_irql(), "ExAllocatePool2");
        if length == 0 {
            self.report_violation(&rules::ZERO_ALLOCATION, "ExAllocatePool2 of 0 bytes");
            return None;
        }
        if length > LARGEST_BLOCK {
            return None;
        }
        self.ask_allocation().ok()?;
        Some(self.new_block(pool, length, tag))
    }

    /// Allocates zeroed pool for the system itself. A driver may free the block. No oracle refuses
    /// this memory. Returns nothing on a frozen kernel.
    pub fn allocate_system_pool(
        &self,
        pool: PoolType,
        length: usize,
        tag: [u8; 4],
    ) -> Option<PoolBlock> {
        assert!(length > 0 && length <= LARGEST_BLOCK, "the system asks for pool of that length");
        (!self.is_frozen()).then(|| self.new_block(pool, length, tag))
    }

    fn new_block(&self, pool: PoolType, length: usize, tag: [u8; 4]) -> PoolBlock {
        let number = PoolBlock(self.state.pool.next.get());
        self.state.pool.next.set(number.0 + 1);
        let block = Block { tag, pool, bytes: vec![0; length].into_boxed_slice() };
        self.state.pool.blocks.borrow_mut().insert(number, block);
        number
    }

    /// Asks whether there is memory for an object that a routine is about to make.
    /// [`Kernel::allocate_pool`] asks this itself.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when an oracle refuses the memory.
    pub fn ask_allocation(&self) -> Result<(), NtStatus> {
        match self.choose(Choice::Allocation) {
            Refusal::Granted => Ok(()),
            Refusal::Refused => Err(NtStatus::INSUFFICIENT_RESOURCES),
        }
    }

    /// Frees a block. Freeing a block that is not allocated is bug check BAD_POOL_CALLER with
    /// subcode 7. A wrong tag is the same bug check with subcode A.
    #[doc(alias = "ExFreePoolWithTag")]
    pub fn free_pool(&self, block: PoolBlock, tag: [u8; 4]) {
        if self.is_frozen() {
            return;
        }
        let freed = self.state.pool.blocks.borrow_mut().remove(&block);
        let code = BugCheckCode::BAD_POOL_CALLER;
        match freed {
            None => self.bug_check_with(code, [7, 0, block.0, 0], "pool was freed twice"),
            Some(freed) if freed.tag != tag => {
                let message =
                    format!("pool of tag {} was freed as {}", tag_text(freed.tag), tag_text(tag));
                self.bug_check_with(code, [0xA, block.0, 0, 0], &message);
            }
            Some(freed) => {
                self.require_irql_at_most(freed.pool.highest_irql(), "ExFreePoolWithTag");
            }
        }
    }

    /// Gives `work` the bytes of a block; `None` when the block is not allocated.
    pub fn with_pool<R>(&self, block: PoolBlock, work: impl FnOnce(&mut [u8]) -> R) -> Option<R> {
        // The bytes leave the table while `work` runs, so that `work` may use the pool itself.
        let mut bytes = {
            let mut blocks = self.state.pool.blocks.borrow_mut();
            std::mem::take(&mut blocks.get_mut(&block)?.bytes)
        };
        let result = work(&mut bytes);
        if let Some(entry) = self.state.pool.blocks.borrow_mut().get_mut(&block) {
            entry.bytes = bytes;
        }
        Some(result)
    }

    /// The blocks allocated now, summed by tag. The blocks that are left after the unload of the
    /// driver are leaks.
    #[must_use]
    pub fn pool_in_use(&self) -> Vec<PoolLeak> {
        let mut by_tag: BTreeMap<[u8; 4], (u64, u64)> = BTreeMap::new();
        for block in self.state.pool.blocks.borrow().values() {
            let sum = by_tag.entry(block.tag).or_default();
            *sum = (sum.0 + 1, sum.1 + block.bytes.len() as u64);
        }
        by_tag
            .into_iter()
            .map(|(tag, (blocks, bytes))| PoolLeak { tag: tag_text(tag), blocks, bytes })
            .collect()
    }
}

/// The largest block of pool: 1 GiB.
const LARGEST_BLOCK: usize = 1 << 30;

fn tag_text(tag: [u8; 4]) -> String {
    tag.iter().map(|&byte| if byte.is_ascii_graphic() { byte as char } else { '.' }).collect()
}
