//! The program as its user sees it: what it prints, its exit codes, the files it leaves.

mod bad_input;
mod capture;
mod cards;
mod debug;
mod drivers;
mod imports;
mod listings;
mod ops;
mod play;
mod support;
mod waves;
