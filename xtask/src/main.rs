//! `cargo xtask VERB`: the commands of this project, by name.
//!
//! Owns the command line and the exit code: 0 for success, 1 when a command failed or a check found
//! a fault, 2 for wrong usage. `verb` lists the verbs. This crate depends on no room of the
//! project. It runs cargo on the rooms, and reads the files of the rooms as text.

mod fuzz;
mod licences;
mod made;
mod measure;
mod package;
mod program;
mod project;
mod release;
mod tidy;
mod verb;
mod wasm32;
mod windows;

use std::env;
use std::process::ExitCode;

use program::Failure;
use verb::{VERBS, find};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", verb::list(VERBS));
        return ExitCode::SUCCESS;
    };
    match find(VERBS, name).and_then(|verb| (verb.run)(rest)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(message)) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
