//! The drivers of this crate, against scripts of their accesses.
//!
//! There is no model of a card: a script contains the answers of the card. So a test fails when
//! the driver makes an additional access or leaves out an access. Where the script demands a time,
//! the test also fails when the driver makes the access at another time.

mod adapter;
mod dmus_input;
mod dmus_miniport;
mod dmus_output;
mod dmus_rig;
mod input;
mod output;
mod power;
mod rig;
mod script;
mod start;
mod streams;
