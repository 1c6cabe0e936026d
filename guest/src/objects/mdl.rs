//! MDLs in the form that the macros of wdm.h read: the pages of a buffer.
//!
//! After the structure come the numbers of the frames, one for each page.
//! Source: wdm.h, MDL and the macros around it.

use std::ops::Range;

use crate::guest::Guest;
use crate::memory::at;
use crate::processor::space::PAGE;

/// MdlFlags: the pages have an address in the system's address space.
pub(crate) const MAPPED: u16 = 0x0001;
/// MdlFlags: the pages are locked.
pub(crate) const LOCKED: u16 = 0x0002;
/// MdlFlags: the pages are nonpaged memory, which needs no lock.
pub(crate) const NONPAGED: u16 = 0x0004;
/// MdlFlags: the pages belong to another MDL.
pub(crate) const PARTIAL: u16 = 0x0010;
/// MdlFlags: the pages are locked for writing.
pub(crate) const FOR_WRITING: u16 = 0x0080;

/// The buffer that an MDL describes: less than 4 GiB, at any address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buffer {
    pub address: u64,
    pub bytes: u64,
}

impl Buffer {
    /// The addresses of the pages that hold the buffer. Addresses above 64 bits are left out.
    pub fn pages(&self) -> Range<u64> {
        let start = self.first_page();
        start..start.saturating_add(self.page_count() * PAGE)
    }

    /// How many pages hold the buffer.
    pub fn page_count(&self) -> u64 {
        (self.address % PAGE + self.bytes).div_ceil(PAGE)
    }

    /// An address in each page that holds the buffer: the first address of the buffer in that page.
    pub fn places(&self) -> impl Iterator<Item = u64> {
        let (address, start) = (self.address, self.first_page());
        (0..self.page_count()).map(move |index| match index {
            0 => address,
            index => start.wrapping_add(index * PAGE),
        })
    }

    fn first_page(&self) -> u64 {
        self.address / PAGE * PAGE
    }
}

impl Guest {
    /// The size in bytes of an MDL for a buffer, with the numbers of the frames.
    pub(crate) fn mdl_bytes(&self, buffer: &Buffer) -> u64 {
        u64::from(self.layout().mdl.size_of) + buffer.page_count() * self.pointer_bytes()
    }

    /// Fills in the structure of an MDL. The flags are 0, and the numbers of the frames are not
    /// written.
    pub(crate) fn write_mdl(&self, mdl: u64, buffer: &Buffer) {
        let fields = &self.layout().mdl;
        self.store_word(at(mdl, fields.next), 0);
        self.store_u16(at(mdl, fields.size), self.mdl_bytes(buffer) as u16);
        self.set_mdl_flags(mdl, 0);
        self.store_word(at(mdl, fields.start_va), buffer.first_page());
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

    /// The system's address for the pages of an MDL. An MDL has such an address while it is mapped.
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

    /// Writes the numbers of the frames behind pages. `places` has one address in each page. A page
    /// that does not exist gets 0.
    pub(crate) fn write_mdl_frames(&self, mdl: u64, places: impl Iterator<Item = u64>) {
        let mut field = self.mdl_frames(mdl);
        for place in places {
            self.store_word(field, self.frame_of(place).unwrap_or_default());
            field = field.wrapping_add(self.pointer_bytes());
        }
    }
}
