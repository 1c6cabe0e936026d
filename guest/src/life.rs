//! A driver's life: loaded, entered, served, and accused when it fails.
//!
//! Apart from `contract.rs`, only this module names the tables of importable routines. A new guest
//! needs these tables, so this module also creates the guest, in `birth.rs`.

mod bind_imports;
mod birth;
mod driver;
mod fault;
pub(crate) mod leak;
mod load;
pub(crate) mod load_error;
mod routines;
mod serve;
