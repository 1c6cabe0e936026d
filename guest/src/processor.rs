//! The processor: calls into the driver, and the interpreter's stops.
//!
//! This module owns the address space, the stacks and thunks, the way of a call into the driver and
//! out of the driver, and each stop of the interpreter. The module must never know a routine, an
//! object of the kernel, or a COM interface.

pub(crate) mod arguments;
mod call;
pub(crate) mod control_region;
mod course;
mod irql;
mod memory;
pub(crate) mod outside;
pub(crate) mod paging;
mod shared_data;
pub(crate) mod space;
mod stacks;
mod stops;
#[cfg(test)]
mod tests;
pub(crate) mod threads;
pub(crate) mod thunk;
pub(crate) mod vm;
