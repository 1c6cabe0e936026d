//! Guest memory: pages with rights, behind a translation cache.
//!
//! The translation cache lets an access through only if the access is allowed and the page has no
//! watchpoint. For a store, the page must also be marked as changed, and must have no cached code.
//! So the comparison of one page number replaces these checks. Every other access takes the slow
//! way in `memory/checked.rs`. Snapshots share the layout and the saved copies of pages.

mod checked;
mod saved;

use std::sync::Arc;

use crate::pages::{Copies, Frame, Layout, MapError, PAGE_BYTES, PAGE_LIMIT, Page, Rights};
use crate::stop::{Access, Fault};

pub(crate) use saved::SavedMemory;

/// How many translations the cache keeps; a power of two.
const TRANSLATIONS: usize = 256;

/// A number that no page has: page numbers have 52 bits.
const NO_PAGE: u64 = u64::MAX;

/// The memory of the guest.
#[derive(Debug)]
pub struct Memory {
    /// The rights and the slot of each page. The slot is an index in `frames` and `slots`.
    /// Snapshots share this layout.
    layout: Arc<Layout>,
    /// The bytes that each slot held at its last save. Snapshots share these copies.
    copies: Copies,
    watchpoints: Vec<Watchpoint>,

    frames: Vec<Frame>,
    slots: Vec<Slot>,
    /// Slots to which the guest or the host has written since the last save.
    changed_slots: Vec<u32>,
    translations: [Translation; TRANSLATIONS],
    /// Why the last access was refused.
    fault: Option<Fault>,
    /// Whether the run loop must look at the memory before the next instruction.
    attention: bool,
    /// Pages whose decoded code does not agree with memory any more.
    stale_code: Vec<u64>,
    watch_hit: Option<(u64, Access)>,
}

/// A translation in the cache. `read` is the number of the page if a read needs no checks, and
/// `NO_PAGE` otherwise. `write` says the same for a write.
#[derive(Debug, Clone, Copy)]
struct Translation {
    read: u64,
    write: u64,
    slot: u32,
}

/// What the memory knows of a page besides its bytes and rights.
#[derive(Debug, Clone, Default)]
struct Slot {
    /// The page number at which the slot is mapped.
    page: u64,
    state: SlotState,
    /// Which bytes the decode cache has decoded: one bit for each byte.
    code: Option<Box<CodeMap>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum SlotState {
    /// Unchanged since the last save.
    #[default]
    Saved,
    /// Written since the last save.
    Changed,
}

type CodeMap = [u64; PAGE_BYTES / 64];

/// A watched range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watchpoint {
    /// The first byte.
    pub address: u64,
    /// The number of bytes.
    pub length: u64,
    /// The access to report: `Read` for loads only, `Write` for stores only. An instruction that
    /// loads, changes and stores a value does both.
    pub access: Access,
}

/// The result of a load or store that did not happen; the memory has the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused;

impl Memory {
    /// Memory in which nothing is mapped.
    pub(crate) fn new() -> Memory {
        Memory {
            layout: Arc::default(),
            copies: Copies::new(),
            watchpoints: Vec::new(),
            frames: Vec::new(),
            slots: Vec::new(),
            changed_slots: Vec::new(),
            translations: [Translation { read: NO_PAGE, write: NO_PAGE, slot: 0 }; TRANSLATIONS],
            fault: None,
            attention: false,
            stale_code: Vec::new(),
            watch_hit: None,
        }
    }

    /// Maps pages that are filled with zeros.
    ///
    /// # Errors
    /// When the range does not consist of whole pages or overlaps a mapped page, or when more than
    /// [`PAGE_LIMIT`] pages would be mapped. In these cases nothing changes.
    pub fn map(&mut self, address: u64, length: u64, rights: Rights) -> Result<(), MapError> {
        let pages = page_numbers(address, length)?;
        if let Some((&page, _)) = self.layout.pages.range(pages.clone()).next() {
            return Err(MapError::Overlap { address: page << 12 });
        }
        if self.layout.pages.len() as u64 + (pages.end - pages.start) > PAGE_LIMIT as u64 {
            return Err(MapError::Full);
        }
        for page in pages {
            let slot = self.take_slot(page);
            Arc::make_mut(&mut self.layout).pages.insert(page, Page { slot, rights });
        }
        Ok(())
    }

    /// Changes the rights of mapped pages.
    ///
    /// # Errors
    /// When the range does not consist of whole pages, or when a page is not mapped. In these cases
    /// nothing changes.
    pub fn protect(&mut self, address: u64, length: u64, rights: Rights) -> Result<(), MapError> {
        for page in self.mapped_range(address, length)? {
            let layout = Arc::make_mut(&mut self.layout);
            if let Some(entry) = layout.pages.get_mut(&page) {
                entry.rights = rights;
                let slot = entry.slot;
                self.forget_page(page, slot);
            }
        }
        Ok(())
    }

