//! The driver alone, against scripts of the accesses that it must make.
//!
//! There is no model of a card: each test has the answers of the card written down. So a test fails
//! when the driver makes one access too many, one too few, or an access at a wrong time.

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
