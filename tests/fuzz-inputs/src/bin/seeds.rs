//! `seeds TARGET FOLDER` writes the inputs that a target begins from.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

use portcls_fuzz_inputs::{TARGETS, Target};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [name, folder] = &arguments[..] else { return ExitCode::from(2) };
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        return ExitCode::from(2);
    };
    match write(target, folder.into()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn write(target: &Target, folder: PathBuf) -> io::Result<()> {
    fs::create_dir_all(&folder)?;
    for (name, input) in (target.seeds)() {
        fs::write(folder.join(name), input)?;
    }
    Ok(())
}
