//! Help for tests that run a third-party tool: sigrok, gdb, a compiler.
//!
//! The tests of every room may use this crate, so it knows no room.

use std::process::Command;

/// The environment variable that turns a missing tool into a failure; `.ci/run` sets it.
pub const REQUIRE_TOOLS: &str = "PORTCLS_REQUIRE_TOOLS";

/// Prints that a test is skipped, and which tool is missing.
///
/// # Panics
/// When [`REQUIRE_TOOLS`] is set, because then no test may be skipped.
pub fn skip(missing: &str) {
    let is_required = std::env::var_os(REQUIRE_TOOLS).is_some();
    assert!(!is_required, "{missing}, and {REQUIRE_TOOLS} is set: nothing may be skipped");
    eprintln!("SKIPPED: {missing}");
}

/// True if a program runs with this argument and ends with success. Otherwise the function calls
/// [`skip`].
///
/// # Panics
/// When [`skip`] panics.
pub fn has_program(name: &str, argument: &str, source: &str) -> bool {
    let found = Command::new(name).arg(argument).output();
    let is_there = found.is_ok_and(|output| output.status.success());
    if !is_there {
        skip(&format!("{name} is not installed; {source}"));
    }
    is_there
}