    /// Unmaps pages.
    ///
    /// # Errors
    /// When the range does not consist of whole pages, or when a page is not mapped. In these cases
    /// nothing changes.
    pub fn unmap(&mut self, address: u64, length: u64) -> Result<(), MapError> {
        for page in self.mapped_range(address, length)? {
            let layout = Arc::make_mut(&mut self.layout);
            if let Some(entry) = layout.pages.remove(&page) {
                layout.free.push(entry.slot);
                self.forget_page(page, entry.slot);
            }
        }
        Ok(())
    }

    /// The rights of the page that holds an address, or `None` if no page is mapped there.
    pub fn rights(&self, address: u64) -> Option<Rights> {
        self.layout.pages.get(&(address >> 12)).map(|page| page.rights)
    }

    /// How many pages are mapped.
    pub fn page_count(&self) -> usize {
        self.layout.pages.len()
    }

    /// Watches a range of addresses. The run stops after an instruction that touches the range.
    pub fn add_watchpoint(&mut self, watchpoint: Watchpoint) {
        self.watchpoints.push(watchpoint);
        self.forget_translations();
    }

    /// Removes a watchpoint. Returns `true` if there was such a watchpoint.
    pub fn remove_watchpoint(&mut self, watchpoint: Watchpoint) -> bool {
        let before = self.watchpoints.len();
        self.watchpoints.retain(|held| *held != watchpoint);
        self.forget_translations();
        self.watchpoints.len() != before
    }

    /// Loads `N` bytes as an instruction does.
    #[inline(always)]
    pub(crate) fn load<const N: usize>(&mut self, address: u64) -> Result<[u8; N], Refused> {
        let page = address >> 12;
        let offset = address as usize % PAGE_BYTES;
        let known = self.translations[page as usize % TRANSLATIONS];
        if known.read == page
            && offset <= PAGE_BYTES - N
            && let Some(frame) = self.frames.get(known.slot as usize)
        {
            return Ok(take(frame, offset));
        }
        let mut bytes = [0; N];
        self.load_checked(address, &mut bytes)?;
        Ok(bytes)
    }

    /// Stores `N` bytes as an instruction does.
    #[inline(always)]
    pub(crate) fn store<const N: usize>(
        &mut self,
        address: u64,
        bytes: [u8; N],
    ) -> Result<(), Refused> {
        let page = address >> 12;
        let offset = address as usize % PAGE_BYTES;
        let known = self.translations[page as usize % TRANSLATIONS];
        if known.write == page
            && offset <= PAGE_BYTES - N
            && let Some(frame) = self.frames.get_mut(known.slot as usize)
        {
            frame[offset..offset + N].copy_from_slice(&bytes);
            return Ok(());
        }
        self.store_checked(address, &bytes)
    }

    /// Replaces `N` bytes by the result of `change`. `change` runs only if the guest may write to
    /// the page. The load needs no right to read. A refused access has the fault of a write.
    #[inline(always)]
    pub(crate) fn modify<const N: usize>(
        &mut self,
        address: u64,
        change: impl FnOnce([u8; N]) -> [u8; N],
    ) -> Result<(), Refused> {
        let page = address >> 12;
        let offset = address as usize % PAGE_BYTES;
        let known = self.translations[page as usize % TRANSLATIONS];
        if known.write == page
            && offset <= PAGE_BYTES - N
            && let Some(frame) = self.frames.get_mut(known.slot as usize)
        {
            let bytes = change(take(frame, offset));
            frame[offset..offset + N].copy_from_slice(&bytes);
            return Ok(());
        }
        let mut bytes = [0; N];
        self.check(address, N, Access::Write)?;
        self.load_checked_as(address, &mut bytes, Access::Write)?;
        self.store_checked(address, &change(bytes))
    }

    /// Copies elements upwards, from one page to one page, if both pages need no checks and the
    /// ranges do not overlap. Returns the number of copied elements, at most `limit`.
    pub(crate) fn copy_freely(&mut self, from: u64, to: u64, limit: u64, bytes: u64) -> u64 {
        let (source, target) = (self.known(from), self.known(to));
        if source.read != from >> 12 || target.write != to >> 12 {
            return 0;
        }
        let (first, second) = (from as usize % PAGE_BYTES, to as usize % PAGE_BYTES);
        let room = (PAGE_BYTES - first.max(second)) as u64 / bytes;
        let elements = room.min(limit);
        let length = (elements * bytes) as usize;
        let (from_slot, to_slot) = (source.slot as usize, target.slot as usize);
        if from_slot == to_slot {
            if first.abs_diff(second) < length {
                return 0;
            }
            self.frames[to_slot].copy_within(first..first + length, second);
        } else if let Ok([source, target]) = self.frames.get_disjoint_mut([from_slot, to_slot]) {
            target[second..second + length].copy_from_slice(&source[first..first + length]);
        }
        elements
    }

