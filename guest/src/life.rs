//! A driver's life: it is loaded, entered, served, and accused when it fails.
//!
//! Owns the one place where the tables of what a driver may import are named, and with that the
//! guest's birth. Everything else here knows a guest that is there already.

mod bind_imports;
mod birth;
mod driver;
mod fault;
pub(crate) mod leak;
mod load;
pub(crate) mod load_error;
mod routines;
mod serve;
