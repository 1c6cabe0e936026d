//! Unmodified Windows drivers: a `.sys` file, loaded and run as it is.
//!
//! Owns what stands between a compiled driver and the rest of the house: its memory, the
//! processor's calls in and out, the routines it imports, its COM objects.
//! It must never know a card, a MIDI byte's meaning, or a terminal.
//!
//! # The wings
//!
//! State stands below, behaviour above, and a wing names only what stands below it:
//!
//! | wing | owns |
//! |---|---|
//! | `analysis/`, `gdb/` | the report of a failure; the stub of a debugger |
//! | `life/` | birth, DriverEntry, routines by their numbers, bug checks, leaks |
//! | `import/` | the routines of each module |
//! | `com/` | the port's objects for the driver, the driver's objects for the port |
//! | `objects/` | kernel objects, requests, pool and resources in guest memory |
//! | `memory.rs`, `routine.rs` | what a routine reads, writes and is called with |
//! | `guest.rs` | the handle: a processor and the tables |
//! | `tables/` | what is known of the driver, as pure state |
//! | `processor/` | calls and stops of the interpreter, its memory at fixed places |
//! | `layout/`, `debugger.rs`, `rules.rs` | where fields lie; what a debugger is; the rules |
//!
//! Architecture invariant: `life/` alone names the tables of routines, and what stands below
//! `routine.rs` knows a routine by its number.
//!
//! One call goes up: a routine that writes the address of another into the driver's memory asks
//! `Guest::thunk_of` in `life/routines.rs`, for who numbers the routines must know them all.
//!
//! # The walk
//!
//! `portcls_driver_file` reads the file, `life/load.rs` puts it into memory and binds its imports.
//! `processor/call.rs` calls a function of the driver: the interpreter runs until something needs
//! the outside, and `processor/stops.rs` serves that with the interpreter free: a port access goes
//! to the bus, a thunk by `life/serve.rs` to a routine of `import/` or a COM method of `com/`, a
//! bad access to a bug check (`life/fault.rs`). While guest time passes the kernel may preempt the
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
