//! COM objects across the border, in both directions.
//!
//! The guest sees an object of the port as a pointer to a vtable of thunks in guest memory
//! (`port_objects.rs`). The methods of these objects are in `families/`, by interface. An object of
//! the guest is a [`GuestObject`], which implements the same traits as a miniport in Rust. When an
//! object crosses the border a second time, it gets the same pointer or wrapper again. A pointer
//! that comes back leads to the original object.
//!
//! Reference counts are exact. A reference that the guest gets adds 1 to the count of the port's
//! object. A reference that the guest gives is released when the wrapper is dropped.

pub(crate) mod automation;
mod border;
mod descriptor;
mod dmus;
mod event;
pub(crate) mod families;
pub(crate) mod family;
mod guest_object;
mod lent_description;
mod lent_routine;
mod miniport;
pub(crate) mod new_object;
mod notified;
mod own_interrupt_sync;
mod port_objects;
#[cfg(test)]
mod tests;
mod this;
mod topology;
mod wave;

pub(crate) use guest_object::{GuestObject, Hold, interface_of_drivers};

use crate::routine::Routine;

/// Routines that a driver calls by an address in a structure or an argument.
pub(crate) static UNEXPORTED: &[&Routine] =
    &[&lent_description::PROPERTY_HANDLER, &lent_routine::LENT_ROUTINE];
