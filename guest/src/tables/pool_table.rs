//! The allocated and the freed pool blocks, and the pages for new blocks.
//!
//! A block has pages of its own, followed by an unmapped page. The pages of a freed block are not
//! used again for a long time, so that a use of a freed block can be recognised.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use portcls_emulator::{PoolBlock, PoolType};

use super::origin::Origin;
use crate::processor::space::{PAGE, Space, Upwards};

/// The number of freed blocks that are remembered. The pages of older blocks may be used again.
const REMEMBERED: usize = 4_096;

/// The content of a new block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Zeros.
    Zero,
    /// Garbage, the same in every block.
    Garbage,
}

/// A block that is allocated or freed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub address: u64,
    pub bytes: u64,
    pub tag: [u8; 4],
    /// The address of the block's first page.
    pub pages: u64,
    pub page_count: u64,
    pub pool: PoolType,
    /// The kernel's account of the block.
    pub accounted: PoolBlock,
    /// How the driver got the block.
    pub origin: Option<Origin>,
}

impl Block {
    /// The addresses of all pages of the block.
    pub fn page_range(&self) -> Range<u64> {
        self.pages..self.pages + self.page_count * PAGE
    }

    fn holds(&self, address: u64) -> bool {
        self.page_range().contains(&address)
    }

    /// The tag, as it reads in memory.
    pub fn tag_text(&self) -> String {
        self.tag.iter().map(|&byte| printable(byte)).collect()
    }

    /// The words by which a report names the block.
    pub fn describe(&self) -> String {
        let tag = self.tag_text();
        format!("the pool block '{tag}' of {} bytes at {:#x}", self.bytes, self.address)
    }
}

fn printable(byte: u8) -> char {
    if byte.is_ascii_graphic() { byte.into() } else { '.' }
}

/// The blocks of a guest.
#[derive(Debug)]
pub(crate) struct PoolTable {
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    nonpaged: Upwards,
    paged: Upwards,
    /// The allocated blocks by the address of the first page.
    blocks: BTreeMap<u64, Block>,
    freed: VecDeque<Block>,
    /// Ranges of pages that may be used again, oldest first: the address and the number of pages.
    reusable: VecDeque<(u64, u64)>,
}

impl PoolTable {
    pub fn new(space: &Space) -> PoolTable {
        PoolTable {
            state: RefCell::new(State {
                nonpaged: Upwards::new(&space.nonpaged_pool),
                paged: Upwards::new(&space.paged_pool),
                blocks: BTreeMap::new(),
                freed: VecDeque::new(),
                reusable: VecDeque::new(),
            }),
        }
    }

    /// Pages for a block, followed by an unmapped page; `None` when the pool is used up. Pages of
    /// freed blocks are used only when no new addresses are left.
    pub fn place(&self, pool: PoolType, pages: u64) -> Option<u64> {
        let mut state = self.state.borrow_mut();
        let range = match pool {
            PoolType::Paged => &mut state.paged,
            PoolType::NonPagedNx | PoolType::NonPagedExecute => &mut state.nonpaged,
        };
        if let Some(address) = range.take((pages + 1) * PAGE, PAGE) {
            return Some(address);
        }
        let index = state.reusable.iter().position(|(_, free)| *free >= pages)?;
        state.reusable.remove(index).map(|(address, _)| address)
    }

    /// Takes back pages that were placed and not used.
    pub fn give_back(&self, pages: u64, page_count: u64) {
        self.state.borrow_mut().reusable.push_back((pages, page_count));
    }

    /// Adds an allocated block.
    pub fn insert(&self, block: Block) {
        self.state.borrow_mut().blocks.insert(block.pages, block);
    }

    /// Moves a block to the freed blocks. If there are too many freed blocks, the table forgets the
    /// oldest block, and its pages may be used again.
    pub fn remove(&self, block: Block) {
        let mut state = self.state.borrow_mut();
        state.blocks.remove(&block.pages);
        state.freed.push_back(block);
        if state.freed.len() > REMEMBERED {
            let oldest = state.freed.pop_front();
            state.reusable.extend(oldest.map(|block| (block.pages, block.page_count)));
        }
    }

