//! MDLs: the pages of a buffer, locked and mapped.
//!
//! The address space of the kernel has one mapping of each page. So the system's address for locked
//! pages is the address that the driver has already. Pages of paged memory stay in memory while
//! they are locked, at each IRQL.
//! Assumed: a driver does not compare the two addresses. At DISPATCH_LEVEL only the system's
//! address is safe on Windows. A driver that uses its own address at this level gets no report.
//!
//! When MmProbeAndLockPages raises an exception on Windows, the emulator raises a bug check. The
//! emulator does so for all exceptions.
//!
//! Source: WDK, Using MDLs and the pages of the routines.

use std::ops::Range;
use std::rc::Rc;

use portcls_emulator::{Irql, PhysicalRequest, PoolType, Rule};

use crate::guest::Guest;
use crate::memory::at;
use crate::objects::mdl::{Buffer, FOR_WRITING, LOCKED, MAPPED, NONPAGED, PARTIAL};
use crate::processor::space::PAGE;
use crate::routine::{Boolean, Call, Pointer, Routine, Word, row};
use crate::rules::{self, report_high_irql};
use crate::tables::bindings::Bound;
use crate::tables::pool_table::Fill;

pub(super) static ROUTINES: &[Routine] = &[
    row!("IoAllocateMdl", UpTo(DISPATCH_LEVEL), allocate_mdl),
    row!("IoFreeMdl", UpTo(DISPATCH_LEVEL), free_mdl),
    row!("MmAllocatePagesForMdl", UpTo(APC_LEVEL), allocate_pages_for_mdl),
    row!("MmBuildMdlForNonPagedPool", UpTo(DISPATCH_LEVEL), build_mdl_for_nonpaged_pool),
    row!("MmFreePagesFromMdl", UpTo(APC_LEVEL), free_pages_from_mdl),
    row!("MmMapLockedPages", UpTo(DISPATCH_LEVEL), map_locked_pages),
    row!("MmMapLockedPagesSpecifyCache", UpTo(DISPATCH_LEVEL), map_locked_pages_specify_cache),
    row!("MmProbeAndLockPages", ByKernel, probe_and_lock_pages),
    row!("MmUnlockPages", UpTo(DISPATCH_LEVEL), unlock_pages),
    row!("MmUnmapLockedPages", UpTo(DISPATCH_LEVEL), unmap_locked_pages),
];

/// The largest buffer of an MDL, in bytes. Source: WDK, IoAllocateMdl, for Windows 7 and later.
const LARGEST_BUFFER: u32 = u32::MAX - 4_095;

/// IoReadAccess of LOCK_OPERATION. The other two operations write.
const READ_ACCESS: u32 = 0;

/// KernelMode of KPROCESSOR_MODE.
const KERNEL_MODE: u8 = 0;

/// The pool tag of an MDL that the driver frees as pool. Assumed: any tag will do.
const TAG: [u8; 4] = *b"Mdl ";

/// An MDL of IoAllocateMdl. This object is bound to the address of the MDL.
struct AllocatedMdl {
    bytes: usize,
}

impl Bound for AllocatedMdl {
    fn left(&self) -> Option<&'static str> {
        Some("MDLs")
    }
}

/// The locked pages of an MDL. This object is bound to the address of the MDL's frames.
struct LockedPages {
    pages: Range<u64>,
}

impl Bound for LockedPages {
    fn left(&self) -> Option<&'static str> {
        Some("locked buffers")
    }
}

/// Pages that were allocated for an MDL. This object is bound to the address of the MDL's frames.
struct PagesOfMdl {
    address: u64,
}

impl Bound for PagesOfMdl {}

/// The pages of a [`PagesOfMdl`] once more. This object is bound to the address of the pages, so
/// that the leak report has the pages even if the driver has lost the MDL.
struct AllocatedPages {
    pages: u64,
}

impl Bound for AllocatedPages {
    fn left(&self) -> Option<&'static str> {
        Some("pages for an MDL")
    }
}

