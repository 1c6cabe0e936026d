//! A driver's life: loaded, entered, served, and accused when it fails.
//!
//! Owns the only place where the tables of importable routines are named, and therefore the
//! guest's birth. The other files here work on a guest that exists already.

mod bind_imports;
mod birth;
mod driver;
mod fault;
pub(crate) mod leak;
mod load;
pub(crate) mod load_error;
mod routines;
mod serve;
