//! Benchmarks of the project; they live in `benches/`, one file a room.
//!
//! `cargo bench -p portcls-benches` runs all of them. Times vary between machines: compare within
//! one run. Instructions do not vary: this library counts them.

use std::env;
use std::process::{Command, Stdio};

/// Instructions of one round of a work, in hundredths; `None` without valgrind.
///
/// This program runs itself under callgrind with `--run WORK... ROUNDS`, once with so many rounds
/// and once with twice as many, so that the difference is the rounds alone. A round is counted
/// whole, with the loop around it.
#[must_use]
pub fn instructions_of_a_round(work: &[&str], rounds: u64) -> Option<u64> {
    let once = instructions_of_a_run(work, rounds)?;
    let twice = instructions_of_a_run(work, 2 * rounds)?;
    Some((twice - once) * 100 / rounds)
}

fn instructions_of_a_run(work: &[&str], rounds: u64) -> Option<u64> {
    let program = env::current_exe().expect("the path of this program");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .arg("--run")
        .args(work)
        .arg(rounds.to_string())
        .stdout(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let (_, collected) = said.split_once("Collected : ")?;
    collected.split_whitespace().next()?.parse().ok()
}
