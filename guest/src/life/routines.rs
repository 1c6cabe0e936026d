//! Which routine a number stands for: the one list of all that a driver can reach.
//!
//! The processor and the tables know a routine by its number only. The numbers mean nothing
//! outside of one run of the program.

use std::sync::LazyLock;

use crate::com::{self, Family};
use crate::guest::Guest;
use crate::import::{self, Found};
use crate::processor::thunk::{RoutineNumber, Thunk};
use crate::routine::Routine;
use crate::tables::port_table::Face;

/// The routines by their numbers.
static ROUTINES: LazyLock<Vec<&'static Routine>> = LazyLock::new(|| {
    let methods = com::FAMILIES.iter().flat_map(|family| family.slots());
    import::unexported().chain(methods).chain(import::exported()).collect()
});

/// The routine with a number.
#[inline]
pub(super) fn routine(number: RoutineNumber) -> &'static Routine {
    ROUTINES[number.0 as usize]
}

/// The number of a routine.
pub(super) fn number_of(routine: &'static Routine) -> RoutineNumber {
    let index = ROUTINES.iter().position(|known| std::ptr::eq(*known, routine));
    let index = index.unwrap_or_else(|| panic!("{} is in no list of routines", routine.name));
    RoutineNumber(index as u32)
}

/// The vtables of the port's objects, by the numbers of their methods.
pub(super) fn faces() -> Vec<Face> {
    let face = |family: &&'static Family| Face {
        name: family.name,
        iid: family.iid,
        bases: family.bases,
        slots: family.slots().map(number_of).collect(),
    };
    com::FAMILIES.iter().map(face).collect()
}

impl Guest {
    /// The address of a routine, for a field that the driver calls it through.
    pub(crate) fn thunk_of(&self, routine: &'static Routine) -> u64 {
        self.0.vm.thunk_of(number_of(routine))
    }

    /// The address that stands for a routine of a module, as an import of it would get; `None` for
    /// what is no routine that is there.
    #[must_use]
    pub fn routine_address(&self, module: &str, name: &str) -> Option<u64> {
        match import::find(module, name)? {
            Found::Routine(routine) => Some(self.thunk_of(routine)),
            Found::Data(_) => None,
        }
    }

    /// What a thunk's address stands for, for a report: `KeSetEvent`, `IPortMidi::Notify`.
    #[must_use]
    pub fn name_of_thunk(&self, address: u64) -> Option<String> {
        match self.0.vm.thunks.borrow().at(address)? {
            Thunk::Return => Some("the kernel".to_owned()),
            Thunk::Routine(number) => Some(routine(*number).name.to_owned()),
            Thunk::Missing(name) => Some(name.clone()),
        }
    }

    /// What a routine is called.
    pub(crate) fn name_of_routine(&self, number: RoutineNumber) -> &'static str {
        routine(number).name
    }

    /// What the routine is called that is served now.
    pub(crate) fn name_of_serving(&self) -> &'static str {
        self.0.serving.get().map_or("the kernel", |serving| routine(serving.routine).name)
    }
}
