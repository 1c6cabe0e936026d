//! Handles of the kernel: of registry keys and of system threads.
//!
//! Source: WDK, ZwClose, ObReferenceObjectByHandle.

use std::rc::Rc;

use portcls_emulator::NtStatus;

use super::registry::KeyHandle;
use super::system_threads::{ThreadHandle, reference_thread};
use crate::guest::Guest;
use crate::processor::control_region;
use crate::routine::{Call, Out, Pointer, Routine, Word, row};
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("ObReferenceObjectByHandle", UpTo(PASSIVE_LEVEL), reference_object_by_handle),
    row!("ZwClose", UpTo(PASSIVE_LEVEL), close),
];

/// The largest number of handles that are open at once.
const HANDLES: u64 = 0x1_0000;

/// The first handle of the kernel. Each handle is 4 higher than the handle before.
const FIRST_HANDLE: u64 = 0xFFFF_FFFF_8000_0004;

/// Gives an object a handle: the first free number. `None` when no number is free.
pub(super) fn new_handle(guest: &Guest, object: impl Bound) -> Option<Word> {
    let numbers = (0..HANDLES).map(|index| FIRST_HANDLE + 4 * index).map(|handle| {
        if guest.pointer_bytes() == 8 { handle } else { handle & u64::from(u32::MAX) }
    });
    let handle = numbers.into_iter().find(|handle| !guest.is_bound(*handle))?;
    guest.bind(handle, Rc::new(object));
    Some(Word(handle))
}

/// Whether a handle is open, for an object of any type.
pub(super) fn is_open(guest: &Guest, handle: Word) -> bool {
    guest.bound::<KeyHandle>(handle.0).is_some() || guest.bound::<ThreadHandle>(handle.0).is_some()
}

/// `NTSTATUS ZwClose(HANDLE)`
fn close(call: &Call<'_>, handle: Word) -> Result<(), NtStatus> {
    let guest = call.guest();
    if !is_open(guest, handle) {
        return Err(NtStatus::INVALID_HANDLE);
    }
    let thread = guest.bound::<ThreadHandle>(handle.0);
    guest.unbind(handle.0);
    if let Some(thread) = thread {
        thread.close(guest);
    }
    Ok(())
}

/// `NTSTATUS ObReferenceObjectByHandle(HANDLE, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE,
/// PVOID *, POBJECT_HANDLE_INFORMATION)`
///
/// A registry key has a handle, but no object in the driver's memory. When a driver asks for the
/// object of a registry key and names a type, the answer is STATUS_OBJECT_TYPE_MISMATCH. Without a
/// type, the run ends as unsupported.
fn reference_object_by_handle(
    call: &Call<'_>,
    handle: Word,
    _access: u32,
    object_type: Pointer,
    _mode: u8,
    out: Out<Pointer>,
    _information: Pointer,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    out.set_if_given(guest, Pointer::NULL);
    if let Some(thread) = guest.bound::<ThreadHandle>(handle.0) {
        let is_type = object_type.0 == control_region::thread_type(guest.0.vm.space);
        if !object_type.is_null() && !is_type {
            return Err(NtStatus::OBJECT_TYPE_MISMATCH);
        }
        out.set(guest, reference_thread(guest, &thread));
        return Ok(());
    }
    if guest.bound::<KeyHandle>(handle.0).is_none() {
        return Err(NtStatus::INVALID_HANDLE);
    }
    if !object_type.is_null() {
        return Err(NtStatus::OBJECT_TYPE_MISMATCH);
    }
    call.kernel().unsupported("ObReferenceObjectByHandle of a registry key");
    Err(NtStatus::NOT_SUPPORTED)
}
