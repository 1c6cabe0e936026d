//! The vtables of the port's interfaces: their methods in order.
//!
//! A family is one interface of the port's objects. The vtable of a family also serves the
//! interfaces that the family derives from. Source: the slots in portcls.h and dmusicks.h.

#![allow(clippy::too_many_arguments, reason = "a routine has those of its C declaration")]

mod dma_channel;
mod dmus;
mod interrupt_sync;
mod miniport;
pub(crate) mod port;
mod port_events;
pub(crate) mod registry_key;
mod resource_list;
mod service;
mod stream;
mod topology;
mod unknown;
mod unregister;
mod wave;

use super::family::Family;
use crate::routine::Routine;

/// All families. A derived family stands before the families that it derives from.
pub(crate) static FAMILIES: &[&Family] = &[
    &port::MIDI,
    &port::DMUS,
    &wave::CYCLIC,
    &wave::PCI,
    &wave::RT,
    &topology::PORT,
    &dmus::ALLOCATOR,
    &dmus::SINK,
    &dmus::CLOCK,
    &port::VERSION,
    &port_events::FAMILY,
    &unregister::SUBDEVICE,
    &unregister::CONNECTION,
    &miniport::MIDI,
    &miniport::DMUS,
    &miniport::TECHNOLOGY,
    &miniport::POWER,
    &stream::MIDI,
    &service::GROUP,
    &service::SINK,
    &dma_channel::SLAVE,
    &dma_channel::CHANNEL,
    &interrupt_sync::FAMILY,
    &resource_list::FAMILY,
    &registry_key::FAMILY,
    &unknown::FAMILY,
];

/// The methods that every vtable begins with.
pub(crate) static UNKNOWN_METHODS: &[Routine] = &unknown::METHODS;

/// All slots of a family's vtable in order.
pub(crate) fn slots(family: &'static Family) -> impl Iterator<Item = &'static Routine> {
    unknown::METHODS.iter().chain(family.methods)
}