fn report(call: &Call<'_>, rule: &'static Rule, mdl: u64, what: &str) {
    let message = format!("{} of the MDL at {mdl:#x}, {what}", call.routine().name);
    call.kernel().report_violation(rule, &message);
}

/// Whether the pages of an MDL already stay in memory. If they do, this function reports that the
/// driver breaks a rule.
fn stays_in_memory(call: &Call<'_>, mdl: Pointer, flags: u16) -> bool {
    let stays = flags & (LOCKED | NONPAGED | PARTIAL) != 0;
    if stays {
        report(call, &rules::MDL_LOCKED_AGAIN, mdl.0, "whose pages are locked or nonpaged");
    }
    stays
}

/// `PMDL IoAllocateMdl(PVOID, ULONG, BOOLEAN SecondaryBuffer, BOOLEAN, PIRP)`
///
/// Assumed: the driver frees the MDLs that it puts into a request. For a request of its own, a
/// driver must free them.
fn allocate_mdl(
    call: &Call<'_>,
    address: Pointer,
    bytes: u32,
    secondary: Boolean,
    _charge_quota: Boolean,
    irp: Pointer,
) -> Pointer {
    let guest = call.guest();
    let buffer = Buffer { address: address.0, bytes: bytes.into() };
    if bytes > LARGEST_BUFFER || call.kernel().ask_allocation().is_err() {
        return Pointer::NULL;
    }
    let size = guest.mdl_bytes(&buffer) as usize;
    let Some(mdl) = guest.try_object_block(&vec![0; size]) else { return Pointer::NULL };
    guest.write_mdl(mdl, &buffer);
    guest.bind(mdl, Rc::new(AllocatedMdl { bytes: size }));
    if !irp.is_null() {
        let mut field = irp.at(guest.layout().irp.mdl_address);
        if secondary.is_true() {
            field = end_of_chain(guest, field);
        }
        guest.store_word(field, mdl);
    }
    Pointer(mdl)
}

/// The address of the last pointer in a chain of MDLs. This pointer is null. A chain may be a
/// circle, so the search ends after 65 536 MDLs.
fn end_of_chain(guest: &Guest, mut field: u64) -> u64 {
    for _ in 0..0x1_0000 {
        match guest.load_word(field) {
            0 => break,
            mdl => field = at(mdl, guest.layout().mdl.next),
        }
    }
    field
}

/// `VOID IoFreeMdl(PMDL)`
fn free_mdl(call: &Call<'_>, mdl: Pointer) {
    let guest = call.guest();
    let Some(allocated) = guest.bound::<AllocatedMdl>(mdl.0) else {
        report(call, &rules::NOT_AN_MDL, mdl.0, "which IoAllocateMdl did not give");
        return;
    };
    if guest.mdl_flags(mdl.0) & LOCKED != 0 {
        report(call, &rules::MDL_FREED_LOCKED, mdl.0, "whose pages are locked");
        unlock(guest, mdl.0);
    }
    guest.unbind(mdl.0);
    guest.free_object_block(mdl.0, allocated.bytes);
}

/// `VOID MmProbeAndLockPages(PMDL, KPROCESSOR_MODE, LOCK_OPERATION)`
fn probe_and_lock_pages(call: &Call<'_>, mdl: Pointer, _mode: u8, operation: u32) {
    let guest = call.guest();
    let flags = guest.mdl_flags(mdl.0);
    let buffer = guest.mdl_buffer(mdl.0);
    let is_pageable = buffer.places().any(|place| guest.0.vm.paging.holds(place));
    let limit = if is_pageable { Irql::APC_LEVEL } else { Irql::DISPATCH_LEVEL };
    if call.kernel().current_irql() > limit {
        report_high_irql(call.kernel(), limit, call.routine().name);
    }
    if stays_in_memory(call, mdl, flags) {
        return;
    }
    for place in buffer.places() {
        let byte = guest.load_u8(place);
        if operation != READ_ACCESS {
            guest.store_u8(place, byte);
        }
    }
    let pages = buffer.pages();
    guest.0.vm.paging.lock(guest.cpu().borrow_mut().memory_mut(), pages.clone());
    guest.write_mdl_frames(mdl.0, buffer.places());
    guest.store_word(mdl.at(guest.layout().mdl.process), 0);
    let writing = if operation == READ_ACCESS { 0 } else { FOR_WRITING };
    guest.set_mdl_flags(mdl.0, flags | LOCKED | writing);
    guest.bind(guest.mdl_frames(mdl.0), Rc::new(LockedPages { pages }));
}

