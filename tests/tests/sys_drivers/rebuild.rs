//! Builds the test drivers from their sources.
//!
//! Tests that need a missing compiler are skipped; `.ci/run` installs the compilers.

use std::path::Path;
use std::process::Command;

use portcls_machine::GuestOptions;
use portcls_test_tools::{has_program, skip};

use crate::reports::report_of;
use crate::scene::{Access, accesses, driver, driver_at, folder, live, machine};

/// Runs `build.sh`. `wanted` has options of the script, and after them the names of drivers.
///
/// If a compiler of MinGW is missing, prints a message and returns false. If ziglang is missing,
/// leaves out the drivers of `msvc-x64` with a message, and returns false if there are no others.
pub fn build(into: &Path, wanted: &[&str]) -> bool {
    for triple in ["x86_64-w64-mingw32", "i686-w64-mingw32"] {
        if !has_program(&format!("{triple}-g++-win32"), "--version", "see guest/drivers/README.md")
        {
            return false;
        }
    }
    let has_zig = Command::new("python3").args(["-c", "import ziglang"]).output();
    let has_zig = has_zig.is_ok_and(|output| output.status.success());
    if !has_zig && wanted.iter().any(|target| target.starts_with("msvc")) {
        skip("msvc-x64 is left out: the Python package ziglang is not installed");
    }
    let is_other = |target: &&str| !target.starts_with("msvc") && !target.starts_with('-');
    if !has_zig && !wanted.iter().any(is_other) {
        return false;
    }
    let wanted = wanted.iter().filter(|target| has_zig || !target.starts_with("msvc"));
    let output = Command::new(folder().join("build.sh")).arg("-o").arg(into).args(wanted).output();
    let output = output.expect("the build script runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

#[test]
fn the_drivers_built_anew_make_the_accesses_of_the_committed_ones() {
    let into = Path::new(env!("CARGO_TARGET_TMPDIR")).join("drivers");
    let builds = ["x64/uart", "x86/uart", "msvc-x64/uart"];
    if !build(&into, &builds) {
        return;
    }
    for name in builds {
        let path = into.join(format!("{name}.sys"));
        if !path.exists() {
            continue;
        }
        let of = |driver| {
            let machine = machine("smsc-superio", driver);
            live(&machine);
            accesses(&machine).iter().map(Access::what).collect::<Vec<_>>()
        };
        assert_eq!(of(driver_at(&path, GuestOptions::default())), of(driver(name)), "{name}");
    }
    std::fs::remove_dir_all(into).expect("the folder for tests can be cleaned");
}

#[test]
fn the_pdb_built_anew_tells_what_the_committed_one_does_and_no_folder_of_this_computer() {
    let into = Path::new(env!("CARGO_TARGET_TMPDIR")).join("drivers-with-pdb");
    if !build(&into, &["-k", "msvc-x64/null_adapter"]) {
        return;
    }
    let places = |folder: &Path| {
        let analysis = report_of(&folder.join("msvc-x64/null_adapter.sys"));
        assert_eq!(analysis.notes, [""; 0]);
        let stack = analysis.context.expect("a compiled driver has registers").stack;
        let places = stack.into_iter().filter_map(|line| line.symbol);
        places.map(|place| (place.function.map(|it| it.name), place.lines)).collect::<Vec<_>>()
    };
    assert_eq!(places(&into), places(&folder().join("bin")));
    let pdb = std::fs::read(into.join("msvc-x64/null_adapter.pdb")).expect("the PDB");
    let here = folder().canonicalize().expect("the folder of the drivers");
    let temporary = std::env::temp_dir();
    for told in [&here, &into, &temporary.join("tmp")] {
        let told = told.to_str().expect("a plain path").as_bytes();
        assert!(!pdb.windows(told.len()).any(|bytes| bytes == told), "{told:?} is in the PDB");
    }
    std::fs::remove_dir_all(into).expect("the folder for tests can be cleaned");
}
