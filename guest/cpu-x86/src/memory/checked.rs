//! The slow way of an access: rights, watchpoints, code pages.
//!
//! The accesses by the host are also here.

use std::ops::Range;

use super::{CodeMap, Memory, NO_PAGE, Refused, SlotState, TRANSLATIONS, Translation, Watchpoint};
use crate::pages::{PAGE_BYTES, Page, Rights};
use crate::stop::{Access, Fault, FaultKind};

/// The part of an access that lies in one page.
#[derive(Debug, Clone, Copy)]
struct Piece {
    page: u64,
    offset: usize,
    /// Where the part starts and ends within the access.
    start: usize,
    end: usize,
}

impl Memory {
    /// Reads with the rights of the guest.
    ///
    /// # Errors
    /// The fault that an instruction would get.
    #[inline]
    pub fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), Fault> {
        let (known, offset) = (self.known(address), address as usize % PAGE_BYTES);
        if known.read == address >> 12
            && let Some(source) = self.frames[known.slot as usize].get(offset..offset + bytes.len())
        {
            bytes.copy_from_slice(source);
            return Ok(());
        }
        self.read_slowly(address, bytes)
    }

    #[inline(never)]
    fn read_slowly(&self, address: u64, bytes: &mut [u8]) -> Result<(), Fault> {
        self.check_rights(address, bytes.len(), Access::Read)?;
        self.peek(address, bytes)
    }

    /// Writes with the rights of the guest. The method writes either all bytes or none.
    ///
    /// # Errors
    /// The fault that an instruction would get.
    #[inline]
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        let (known, offset) = (self.known(address), address as usize % PAGE_BYTES);
        if known.write == address >> 12
            && let Some(target) =
                self.frames[known.slot as usize].get_mut(offset..offset + bytes.len())
        {
            target.copy_from_slice(bytes);
            return Ok(());
        }
        self.write_slowly(address, bytes)
    }

    #[inline(never)]
    fn write_slowly(&mut self, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        self.check_rights(address, bytes.len(), Access::Write)?;
        self.poke(address, bytes)
    }

    /// Reads like a debugger, and ignores rights and guard pages.
    ///
    /// # Errors
    /// `FaultKind::NotMapped` with the first address that is not mapped.
    pub fn peek(&self, address: u64, bytes: &mut [u8]) -> Result<(), Fault> {
        for piece in pieces(address, bytes.len()) {
            let page = self.mapped(piece, Access::Read)?;
            let frame = &self.frames[page.slot as usize];
            let length = piece.end - piece.start;
            bytes[piece.start..piece.end]
                .copy_from_slice(&frame[piece.offset..piece.offset + length]);
        }
        Ok(())
    }

    /// Writes like a loader or a debugger: ignores rights and guard pages, and hits no watchpoint.
    /// The method writes either all bytes or none.
    ///
    /// # Errors
    /// `FaultKind::NotMapped` with the first address that is not mapped.
    pub fn poke(&mut self, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        for piece in pieces(address, bytes.len()) {
            self.mapped(piece, Access::Write)?;
        }
        for piece in pieces(address, bytes.len()) {
            let page = self.mapped(piece, Access::Write)?;
            self.put(piece, page, &bytes[piece.start..piece.end]);
        }
        Ok(())
    }

    /// Copies instruction bytes until `bytes` is full, or up to the first byte that has no right to
    /// be executed.
    ///
    /// # Errors
    /// The fault that the fetch of the first byte gets.
    pub(crate) fn fetch(&self, address: u64, bytes: &mut [u8]) -> Result<usize, Fault> {
        let mut length = 0;
        for piece in pieces(address, bytes.len()) {
            match self.allowed(piece, Access::Execute) {
                Ok(page) => {
                    let frame = &self.frames[page.slot as usize];
                    let size = piece.end - piece.start;
                    bytes[piece.start..piece.end]
                        .copy_from_slice(&frame[piece.offset..piece.offset + size]);
                    length = piece.end;
                }
                Err(fault) if length == 0 => return Err(fault),
                Err(_) => break,
            }
        }
        Ok(length)
    }

    /// Notes that the decode cache has these bytes, so that a write to these bytes removes the
    /// blocks of the page from the cache.
    pub(crate) fn mark_code(&mut self, address: u64, length: usize) {
        for piece in pieces(address, length) {
            let Some(page) = self.layout.pages.get(&piece.page).copied() else { continue };
            let slot = &mut self.slots[page.slot as usize];
            let code = slot.code.get_or_insert_with(|| Box::new([0; PAGE_BYTES / 64]));
            for (word, mask) in words(piece.offset..piece.offset + (piece.end - piece.start)) {
                code[word] |= mask;
            }
            self.stop_free_writes(piece.page);
        }
    }

    /// Loads what the translation cache has refused.
    #[cold]
    pub(super) fn load_checked(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), Refused> {
        self.load_checked_as(address, bytes, Access::Read)
    }

    /// Loads as a part of `access`, whose right the page must have: `Read`, or `Write` for a
    /// read-modify-write.
    #[cold]
    pub(super) fn load_checked_as(
        &mut self,
        address: u64,
        bytes: &mut [u8],
        access: Access,
    ) -> Result<(), Refused> {
        self.check(address, bytes.len(), access)?;
        for piece in pieces(address, bytes.len()) {
            let page = self.mapped(piece, access).map_err(|fault| self.refuse(fault))?;
            let frame = &self.frames[page.slot as usize];
            let length = piece.end - piece.start;
            bytes[piece.start..piece.end]
                .copy_from_slice(&frame[piece.offset..piece.offset + length]);
            if page.rights.contains(Rights::READ) && !self.is_watched(piece.page) {
                self.remember(piece.page, page.slot).read = piece.page;
            }
        }
        self.note_watched(address, bytes.len(), Access::Read);
        Ok(())
    }

    /// Stores what the translation cache has refused.
    #[cold]
    pub(super) fn store_checked(&mut self, address: u64, bytes: &[u8]) -> Result<(), Refused> {
        self.check(address, bytes.len(), Access::Write)?;
        for piece in pieces(address, bytes.len()) {
            let page = self.mapped(piece, Access::Write).map_err(|fault| self.refuse(fault))?;
            self.put(piece, page, &bytes[piece.start..piece.end]);
            if self.is_watched(piece.page) {
                continue;
            }
            let has_code = self.slots[page.slot as usize].code.is_some();
            let known = self.remember(piece.page, page.slot);
            if !has_code {
                known.write = piece.page;
            }
            if page.rights.contains(Rights::READ) {
                known.read = piece.page;
            }
        }
        self.note_watched(address, bytes.len(), Access::Write);
        Ok(())
    }

    /// Checks whether an access is allowed, without doing it. If it is not, notes the fault.
    pub(crate) fn check(
        &mut self,
        address: u64,
        length: usize,
        access: Access,
    ) -> Result<(), Refused> {
        self.check_rights(address, length, access).map_err(|fault| self.refuse(fault))
    }

    fn check_rights(&self, address: u64, length: usize, access: Access) -> Result<(), Fault> {
        pieces(address, length).try_for_each(|piece| self.allowed(piece, access).map(|_| ()))
    }

    fn mapped(&self, piece: Piece, access: Access) -> Result<Page, Fault> {
        self.layout
            .pages
            .get(&piece.page)
            .copied()
            .ok_or_else(|| fault_at(piece, access, FaultKind::NotMapped))
    }

    fn allowed(&self, piece: Piece, access: Access) -> Result<Page, Fault> {
        let page = self.mapped(piece, access)?;
        let wanted = match access {
            Access::Read => Rights::READ,
            Access::Write => Rights::WRITE,
            Access::Execute => Rights::EXECUTE,
        };
        if page.rights.contains(Rights::GUARD) {
            Err(fault_at(piece, access, FaultKind::Guard))
        } else if page.rights.contains(wanted) {
            Ok(page)
        } else {
            Err(fault_at(piece, access, FaultKind::Rights))
        }
    }

    /// Writes a part and marks its page as changed. If code was decoded from the bytes, marks the
    /// decoded code of the page as stale.
    fn put(&mut self, piece: Piece, page: Page, bytes: &[u8]) {
        let slot = &mut self.slots[page.slot as usize];
        if slot.state == SlotState::Saved {
            slot.state = SlotState::Changed;
            self.changed_slots.push(page.slot);
        }
        let range = piece.offset..piece.offset + bytes.len();
        let hits_code = slot.code.as_deref().is_some_and(|code| overlaps(code, range.clone()));
        self.frames[page.slot as usize][range].copy_from_slice(bytes);
        if hits_code {
            self.forget_code(page.slot);
        }
    }

    fn remember(&mut self, page: u64, slot: u32) -> &mut Translation {
        let known = &mut self.translations[page as usize % TRANSLATIONS];
        if known.read != page && known.write != page {
            *known = Translation { read: NO_PAGE, write: NO_PAGE, slot };
        }
        known
    }

    pub(super) fn stop_free_writes(&mut self, page: u64) {
        let known = &mut self.translations[page as usize % TRANSLATIONS];
        if known.write == page {
            known.write = NO_PAGE;
        }
    }

    fn is_watched(&self, page: u64) -> bool {
        self.watchpoints.iter().any(|watchpoint| {
            let last = last_byte(watchpoint);
            watchpoint.address >> 12 <= page && page <= last >> 12
        })
    }

    fn note_watched(&mut self, address: u64, length: usize, access: Access) {
        let end = address.wrapping_add(length as u64 - 1);
        let hit = self.watchpoints.iter().find(|watchpoint| {
            watchpoint.access == access
                && address <= last_byte(watchpoint)
                && watchpoint.address <= end
        });
        if let Some(hit) = hit {
            self.watch_hit.get_or_insert((address.max(hit.address), access));
            self.attention = true;
        }
    }
}

