//! A Windows driver's file: its image, its symbols, and its code before a run.
//!
//! Owns all facts from a `.sys` and from the files beside it. [`image`] checks the file and says
//! which bytes go to which place in memory. [`symbols`] names addresses and source lines. [`sweep`]
//! looks for instructions that the emulated processor does not have. A caller may pass any bytes: a
//! bad file is an error or a note in one line. This crate must never know a kernel, or how a driver
//! runs.

#![forbid(unsafe_code)]

pub mod identifiers;
pub mod image;
pub mod sweep;
pub mod symbols;
