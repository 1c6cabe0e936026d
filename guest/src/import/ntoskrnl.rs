//! `ntoskrnl.exe`: the kernel.

use cpu_x86::Mode;
use portcls_emulator::{Irql, PoolType, SpinLock};

use super::{Module, Variable};
use crate::binding::Bound;
use crate::guest::Guest;
use crate::pool::Fill;
use crate::routine::{Call, Routine};

/// The table.
pub(super) static MODULE: Module = Module {
    names: &["ntoskrnl.exe", "ntkrnlpa.exe", "ntkrnlmp.exe"],
    routines: &[
        Routine::stdcall("ExAllocatePoolWithTag", 3, Irql::HIGH_LEVEL, ex_allocate_pool_with_tag),
        Routine::stdcall("ExFreePoolWithTag", 2, Irql::HIGH_LEVEL, ex_free_pool_with_tag),
        Routine::stdcall("KeAcquireSpinLockRaiseToDpc", 1, Irql::HIGH_LEVEL, acquire_spin_lock),
        Routine::stdcall("KeInitializeSpinLock", 1, Irql::HIGH_LEVEL, initialize_spin_lock),
        Routine::stdcall("KeReleaseSpinLock", 2, Irql::HIGH_LEVEL, release_spin_lock),
        Routine::fastcall("KfAcquireSpinLock", 1, Irql::HIGH_LEVEL, acquire_spin_lock),
        Routine::fastcall("KfReleaseSpinLock", 2, Irql::HIGH_LEVEL, release_spin_lock),
    ],
    variables: &[Variable { name: "KdDebuggerEnabled", content: no_debugger }],
};

fn no_debugger(_mode: Mode) -> Vec<u8> {
    vec![0]
}

/// Which pool a POOL_TYPE means. Source: wdm.h: bit 0 is paged, bit 9 not executable.
fn pool_type(value: u32) -> PoolType {
    match (value & 1, value & 0x200) {
        (1, _) => PoolType::Paged,
        (_, 0) => PoolType::NonPagedExecute,
        _ => PoolType::NonPagedNx,
    }
}

/// `PVOID ExAllocatePoolWithTag(POOL_TYPE, SIZE_T, ULONG)`
fn ex_allocate_pool_with_tag(call: &Call<'_>) -> u64 {
    let (pool, bytes, tag) = (pool_type(call.u32()), call.pointer(), call.u32());
    call.guest().allocate_pool(pool, bytes, tag.to_le_bytes(), Fill::Garbage)
}

/// `VOID ExFreePoolWithTag(PVOID, ULONG)`; a tag of 0 is any tag.
fn ex_free_pool_with_tag(call: &Call<'_>) -> u64 {
    let (address, tag) = (call.pointer(), call.u32());
    call.guest().free_pool(address, (tag != 0).then_some(tag.to_le_bytes()));
    0
}

impl Bound for SpinLock {}

/// The lock at an address. A lock that was never initialised works when its memory is zero, as
/// on Windows: initialising one does nothing else.
fn spin_lock(guest: &Guest, address: u64) -> std::rc::Rc<SpinLock> {
    guest.bound(address).unwrap_or_else(|| {
        let lock = std::rc::Rc::new(SpinLock::new());
        guest.bind(address, lock.clone());
        lock
    })
}

/// `VOID KeInitializeSpinLock(PKSPIN_LOCK)`
fn initialize_spin_lock(call: &Call<'_>) -> u64 {
    let address = call.pointer();
    call.guest().store_word(address, 0);
    call.guest().bind(address, std::rc::Rc::new(SpinLock::new()));
    0
}

/// `KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK)`
fn acquire_spin_lock(call: &Call<'_>) -> u64 {
    let address = call.pointer();
    let lock = spin_lock(call.guest(), address);
    let old = call.kernel().acquire_spin_lock(&lock);
    call.guest().store_word(address, 1);
    u64::from(old.0)
}

/// `VOID KeReleaseSpinLock(PKSPIN_LOCK, KIRQL)`
fn release_spin_lock(call: &Call<'_>) -> u64 {
    let (address, old) = (call.pointer(), Irql(call.u8()));
    let lock = spin_lock(call.guest(), address);
    call.guest().store_word(address, 0);
    call.kernel().release_spin_lock(&lock, old);
    0
}
