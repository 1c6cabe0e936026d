//! Views of a trace: what a person, a golden file or another program reads.
//!
//! Owns the forms in which a trace is shown and read back. It uses the records of
//! `portcls_emulator::trace` only. It never knows how a trace was made, or what a device is for. A
//! view never changes a trace and never adds a fact to it.
//!
//! [`text`] is the golden text, the only view that can be read back to the same events. [`vcd`]
//! shows the serial lanes and signals as bits, for waveform viewers and logic analysers.

mod filter;
pub mod text;
pub mod vcd;

pub use filter::Filter;
