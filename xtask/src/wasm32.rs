//! The tests of four rooms below the machine, with 32-bit addresses.
//!
//! Debian's compiler for browsers builds the tests for `wasm32-wasip1`, with the exception handling
//! of WebAssembly, as `lab/build.sh` builds the lab. `tests/wasm32/run.js` runs the tests in node.
//! This run finds a length that was cut to 32 bits, and a bug check that does not unwind.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Failure, NODE, Outcome, no_arguments, require, run, target_folder};
use crate::project::root;

const TARGET: &str = "wasm32-wasip1";

/// The rooms whose tests run. A test that starts a process has a `cfg` that leaves it out on this
/// target.
const ROOMS: [&str; 4] = ["hw-mpu401", "portcls-emulator", "portcls-port", "portcls-guest"];

/// Debian's packages that this verb needs.
const PACKAGES: &str =
    "rustc-web cargo-web rust-web-src libstd-rust-web-dev lld-22 wasi-libc nodejs";

/// The folder of the C library.
const LIBRARY: &str = "/usr/lib/wasm32-wasi";

/// The memory of a test program in bytes. Node 20 dies when such a program asks for more.
const MEMORY: u32 = 3 << 30;

/// The stack of a test program in bytes: what a thread of Linux has.
const STACK: u32 = 8 << 20;

/// The number of random cases of a property: an eighth of the usual number, because each case takes
/// longer.
const CASES: &str = "32";

/// Runs the tests of `ROOMS`.
pub fn wasm32(arguments: &[String]) -> Outcome {
    no_arguments("wasm32", arguments)?;
    for file in ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/bin/wasm-ld-22", LIBRARY] {
        if !Path::new(file).exists() {
            let words = format!("{file} is missing; on Debian: apt-get install {PACKAGES}");
            return Err(Failure::failed(words));
        }
    }
    require(&NODE)?;
    run(cargo_test())
}

fn cargo_test() -> Command {
    let mut command = Command::new("/usr/bin/cargo");
    command.current_dir(root());
    command.args(["test", "--target", TARGET, "-Zbuild-std=std,panic_unwind,test"]);
    command.args(["--lib", "--tests", "--no-fail-fast"]);
    command.args(ROOMS.iter().flat_map(|room| ["--package", room]));
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(variable);
    }
    let runner = root().join("tests/wasm32/run.js");
    command
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", own_target())
        .env("CARGO_TARGET_WASM32_WASIP1_LINKER", "wasm-ld-22")
        .env("CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS", flags())
        .env(
            "CARGO_TARGET_WASM32_WASIP1_RUNNER",
            format!("node --no-warnings {}", runner.display()),
        )
        // Without this variable a test would ask cargo for the folder. Here a test cannot start
        // cargo.
        .env("INSTA_WORKSPACE_ROOT", root())
        .env("INSTA_UPDATE", "no")
        .env("PROPTEST_CASES", CASES);
    command
}

/// The folder into which this verb builds. It is a separate folder, because this verb uses another
/// compiler than the other verbs.
fn own_target() -> PathBuf {
    target_folder().join("wasm32")
}

fn flags() -> String {
    [
        "-Cpanic=unwind".to_owned(),
        "-Ctarget-feature=+exception-handling".to_owned(),
        "-Clink-self-contained=no".to_owned(),
        // The C library of 2022 lacks functions that nothing calls here. `run.js` has a function in
        // place of each.
        "-Clink-arg=--allow-undefined".to_owned(),
        format!("-Clink-arg=-L{LIBRARY}"),
        format!("-Clink-arg={LIBRARY}/crt1-command.o"),
        "-Clink-arg=-lc".to_owned(),
        format!("-Clink-arg=-zstack-size={STACK}"),
        format!("-Clink-arg=--initial-memory={MEMORY}"),
    ]
    .join(" ")
}
