//! A module that a driver imports from, with its routines and its variables.

use cpu_x86::Mode;

use crate::layout::KuserSharedData;
use crate::routine::Routine;

/// The exports of one module.
#[derive(Debug)]
pub struct Module {
    /// The file names of the module in lower case. The usual name is first.
    pub names: &'static [&'static str],
    /// The routines, in a list for each subject.
    pub routines: &'static [&'static [Routine]],
    /// The variables.
    pub variables: &'static [Variable],
}

/// A variable that a driver imports.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The exported name.
    pub name: &'static str,
    /// The place of the variable.
    pub storage: Storage,
}

/// The place of an imported variable.
#[derive(Debug, Clone, Copy)]
pub enum Storage {
    /// The variable lies in memory of its own. The function makes the bytes of the variable at load
    /// and so decides its size.
    Own(fn(Mode) -> Vec<u8>),
    /// The variable lies in KUSER_SHARED_DATA, at this offset, because its value changes with the
    /// time.
    SharedData(fn(&KuserSharedData) -> u32),
}

/// The export behind an import.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    /// A routine.
    Routine(&'static Routine),
    /// A variable.
    Data(&'static Variable),
}

impl Module {
    /// All routines of the module.
    pub(super) fn routines(&self) -> impl Iterator<Item = &'static Routine> {
        self.routines.iter().copied().flatten()
    }

    /// Looks up an export of the module.
    pub(super) fn find(&'static self, name: &str) -> Option<Found> {
        if let Some(routine) = self.routines().find(|routine| routine.name == name) {
            return Some(Found::Routine(routine));
        }
        let variable = self.variables.iter().find(|variable| variable.name == name)?;
        Some(Found::Data(variable))
    }
}
