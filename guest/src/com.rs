//! COM across the border: the port's objects in the guest, the guest's objects here.
//!
//! An object of the port is a pointer to a vtable of thunks in guest memory (`port_objects.rs`);
//! what its methods do is in `families/`, one file for each interface. An object of the guest is
//! a [`GuestObject`], which implements the same traits as a miniport in Rust. An object that
//! crosses the border twice is the same one again, and a pointer that comes back is unwrapped.
//!
//! Counts are true: a reference that is given to the guest is one count in its object; a
//! reference that the guest gives is one that is released when the wrapper goes.

pub(crate) mod automation;
mod border;
mod descriptor;
pub(crate) mod families;
pub(crate) mod family;
mod guest_object;
mod miniport;
mod notified;
mod port_objects;
#[cfg(test)]
mod tests;
mod this;

pub(crate) use guest_object::{GuestObject, Hold};
