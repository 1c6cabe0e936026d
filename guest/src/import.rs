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
mod ntoskrnl;
mod portcls;

use cpu_x86::Mode;

use crate::layout::KuserSharedData;
use crate::routine::Routine;

use ntoskrnl::lookaside;
pub(crate) use ntoskrnl::requests::INVALID_REQUEST;
pub(crate) use portcls::DISPATCH;

/// What one module exports.
#[derive(Debug)]
pub struct Module {
    /// Its file names in lower case, the usual one first.
    pub names: &'static [&'static str],
    /// Its routines, one list a subject.
    pub routines: &'static [&'static [Routine]],
    /// Its variables.
    pub variables: &'static [Variable],
}

/// A variable that a driver imports.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its exported name.
    pub name: &'static str,
    /// Where it is.
    pub storage: Storage,
}

/// Where an imported variable is.
#[derive(Debug, Clone, Copy)]
pub enum Storage {
    /// In memory of its own: its bytes at load, which decide its size.
    Own(fn(Mode) -> Vec<u8>),
    /// In KUSER_SHARED_DATA, at this offset: it changes with the time.
    SharedData(fn(&KuserSharedData) -> u32),
}

/// What an import was found to be.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    /// A routine.
    Routine(&'static Routine),
    /// A variable.
    Data(&'static Variable),
}

/// All modules.
static MODULES: &[&Module] = &[&ntoskrnl::MODULE, &hal::MODULE, &portcls::MODULE, &ks::MODULE];

/// Routines that no driver imports: it finds their addresses in its dispatch table, or in a list.
static UNEXPORTED: &[&Routine] =
    &[&INVALID_REQUEST, &DISPATCH, &lookaside::ALLOCATE, &lookaside::FREE];

/// All routines that a driver may import.
pub(crate) fn exported() -> impl Iterator<Item = &'static Routine> {
    MODULES.iter().flat_map(|module| module.routines.iter().copied().flatten())
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

impl Module {
    fn find(&'static self, name: &str) -> Option<Found> {
        let mut routines = self.routines.iter().copied().flatten();
        if let Some(routine) = routines.find(|routine| routine.name == name) {
            return Some(Found::Routine(routine));
        }
        let variable = self.variables.iter().find(|variable| variable.name == name)?;
        Some(Found::Data(variable))
    }
}

#[cfg(test)]
mod tests;
