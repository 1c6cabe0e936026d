//! A driver's life: loaded, entered, served, and accused when it fails.
//!
//! Only this module names the tables of importable routines, and therefore it also creates the
//! guest. The other files here work on a guest that exists already.

mod bind_imports;
mod birth;
mod driver;
mod fault;
pub(crate) mod leak;
mod load;
pub(crate) mod load_error;
mod routines;
mod serve;
