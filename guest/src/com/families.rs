//! The vtables of the port's interfaces: which methods, in which order.
//!
//! A family is the most derived interface of an object; its vtable serves the interfaces it is
//! derived from too. Source: the slots are those of portcls.h.

#![allow(clippy::too_many_arguments, reason = "a routine has those of its C declaration")]

mod interrupt_sync;
pub(crate) mod port;
pub(crate) mod registry_key;
mod resource_list;
mod service;

use std::rc::Rc;

use portcls_port::com::IUnknown;
use portcls_port::guid::{Guid, iid};

use super::port_objects::{add_ref, query_interface, release};
use crate::routine;
use crate::routine::Routine;

/// One vtable.
pub(crate) struct Family {
    /// The interface.
    pub name: &'static str,
    /// Its identifier.
    pub iid: Guid,
    /// The interfaces that it is derived from, `IUnknown` aside.
    pub bases: &'static [Guid],
    /// The methods behind those of `IUnknown`.
    pub methods: &'static [Routine],
}

static UNKNOWN: Family = Family { name: "IUnknown", iid: iid::UNKNOWN, bases: &[], methods: &[] };

/// All families, the derived ones before those they are derived from.
static FAMILIES: &[&Family] = &[
    &port::MIDI,
    &service::GROUP,
    &service::SINK,
    &interrupt_sync::FAMILY,
    &resource_list::FAMILY,
    &registry_key::FAMILY,
    &UNKNOWN,
];

/// The first three slots of every vtable.
static UNKNOWN_METHODS: [Routine; 3] = [
    routine!("IUnknown::QueryInterface", ByKernel, query_interface),
    routine!("IUnknown::AddRef", ByKernel, add_ref),
    routine!("IUnknown::Release", ByKernel, release),
];

/// All slots of a vtable in their order.
pub(super) fn methods(family: &'static Family) -> impl Iterator<Item = &'static Routine> {
    UNKNOWN_METHODS.iter().chain(family.methods)
}

/// The family in which an object answers for an interface; for `IUnknown`, the first it has.
pub(super) fn of(object: &Rc<dyn IUnknown>, wanted: &Guid) -> &'static Family {
    let serves = |family: &&&Family| {
        *wanted == iid::UNKNOWN || family.iid == *wanted || family.bases.contains(wanted)
    };
    let has = |family: &&&Family| Rc::clone(object).query_interface(&family.iid).is_ok();
    FAMILIES.iter().find(|family| serves(family) && has(family)).copied().unwrap_or(&UNKNOWN)
}
