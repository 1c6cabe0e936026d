//! Mutexes and fast mutexes, which live in the driver's memory.

use std::rc::Rc;

use portcls_emulator::{FastMutex, Mutex};

use super::objects::{found, write_header};
use super::waits::{can_leave, leave_until};
use crate::guest::Guest;
use crate::routine::{Boolean, Call, Pointer, Routine, row};
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("ExAcquireFastMutex", ByKernel, acquire_fast_mutex).fastcall(),
    row!("ExReleaseFastMutex", ByKernel, release_fast_mutex).fastcall(),
    row!("KeInitializeMutex", ByKernel, initialize_mutex),
    row!("KeReleaseMutex", ByKernel, release_mutex),
];

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
fn initialize_mutex(call: &Call<'_>, mutex: Pointer, _level: u32) {
    let guest = call.guest();
    let fields = &guest.layout().kmutex;
    write_header(guest, mutex, MUTANT_OBJECT, fields.size_of, true);
    guest.store_word(mutex.at(fields.owner_thread), 0);
    guest.store_u8(mutex.at(fields.abandoned), 0);
    guest.store_u8(mutex.at(fields.apc_disable), 1);
    guest.bind(mutex.0, Rc::new(Mutex::new(call.kernel())));
}

/// `LONG KeReleaseMutex(PRKMUTEX, BOOLEAN Wait)`: the result is 0 when the mutex is free after the
/// call.
fn release_mutex(call: &Call<'_>, mutex: Pointer, _wait: Boolean) -> i32 {
    let Some(mutex) = found::<Mutex>(call, mutex, "a mutex") else { return 0 };
    i32::from(call.kernel().release_mutex(&mutex))
}

/// The fast mutex at an address. The driver's own inlined code initialises a fast mutex, so this
/// function makes the kernel's object at the first use.
fn fast_mutex(guest: &Guest, address: Pointer) -> Rc<FastMutex> {
    guest.bound(address.0).unwrap_or_else(|| {
        let mutex = Rc::new(FastMutex::new());
        guest.bind(address.0, mutex.clone());
        mutex
    })
}

/// `VOID ExAcquireFastMutex(PFAST_MUTEX)`
fn acquire_fast_mutex(call: &Call<'_>, address: Pointer) {
    let guest = call.guest();
    let mutex = fast_mutex(guest, address);
    if mutex.is_owned() && can_leave(guest) {
        let (thread, wanted) = (guest.clone(), Rc::clone(&mutex));
        let then = move || {
            thread.kernel().own_fast_mutex(&wanted);
            note_count(&thread, address, 0);
        };
        leave_until(guest, mutex, Box::new(then));
        return;
    }
    call.kernel().acquire_fast_mutex(&mutex);
    note_count(guest, address, 0);
}

/// `VOID ExReleaseFastMutex(PFAST_MUTEX)`
fn release_fast_mutex(call: &Call<'_>, address: Pointer) {
    let mutex = fast_mutex(call.guest(), address);
    note_count(call.guest(), address, 1);
    call.kernel().release_fast_mutex(&mutex);
}

/// Writes the count in a FAST_MUTEX, because a driver may read it. The count is 1 while the mutex
/// is free.
fn note_count(guest: &Guest, address: Pointer, count: u32) {
    guest.store_u32(address.at(guest.layout().fast_mutex.count), count);
}
