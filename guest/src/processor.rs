//! The processor: calls into the driver, and what is done when the interpreter stops.
//!
//! Owns the address space, the stacks and thunks, a call's way in and out, and each stop of the
//! interpreter. It must never know a routine, an object of the kernel, or a COM interface.

pub(crate) mod arguments;
mod call;
mod control_region;
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
pub(crate) mod thunk;
pub(crate) mod vm;
