//! The layout of pages and rights, and the copies that snapshots share.
//!
//! A *slot* is the number of a page's place in host memory. The layout maps page numbers to slots.
//! The copies have what each slot held at its last save. Snapshots share the layout and the copies.
//! A memory that changes its layout or its copies first makes a private copy of the part that it
//! changes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bitflags::bitflags;

/// The size of a page.
pub const PAGE_BYTES: usize = 4096;

/// At most this number of pages can be mapped at once: 256 MiB, far more than a driver needs.
pub const PAGE_LIMIT: usize = 65_536;

/// One page of host memory.
pub(crate) type Frame = [u8; PAGE_BYTES];

bitflags! {
    /// The rights of a page.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Rights: u8 {
        /// Loads.
        const READ = 1;
        /// Stores.
        const WRITE = 2;
        /// Instruction fetches.
        const EXECUTE = 4;
        /// Every access faults as `FaultKind::Guard`, even if the other rights allow it. So the
        /// user can tell an overrun into a guard page from a wild pointer.
        const GUARD = 8;
    }
}

/// Why pages could not be mapped, protected or unmapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapError {
    /// The address or the length is not a multiple of the page size, or the range wraps around.
    Unaligned {
        /// The address given.
        address: u64,
        /// The length given.
        length: u64,
    },
    /// A page of the range is mapped already.
    Overlap {
        /// The address of the first such page.
        address: u64,
    },
    /// A page of the range is not mapped.
    NotMapped {
        /// The address of the first such page.
        address: u64,
    },
    /// More than [`PAGE_LIMIT`] pages.
    Full,
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MapError::Unaligned { address, length } => write!(
                f,
                "range {address:#x}, length {length:#x}: both must be multiples of {PAGE_BYTES:#x} \
                 and the range must not wrap around"
            ),
            MapError::Overlap { address } => write!(f, "page {address:#x} is mapped already"),
            MapError::NotMapped { address } => write!(f, "page {address:#x} is not mapped"),
            MapError::Full => write!(f, "more than {PAGE_LIMIT} pages: unmap some first"),
        }
    }
}

impl std::error::Error for MapError {}

/// One mapped page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) slot: u32,
    pub(crate) rights: Rights,
}

/// The place of each page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    /// The pages by page number. A page number is the address without its low 12 bits.
    pub(crate) pages: BTreeMap<u64, Page>,
    /// Slots below `first_new` that hold no page.
    pub(crate) free: Vec<u32>,
    /// The first slot that was never used.
    pub(crate) first_new: u32,
}

/// How many copies are in one part of the table of copies.
const CHUNK: usize = 32;

/// What every slot held at its last save.
///
/// The table has several parts, and snapshots share each part until it changes. So saving one page
/// copies one part and not the whole table.
#[derive(Debug, Clone)]
pub(crate) struct Copies {
    zero: Arc<[u8]>,
    chunks: Vec<Arc<[Arc<[u8]>; CHUNK]>>,
}

impl Copies {
    pub(crate) fn new() -> Copies {
        Copies { zero: Arc::from([0; PAGE_BYTES].as_slice()), chunks: Vec::new() }
    }

    /// Saves what a slot holds now.
    pub(crate) fn save(&mut self, slot: u32, frame: &Frame) {
        self.put(slot, Arc::from(frame.as_slice()));
    }

    /// Saves that a slot is all zero.
    pub(crate) fn save_zero(&mut self, slot: u32) {
        let zero = Arc::clone(&self.zero);
        self.put(slot, zero);
    }

    /// What a slot held at its last save. A slot that was never saved is all zero.
    pub(crate) fn get(&self, slot: u32) -> &[u8] {
        let slot = slot as usize;
        self.chunks.get(slot / CHUNK).map_or(&self.zero, |chunk| &chunk[slot % CHUNK])
    }

    /// Calls `changed` for every slot whose copy is not shared with `other`. The contents of two
    /// copies are not compared.
    pub(crate) fn differences(&self, other: &Copies, mut changed: impl FnMut(u32)) {
        for piece in 0..self.chunks.len().max(other.chunks.len()) {
            let (here, there) = (self.chunks.get(piece), other.chunks.get(piece));
            if let (Some(here), Some(there)) = (here, there)
                && Arc::ptr_eq(here, there)
            {
                continue;
            }
            let first = (piece * CHUNK) as u32;
            for slot in first..first + CHUNK as u32 {
                if !std::ptr::eq(self.get(slot), other.get(slot)) {
                    changed(slot);
                }
            }
        }
    }

    fn put(&mut self, slot: u32, copy: Arc<[u8]>) {
        let slot = slot as usize;
        while self.chunks.len() <= slot / CHUNK {
            let zeros = std::array::from_fn(|_| Arc::clone(&self.zero));
            self.chunks.push(Arc::new(zeros));
        }
        let chunk = &mut self.chunks[slot / CHUNK];
        if !Arc::ptr_eq(&chunk[slot % CHUNK], &copy) {
            Arc::make_mut(chunk)[slot % CHUNK] = copy;
        }
    }
}
