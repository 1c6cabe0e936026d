//! What a driver sees of the kernel: objects, requests, pool, events.
//!
//! This module owns the form of each of these in guest memory, and the meaning of the driver's
//! changes to this form. The module must never know through which imported routine a driver got an
//! object.

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
pub(crate) mod requirements;
pub(crate) mod resources;
mod transfer;
