//! Benchmarks, and the page with their figures.

use crate::program::{Failure, Outcome, VALGRIND, cargo, no_arguments, require, run};
use crate::project::root;

/// Runs all benchmarks, or only the benchmarks of one file.
pub fn benches(arguments: &[String]) -> Outcome {
    let mut command = cargo(&["bench", "-p", "portcls-benches"]);
    match arguments {
        [] => {}
        [name] => {
            command.args(["--bench", name]);
        }
        [_, second, ..] => {
            return Err(Failure::Usage(format!(
                "`benches` takes one name, and not `{second}` too"
            )));
        }
    }
    run(command)
}

/// Measures the chip card by card, and writes the table into `docs/speed.md`.
pub fn speed(arguments: &[String]) -> Outcome {
    no_arguments("speed", arguments)?;
    require(&VALGRIND)?;
    let mut command = cargo(&["bench", "-p", "portcls-benches", "--bench", "speed", "--"]);
    command.arg("--update").arg(root().join("docs/speed.md"));
    run(command)
}
