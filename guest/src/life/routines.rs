//! The list of all routines that a driver can reach, with their numbers.
//!
//! The processor and the tables know a routine by its number only. The numbers are valid only in
//! one run of the program.

use std::sync::LazyLock;

use crate::com;
use crate::com::families::{FAMILIES, slots};
use crate::com::family::Family;
use crate::guest::Guest;
use crate::import::{self, Found};
use crate::processor::thunk::RoutineNumber;
use crate::routine::Routine;
use crate::tables::port_table::Face;

/// The routines by their numbers.
static ROUTINES: LazyLock<Vec<&'static Routine>> = LazyLock::new(|| {
    let methods = FAMILIES.iter().flat_map(|family| slots(family));
    let lent = com::UNEXPORTED.iter().copied();
    import::unexported().chain(lent).chain(methods).chain(import::exported()).collect()
});

/// The names of the routines by their numbers.
static NAMES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| ROUTINES.iter().map(|routine| routine.name).collect());

/// The vtables of the port's objects. A vtable is the list of the numbers of its methods.
static FACES: LazyLock<Vec<Face>> = LazyLock::new(|| {
    let face = |family: &&'static Family| Face {
        name: family.name,
        iid: family.iid,
        bases: family.bases,
        slots: slots(family).map(number_of).collect(),
    };
    FAMILIES.iter().map(face).collect()
});

/// The routine with a number.
#[inline]
pub(super) fn routine(number: RoutineNumber) -> &'static Routine {
    ROUTINES[number.index()]
}

/// The number of a routine.
pub(super) fn number_of(routine: &'static Routine) -> RoutineNumber {
    let index = ROUTINES.iter().position(|known| std::ptr::eq(*known, routine));
    let index = index.unwrap_or_else(|| panic!("{} is in no list of routines", routine.name));
    RoutineNumber::of_index(index)
}

/// The name of each routine, by its number.
pub(super) fn names() -> &'static [&'static str] {
    &NAMES
}

/// The vtables that the port's objects can have.
pub(super) fn faces() -> &'static [Face] {
    &FACES
}

impl Guest {
    /// The address of a routine's thunk, for a field through which the driver calls the routine.
    pub(crate) fn thunk_of(&self, routine: &'static Routine) -> u64 {
        self.0.vm.thunk_of(number_of(routine))
    }

    /// The address that a driver gets for an import of a routine. `None` for a variable, and for a
    /// name that the emulator does not have.
    #[must_use]
    pub fn routine_address(&self, module: &str, name: &str) -> Option<u64> {
        match import::find(module, name)? {
            Found::Routine(routine) => Some(self.thunk_of(routine)),
            Found::Data(_) => None,
        }
    }
}
