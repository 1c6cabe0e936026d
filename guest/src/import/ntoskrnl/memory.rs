//! Pool and spin locks.

use std::rc::Rc;

use portcls_emulator::{Irql, PoolType, SpinLock};

use crate::guest::Guest;
use crate::routine::Call;
use crate::tables::bindings::Bound;
use crate::tables::pool_table::Fill;

/// Which pool a POOL_TYPE means. Source: wdm.h: bit 0 is paged, bit 9 not executable.
fn pool_type(value: u32) -> PoolType {
    match (value & 1, value & 0x200) {
        (1, _) => PoolType::Paged,
        (_, 0) => PoolType::NonPagedExecute,
        _ => PoolType::NonPagedNx,
    }
}

/// The tag of the routines without one. Source: WDK, ExAllocatePool.
const NO_TAG: [u8; 4] = *b"None";

/// POOL_FLAGS of ExAllocatePool2. Source: wdm.h.
const POOL_FLAG_UNINITIALIZED: u64 = 0x2;
const POOL_FLAG_NON_PAGED: u64 = 0x40;
const POOL_FLAG_NON_PAGED_EXECUTE: u64 = 0x80;
const POOL_FLAG_PAGED: u64 = 0x100;

/// `PVOID ExAllocatePool(POOL_TYPE, SIZE_T)`
pub(super) fn ex_allocate_pool(call: &Call<'_>) -> u64 {
    let (pool, bytes) = (pool_type(call.u32()), call.pointer());
    call.guest().allocate_pool(pool, bytes, NO_TAG, Fill::Garbage)
}

/// `PVOID ExAllocatePoolWithTag(POOL_TYPE, SIZE_T, ULONG)`
pub(super) fn ex_allocate_pool_with_tag(call: &Call<'_>) -> u64 {
    let (pool, bytes, tag) = (pool_type(call.u32()), call.pointer(), call.u32());
    call.guest().allocate_pool(pool, bytes, tag.to_le_bytes(), Fill::Garbage)
}

/// `PVOID ExAllocatePool2(POOL_FLAGS, SIZE_T, ULONG)`: zeroed unless told not to; null for flags
/// that name no pool.
pub(super) fn ex_allocate_pool_2(call: &Call<'_>) -> u64 {
    let (flags, bytes, tag) = (call.u64(), call.pointer(), call.u32());
    let pools = POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED;
    let pool = match flags & pools {
        POOL_FLAG_NON_PAGED => PoolType::NonPagedNx,
        POOL_FLAG_NON_PAGED_EXECUTE => PoolType::NonPagedExecute,
        POOL_FLAG_PAGED => PoolType::Paged,
        _ => return 0,
    };
    let fill = if flags & POOL_FLAG_UNINITIALIZED == 0 { Fill::Zero } else { Fill::Garbage };
    call.guest().allocate_pool(pool, bytes, tag.to_le_bytes(), fill)
}

/// `VOID ExFreePool(PVOID)`
pub(super) fn ex_free_pool(call: &Call<'_>) -> u64 {
    call.guest().free_pool(call.pointer(), None);
    0
}

/// `VOID ExFreePoolWithTag(PVOID, ULONG)`; a tag of 0 is any tag.
pub(super) fn ex_free_pool_with_tag(call: &Call<'_>) -> u64 {
    let (address, tag) = (call.pointer(), call.u32());
    call.guest().free_pool(address, (tag != 0).then_some(tag.to_le_bytes()));
    0
}

impl Bound for SpinLock {}

/// The lock at an address. A lock that was never initialised works when its memory is zero, as
/// on Windows: initialising one does nothing else.
fn spin_lock(guest: &Guest, address: u64) -> Rc<SpinLock> {
    guest.bound(address).unwrap_or_else(|| {
        let lock = Rc::new(SpinLock::new());
        guest.bind(address, lock.clone());
        lock
    })
}

/// `VOID KeInitializeSpinLock(PKSPIN_LOCK)`
pub(super) fn initialize_spin_lock(call: &Call<'_>) -> u64 {
    let address = call.pointer();
    call.guest().store_word(address, 0);
    call.guest().bind(address, Rc::new(SpinLock::new()));
    0
}

/// `KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK)`
pub(super) fn acquire_spin_lock(call: &Call<'_>) -> u64 {
    let address = call.pointer();
    let lock = spin_lock(call.guest(), address);
    let old = call.kernel().acquire_spin_lock(&lock);
    call.guest().store_word(address, 1);
    u64::from(old.0)
}

/// `VOID KeReleaseSpinLock(PKSPIN_LOCK, KIRQL)`
pub(super) fn release_spin_lock(call: &Call<'_>) -> u64 {
    let (address, old) = (call.pointer(), Irql(call.u8()));
    let lock = spin_lock(call.guest(), address);
    call.guest().store_word(address, 0);
    call.kernel().release_spin_lock(&lock, old);
    0
}

/// `VOID KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK)`
pub(super) fn acquire_spin_lock_at_dpc_level(call: &Call<'_>) -> u64 {
    let address = call.pointer();
    let lock = spin_lock(call.guest(), address);
    call.kernel().acquire_spin_lock_at_dpc_level(&lock);
    call.guest().store_word(address, 1);
    0
}

/// `VOID KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK)`
pub(super) fn release_spin_lock_from_dpc_level(call: &Call<'_>) -> u64 {
    let address = call.pointer();
    let lock = spin_lock(call.guest(), address);
    call.guest().store_word(address, 0);
    call.kernel().release_spin_lock_from_dpc_level(&lock);
    0
}
