//! Unmodified Windows drivers: a `.sys` file, loaded and run as it is.
//!
//! Owns what stands between a compiled driver and the rest of the house: the file and its
//! symbols, the processor's calls in and out, the routines it imports, its COM objects.
//! It must never know a card, a MIDI byte's meaning, or a terminal.

#![forbid(unsafe_code)]

pub mod debugger;
pub mod gdb;
pub mod image;
pub mod layout;
pub mod sweep;
