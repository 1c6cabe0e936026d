//! What is known of a driver at a moment: pure state, without a processor.
//!
//! Owns who stands behind an address, how often it is held and how the driver came by it. A table
//! answers and takes note; it never touches guest memory, never calls the driver, and must never
//! know a routine. Each stands for itself, so each is tested without an image.

pub(crate) mod bindings;
pub(crate) mod guest_table;
pub(crate) mod loaded;
pub(crate) mod origin;
pub(crate) mod pool_table;
pub(crate) mod port_table;
pub(crate) mod shown_irp;
pub(crate) mod shown_table;
