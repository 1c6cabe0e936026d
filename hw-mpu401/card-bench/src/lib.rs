//! A bench for MPU-401 cards: what one card is, does and shows, without a machine around it.
//!
//! Owns: cards of one's own from a file ([`card_file`]); register scripts with what has to come
//! of them, and the suite that every card is held against ([`ops`]); the names of what a card
//! shows of itself in a trace ([`signals`]) and how a trace of it becomes waves
//! ([`vcd_options`]). Of `portcls_emulator` it uses the trace alone. It never knows Windows, a
//! bus, a driver or a terminal, and it reads no file itself.

pub mod card_file;
pub mod ops;
pub mod signals;
mod waves;

pub use waves::vcd_options;
