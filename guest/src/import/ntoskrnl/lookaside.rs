//! Lookaside lists, on which the driver's own inlined code works.
//!
//! This inlined code also calls the routines whose addresses are in the structure of the list.
//!
//! Source: wdm.h, ExAllocateFromNPagedLookasideList, which compilers inline.

use super::interlocked::pop_slist;
use super::memory;
use crate::routine::{Call, Pointer, Routine, Word, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("ExDeleteNPagedLookasideList", UpTo(DISPATCH_LEVEL), delete),
    row!("ExInitializeNPagedLookasideList", UpTo(DISPATCH_LEVEL), initialize),
];

/// The routines by which a list allocates and frees when the driver names no routines.
pub(crate) static ALLOCATE: Routine =
    row!("ExAllocatePoolWithTag", ByKernel, memory::ex_allocate_pool_with_tag);
pub(crate) static FREE: Routine = row!("ExFreePool", ByKernel, memory::ex_free_pool);

/// POOL_NX_ALLOCATION, the only flag that changes the type of the pool. Source: wdm.h.
const NOT_EXECUTABLE: u32 = 0x200;

/// The depths of a new list. Source: wdm.h. Windows tunes the depth later. Assumed: no driver
/// depends on it, so here it never changes.
const DEPTH: u16 = 4;
const MAXIMUM_DEPTH: u16 = 256;

/// `VOID ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST, PALLOCATE_FUNCTION,
/// PFREE_FUNCTION, ULONG, SIZE_T, ULONG, USHORT)`
fn initialize(
    call: &Call<'_>,
    list: Pointer,
    allocate: Pointer,
    free: Pointer,
    flags: u32,
    size: Word,
    tag: u32,
    _depth: u16,
) {
    let guest = call.guest();
    let fields = &guest.layout().npaged_lookaside_list;
    let or = |given: Pointer, usual: &'static Routine| {
        if given.is_null() { guest.thunk_of(usual) } else { given.0 }
    };
    guest.store(list.0, &vec![0; fields.size_of as usize]);
    guest.store_u16(list.at(fields.l_depth), DEPTH);
    guest.store_u16(list.at(fields.l_maximum_depth), MAXIMUM_DEPTH);
    guest.store_u32(list.at(fields.l_type), flags & NOT_EXECUTABLE);
    guest.store_u32(list.at(fields.l_tag), tag);
    guest.store_u32(list.at(fields.l_size), size.0 as u32);
    guest.store_word(list.at(fields.l_allocate), or(allocate, &ALLOCATE));
    guest.store_word(list.at(fields.l_free), or(free, &FREE));
}

/// `VOID ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST)`: frees what the list keeps.
fn delete(call: &Call<'_>, list: Pointer) {
    let guest = call.guest();
    let free = guest.load_word(list.at(guest.layout().npaged_lookaside_list.l_free));
    let usual = guest.thunk_of(&FREE);
    while !call.kernel().is_frozen() {
        match pop_slist(guest, list.0) {
            0 => break,
            entry if free == usual => guest.free_pool(entry, None),
            entry => {
                guest.call(free, &[entry]);
            }
        }
    }
}
