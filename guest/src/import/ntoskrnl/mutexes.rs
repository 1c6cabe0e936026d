//! Mutexes and fast mutexes, which live in the driver's memory.

use std::rc::Rc;

use portcls_emulator::{FastMutex, Mutex};

use super::objects::{found, write_header};
use crate::guest::Guest;
use crate::memory::at;
use crate::routine::Call;
use crate::tables::bindings::Bound;

/// `DISPATCHER_HEADER.Type` of a mutex.
const MUTANT_OBJECT: u8 = 2;

impl Bound for Mutex {
    fn pending(&self) -> Option<&'static str> {
        (!self.is_free()).then_some("a mutex that is owned")
    }
}

impl Bound for FastMutex {
    fn pending(&self) -> Option<&'static str> {
        self.is_owned().then_some("a fast mutex that is owned")
    }
}

/// `VOID KeInitializeMutex(PRKMUTEX, ULONG Level)`
pub(super) fn initialize_mutex(call: &Call<'_>) -> u64 {
    let (address, _level) = (call.pointer(), call.u32());
    let guest = call.guest();
    let fields = &guest.layout().kmutex;
    write_header(guest, address, MUTANT_OBJECT, fields.size_of, true);
    guest.store_word(at(address, fields.owner_thread), 0);
    guest.store_u8(at(address, fields.abandoned), 0);
    guest.store_u8(at(address, fields.apc_disable), 1);
    guest.bind(address, Rc::new(Mutex::new(call.kernel())));
    0
}

/// `LONG KeReleaseMutex(PRKMUTEX, BOOLEAN Wait)`: 0 once it is free.
pub(super) fn release_mutex(call: &Call<'_>) -> u64 {
    let (address, _wait) = (call.pointer(), call.u8());
    let Some(mutex) = found::<Mutex>(call, address, "a mutex") else { return 0 };
    u64::from(call.kernel().release_mutex(&mutex))
}

/// The fast mutex at an address: the driver's own code initialises it.
fn fast_mutex(guest: &Guest, address: u64) -> Rc<FastMutex> {
    guest.bound(address).unwrap_or_else(|| {
        let mutex = Rc::new(FastMutex::new());
        guest.bind(address, mutex.clone());
        mutex
    })
}

/// `VOID ExAcquireFastMutex(PFAST_MUTEX)`
pub(super) fn acquire_fast_mutex(call: &Call<'_>) -> u64 {
    let address = call.pointer();
    let mutex = fast_mutex(call.guest(), address);
    call.kernel().acquire_fast_mutex(&mutex);
    note_count(call.guest(), address, 0);
    0
}

/// `VOID ExReleaseFastMutex(PFAST_MUTEX)`
pub(super) fn release_fast_mutex(call: &Call<'_>) -> u64 {
    let address = call.pointer();
    let mutex = fast_mutex(call.guest(), address);
    note_count(call.guest(), address, 1);
    call.kernel().release_fast_mutex(&mutex);
    0
}

/// The count that a driver may look at: 1 while it is free.
fn note_count(guest: &Guest, address: u64, count: u32) {
    guest.store_u32(at(address, guest.layout().fast_mutex.count), count);
}
