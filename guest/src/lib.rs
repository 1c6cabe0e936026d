//! Unmodified Windows drivers: loads a `.sys` file and runs it.
//!
//! This crate owns all that lies between a compiled driver and the other rooms. These are the
//! driver's memory, the calls into the driver and out of the driver, the routines that the driver
//! imports, and the driver's COM objects. This crate must never know a card, a MIDI byte's meaning,
//! or a terminal.
//!
//! # The wings
//!
//! State is below, behaviour is above, and a wing names only the wings below it:
//!
//! | wing | owns |
//! |---|---|
//! | `analysis/`, `gdb/` | the report of a failure; the stub of a debugger |
//! | `contract.rs` | what a driver can call, for `docs/contract.md` |
//! | `life/` | birth, DriverEntry, routines by their numbers, bug checks, leaks |
//! | `import/` | the routines that a driver imports, by the module of Windows |
//! | `com/` | the port's objects for the driver, the driver's objects for the port |
//! | `objects/` | kernel objects, requests, pool, MDLs, resources and events in guest memory |
//! | `memory.rs`, `routine.rs` | what a routine reads, writes and is called with |
//! | `guest.rs` | the handle: a processor and the tables |
//! | `tables/` | what the emulator knows of the driver, as pure state |
//! | `processor/` | calls and stops of the interpreter, its memory at fixed places |
//! | `layout/`, `debugger.rs`, `rules.rs` | offsets of fields; a debugger's interface; the rules |
//!
//! Architecture invariant: only `life/` and `contract.rs` name the tables of routines.
//! `contract.rs` reads the tables for a page. The wings below `routine.rs` know a routine by its
//! number.
//!
//! One call goes up in spite of this order: a routine that writes the address of another routine
//! into the driver's memory calls `Guest::thunk_of` in `life/routines.rs`. Only that file can
//! number the routines, because it knows all routines.
//!
//! # The walk
//!
//! `portcls_driver_file` reads the file. `life/load.rs` puts it into memory and binds its imports.
//! `processor/call.rs` calls a function of the driver. The interpreter runs until it needs
//! something from outside; then `processor/stops.rs` serves the stop while the interpreter is not
//! borrowed. A port access goes to the bus. A call of a thunk goes through `life/serve.rs` to a
//! routine of `import/` or a COM method of `com/`. A bad access becomes a bug check
//! (`life/fault.rs`). While guest time passes, the kernel may preempt the guest between any two
//! instructions.

#![forbid(unsafe_code)]

pub mod analysis;
mod com;
#[doc(hidden)]
pub mod contract;
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
pub use life::leak::{Leak, LeakOrigin, Left};
pub use life::load_error::LoadError;
pub use processor::arguments::Convention;
pub use processor::vm::GuestOptions;
pub use tables::bindings::Bound;
pub use tables::loaded::Loaded;
pub use tables::pool_table::Fill;
