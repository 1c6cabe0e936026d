//! Benchmarks of the project; they live in `benches/`, one file a room. This library is empty.
//!
//! `cargo bench -p portcls-benches` runs all of them. Times vary between machines: compare within
//! one run.
