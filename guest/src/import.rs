//! What a driver may import: one table for each module, such as ntoskrnl.exe.
//!
//! [`crate::routine`] says how a routine is written. To add a routine, write its function and its
//! row in the `ROUTINES` of the same file. The files of the C library share the `ROUTINES` of
//! `c_library.rs`. No other file has to change.
//!
//! When a driver calls a routine that is in no table, the run ends with the routine's name. A
//! routine that only pretends to work would hide that name, so no such routine is in a table.

#![allow(clippy::too_many_arguments, reason = "a routine has those of its C declaration")]

mod hal;
pub mod identifiers;
mod ks;
mod module;
mod ntoskrnl;
mod portcls;

use ntoskrnl::lookaside;

use crate::routine::Routine;

pub use module::{Found, Module, Storage, Variable};
pub(crate) use ntoskrnl::requests::INVALID_REQUEST;
pub(crate) use portcls::DISPATCH;

/// The modules from which a driver can import.
static MODULES: &[&Module] = &[&ntoskrnl::MODULE, &hal::MODULE, &portcls::MODULE, &ks::MODULE];

/// Routines that no driver imports: their addresses are in a driver's dispatch table or in a
/// lookaside list.
static UNEXPORTED: &[&Routine] =
    &[&INVALID_REQUEST, &DISPATCH, &lookaside::ALLOCATE, &lookaside::FREE];

/// All routines that a driver may import.
pub(crate) fn exported() -> impl Iterator<Item = &'static Routine> {
    MODULES.iter().flat_map(|module| module.routines())
}

/// The routines of PortCls and of kernel streaming.
pub(crate) fn audio_routines() -> impl Iterator<Item = &'static Routine> {
    portcls::MODULE.routines().chain(ks::MODULE.routines())
}

/// The routines of this wing that a driver may call but cannot import.
pub(crate) fn unexported() -> impl Iterator<Item = &'static Routine> {
    UNEXPORTED.iter().copied()
}

/// Looks up an import.
///
/// The kernel and the HAL count as one module. Over the versions of Windows, routines moved between
/// them, and each module forwards the routines that it no longer has.
#[must_use]
pub fn find(module: &str, name: &str) -> Option<Found> {
    let is = |wanted: &Module, module: &str| {
        wanted.names.iter().any(|name| name.eq_ignore_ascii_case(module))
    };
    let direct = MODULES.iter().find(|candidate| is(candidate, module))?;
    let is_kernel = |module: &Module| {
        std::ptr::eq(module, &ntoskrnl::MODULE) || std::ptr::eq(module, &hal::MODULE)
    };
    let also = MODULES.iter().filter(|other| is_kernel(direct) && is_kernel(other));
    std::iter::once(direct).chain(also).find_map(|module| module.find(name))
}

#[cfg(test)]
mod tests;
