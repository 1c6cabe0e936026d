//! A Windows driver's file: the image, its symbols, and its code before it runs.
//!
//! Owns what a `.sys` and the files beside it tell: [`image`] checks the file and says what goes
//! where in memory, [`symbols`] names addresses and source lines, [`sweep`] looks for
//! instructions that the processor here does not have. Any bytes may be handed in: a bad file is
//! an error or a note in one line.
//! It must never know a kernel, or how a driver runs.

#![forbid(unsafe_code)]

pub mod image;
pub mod sweep;
pub mod symbols;
