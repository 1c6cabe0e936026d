//! The processor: calls into the driver, and what is done when the interpreter stops.
//!
//! Owns the address space, the stacks and thunks, a call's way in and out, and each stop of the
//! interpreter. It must never know a routine, an object of the kernel, or a COM interface.

pub(crate) mod arguments;
pub(crate) mod call;
pub(crate) mod control_region;
pub(crate) mod paging;
pub(crate) mod space;
pub(crate) mod stacks;
mod stops;
pub(crate) mod thunk;
