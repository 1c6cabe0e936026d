//! The program as its user sees it: its output, its exit codes, its files.

mod bad_input;
mod capture;
mod cards;
mod check;
mod completions;
mod debug;
mod diff;
mod drivers;
mod explain;
mod export;
mod filters;
mod imports;
mod latency;
mod line_ends;
mod listings;
mod messages;
mod new;
mod ops;
mod play;
mod progress_bar;
mod readme;
mod recipes;
mod resources;
mod run;
mod schema;
mod signals;
mod summary_page;
mod support;
mod trace;
mod trace_colour;
mod verdicts;
mod waves;
#[cfg(unix)]
mod workflow;
