//! What a driver sees of the kernel: objects, requests, pool, events.
//!
//! Owns the form of each of them in guest memory, and the meaning of the driver's changes to it. It
//! must never know through which imported routine a driver got an object.

mod binding;
mod devices;
pub(crate) mod events;
pub(crate) mod irp;
mod kernel_event;
pub(crate) mod mdl;
mod object_memory;
mod physical_memory;
pub(crate) mod pool;
pub(crate) mod power;
pub(crate) mod registry_table;
pub(crate) mod resources;
mod transfer;
