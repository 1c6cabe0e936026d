//! Pool and spin locks.

use std::rc::Rc;

use portcls_emulator::{Irql, PoolType, SpinLock};

use crate::guest::Guest;
use crate::objects::pool::pool_type;
use crate::routine::{Call, Pointer, Routine, Word, row};
use crate::tables::bindings::Bound;
use crate::tables::pool_table::Fill;

pub(super) static ROUTINES: &[Routine] = &[
    row!("ExAllocatePool", ByKernel, ex_allocate_pool),
    row!("ExAllocatePool2", ByKernel, ex_allocate_pool_2),
    row!("ExAllocatePoolWithTag", ByKernel, ex_allocate_pool_with_tag),
    row!("ExFreePool", ByKernel, ex_free_pool),
    row!("ExFreePoolWithTag", ByKernel, ex_free_pool_with_tag),
    row!("KeAcquireSpinLockAtDpcLevel", ByKernel, acquire_spin_lock_at_dpc_level),
    row!("KeAcquireSpinLockRaiseToDpc", ByKernel, acquire_spin_lock),
    row!("KeInitializeSpinLock", ByKernel, initialize_spin_lock),
    row!("KeReleaseSpinLock", ByKernel, release_spin_lock),
    row!("KeReleaseSpinLockFromDpcLevel", ByKernel, release_spin_lock_from_dpc_level),
    row!("KefAcquireSpinLockAtDpcLevel", ByKernel, acquire_spin_lock_at_dpc_level).fastcall(),
    row!("KefReleaseSpinLockFromDpcLevel", ByKernel, release_spin_lock_from_dpc_level).fastcall(),
    row!("KfAcquireSpinLock", ByKernel, acquire_spin_lock).fastcall(),
    row!("KfReleaseSpinLock", ByKernel, release_spin_lock).fastcall(),
];

/// The tag that the routines without a tag use. Source: WDK, ExAllocatePool.
const NO_TAG: [u8; 4] = *b"None";

/// POOL_FLAGS of ExAllocatePool2. Source: wdm.h.
const POOL_FLAG_UNINITIALIZED: u64 = 0x2;
const POOL_FLAG_NON_PAGED: u64 = 0x40;
const POOL_FLAG_NON_PAGED_EXECUTE: u64 = 0x80;
const POOL_FLAG_PAGED: u64 = 0x100;

/// `PVOID ExAllocatePool(POOL_TYPE, SIZE_T)`
fn ex_allocate_pool(call: &Call<'_>, pool: u32, bytes: Word) -> Pointer {
    allocate(call, pool_type(pool), bytes, NO_TAG, Fill::Garbage)
}

/// `PVOID ExAllocatePoolWithTag(POOL_TYPE, SIZE_T, ULONG)`
pub(super) fn ex_allocate_pool_with_tag(
    call: &Call<'_>,
    pool: u32,
    bytes: Word,
    tag: u32,
) -> Pointer {
    allocate(call, pool_type(pool), bytes, tag.to_le_bytes(), Fill::Garbage)
}

/// `PVOID ExAllocatePool2(POOL_FLAGS, SIZE_T, ULONG)`: the pool is zeroed unless a flag says
/// otherwise. The result is null for flags that name no pool or more than one pool.
fn ex_allocate_pool_2(call: &Call<'_>, flags: u64, bytes: Word, tag: u32) -> Pointer {
    let pools = POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED;
    let pool = match flags & pools {
        POOL_FLAG_NON_PAGED => PoolType::NonPagedNx,
        POOL_FLAG_NON_PAGED_EXECUTE => PoolType::NonPagedExecute,
        POOL_FLAG_PAGED => PoolType::Paged,
        _ => return Pointer::NULL,
    };
    let fill = if flags & POOL_FLAG_UNINITIALIZED == 0 { Fill::Zero } else { Fill::Garbage };
    allocate(call, pool, bytes, tag.to_le_bytes(), fill)
}

fn allocate(call: &Call<'_>, pool: PoolType, bytes: Word, tag: [u8; 4], fill: Fill) -> Pointer {
    Pointer(call.guest().allocate_pool(pool, bytes.0, tag, fill))
}

/// `VOID ExFreePool(PVOID)`
pub(super) fn ex_free_pool(call: &Call<'_>, block: Pointer) {
    call.guest().free_pool(block.0, None);
}

/// `VOID ExFreePoolWithTag(PVOID, ULONG)`: a tag of 0 matches any tag.
fn ex_free_pool_with_tag(call: &Call<'_>, block: Pointer, tag: u32) {
    call.guest().free_pool(block.0, (tag != 0).then_some(tag.to_le_bytes()));
}

impl Bound for SpinLock {}

/// The lock at an address. A lock that was never initialised works, whatever its memory holds. On
/// Windows such a lock works when its memory is zero, because the routine that initialises a lock
/// only writes a zero.
fn spin_lock(guest: &Guest, address: Pointer) -> Rc<SpinLock> {
    guest.bound(address.0).unwrap_or_else(|| {
        let lock = Rc::new(SpinLock::new());
        guest.bind(address.0, lock.clone());
        lock
    })
}

/// `VOID KeInitializeSpinLock(PKSPIN_LOCK)`
fn initialize_spin_lock(call: &Call<'_>, address: Pointer) {
    call.guest().store_word(address.0, 0);
    call.guest().bind(address.0, Rc::new(SpinLock::new()));
}

/// `KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK)`
fn acquire_spin_lock(call: &Call<'_>, address: Pointer) -> Irql {
    let lock = spin_lock(call.guest(), address);
    let old = call.kernel().acquire_spin_lock(&lock);
    call.guest().store_word(address.0, 1);
    old
}

/// `VOID KeReleaseSpinLock(PKSPIN_LOCK, KIRQL)`
fn release_spin_lock(call: &Call<'_>, address: Pointer, old: Irql) {
    let lock = spin_lock(call.guest(), address);
    call.guest().store_word(address.0, 0);
    call.kernel().release_spin_lock(&lock, old);
}

/// `VOID KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK)`
fn acquire_spin_lock_at_dpc_level(call: &Call<'_>, address: Pointer) {
    let lock = spin_lock(call.guest(), address);
    call.kernel().acquire_spin_lock_at_dpc_level(&lock);
    call.guest().store_word(address.0, 1);
}

/// `VOID KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK)`
fn release_spin_lock_from_dpc_level(call: &Call<'_>, address: Pointer) {
    let lock = spin_lock(call.guest(), address);
    call.guest().store_word(address.0, 0);
    call.kernel().release_spin_lock_from_dpc_level(&lock);
}
