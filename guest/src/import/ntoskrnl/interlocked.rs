//! Interlocked numbers and lists: no interrupt comes inside a routine.
//!
//! Source: WDK, the pages of the routines; wdm.h for the layout of SLIST_HEADER.

use crate::guest::Guest;
use crate::routine::{Call, Pointer, Routine, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("ExInterlockedInsertHeadList", ByKernel, insert_head_list),
    row!("ExInterlockedInsertTailList", ByKernel, insert_tail_list),
    row!("ExInterlockedPopEntrySList", ByKernel, pop_entry_slist_locked).fastcall(),
    row!("ExInterlockedPushEntrySList", ByKernel, push_entry_slist_locked).fastcall(),
    row!("ExInterlockedRemoveHeadList", ByKernel, remove_head_list),
    row!("ExQueryDepthSList", ByKernel, query_depth_slist),
    row!("ExfInterlockedInsertHeadList", ByKernel, insert_head_list).fastcall(),
    row!("ExfInterlockedInsertTailList", ByKernel, insert_tail_list).fastcall(),
    row!("ExfInterlockedRemoveHeadList", ByKernel, remove_head_list).fastcall(),
    row!("ExpInterlockedPopEntrySList", ByKernel, pop_entry_slist),
    row!("ExpInterlockedPushEntrySList", ByKernel, push_entry_slist),
    row!("InterlockedCompareExchange", ByKernel, compare_exchange).fastcall(),
    row!("InterlockedDecrement", ByKernel, decrement).fastcall(),
    row!("InterlockedExchange", ByKernel, exchange).fastcall(),
    row!("InterlockedExchangeAdd", ByKernel, exchange_add).fastcall(),
    row!("InterlockedIncrement", ByKernel, increment).fastcall(),
    row!("InterlockedPopEntrySList", ByKernel, pop_entry_slist).fastcall(),
    row!("InterlockedPushEntrySList", ByKernel, push_entry_slist).fastcall(),
];

/// Changes a LONG and returns the old and the new value.
fn change(call: &Call<'_>, address: Pointer, change: impl FnOnce(u32) -> u32) -> (u32, u32) {
    let guest = call.guest();
    let old = guest.load_u32(address.0);
    let new = change(old);
    guest.store_u32(address.0, new);
    (old, new)
}

/// `LONG InterlockedIncrement(LONG *)`
fn increment(call: &Call<'_>, number: Pointer) -> u32 {
    change(call, number, |old| old.wrapping_add(1)).1
}

/// `LONG InterlockedDecrement(LONG *)`
fn decrement(call: &Call<'_>, number: Pointer) -> u32 {
    change(call, number, |old| old.wrapping_sub(1)).1
}

/// `LONG InterlockedExchange(LONG *, LONG)`
fn exchange(call: &Call<'_>, number: Pointer, new: u32) -> u32 {
    change(call, number, |_| new).0
}

/// `LONG InterlockedExchangeAdd(LONG *, LONG)`
fn exchange_add(call: &Call<'_>, number: Pointer, more: u32) -> u32 {
    change(call, number, |old| old.wrapping_add(more)).0
}

/// `LONG InterlockedCompareExchange(LONG *, LONG Exchange, LONG Comparand)`
fn compare_exchange(call: &Call<'_>, number: Pointer, new: u32, comparand: u32) -> u32 {
    change(call, number, |old| if old == comparand { new } else { old }).0
}

/// One of the two pointers in a list entry.
#[derive(Clone, Copy)]
enum Link {
    Forward,
    Backward,
}

fn link(guest: &Guest, entry: u64, link: Link) -> u64 {
    let fields = &guest.layout().list_entry;
    entry.wrapping_add(u64::from(match link {
        Link::Forward => fields.flink,
        Link::Backward => fields.blink,
    }))
}

/// The first entry of a list, or 0 if the list is empty.
fn first(guest: &Guest, head: u64) -> u64 {
    let first = guest.load_word(link(guest, head, Link::Forward));
    if first == head { 0 } else { first }
}

/// Puts an entry between two neighbours.
fn insert(guest: &Guest, entry: u64, before: u64, behind: u64) {
    guest.store_word(link(guest, entry, Link::Backward), before);
    guest.store_word(link(guest, entry, Link::Forward), behind);
    guest.store_word(link(guest, before, Link::Forward), entry);
    guest.store_word(link(guest, behind, Link::Backward), entry);
}

