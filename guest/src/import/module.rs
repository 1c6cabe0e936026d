//! A module that a driver imports from: its routines and its variables.

use cpu_x86::Mode;

use crate::layout::KuserSharedData;
use crate::routine::Routine;

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

impl Module {
    /// All its routines.
    pub(super) fn routines(&self) -> impl Iterator<Item = &'static Routine> {
        self.routines.iter().copied().flatten()
    }

    /// Looks one of its exports up.
    pub(super) fn find(&'static self, name: &str) -> Option<Found> {
        if let Some(routine) = self.routines().find(|routine| routine.name == name) {
            return Some(Found::Routine(routine));
        }
        let variable = self.variables.iter().find(|variable| variable.name == name)?;
        Some(Found::Data(variable))
    }
}
