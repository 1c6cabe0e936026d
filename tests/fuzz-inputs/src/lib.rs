//! Any bytes as the input of each reader of outside input.
//!
//! Each target is a function that takes any bytes and panics when something is wrong: a panic
//! inside, an error without a place, a text that reads back to something else, a run that differs
//! when it is repeated. The programs of `tests/fuzz/` call these functions without end. The tests
//! of this crate call them for the inputs to begin from, for changed inputs and for random inputs.
//! This crate never knows libFuzzer.

mod card_results;
mod cards;
pub mod changed_drivers;
mod comparisons;
pub mod dmus_events;
mod driver_files;
mod gdb_packets;
pub mod guest_code;
mod infs;
mod machines;
mod mutation;
mod pdbs;
mod place;
mod registry_files;
pub mod requests;
mod scripts;
mod seeds;
mod songs;
mod traces;

pub use machines::End;
pub use mutation::Mutator;
pub use seeds::Seed;

/// A reader of outside input.
pub struct Target {
    /// The name of the target; the program in `tests/fuzz/fuzz_targets/` has the same name.
    pub name: &'static str,
    /// Takes an input, and panics when something is wrong.
    pub run: fn(&[u8]),
    /// The inputs to begin from.
    pub seeds: fn() -> Vec<Seed>,
}

/// All targets.
pub const TARGETS: [Target; 15] = [
    Target { name: "songs", run: songs::run, seeds: songs::seeds },
    Target { name: "scripts", run: scripts::run, seeds: scripts::seeds },
    Target { name: "card_results", run: card_results::run, seeds: card_results::seeds },
    Target { name: "cards", run: cards::run, seeds: cards::seeds },
    Target { name: "registry", run: registry_files::run, seeds: registry_files::seeds },
    Target { name: "traces", run: traces::run, seeds: traces::seeds },
    Target { name: "comparisons", run: comparisons::run, seeds: comparisons::seeds },
    Target { name: "gdb", run: gdb_packets::run, seeds: gdb_packets::seeds },
    Target { name: "guest_code", run: guest_code::run, seeds: guest_code::seeds },
    Target { name: "loader", run: driver_files::run, seeds: driver_files::seeds },
    Target { name: "pdb", run: pdbs::run, seeds: pdbs::seeds },
    Target { name: "changed_driver", run: changed_drivers::run, seeds: changed_drivers::seeds },
    Target { name: "events", run: dmus_events::run, seeds: dmus_events::seeds },
    Target { name: "requests", run: requests::run_any, seeds: requests::seeds },
    Target { name: "inf", run: infs::run, seeds: infs::seeds },
];

/// The target of this name.
///
/// # Panics
/// No target has this name.
#[must_use]
pub fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).expect("a target of this name")
}
