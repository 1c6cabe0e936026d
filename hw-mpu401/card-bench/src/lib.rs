//! A bench for MPU-401 cards: one card alone, without a machine.
//!
//! Owns: cards from files ([`card_file`]); the other resources of a card's device ([`resources`]);
//! register scripts with their expectations, and the suite for every card ([`ops`]); the names of a
//! card's signals in a trace ([`signals`]); and how a trace of a card becomes waveforms
//! ([`vcd_options`]). Of `portcls_emulator` it uses only the trace. It never knows Windows, a bus, a
//! driver or a terminal, and it opens no file itself.

pub mod card_file;
pub mod ops;
pub mod resources;
pub mod signals;
mod waves;

pub use waves::vcd_options;