/// `VOID MmUnlockPages(PMDL)`: also ends a mapping of the pages.
fn unlock_pages(call: &Call<'_>, mdl: Pointer) {
    let guest = call.guest();
    let flags = guest.mdl_flags(mdl.0);
    if flags & NONPAGED != 0 {
        report(call, &rules::MDL_NONPAGED_UNLOCKED, mdl.0, "whose pages are nonpaged");
    } else if flags & LOCKED == 0 {
        report(call, &rules::MDL_NOT_LOCKED, mdl.0, "whose pages are not locked");
    } else {
        unlock(guest, mdl.0);
    }
}

fn unlock(guest: &Guest, mdl: u64) {
    let frames = guest.mdl_frames(mdl);
    if let Some(locked) = guest.bound::<LockedPages>(frames) {
        guest.unbind(frames);
        guest.0.vm.paging.unlock(guest.cpu().borrow_mut().memory_mut(), &locked.pages);
    }
    guest.set_mdl_flags(mdl, guest.mdl_flags(mdl) & !(LOCKED | MAPPED | FOR_WRITING));
}

/// `VOID MmBuildMdlForNonPagedPool(PMDL)`
fn build_mdl_for_nonpaged_pool(call: &Call<'_>, mdl: Pointer) {
    let guest = call.guest();
    let buffer = guest.mdl_buffer(mdl.0);
    let flags = guest.mdl_flags(mdl.0);
    if buffer.places().any(|place| guest.0.vm.paging.holds(place)) {
        report(call, &rules::MDL_OF_PAGED_MEMORY, mdl.0, "whose buffer is pageable");
        return;
    }
    if stays_in_memory(call, mdl, flags) {
        return;
    }
    // A bad address is a bug check.
    buffer.places().for_each(|place| {
        guest.load_u8(place);
    });
    guest.write_mdl_frames(mdl.0, buffer.places());
    guest.store_word(mdl.at(guest.layout().mdl.process), 0);
    guest.set_mdl_system_address(mdl.0, buffer.address);
    guest.set_mdl_flags(mdl.0, flags | NONPAGED);
}

/// `PVOID MmMapLockedPages(PMDL, KPROCESSOR_MODE)`
fn map_locked_pages(call: &Call<'_>, mdl: Pointer, mode: u8) -> Pointer {
    map(call, mdl.0, mode)
}

/// `PVOID MmMapLockedPagesSpecifyCache(PMDL, KPROCESSOR_MODE, MEMORY_CACHING_TYPE, PVOID, ULONG,
/// ULONG Priority)`
///
/// Assumed: the type of caching and the flags in the priority make no difference.
fn map_locked_pages_specify_cache(
    call: &Call<'_>,
    mdl: Pointer,
    mode: u8,
    _caching: u32,
    _address: Pointer,
    _bug_check: u32,
    _priority: u32,
) -> Pointer {
    map(call, mdl.0, mode)
}

