//! Symbolic links to devices.
//!
//! Source: WDK, IoCreateSymbolicLink and IoDeleteSymbolicLink.

use portcls_emulator::NtStatus;

use crate::routine::{Call, Pointer, Routine, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("IoCreateSymbolicLink", UpTo(PASSIVE_LEVEL), create_symbolic_link),
    row!("IoDeleteSymbolicLink", UpTo(PASSIVE_LEVEL), delete_symbolic_link),
];

/// `NTSTATUS IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)`
fn create_symbolic_link(call: &Call<'_>, link: Pointer, target: Pointer) -> Result<(), NtStatus> {
    let guest = call.guest();
    let (link, target) = (guest.load_name(link.0), guest.load_name(target.0));
    call.kernel().ask_allocation()?;
    let path = call.kernel().create_symbolic_link(&link, &target)?;
    guest.0.links.insert(path, guest.origin());
    Ok(())
}

/// `NTSTATUS IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName)`
fn delete_symbolic_link(call: &Call<'_>, link: Pointer) -> Result<(), NtStatus> {
    let link = call.guest().load_name(link.0);
    let path = call.kernel().delete_symbolic_link(&link)?;
    call.guest().0.links.remove(&path);
    Ok(())
}
