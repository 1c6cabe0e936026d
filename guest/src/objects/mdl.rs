//! MDLs, as the macros of wdm.h read them: the pages of a buffer.
//!
//! Behind the structure stands the number of the frame of each page.
//! Source: wdm.h, MDL and the macros around it.

use std::ops::Range;

use cpu_x86::PAGE_BYTES;

use crate::guest::Guest;
use crate::memory::at;

const PAGE: u64 = PAGE_BYTES as u64;

/// MdlFlags: the pages have an address in the system's address space.
pub(crate) const MAPPED: u16 = 0x0001;
/// MdlFlags: the pages are locked.
pub(crate) const LOCKED: u16 = 0x0002;
/// MdlFlags: the pages are nonpaged memory, which needs no lock.
pub(crate) const NONPAGED: u16 = 0x0004;
/// MdlFlags: the pages are those of another MDL.
pub(crate) const PARTIAL: u16 = 0x0010;
/// MdlFlags: the pages are locked for writing.
pub(crate) const FOR_WRITING: u16 = 0x0080;

/// The buffer that an MDL describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buffer {
    pub address: u64,
    pub bytes: u64,
}

impl Buffer {
    /// The pages that hold the buffer. A buffer at a wild address ends with the address space.
    pub fn pages(&self) -> Range<u64> {
        let start = self.address / PAGE * PAGE;
        let end = self.address.saturating_add(self.bytes).checked_next_multiple_of(PAGE);
        start..end.unwrap_or(u64::MAX / PAGE * PAGE)
    }

    /// How many pages hold the buffer.
    pub fn page_count(&self) -> u64 {
        let pages = self.pages();
        (pages.end - pages.start) / PAGE
    }

    /// An address in each page that holds the buffer: the first one of the buffer in that page.
    pub fn places(&self) -> impl Iterator<Item = u64> {
        let first = self.address;
        self.pages().step_by(PAGE_BYTES).map(move |page| page.max(first))
    }
}

impl Guest {
    /// The size in bytes of an MDL for a buffer.
    pub(crate) fn mdl_bytes(&self, buffer: &Buffer) -> u64 {
        u64::from(self.layout().mdl.size_of) + buffer.page_count() * self.pointer_bytes()
    }

    /// Fills in an MDL that describes no pages yet.
    pub(crate) fn write_mdl(&self, mdl: u64, buffer: &Buffer) {
        let fields = &self.layout().mdl;
        self.store_word(at(mdl, fields.next), 0);
        self.store_u16(at(mdl, fields.size), self.mdl_bytes(buffer) as u16);
        self.set_mdl_flags(mdl, 0);
        self.store_word(at(mdl, fields.start_va), buffer.pages().start);
        self.store_u32(at(mdl, fields.byte_offset), (buffer.address % PAGE) as u32);
        self.store_u32(at(mdl, fields.byte_count), buffer.bytes as u32);
    }

    /// The buffer of an MDL: MmGetMdlVirtualAddress and MmGetMdlByteCount.
    pub(crate) fn mdl_buffer(&self, mdl: u64) -> Buffer {
        let fields = &self.layout().mdl;
        let start = self.load_word(at(mdl, fields.start_va));
        let offset = u64::from(self.load_u32(at(mdl, fields.byte_offset)));
        let bytes = u64::from(self.load_u32(at(mdl, fields.byte_count)));
        Buffer { address: start.wrapping_add(offset), bytes }
    }

    /// The flags of an MDL.
    pub(crate) fn mdl_flags(&self, mdl: u64) -> u16 {
        self.load_u16(at(mdl, self.layout().mdl.mdl_flags))
    }

    /// Sets the flags of an MDL.
    pub(crate) fn set_mdl_flags(&self, mdl: u64, flags: u16) {
        self.store_u16(at(mdl, self.layout().mdl.mdl_flags), flags);
    }

    /// The system's address for the pages of an MDL, which has one while it is mapped.
    pub(crate) fn mdl_system_address(&self, mdl: u64) -> u64 {
        self.load_word(at(mdl, self.layout().mdl.mapped_system_va))
    }

    /// Sets the system's address for the pages of an MDL.
    pub(crate) fn set_mdl_system_address(&self, mdl: u64, address: u64) {
        self.store_word(at(mdl, self.layout().mdl.mapped_system_va), address);
    }

    /// The address of the numbers of the frames: MmGetMdlPfnArray.
    pub(crate) fn mdl_frames(&self, mdl: u64) -> u64 {
        at(mdl, self.layout().mdl.size_of)
    }

    /// Writes the frames behind pages that are in memory, one of each address.
    pub(crate) fn write_mdl_frames(&self, mdl: u64, places: impl Iterator<Item = u64>) {
        let mut field = self.mdl_frames(mdl);
        for place in places {
            self.store_word(field, self.frame_of(place).unwrap_or_default());
            field = field.wrapping_add(self.pointer_bytes());
        }
    }
}
