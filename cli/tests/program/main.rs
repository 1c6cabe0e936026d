//! The program as its user sees it: its output, its exit codes, its files.

mod bad_input;
mod capture;
mod cards;
mod debug;
mod drivers;
mod filters;
mod imports;
mod listings;
mod ops;
mod play;
mod resources;
mod schema;
mod signals;
mod support;
mod verdicts;
mod waves;
