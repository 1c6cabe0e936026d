//! What a driver can call, for the page `docs/contract.md`.
//!
//! This file reads the tables of routines and owns no list. Nothing in the loader itself needs this
//! file.

use crate::com::families;
use crate::import;
use crate::routine::Routine;

/// The interfaces of the port's objects with the methods of each. All interfaces have the methods
/// of `IUnknown`, so these methods stand only once, at the beginning.
pub fn interfaces() -> impl Iterator<Item = (&'static str, &'static [Routine])> {
    let derived = families::FAMILIES.iter().map(|family| (family.name, family.methods));
    std::iter::once(("IUnknown", families::UNKNOWN_METHODS))
        .chain(derived.filter(|(_, methods)| !methods.is_empty()))
}

/// The routines of PortCls and of kernel streaming.
pub fn routines() -> impl Iterator<Item = &'static Routine> {
    import::audio_routines()
}