/// `PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY, PLIST_ENTRY, PKSPIN_LOCK)`: returns the
/// entry that was first before the call, or null if the list was empty.
fn insert_head_list(
    call: &Call<'_>,
    Pointer(head): Pointer,
    Pointer(entry): Pointer,
    _lock: Pointer,
) -> Pointer {
    let guest = call.guest();
    let old = first(guest, head);
    insert(guest, entry, head, guest.load_word(link(guest, head, Link::Forward)));
    Pointer(old)
}

/// `PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY, PLIST_ENTRY, PKSPIN_LOCK)`: returns the
/// entry that was last before the call, or null if the list was empty.
fn insert_tail_list(
    call: &Call<'_>,
    Pointer(head): Pointer,
    Pointer(entry): Pointer,
    _lock: Pointer,
) -> Pointer {
    let guest = call.guest();
    let old = guest.load_word(link(guest, head, Link::Backward));
    insert(guest, entry, old, head);
    if old == head { Pointer::NULL } else { Pointer(old) }
}

/// `PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY, PKSPIN_LOCK)`
fn remove_head_list(call: &Call<'_>, Pointer(head): Pointer, _lock: Pointer) -> Pointer {
    let guest = call.guest();
    let entry = first(guest, head);
    if entry != 0 {
        let next = guest.load_word(link(guest, entry, Link::Forward));
        guest.store_word(link(guest, head, Link::Forward), next);
        guest.store_word(link(guest, next, Link::Backward), head);
    }
    Pointer(entry)
}

/// The addresses of two fields of an SLIST_HEADER: the pointer to the first entry, and the 16-bit
/// depth.
fn slist_fields(guest: &Guest, head: u64) -> (u64, u64) {
    match guest.pointer_bytes() {
        8 => (head.wrapping_add(8), head),
        _ => (head, head.wrapping_add(4)),
    }
}

/// On x64 the low four bits of the word that points to the first entry do not belong to the
/// pointer. They say that the header has 16 bytes.
const SLIST_FLAGS: u64 = 0xF;

fn slist_first(guest: &Guest, head: u64) -> u64 {
    let word = guest.load_word(slist_fields(guest, head).0);
    if guest.pointer_bytes() == 8 { word & !SLIST_FLAGS } else { word }
}

fn set_slist_first(guest: &Guest, head: u64, entry: u64, deeper: i16) {
    let (first, depth) = slist_fields(guest, head);
    guest.store_word(first, entry);
    guest.store_u16(depth, guest.load_u16(depth).wrapping_add_signed(deeper));
}

/// Removes the first entry of an SLIST and returns it; 0 if the list is empty.
pub(super) fn pop_slist(guest: &Guest, head: u64) -> u64 {
    let entry = slist_first(guest, head);
    if entry != 0 {
        set_slist_first(guest, head, guest.load_word(entry), -1);
    }
    entry
}

/// `PSLIST_ENTRY InterlockedPopEntrySList(PSLIST_HEADER)`
fn pop_entry_slist(call: &Call<'_>, head: Pointer) -> Pointer {
    Pointer(pop_slist(call.guest(), head.0))
}

/// `PSLIST_ENTRY ExInterlockedPopEntrySList(PSLIST_HEADER, PKSPIN_LOCK)`
fn pop_entry_slist_locked(call: &Call<'_>, head: Pointer, _lock: Pointer) -> Pointer {
    pop_entry_slist(call, head)
}

/// `PSLIST_ENTRY InterlockedPushEntrySList(PSLIST_HEADER, PSLIST_ENTRY)`: returns the entry that
/// was first before the call, or null if the list was empty.
fn push_entry_slist(call: &Call<'_>, Pointer(head): Pointer, Pointer(entry): Pointer) -> Pointer {
    let guest = call.guest();
    let old = slist_first(guest, head);
    guest.store_word(entry, old);
    set_slist_first(guest, head, entry, 1);
    Pointer(old)
}

/// `PSLIST_ENTRY ExInterlockedPushEntrySList(PSLIST_HEADER, PSLIST_ENTRY, PKSPIN_LOCK)`
fn push_entry_slist_locked(
    call: &Call<'_>,
    head: Pointer,
    entry: Pointer,
    _lock: Pointer,
) -> Pointer {
    push_entry_slist(call, head, entry)
}

/// `USHORT ExQueryDepthSList(PSLIST_HEADER)`
fn query_depth_slist(call: &Call<'_>, head: Pointer) -> u16 {
    let guest = call.guest();
    guest.load_u16(slist_fields(guest, head.0).1)
}
