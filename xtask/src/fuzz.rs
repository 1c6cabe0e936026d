//! The fuzz targets, each with its limits, and the commands that run them.

use crate::program::{CARGO_FUZZ, Failure, Outcome, cargo, require, run};

/// How long a target runs when the command names no time, in seconds.
const USUAL_SECONDS: u32 = 600;

/// The word that stands for every target.
const ALL: &str = "all";

/// A program of `tests/fuzz/fuzz_targets/`.
struct Target {
    name: &'static str,
    /// The most bytes of an input.
    max_bytes: u32,
}

/// The targets, in the order in which `all` runs them: the fast ones first.
const TARGETS: [Target; 15] = [
    Target { name: "songs", max_bytes: 512 },
    Target { name: "cards", max_bytes: 2_048 },
    Target { name: "traces", max_bytes: 2_048 },
    Target { name: "scripts", max_bytes: 1_024 },
    Target { name: "card_results", max_bytes: 512 },
    Target { name: "registry", max_bytes: 512 },
    Target { name: "inf", max_bytes: 4_096 },
    Target { name: "comparisons", max_bytes: 4_096 },
    Target { name: "gdb", max_bytes: 512 },
    Target { name: "guest_code", max_bytes: 256 },
    Target { name: "changed_driver", max_bytes: 64 },
    Target { name: "events", max_bytes: 300 },
    Target { name: "requests", max_bytes: 1_000 },
    Target { name: "loader", max_bytes: 25_000 },
    Target { name: "pdb", max_bytes: 230_000 },
];

/// What a command asks for.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    targets: Vec<&'static str>,
    seconds: u32,
    /// The seed of libFuzzer's random numbers; without it each run has other numbers.
    seed: Option<u32>,
}

/// Runs a target or all of them for some time, and keeps the inputs that they find in
/// `tests/fuzz/corpus/`.
pub fn fuzz(arguments: &[String]) -> Outcome {
    let request = read_arguments(arguments)?;
    require(&CARGO_FUZZ)?;
    let targets = TARGETS.iter().filter(|target| request.targets.contains(&target.name));
    targets.into_iter().try_for_each(|target| run_target(target, &request))
}

fn run_target(target: &Target, request: &Request) -> Outcome {
    let corpus = format!("tests/fuzz/corpus/{}", target.name);
    // Writes the first inputs of the corpus, made from the project's own files.
    run(cargo(&["run", "--quiet", "--package", "portcls-fuzz-inputs", target.name, &corpus]))?;
    // `-s none` leaves out the address sanitizer, which only a nightly compiler has.
    let mut command = cargo(&["fuzz", "run", "--fuzz-dir", "tests/fuzz", "-s", "none"]);
    command.args([target.name, &corpus, "--", "-rss_limit_mb=1024", "-timeout=10"]);
    command.arg("-print_final_stats=1");
    command.arg(format!("-max_len={}", target.max_bytes));
    command.arg(format!("-max_total_time={}", request.seconds));
    command.args(request.seed.map(|seed| format!("-seed={seed}")));
    // libFuzzer's counters need a compiler flag that a stable compiler takes only with this
    // variable.
    command.env("RUSTC_BOOTSTRAP", "1");
    run(command)
}

fn read_arguments(arguments: &[String]) -> Result<Request, Failure> {
    let all = TARGETS.map(|target| target.name);
    let names = format!("{ALL}, {}", all.join(", "));
    let (name, numbers) = match arguments {
        [name, numbers @ ..] if numbers.len() <= 2 => (name, numbers),
        _ => {
            let form = format!("fuzz TARGET [SECONDS [SEED]], with one of {names}");
            return Err(Failure::Usage(form));
        }
    };
    let targets: Vec<&str> = all.into_iter().filter(|one| name == ALL || one == name).collect();
    if targets.is_empty() {
        return Err(Failure::Usage(format!("there is no fuzz target `{name}`, but {names}")));
    }
    let number = |index: usize, wanted: &str| {
        let word = numbers.get(index)?;
        let read = word.parse::<u32>().ok().filter(|number| *number > 0);
        Some(read.ok_or_else(|| Failure::Usage(format!("`{word}` is no {wanted}"))))
    };
    let seconds = number(0, "number of seconds").transpose()?.unwrap_or(USUAL_SECONDS);
    Ok(Request { targets, seconds, seed: number(1, "seed, a number above 0").transpose()? })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::project::root;

    fn read(arguments: &[&str]) -> Result<Request, Failure> {
        let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        read_arguments(&arguments)
    }

    #[test]
    fn a_target_runs_for_ten_minutes_or_for_the_seconds_that_are_said() {
        let request = |name, seconds, seed| Ok(Request { targets: vec![name], seconds, seed });
        assert_eq!(read(&["pdb"]), request("pdb", 600, None));
        assert_eq!(read(&["loader", "5"]), request("loader", 5, None));
        assert_eq!(read(&["songs", "5", "7"]), request("songs", 5, Some(7)));
    }

    #[test]
    fn all_stands_for_every_target() {
        let request = read(&["all", "60"]).expect("a right command");
        assert_eq!(request.targets, TARGETS.map(|target| target.name));
    }

    #[test]
    fn wrong_usage_names_the_targets_or_the_word_that_is_wrong() {
        for (arguments, word) in [
            (&[][..], "all, songs, cards"),
            (&["teapot"], "teapot"),
            (&["pdb", "soon"], "soon"),
            (&["pdb", "0"], "0"),
            (&["pdb", "1", "-2"], "-2"),
            (&["pdb", "1", "2", "3"], "SECONDS"),
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