fn last_byte(watchpoint: &Watchpoint) -> u64 {
    watchpoint.address.saturating_add(watchpoint.length.saturating_sub(1))
}

fn fault_at(piece: Piece, access: Access, kind: FaultKind) -> Fault {
    Fault { address: piece.page << 12 | piece.offset as u64, access, kind }
}

fn overlaps(code: &CodeMap, range: Range<usize>) -> bool {
    words(range).any(|(word, mask)| code[word] & mask != 0)
}

/// The words of a code map that hold a range of bytes, and the bits of the range in each word.
fn words(range: Range<usize>) -> impl Iterator<Item = (usize, u64)> {
    (range.start / 64..range.end.div_ceil(64)).map(move |word| {
        let first = range.start.saturating_sub(word * 64);
        let unused = ((word + 1) * 64).saturating_sub(range.end);
        (word, u64::MAX >> unused >> first << first)
    })
}

/// Cuts an access at page boundaries; addresses wrap around at the top.
fn pieces(address: u64, length: usize) -> impl Iterator<Item = Piece> {
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= length {
            return None;
        }
        let at = address.wrapping_add(start as u64);
        let offset = at as usize % PAGE_BYTES;
        let end = length.min(start + PAGE_BYTES - offset);
        let piece = Piece { page: at >> 12, offset, start, end };
        start = end;
        Some(piece)
    })
}
