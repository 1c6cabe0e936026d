//! The program as its user sees it: its output, its exit codes, its files.

mod bad_input;
mod capture;
mod cards;
mod completions;
mod debug;
mod diff;
mod drivers;
mod explain;
mod filters;
mod imports;
mod listings;
mod new;
mod ops;
mod play;
mod recipes;
mod resources;
mod schema;
mod signals;
mod support;
mod verdicts;
mod waves;
