//! Short runs of most targets: the inputs to begin from, and changed inputs.
//!
//! Three targets have their short runs in other files. `cargo xtask fuzz` runs all targets for any
//! length of time.

use portcls_fuzz_inputs::{Mutator, TARGETS, target};

/// Runs a target over the inputs to begin from, and over this many changed inputs.
fn run(name: &str, changes: u64) {
    let target = target(name);
    let seeds = (target.seeds)();
    for (_, input) in &seeds {
        (target.run)(input);
    }
    for number in 0..changes {
        let mut mutator = Mutator::new(number);
        let [one, other] = [(); 2].map(|()| &seeds[mutator.below(seeds.len())].1);
        (target.run)(&mutator.change(one, other));
    }
}

macro_rules! short_runs {
    ($($test:ident: $name:literal, $changes:literal;)+) => {
        /// The targets with a short run here.
        const HERE: &[&str] = &[$($name),+];

        $(#[test]
        fn $test() {
            run($name, $changes);
        })+
    };
}

short_runs! {
    songs_keep_their_promises: "songs", 20_000;
    scripts_are_refused_at_a_place_or_run_the_same_twice: "scripts", 3_000;
    results_of_a_card_are_refused_at_a_place_or_compared: "card_results", 5_000;
    card_files_are_refused_at_a_place_or_give_a_card: "cards", 1_000;
    registry_values_are_refused_at_a_line_or_are_there: "registry", 1_000;
    traces_are_refused_at_a_place_or_read_back: "traces", 2_000;
    traces_compare_the_same_both_ways: "comparisons", 300;
    a_debugger_may_send_anything: "gdb", 200;
    any_code_ends_in_a_defined_way: "guest_code", 300;
    any_file_is_refused_or_a_sound_image: "loader", 100;
    any_pdb_gives_a_note_or_names: "pdb", 20;
    any_inf_is_refused_at_a_place_or_gives_a_machine: "inf", 200;
}

/// The targets whose short runs are in `changed_drivers.rs`, `event_scripts.rs` and `requests.rs`.
const ELSEWHERE: [&str; 3] = ["changed_driver", "events", "requests"];

#[test]
fn every_target_has_a_short_run_and_a_program() {
    let sorted = |mut names: Vec<String>| {
        names.sort_unstable();
        names
    };
    let targets = sorted(TARGETS.iter().map(|target| target.name.to_owned()).collect());
    let short = HERE.iter().chain(&ELSEWHERE).map(|name| (*name).to_owned()).collect();
    assert_eq!(sorted(short), targets);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/fuzz_targets");
    let programs = std::fs::read_dir(folder).expect("the programs");
    let names = programs.map(|entry| {
        let path = entry.expect("it can be read").path();
        path.file_stem().expect("a name").to_string_lossy().into_owned()
    });
    assert_eq!(sorted(names.collect()), targets);
}
