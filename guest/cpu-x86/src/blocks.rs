//! The decode cache: blocks of operations, found by address.
//!
//! Before each instruction the blocks in the cache agree with memory. The cache loses the blocks of
//! a page after a write to decoded bytes of the page, after a change of the page's rights, and
//! after the restore of a snapshot in which the page differs. So the processor runs a block without
//! a check that the bytes in memory are still the same.

use std::collections::BTreeMap;
use std::convert::Infallible;

use crate::decode::{self, BLOCK_OPERATIONS};
use crate::operation::Operation;
use crate::pages::PAGE_BYTES;

/// How many blocks can be found without a search; a power of two.
const RECENT: usize = 2048;

/// When the cache holds more operations than this, it is emptied before a further block comes in.
/// Operations of removed blocks count too. This number is enough for the code of any driver. At 40
/// bytes each, the operations take 10 MiB of host memory.
const OPERATIONS_LIMIT: usize = 1 << 18;

/// The longest block, in bytes.
const BLOCK_BYTES: u64 = BLOCK_OPERATIONS as u64 * 15;

/// A decoded block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub(crate) address: u64,
    first: u32,
    count: u16,
    /// The block's length in bytes.
    pub(crate) bytes: u16,
}

impl Block {
    /// No block. It has no operations, so it never counts as a block at its address.
    const NONE: Block = Block { address: 0, first: 0, count: 0, bytes: 0 };
}

/// The cache.
#[derive(Debug)]
pub(crate) struct Blocks {
    operations: Vec<Operation>,
    by_address: BTreeMap<u64, Block>,
    recent: Vec<Block>,
}

impl Blocks {
    pub(crate) fn new() -> Blocks {
        Blocks {
            operations: Vec::new(),
            by_address: BTreeMap::new(),
            recent: vec![Block::NONE; RECENT],
        }
    }

    /// The block at an address, if the table of recent blocks still has it.
    #[inline(always)]
    pub(crate) fn recent(&self, address: u64) -> Option<Block> {
        let block = self.recent[place(address)];
        (block.address == address && block.count > 0).then_some(block)
    }

    /// The block at an address, if the cache has it.
    pub(crate) fn find(&mut self, address: u64) -> Option<Block> {
        let block = *self.by_address.get(&address)?;
        self.recent[place(address)] = block;
        Some(block)
    }

    /// The operations of a block.
    #[inline(always)]
    pub(crate) fn operations(&self, block: Block) -> &[Operation] {
        let first = block.first as usize;
        &self.operations[first..first + usize::from(block.count)]
    }

    /// Adds the block whose operations `decode` appends; `decode` returns the length in bytes.
    pub(crate) fn add<E>(
        &mut self,
        address: u64,
        decode: impl FnOnce(&mut Vec<Operation>) -> Result<usize, E>,
    ) -> Result<Block, E> {
        let block = self.add_passing(address, decode)?;
        self.by_address.insert(address, block);
        self.recent[place(address)] = block;
        Ok(block)
    }

    /// Adds a block for a stop address.
    pub(crate) fn add_stop_address(&mut self, address: u64) -> Block {
        let added = self.add(address, |operations| {
            operations.push(decode::stop_address());
            Ok::<usize, Infallible>(0)
        });
        match added {
            Ok(block) => block,
        }
    }

    /// Adds the operations of a block that runs once. The cache does not note the address of this
    /// block, so no search finds it.
    pub(crate) fn add_passing<E>(
        &mut self,
        address: u64,
        decode: impl FnOnce(&mut Vec<Operation>) -> Result<usize, E>,
    ) -> Result<Block, E> {
        if self.operations.len() > OPERATIONS_LIMIT {
            self.clear();
        }
        let first = self.operations.len();
        let bytes = decode(&mut self.operations)? as u16;
        let count = (self.operations.len() - first) as u16;
        Ok(Block { address, first: first as u32, count, bytes })
    }

    /// Removes every block that has a byte in a page. A write to one byte of code removes all these
    /// blocks.
    pub(crate) fn remove_page(&mut self, page: u64) {
        let start = page * PAGE_BYTES as u64;
        let end = start.saturating_add(PAGE_BYTES as u64 - 1);
        let first = start.saturating_sub(BLOCK_BYTES);
        let stale: Vec<u64> = self
            .by_address
            .range(first..=end)
            .filter(|(address, block)| address.saturating_add(u64::from(block.bytes)) > start)
            .map(|(&address, _)| address)
            .collect();
        for address in stale {
            self.by_address.remove(&address);
            self.recent[place(address)] = Block::NONE;
        }
    }

    /// Removes every block.
    pub(crate) fn clear(&mut self) {
        self.operations.clear();
        self.by_address.clear();
        self.recent.fill(Block::NONE);
    }
}

#[inline(always)]
fn place(address: u64) -> usize {
    (address ^ address >> 11) as usize % RECENT
}