    /// The allocated block that begins at an address.
    pub fn block_at(&self, address: u64) -> Option<Block> {
        self.block_near(address).filter(|block| block.address == address)
    }

    /// The allocated block whose pages hold an address, or whose last page lies right before the
    /// page of the address.
    pub fn block_near(&self, address: u64) -> Option<Block> {
        let state = self.state.borrow();
        let (_, block) = state.blocks.range(..=address).next_back()?;
        (block.holds(address) || block.holds(address.wrapping_sub(PAGE))).then_some(*block)
    }

    /// All allocated blocks.
    pub fn blocks(&self) -> Vec<Block> {
        self.state.borrow().blocks.values().copied().collect()
    }

    /// The freed block whose pages held an address. If there were several such blocks, the result
    /// is the block that was freed last.
    pub fn freed_at(&self, address: u64) -> Option<Block> {
        self.state.borrow().freed.iter().rev().find(|block| block.holds(address)).copied()
    }
}

#[cfg(test)]
mod tests {
    use cpu_x86::Mode;
    use portcls_emulator::{Kernel, KernelConfig};

    use super::*;

    fn table() -> PoolTable {
        PoolTable::new(Space::of(Mode::Bits32))
    }

    /// Makes a block on a single page. The block ends at the end of the page.
    fn block(table: &PoolTable, bytes: u64) -> Block {
        let kernel = Kernel::new(KernelConfig::default());
        let pool = PoolType::NonPagedNx;
        let accounted = kernel.allocate_pool(pool, bytes as usize, *b"Tes\x01").expect("room");
        let pages = table.place(pool, 1).expect("room");
        let address = pages + PAGE - bytes;
        let tag = *b"Tes\x01";
        Block { address, bytes, tag, pages, page_count: 1, pool, accounted, origin: None }
    }

    #[test]
    fn a_block_is_known_on_its_pages_and_on_the_free_one_behind() {
        let table = table();
        let block = block(&table, 16);
        table.insert(block);
        let near = |address| table.block_near(address).map(|block| block.address);
        assert_eq!(near(block.pages), Some(block.address));
        assert_eq!(near(block.pages + 2 * PAGE - 1), Some(block.address));
        assert_eq!(near(block.pages + 2 * PAGE), None);
        assert_eq!(near(block.pages - 1), None);
        assert!(table.block_at(block.address).is_some());
        assert!(table.block_at(block.address + 1).is_none());
        assert_eq!(
            block.describe(),
            format!("the pool block 'Tes.' of 16 bytes at {:#x}", block.address)
        );
    }

    #[test]
    fn two_blocks_lie_a_free_page_apart() {
        let table = table();
        let (first, second) = (block(&table, 8), block(&table, 8));
        assert_eq!(second.pages, first.pages + 2 * PAGE);
    }

    #[test]
    fn a_freed_block_is_remembered_until_many_others_were_freed() {
        let table = table();
        let first = block(&table, 8);
        table.insert(first);
        table.remove(first);
        assert!(table.block_near(first.address).is_none());
        assert!(table.freed_at(first.pages).is_some());
        assert!(table.blocks().is_empty());
        let other = block(&table, 8);
        for _ in 0..REMEMBERED {
            table.remove(other);
        }
        assert!(table.freed_at(first.pages).is_none(), "it was the oldest");
    }

    #[test]
    fn pages_that_were_given_back_serve_when_the_range_is_used_up() {
        let table = table();
        let whole = 0xC000_0000_u64 - 0xB000_0000;
        let pages = table.place(PoolType::Paged, whole / PAGE - 1).expect("all of it");
        assert_eq!(table.place(PoolType::Paged, 1), None);
        table.give_back(pages, 3);
        assert_eq!(table.place(PoolType::Paged, 4), None);
        assert_eq!(table.place(PoolType::Paged, 2), Some(pages));
        assert_eq!(table.place(PoolType::Paged, 1), None);
    }
}
