//! The type check of the project for Windows, on any system.
//!
//! The check links and runs nothing, so it needs neither Windows nor its linker. It needs only a
//! standard library for Windows. The verb uses a library that is there, and never installs one.
//! `RUSTC` chooses another compiler, such as a compiler of a distribution that has this library.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Failure, Outcome, cargo, no_arguments, output_of, run};

/// The target that is checked.
const TARGET: &str = "x86_64-pc-windows-gnu";

/// What to do where the compiler has no standard library for the target.
const HOW_TO_GET_IT: &str = "one of these gives it: `rustup target add x86_64-pc-windows-gnu`; \
                             `rustup component add rust-src`; on Debian `apt-get install \
                             rustc-web rust-web-src` and RUSTC=/usr/bin/rustc";

/// The form of the standard library for the target.
#[derive(Debug, PartialEq, Eq)]
enum Library {
    /// The library is there in compiled form.
    Compiled,
    /// The source of the library is there, and cargo checks it first.
    Source,
    /// The library is not there.
    Missing,
}

/// Checks all crates of the workspace with their tests and examples. If there is no standard
/// library for the target, the verb says so and succeeds.
pub fn windows(arguments: &[String]) -> Outcome {
    no_arguments("windows", arguments)?;
    let mut options = vec!["check", "--workspace", "--all-targets", "--target", TARGET];
    let library = find_library(&sysroot()?);
    if library == Library::Source {
        options.push("-Zbuild-std");
    }
    if library == Library::Missing {
        println!("SKIPPED: not checked for {TARGET}: the compiler has no standard library for it");
        println!("{HOW_TO_GET_IT}");
        return Ok(());
    }
    let mut command = cargo(&options);
    // A stable compiler checks its own library only with this variable.
    if library == Library::Source {
        command.env("RUSTC_BOOTSTRAP", "1");
    }
    run(command)?;
    println!("the project is well typed for {TARGET}");
    Ok(())
}

/// The folder of the compiler.
fn sysroot() -> Result<PathBuf, Failure> {
    let mut command = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.args(["--print", "sysroot"]);
    Ok(output_of(command)?.trim_end().into())
}

fn find_library(sysroot: &Path) -> Library {
    let libraries = sysroot.join("lib/rustlib");
    if libraries.join(TARGET).join("lib").is_dir() {
        Library::Compiled
    } else if libraries.join("src/rust/library/std").is_dir() {
        Library::Source
    } else {
        Library::Missing
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_library_is_taken_compiled_or_as_source_or_is_missing() {
        let folder = env::temp_dir().join(format!("xtask-windows-{}", std::process::id()));
        let libraries = folder.join("lib/rustlib");
        fs::create_dir_all(&libraries).unwrap();
        assert_eq!(find_library(&folder), Library::Missing);
        fs::create_dir_all(libraries.join("src/rust/library/std")).unwrap();
        assert_eq!(find_library(&folder), Library::Source);
        fs::create_dir_all(libraries.join(TARGET).join("lib")).unwrap();
        assert_eq!(find_library(&folder), Library::Compiled);
        fs::remove_dir_all(&folder).unwrap();
    }
}