fn map(call: &Call<'_>, mdl: u64, mode: u8) -> Pointer {
    let guest = call.guest();
    if mode != KERNEL_MODE {
        call.kernel().unsupported("a mapping of pages into an application");
        return Pointer::NULL;
    }
    let flags = guest.mdl_flags(mdl);
    if flags & (MAPPED | NONPAGED) != 0 {
        report(call, &rules::MDL_MAPPED_AGAIN, mdl, "which has an address already");
        return Pointer(guest.mdl_system_address(mdl));
    }
    if flags & (LOCKED | PARTIAL) == 0 {
        report(call, &rules::MDL_MAPPED_UNLOCKED, mdl, "whose pages are not locked");
        return Pointer::NULL;
    }
    if call.kernel().ask_allocation().is_err() {
        return Pointer::NULL;
    }
    let address = match guest.bound::<PagesOfMdl>(guest.mdl_frames(mdl)) {
        Some(pages) => pages.address,
        None => guest.mdl_buffer(mdl).address,
    };
    guest.set_mdl_system_address(mdl, address);
    guest.set_mdl_flags(mdl, flags | MAPPED);
    Pointer(address)
}

/// `VOID MmUnmapLockedPages(PVOID, PMDL)`
fn unmap_locked_pages(call: &Call<'_>, address: Pointer, mdl: Pointer) {
    let guest = call.guest();
    let flags = guest.mdl_flags(mdl.0);
    if flags & MAPPED == 0 || guest.mdl_system_address(mdl.0) != address.0 {
        let what = format!("which is not mapped at {:#x}", address.0);
        report(call, &rules::MDL_NOT_MAPPED, mdl.0, &what);
        return;
    }
    guest.set_mdl_flags(mdl.0, flags & !MAPPED);
}

/// `PMDL MmAllocatePagesForMdl(PHYSICAL_ADDRESS Low, PHYSICAL_ADDRESS High, PHYSICAL_ADDRESS Skip,
/// SIZE_T)`: pages of zeros, which have no address before they are mapped.
///
/// The driver frees the pages, and then the MDL as pool.
/// Assumed: the routine gives all pages, which are contiguous, or no page. Windows may give fewer
/// pages than the driver wants.
fn allocate_pages_for_mdl(
    call: &Call<'_>,
    lowest: u64,
    highest: u64,
    _skip: u64,
    bytes: Word,
) -> Pointer {
    let guest = call.guest();
    let pages = bytes.0.div_ceil(PAGE);
    let buffer = Buffer { address: 0, bytes: pages.saturating_mul(PAGE) };
    if buffer.bytes > LARGEST_BUFFER.into() || call.kernel().ask_allocation().is_err() {
        return Pointer::NULL;
    }
    let request = PhysicalRequest { lowest, highest, ..PhysicalRequest::anywhere(buffer.bytes) };
    let Some(address) = guest.allocate_contiguous(&request, Some(0)) else { return Pointer::NULL };
    let size = guest.mdl_bytes(&buffer);
    let mdl = guest.allocate_pool(PoolType::NonPagedNx, size, TAG, Fill::Zero);
    if mdl == 0 {
        guest.free_contiguous(address, pages);
        return Pointer::NULL;
    }
    guest.write_mdl(mdl, &buffer);
    guest.set_mdl_flags(mdl, LOCKED);
    let backing = Buffer { address, bytes: buffer.bytes };
    guest.write_mdl_frames(mdl, backing.places());
    guest.bind(guest.mdl_frames(mdl), Rc::new(PagesOfMdl { address }));
    guest.bind(address, Rc::new(AllocatedPages { pages }));
    Pointer(mdl)
}

/// `VOID MmFreePagesFromMdl(PMDL)`
fn free_pages_from_mdl(call: &Call<'_>, mdl: Pointer) {
    let guest = call.guest();
    let frames = guest.mdl_frames(mdl.0);
    let found = guest.bound::<PagesOfMdl>(frames).and_then(|of_mdl| {
        Some((of_mdl.address, guest.bound::<AllocatedPages>(of_mdl.address)?.pages))
    });
    let Some((address, pages)) = found else {
        report(call, &rules::NOT_AN_MDL, mdl.0, "which MmAllocatePagesForMdl did not give");
        return;
    };
    guest.unbind(frames);
    guest.unbind(address);
    guest.free_contiguous(address, pages);
    guest.set_mdl_flags(mdl.0, guest.mdl_flags(mdl.0) & !(LOCKED | MAPPED));
}
