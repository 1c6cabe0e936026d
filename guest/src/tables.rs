//! The state of a driver at a moment: tables only, without a processor.
//!
//! The tables say which object is behind an address, how many references the driver holds, and how
//! the driver got the object. A table stores and looks up. A table never touches guest memory,
//! never calls the driver, and must never know a routine. No table depends on another table, so
//! each table is tested without an image.

pub(crate) mod bindings;
pub(crate) mod event_table;
pub(crate) mod guest_table;
pub(crate) mod link_table;
pub(crate) mod loaded;
pub(crate) mod origin;
pub(crate) mod physical_table;
pub(crate) mod pool_table;
pub(crate) mod port_table;
pub(crate) mod shown_irp;
pub(crate) mod shown_table;
