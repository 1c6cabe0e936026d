//! Lookaside lists: the lists are the driver's own code, which calls the routines that lie in
//! the structure.
//!
//! Source: wdm.h, ExAllocateFromNPagedLookasideList, which compilers inline.

use portcls_emulator::Irql;

use super::interlocked::pop_slist;
use super::memory;
use crate::memory::at;
use crate::routine::{Call, Routine};

/// What a list allocates and frees with when the driver names no routines.
pub(crate) static ALLOCATE: Routine = Routine::stdcall(
    "ExAllocatePoolWithTag",
    3,
    Irql::HIGH_LEVEL,
    memory::ex_allocate_pool_with_tag,
);
pub(crate) static FREE: Routine =
    Routine::stdcall("ExFreePool", 1, Irql::HIGH_LEVEL, memory::ex_free_pool);

/// POOL_NX_ALLOCATION, the one flag that changes the type of the pool. Source: wdm.h.
const NOT_EXECUTABLE: u32 = 0x200;

/// The depths of a new list. Source: wdm.h; Assumed: the list is not tuned later, as Windows does.
const DEPTH: u16 = 4;
const MAXIMUM_DEPTH: u16 = 256;

/// `VOID ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST, PALLOCATE_FUNCTION,
/// PFREE_FUNCTION, ULONG, SIZE_T, ULONG, USHORT)`
pub(super) fn initialize(call: &Call<'_>) -> u64 {
    let (list, allocate, free) = (call.pointer(), call.pointer(), call.pointer());
    let (flags, size, tag, _depth) = (call.u32(), call.pointer(), call.u32(), call.u16());
    let guest = call.guest();
    let fields = &guest.layout().npaged_lookaside_list;
    let or = |given: u64, usual: &'static Routine| {
        if given == 0 { guest.thunk_of(usual) } else { given }
    };
    guest.store(list, &vec![0; fields.size_of as usize]);
    guest.store_u16(at(list, fields.l_depth), DEPTH);
    guest.store_u16(at(list, fields.l_maximum_depth), MAXIMUM_DEPTH);
    guest.store_u32(at(list, fields.l_type), flags & NOT_EXECUTABLE);
    guest.store_u32(at(list, fields.l_tag), tag);
    guest.store_u32(at(list, fields.l_size), size as u32);
    guest.store_word(at(list, fields.l_allocate), or(allocate, &ALLOCATE));
    guest.store_word(at(list, fields.l_free), or(free, &FREE));
    0
}

/// `VOID ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST)`: frees what the list keeps.
pub(super) fn delete(call: &Call<'_>) -> u64 {
    let list = call.pointer();
    let guest = call.guest();
    let free = guest.load_word(at(list, guest.layout().npaged_lookaside_list.l_free));
    let usual = guest.thunk_of(&FREE);
    while !call.kernel().is_frozen() {
        match pop_slist(guest, list) {
            0 => break,
            entry if free == usual => guest.free_pool(entry, None),
            entry => {
                guest.call(free, &[entry]);
            }
        }
    }
    0
}
