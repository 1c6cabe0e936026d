//! What a driver can call, for the page `docs/contract.md`.
//!
//! This file reads the tables of routines and owns no list. The run of a driver does not need this
//! file.

use crate::com::families;
use crate::import;
use crate::routine::Routine;

/// The interfaces of the port's objects with the methods of each. The first entry is `IUnknown`.
/// All interfaces have its methods, so the other entries leave them out. An interface without
/// further methods has no entry.
pub fn interfaces() -> impl Iterator<Item = (&'static str, &'static [Routine])> {
    let derived = families::FAMILIES.iter().map(|family| (family.name, family.methods));
    std::iter::once(("IUnknown", families::UNKNOWN_METHODS))
        .chain(derived.filter(|(_, methods)| !methods.is_empty()))
}

/// The routines of PortCls and of kernel streaming.
pub fn routines() -> impl Iterator<Item = &'static Routine> {
    import::audio_routines()
}
