//! The image: good files in both widths, bad files and random files.

mod bad;
mod builder;
mod good;
mod mutated;
