//! Views of a trace: what a person, a golden file or another program reads.
//!
//! Owns the forms in which a trace is shown and read back. It knows the records of
//! `portcls_emulator::trace` and nothing else: not how a trace came about, not what a device is
//! for. A view never changes a trace and never adds a fact to it.
//!
//! [`text`] is the golden text, the one view that reads back to the same events. [`vcd`] is the
//! wire as bits, for waveform viewers and logic analysers.

mod filter;
pub mod text;
pub mod vcd;

pub use filter::Filter;
