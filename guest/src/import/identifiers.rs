//! The classes and interfaces that a driver names, and whether it gets them.
//!
//! There is no list here, because a list could be older than the code. For a class, this file makes
//! an object. For an interface, it looks at the vtables of the port's objects, and at the
//! interfaces for which the port asks a driver's objects.

use portcls_emulator::Kernel;
use portcls_port::guid::{Guid, classes_and_interfaces, iid};

use super::{exported, module::Found};
use crate::com::families::FAMILIES;
use crate::com::interface_of_drivers;
use crate::routine::Serves;

/// A class or an interface by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identifier {
    /// The name, such as `CLSID_PortMidi`.
    pub name: &'static str,
    /// The value.
    pub guid: Guid,
    /// What the value stands for.
    pub kind: IdentifierKind,
}

/// What an identifier stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifierKind {
    /// A class whose identifier a driver passes to `PcNewPort` or `PcNewMiniport`.
    Class,
    /// An interface.
    Interface,
}

/// All classes and interfaces that have a name.
pub fn identifiers() -> impl Iterator<Item = Identifier> {
    classes_and_interfaces().map(|(name, guid)| {
        let is_class = name.starts_with("CLSID_");
        let kind = if is_class { IdentifierKind::Class } else { IdentifierKind::Interface };
        Identifier { name, guid, kind }
    })
}

/// Whether a driver on this kernel gets what an identifier stands for. For a class, the driver gets
/// an object. For an interface, the driver gets an object of the port, or the port asks the
/// driver's own object for the interface.
#[must_use]
pub fn is_served(kernel: &Kernel, identifier: &Identifier) -> bool {
    let guid = identifier.guid;
    match identifier.kind {
        IdentifierKind::Class => exported().any(|routine| match routine.serves {
            Serves::Classes(makes) => makes(kernel, &guid),
            Serves::Everything | Serves::Nothing => false,
        }),
        IdentifierKind::Interface => {
            let has_vtable =
                FAMILIES.iter().any(|family| family.iid == guid || family.bases.contains(&guid));
            guid == iid::UNKNOWN || has_vtable || interface_of_drivers(&guid).is_some()
        }
    }
}

/// Whether an import is a routine that refuses every driver on this kernel.
#[must_use]
pub fn only_refuses(kernel: &Kernel, found: &Found) -> bool {
    let Found::Routine(routine) = found else { return false };
    match routine.serves {
        Serves::Everything => false,
        Serves::Nothing => true,
        Serves::Classes(makes) => {
            let mut classes = identifiers().filter(|known| known.kind == IdentifierKind::Class);
            !classes.any(|class| makes(kernel, &class.guid))
        }
    }
}
