//! Interlocked numbers and lists: nothing can come between, for a routine is one step.
//!
//! Source: WDK, the pages of the routines; wdm.h for the layout of SLIST_HEADER.

use crate::guest::Guest;
use crate::routine::Call;

/// Changes a LONG and returns what was there and what is there now.
fn change(call: &Call<'_>, address: u64, change: impl FnOnce(u32) -> u32) -> (u32, u32) {
    let guest = call.guest();
    let old = guest.load_u32(address);
    let new = change(old);
    guest.store_u32(address, new);
    (old, new)
}

/// `LONG InterlockedIncrement(LONG *)`
pub(super) fn increment(call: &Call<'_>) -> u64 {
    u64::from(change(call, call.pointer(), |old| old.wrapping_add(1)).1)
}

/// `LONG InterlockedDecrement(LONG *)`
pub(super) fn decrement(call: &Call<'_>) -> u64 {
    u64::from(change(call, call.pointer(), |old| old.wrapping_sub(1)).1)
}

/// `LONG InterlockedExchange(LONG *, LONG)`
pub(super) fn exchange(call: &Call<'_>) -> u64 {
    let (address, new) = (call.pointer(), call.u32());
    u64::from(change(call, address, |_| new).0)
}

/// `LONG InterlockedExchangeAdd(LONG *, LONG)`
pub(super) fn exchange_add(call: &Call<'_>) -> u64 {
    let (address, more) = (call.pointer(), call.u32());
    u64::from(change(call, address, |old| old.wrapping_add(more)).0)
}

/// `LONG InterlockedCompareExchange(LONG *, LONG Exchange, LONG Comparand)`
pub(super) fn compare_exchange(call: &Call<'_>) -> u64 {
    let (address, new, comparand) = (call.pointer(), call.u32(), call.u32());
    u64::from(change(call, address, |old| if old == comparand { new } else { old }).0)
}

/// Where an end of a list entry leads to.
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

/// The first entry of a list, 0 of an empty one.
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

/// `PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY, PLIST_ENTRY, PKSPIN_LOCK)`: the entry
/// that was first before, null if there was none.
pub(super) fn insert_head_list(call: &Call<'_>) -> u64 {
    let (head, entry, _lock) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest();
    let old = first(guest, head);
    insert(guest, entry, head, guest.load_word(link(guest, head, Link::Forward)));
    old
}

/// `PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY, PLIST_ENTRY, PKSPIN_LOCK)`: the entry
/// that was last before, null if there was none.
pub(super) fn insert_tail_list(call: &Call<'_>) -> u64 {
    let (head, entry, _lock) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest();
    let old = guest.load_word(link(guest, head, Link::Backward));
    insert(guest, entry, old, head);
    if old == head { 0 } else { old }
}

/// `PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY, PKSPIN_LOCK)`
pub(super) fn remove_head_list(call: &Call<'_>) -> u64 {
    let (head, _lock) = (call.pointer(), call.pointer());
    let guest = call.guest();
    let entry = first(guest, head);
    if entry != 0 {
        let next = guest.load_word(link(guest, entry, Link::Forward));
        guest.store_word(link(guest, head, Link::Forward), next);
        guest.store_word(link(guest, next, Link::Backward), head);
    }
    entry
}

/// Where the pointer to the first entry of an SLIST_HEADER is, and the 16 bits of its depth.
fn slist_fields(guest: &Guest, head: u64) -> (u64, u64) {
    match guest.pointer_bytes() {
        8 => (head.wrapping_add(8), head),
        _ => (head, head.wrapping_add(4)),
    }
}

/// On x64 the low bits of the pointer say that the header is one of 16 bytes.
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

/// Takes the first entry of an SLIST, 0 of an empty one.
pub(super) fn pop_slist(guest: &Guest, head: u64) -> u64 {
    let entry = slist_first(guest, head);
    if entry != 0 {
        set_slist_first(guest, head, guest.load_word(entry), -1);
    }
    entry
}

/// `PSLIST_ENTRY InterlockedPopEntrySList(PSLIST_HEADER)`
pub(super) fn pop_entry_slist(call: &Call<'_>) -> u64 {
    pop_slist(call.guest(), call.pointer())
}

/// `PSLIST_ENTRY ExInterlockedPopEntrySList(PSLIST_HEADER, PKSPIN_LOCK)`
pub(super) fn pop_entry_slist_locked(call: &Call<'_>) -> u64 {
    let (head, _lock) = (call.pointer(), call.pointer());
    pop_slist(call.guest(), head)
}

/// `PSLIST_ENTRY InterlockedPushEntrySList(PSLIST_HEADER, PSLIST_ENTRY)`: the entry that was
/// first before.
pub(super) fn push_entry_slist(call: &Call<'_>) -> u64 {
    let (head, entry) = (call.pointer(), call.pointer());
    push_slist(call.guest(), head, entry)
}

/// `PSLIST_ENTRY ExInterlockedPushEntrySList(PSLIST_HEADER, PSLIST_ENTRY, PKSPIN_LOCK)`
pub(super) fn push_entry_slist_locked(call: &Call<'_>) -> u64 {
    let (head, entry, _lock) = (call.pointer(), call.pointer(), call.pointer());
    push_slist(call.guest(), head, entry)
}

fn push_slist(guest: &Guest, head: u64, entry: u64) -> u64 {
    let old = slist_first(guest, head);
    guest.store_word(entry, old);
    set_slist_first(guest, head, entry, 1);
    old
}

/// `USHORT ExQueryDepthSList(PSLIST_HEADER)`
pub(super) fn query_depth_slist(call: &Call<'_>) -> u64 {
    let guest = call.guest();
    u64::from(guest.load_u16(slist_fields(guest, call.pointer()).1))
}