    /// Fills elements upwards within one page, if the page needs no checks. Returns the number of
    /// filled elements, at most `limit`.
    pub(crate) fn fill_freely(&mut self, to: u64, element: &[u8], limit: u64) -> u64 {
        let target = self.known(to);
        if target.write != to >> 12 {
            return 0;
        }
        let offset = to as usize % PAGE_BYTES;
        let room = (PAGE_BYTES - offset) / element.len();
        let elements = (room as u64).min(limit);
        let length = elements as usize * element.len();
        for place in self.frames[target.slot as usize][offset..offset + length]
            .chunks_exact_mut(element.len())
        {
            place.copy_from_slice(element);
        }
        elements
    }

    #[inline(always)]
    fn known(&self, address: u64) -> Translation {
        self.translations[(address >> 12) as usize % TRANSLATIONS]
    }

    /// Whether the run loop must look at the memory before the next instruction.
    #[inline(always)]
    pub(crate) fn wants_attention(&self) -> bool {
        self.attention
    }

    /// Returns the pages with stale code and the watchpoint that was hit, and clears both.
    pub(crate) fn take_attention(&mut self) -> (Vec<u64>, Option<(u64, Access)>) {
        self.attention = false;
        (std::mem::take(&mut self.stale_code), self.watch_hit.take())
    }

    /// Returns why the last access was refused, and clears the reason. Also forgets that a
    /// watchpoint was hit.
    pub(crate) fn take_fault(&mut self) -> Option<Fault> {
        self.watch_hit = None;
        self.fault.take()
    }

    /// Notes a refusal that the instruction itself has found, such as a misaligned address.
    pub(crate) fn refuse(&mut self, fault: Fault) -> Refused {
        self.fault = Some(fault);
        Refused
    }

    fn mapped_range(&self, address: u64, length: u64) -> Result<std::ops::Range<u64>, MapError> {
        let pages = page_numbers(address, length)?;
        let mut expected = pages.start;
        for (&page, _) in self.layout.pages.range(pages.clone()) {
            if page != expected {
                break;
            }
            expected += 1;
        }
        if expected == pages.end {
            Ok(pages)
        } else {
            Err(MapError::NotMapped { address: expected << 12 })
        }
    }

    /// Takes a free or a new slot and fills it with zeros.
    fn take_slot(&mut self, page: u64) -> u32 {
        let layout = Arc::make_mut(&mut self.layout);
        let slot = layout.free.pop().unwrap_or_else(|| {
            layout.first_new += 1;
            layout.first_new - 1
        });
        let index = slot as usize;
        self.grow(slot + 1);
        self.frames[index].fill(0);
        self.slots[index] = Slot { page, ..Slot::default() };
        self.copies.save_zero(slot);
        slot
    }

    /// Makes room for at least this many slots.
    fn grow(&mut self, slots: u32) {
        let slots = self.frames.len().max(slots as usize);
        self.frames.resize(slots, [0; PAGE_BYTES]);
        self.slots.resize(slots, Slot::default());
    }

    /// Forgets what the caches have of one page: its translation and its decoded code.
    fn forget_page(&mut self, page: u64, slot: u32) {
        let known = &mut self.translations[page as usize % TRANSLATIONS];
        if known.slot == slot {
            (known.read, known.write) = (NO_PAGE, NO_PAGE);
        }
        self.forget_code(slot);
    }

    fn forget_code(&mut self, slot: u32) {
        let slot = &mut self.slots[slot as usize];
        if slot.code.take().is_some() {
            self.stale_code.push(slot.page);
            self.attention = true;
        }
    }

    fn forget_translations(&mut self) {
        for known in &mut self.translations {
            (known.read, known.write) = (NO_PAGE, NO_PAGE);
        }
    }
}

#[inline(always)]
fn take<const N: usize>(frame: &Frame, offset: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&frame[offset..offset + N]);
    bytes
}

fn page_numbers(address: u64, length: u64) -> Result<std::ops::Range<u64>, MapError> {
    let page = PAGE_BYTES as u64;
    let unaligned = !address.is_multiple_of(page) || !length.is_multiple_of(page);
    // The range may end with the last page of the address space. So the end is compared by page
    // numbers.
    let (first, count) = (address / page, length / page);
    if unaligned || first + count > 1 << 52 {
        return Err(MapError::Unaligned { address, length });
    }
    Ok(first..first + count)
}
