//! A driver's life: it is loaded, entered, served, and accused when it fails.
//!
//! Owns the one place where the tables of what a driver may import are named.

pub(crate) mod driver;
mod fault;
pub(crate) mod loaded;
