//! Symbolic links to devices.
//!
//! Source: WDK, IoCreateSymbolicLink and IoDeleteSymbolicLink.

use portcls_emulator::NtStatus;

use crate::guest::Guest;
use crate::routine::{Call, Pointer, Routine, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("IoCreateSymbolicLink", UpTo(PASSIVE_LEVEL), create_symbolic_link),
    row!("IoDeleteSymbolicLink", UpTo(PASSIVE_LEVEL), delete_symbolic_link),
];

/// The text of a UNICODE_STRING, for a name.
pub(super) fn name_at(guest: &Guest, string: Pointer) -> String {
    String::from_utf16_lossy(&guest.load_unicode_string(string.0))
}

/// `NTSTATUS IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)`
fn create_symbolic_link(call: &Call<'_>, link: Pointer, target: Pointer) -> Result<(), NtStatus> {
    let guest = call.guest();
    let (link, target) = (name_at(guest, link), name_at(guest, target));
    call.kernel().ask_allocation()?;
    let path = call.kernel().create_symbolic_link(&link, &target)?;
    guest.0.links.insert(path, guest.origin());
    Ok(())
}

/// `NTSTATUS IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName)`
fn delete_symbolic_link(call: &Call<'_>, link: Pointer) -> Result<(), NtStatus> {
    let link = name_at(call.guest(), link);
    let path = call.kernel().delete_symbolic_link(&link)?;
    call.guest().0.links.remove(&path);
    Ok(())
}
