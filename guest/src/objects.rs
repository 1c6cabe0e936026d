//! What a driver sees of the kernel: objects, requests, pool, events.
//!
//! Owns how each of them lies in guest memory, and what it means to the kernel when the driver
//! changes one there.
//! It must never know through which imported routine a driver got an object.

mod binding;
pub(crate) mod device_description;
mod devices;
pub(crate) mod dma_memory;
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
