//! What a driver may import: one table for each module.
//!
//! How a routine is written is said in [`crate::routine`]. To add one: its function and its row in
//! the `ROUTINES` of the same file. Nothing else knows of it.
//!
//! A routine that is not in a table ends the run by its name when it is called, so a body that
//! only pretends has no place here.

#![allow(clippy::too_many_arguments, reason = "a routine has those of its C declaration")]

mod hal;
mod ks;
mod module;
mod ntoskrnl;
mod portcls;

use ntoskrnl::lookaside;

use crate::routine::Routine;

pub use module::{Found, Module, Storage, Variable};
pub(crate) use ntoskrnl::requests::INVALID_REQUEST;
pub(crate) use portcls::DISPATCH;

/// All modules.
static MODULES: &[&Module] = &[&ntoskrnl::MODULE, &hal::MODULE, &portcls::MODULE, &ks::MODULE];

/// Routines that no driver imports: it finds their addresses in its dispatch table, or in a list.
static UNEXPORTED: &[&Routine] =
    &[&INVALID_REQUEST, &DISPATCH, &lookaside::ALLOCATE, &lookaside::FREE];

/// All routines that a driver may import.
pub(crate) fn exported() -> impl Iterator<Item = &'static Routine> {
    MODULES.iter().flat_map(|module| module.routines())
}

/// All routines that a driver may call and not import.
pub(crate) fn unexported() -> impl Iterator<Item = &'static Routine> {
    UNEXPORTED.iter().copied()
}

/// Looks an import up.
///
/// The kernel and the HAL are one: over the versions of Windows routines moved from one to the
/// other, and each forwards what it no longer has.
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
