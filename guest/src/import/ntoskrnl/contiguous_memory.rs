//! Contiguous memory and physical addresses.
//!
//! The kernel hands out contiguous memory, and `tables/physical_table.rs` says which physical
//! address a page has.
//! Source: WDK, the pages of the routines.

use std::rc::Rc;

use portcls_emulator::PhysicalRequest;

use crate::processor::space::PAGE;
use crate::routine::{Call, Pointer, Routine, Word, row};
use crate::rules::NOT_CONTIGUOUS_MEMORY;
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("MmAllocateContiguousMemory", UpTo(DISPATCH_LEVEL), allocate_contiguous_memory),
    row!(
        "MmAllocateContiguousMemorySpecifyCache",
        UpTo(DISPATCH_LEVEL),
        allocate_contiguous_memory_specify_cache,
    ),
    row!("MmFreeContiguousMemory", UpTo(DISPATCH_LEVEL), free_contiguous_memory),
    row!(
        "MmFreeContiguousMemorySpecifyCache",
        UpTo(DISPATCH_LEVEL),
        free_contiguous_memory_specify_cache,
    ),
    row!("MmGetPhysicalAddress", UpTo(HIGH_LEVEL), get_physical_address),
];

/// A contiguous block of the driver.
struct ContiguousBlock {
    pages: u64,
}

impl Bound for ContiguousBlock {
    fn left(&self) -> Option<&'static str> {
        Some("blocks of contiguous memory")
    }
}

/// `PVOID MmAllocateContiguousMemory(SIZE_T, PHYSICAL_ADDRESS Highest)`
fn allocate_contiguous_memory(call: &Call<'_>, bytes: Word, highest: u64) -> Pointer {
    allocate(call, bytes, 0, highest, 0)
}

/// `PVOID MmAllocateContiguousMemorySpecifyCache(SIZE_T, PHYSICAL_ADDRESS Lowest, PHYSICAL_ADDRESS
/// Highest, PHYSICAL_ADDRESS Boundary, MEMORY_CACHING_TYPE)`
///
/// Assumed: the type of caching makes no difference.
fn allocate_contiguous_memory_specify_cache(
    call: &Call<'_>,
    bytes: Word,
    lowest: u64,
    highest: u64,
    boundary: u64,
    _caching: u32,
) -> Pointer {
    allocate(call, bytes, lowest, highest, boundary)
}

fn allocate(call: &Call<'_>, bytes: Word, lowest: u64, highest: u64, boundary: u64) -> Pointer {
    let guest = call.guest();
    if call.kernel().ask_allocation().is_err() {
        return Pointer::NULL;
    }
    let pages = bytes.0.div_ceil(PAGE);
    let request = PhysicalRequest { lowest, highest, ..PhysicalRequest::anywhere(bytes.0) };
    let Some(address) = guest.allocate_contiguous(&request.within(boundary), None) else {
        return Pointer::NULL;
    };
    guest.bind(address, Rc::new(ContiguousBlock { pages }));
    Pointer(address)
}

/// `VOID MmFreeContiguousMemory(PVOID)`
fn free_contiguous_memory(call: &Call<'_>, address: Pointer) {
    let guest = call.guest();
    let Some(block) = guest.bound::<ContiguousBlock>(address.0) else {
        let name = call.routine().name;
        let message = format!("{name} of {:#x}, where no contiguous block begins", address.0);
        call.kernel().report_violation(&NOT_CONTIGUOUS_MEMORY, &message);
        return;
    };
    guest.unbind(address.0);
    guest.free_contiguous(address.0, block.pages);
}

/// `VOID MmFreeContiguousMemorySpecifyCache(PVOID, SIZE_T, MEMORY_CACHING_TYPE)`
fn free_contiguous_memory_specify_cache(
    call: &Call<'_>,
    address: Pointer,
    _bytes: Word,
    _caching: u32,
) {
    free_contiguous_memory(call, address);
}

/// `PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID)`: 0 for an address without memory.
fn get_physical_address(call: &Call<'_>, address: Pointer) -> u64 {
    call.guest().physical_address(address.0).unwrap_or(0)
}
