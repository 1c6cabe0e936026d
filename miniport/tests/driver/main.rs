//! The driver alone, against scripts of the accesses that it must make.
//!
//! No model of a card is involved: what a card would answer is written down in each test, so a
//! test fails when the driver makes one access more, one less, or one at another time.

mod adapter;
mod input;
mod output;
mod power;
mod rig;
mod script;
mod start;
mod streams;
