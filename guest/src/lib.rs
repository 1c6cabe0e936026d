//! Unmodified Windows drivers: a `.sys` file, loaded and run as it is.
//!
//! Owns what stands between a compiled driver and the rest of the house: its memory, the
//! processor's calls in and out, the routines it imports, its COM objects.
//! It must never know a card, a MIDI byte's meaning, or a terminal.
//!
//! # The walk
//!
//! `portcls_driver_file` reads the file, `life/loaded.rs` puts it into memory and binds its
//! imports. `processor/call.rs` calls a function of the driver: the interpreter runs until
//! something needs the outside, and `processor/stops.rs` serves that with the interpreter free: a
//! port access goes to the bus, a thunk to a routine of `import/` or a COM method of `com/`, a bad
//! access to a bug check (`life/fault.rs`). While guest time passes the kernel may preempt the
//! guest between any two instructions.

#![forbid(unsafe_code)]

pub mod analysis;
mod com;
pub mod debugger;
pub mod gdb;
mod guest;
pub mod import;
pub mod layout;
mod life;
mod memory;
mod objects;
mod processor;
pub mod routine;
pub mod rules;
mod tables;

pub use guest::Guest;
pub use life::leak::{Leak, Left};
pub use life::load_error::LoadError;
pub use processor::arguments::Convention;
pub use processor::vm::GuestOptions;
pub use tables::bindings::Bound;
pub use tables::loaded::Loaded;
pub use tables::pool_table::Fill;
