//! Unmodified Windows drivers: a `.sys` file, loaded and run as it is.
//!
//! Owns what stands between a compiled driver and the rest of the house: the file and its
//! symbols, the processor's calls in and out, the routines it imports, its COM objects.
//! It must never know a card, a MIDI byte's meaning, or a terminal.
//!
//! # The walk
//!
//! [`image`] reads the file, `loaded.rs` puts it into memory and binds its imports. `call.rs`
//! calls a function of the driver: the interpreter runs until something needs the outside, and
//! `stops.rs` serves that with the interpreter free: a port access goes to the bus, a thunk to a
//! routine of `import/` or a COM method of `com/`, a bad access to a bug check (`fault.rs`).
//! While guest time passes the kernel may preempt the guest between any two instructions.

#![forbid(unsafe_code)]

pub mod analysis;
mod automation;
mod binding;
mod call;
mod com;
pub mod debugger;
mod descriptor;
mod driver;
mod fault;
pub mod gdb;
mod guest;
pub mod image;
pub mod import;
mod irp;
pub mod layout;
mod leak;
mod loaded;
mod memory;
mod objects;
mod paging;
mod pool;
mod power;
mod processor;
mod resources;
pub mod routine;
pub mod rules;
mod space;
mod stacks;
mod stops;
pub mod sweep;
pub mod symbols;
mod thunk;
mod transfer;

pub use binding::Bound;
pub use guest::{Guest, GuestOptions};
pub use leak::{Leak, Left};
pub use loaded::{LoadError, Loaded};
pub use pool::Fill;
