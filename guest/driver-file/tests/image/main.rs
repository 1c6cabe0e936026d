//! The loader: good files in both widths, and every way a file can be bad.

mod bad;
mod builder;
mod good;
mod mutated;
