//! The fuzz targets, each with its folders of good files and its limits.

use std::fs;

use crate::program::{CARGO_FUZZ, Failure, Outcome, cargo, require, run};
use crate::project::root;

/// How long a target runs when the command names no time, in seconds.
const USUAL_SECONDS: u32 = 600;

/// A program of `tests/fuzz/fuzz_targets/`.
struct Target {
    name: &'static str,
    /// Folders with good files to begin from, besides the corpus.
    seeds: &'static [&'static str],
    /// The most bytes of an input.
    max_bytes: u32,
}

const TARGETS: [Target; 6] = [
    Target {
        name: "loader",
        seeds: &["guest/drivers/bin/x64", "guest/drivers/bin/x86", "guest/drivers/bin/msvc-x64"],
        max_bytes: 65_536,
    },
    Target { name: "changed_driver", seeds: &[], max_bytes: 64 },
    Target { name: "pdb", seeds: &["guest/drivers/bin/msvc-x64"], max_bytes: 200_000 },
    Target { name: "events", seeds: &[], max_bytes: 1_000 },
    Target { name: "requests", seeds: &[], max_bytes: 1_000 },
    Target { name: "inf", seeds: &["guest/drivers/inf"], max_bytes: 8_000 },
];

/// Runs a target for some time, and keeps the inputs that it finds in `tests/fuzz/corpus/`.
pub fn fuzz(arguments: &[String]) -> Outcome {
    let (target, seconds) = read_arguments(arguments)?;
    require(&CARGO_FUZZ)?;
    let corpus = format!("tests/fuzz/corpus/{}", target.name);
    fs::create_dir_all(root().join(&corpus)).map_err(Failure::failed)?;
    // `-s none` leaves out the address sanitizer, which only a nightly compiler has.
    let mut command = cargo(&["fuzz", "run", "--fuzz-dir", "tests/fuzz", "-s", "none"]);
    command.arg(target.name).arg(corpus).args(target.seeds).arg("--");
    command.args(["-rss_limit_mb=1024", "-timeout=10"]);
    command.arg(format!("-max_len={}", target.max_bytes));
    command.arg(format!("-max_total_time={seconds}"));
    // libFuzzer's counters need a compiler flag that a stable compiler takes only with this
    // variable.
    command.env("RUSTC_BOOTSTRAP", "1");
    run(command)
}

fn read_arguments(arguments: &[String]) -> Result<(&'static Target, u32), Failure> {
    let names = TARGETS.map(|target| target.name).join(", ");
    let (name, seconds) = match arguments {
        [name] => (name, None),
        [name, seconds] => (name, Some(seconds)),
        _ => return Err(Failure::Usage(format!("fuzz TARGET [SECONDS], with one of {names}"))),
    };
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        return Err(Failure::Usage(format!("there is no fuzz target `{name}`, but {names}")));
    };
    let Some(seconds) = seconds else { return Ok((target, USUAL_SECONDS)) };
    match seconds.parse() {
        Ok(seconds) if seconds > 0 => Ok((target, seconds)),
        _ => Err(Failure::Usage(format!("`{seconds}` is no number of seconds"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<(&'static str, u32), Failure> {
        let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        read_arguments(&arguments).map(|(target, seconds)| (target.name, seconds))
    }

    #[test]
    fn a_target_runs_for_ten_minutes_or_for_the_seconds_that_are_said() {
        assert_eq!(read(&["pdb"]), Ok(("pdb", 600)));
        assert_eq!(read(&["loader", "5"]), Ok(("loader", 5)));
    }

    #[test]
    fn wrong_usage_names_the_targets_or_the_word_that_is_wrong() {
        for (arguments, word) in [
            (&[][..], "loader, changed_driver, pdb"),
            (&["teapot"], "teapot"),
            (&["pdb", "soon"], "soon"),
            (&["pdb", "0"], "0"),
            (&["pdb", "1", "2"], "SECONDS"),
        ] {
            let Err(Failure::Usage(message)) = read(arguments) else { panic!("{arguments:?}") };
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn every_target_of_the_folder_is_known() {
        let folder = fs::read_dir(root().join("tests/fuzz/fuzz_targets")).expect("the targets");
        let mut there: Vec<String> = folder
            .map(|entry| entry.expect("readable").path())
            .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
            .collect();
        there.sort_unstable();
        let mut known = TARGETS.map(|target| target.name);
        known.sort_unstable();
        assert_eq!(there, known);
    }
}
