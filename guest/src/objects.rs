//! What a driver is shown of the kernel: its objects, requests, pool and resources.
//!
//! Owns how each of them lies in guest memory, and what a change of it there means to the kernel.
//! It must never know which routine a driver imports it by.

mod binding;
mod devices;
pub(crate) mod irp;
mod object_memory;
mod pool;
pub(crate) mod power;
pub(crate) mod registry_table;
pub(crate) mod resources;
mod transfer;
