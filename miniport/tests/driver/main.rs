//! The driver alone, against scripts of the accesses that it must make.
//!
//! There is no model of a card: each test contains the answers of the card. So a test fails when
//! the driver makes an additional access, leaves out an access, or makes an access at a wrong time.

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
