//! C programs with the header and the two libraries, as a host builds them.
//!
//! One test compares the adapter with the page that shows it. Cargo made the libraries beside this
//! test, together with the Rust library that the test depends on, so the libraries are always up to
//! date. A test skips what needs a compiler that is not there. `CC` and `CXX` name another compiler
//! for C and for C++.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A warning is an error, because the header must cause no warning in a host's build.
const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"];

/// How a program gets the code of the library.
#[derive(Debug, Clone, Copy)]
enum Library {
    Static,
    Shared,
}

/// A compiler, or `None` with a message when there is none.
fn compiler(variable: &str, usual: &str) -> Option<String> {
    let name = env::var(variable).unwrap_or_else(|_| usual.to_owned());
    let found = Command::new(&name).arg("--version").output().is_ok_and(|o| o.status.success());
    if !found {
        portcls_test_tools::skip(&format!("no compiler `{name}`; install one or set {variable}"));
    }
    found.then_some(name)
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// What a program printed; the program must have ended well.
fn good_output(output: &Output, what: &str) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {}\n{stdout}\n{stderr}", output.status);
    stdout
}

/// The folder of this test's executable, where cargo put the libraries.
fn library_folder() -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    test.parent().expect("its folder").to_path_buf()
}

/// Links a C program with the library and returns the path of the executable. Tests run at the same
/// time, so each test gives its programs other names.
fn build(compiler: &str, source: &str, library: Library, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = folder.join(format!("{name}-{library:?}{}", env::consts::EXE_SUFFIX));
    let libraries = library_folder();
    let mut command = Command::new(compiler);
    command.current_dir(ROOT).arg("-std=c11").args(STRICT).args(["-Iinclude", source, "-o"]);
    command.arg(&program);
    match library {
        Library::Static => {
            command.arg(libraries.join("libmpu401.a")).args(["-lpthread", "-ldl", "-lm"]);
        }
        Library::Shared => {
            command.arg("-L").arg(&libraries).arg("-lmpu401");
            command.arg(format!("-Wl,-rpath,{}", libraries.display()));
        }
    }
    good_output(&run(&mut command), source);
    program
}

#[test]
fn the_example_prints_the_times_on_the_wire() {
    let Some(cc) = compiler("CC", "cc") else { return };
    for library in [Library::Static, Library::Shared] {
        let program = build(&cc, "examples/poll.c", library, "poll");
        let roland = good_output(&run(&mut Command::new(&program)), "poll");
        insta::assert_snapshot!("poll_roland_mpu401", roland);
        let sb16 = good_output(&run(Command::new(&program).arg("sb16")), "poll sb16");
        insta::assert_snapshot!("poll_sb16", sb16);
    }
}

#[test]
fn the_example_says_that_it_does_not_know_a_card() {
    let Some(cc) = compiler("CC", "cc") else { return };
    let output =
        run(Command::new(build(&cc, "examples/poll.c", Library::Static, "unknown")).arg("gravis"));
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "poll: there is no card named gravis\n");
}

#[test]
fn the_promises_of_the_header_hold_for_a_host_that_makes_mistakes() {
    let Some(cc) = compiler("CC", "cc") else { return };
    for library in [Library::Static, Library::Shared] {
        let program = build(&cc, "tests/contract.c", library, "contract");
        let said = good_output(&run(&mut Command::new(program)), "contract");
        assert!(said.starts_with("0 of "), "{said}");
    }
}

#[test]
fn the_adapter_compiles_as_c99_and_the_header_as_cpp() {
    if let Some(cc) = compiler("CC", "cc") {
        let mut command = Command::new(cc);
        command.current_dir(ROOT).arg("-std=c99").args(STRICT);
        command.args(["-Iinclude", "-fsyntax-only", "examples/adapter.c"]);
        good_output(&run(&mut command), "adapter.c");
    }
    if let Some(cxx) = compiler("CXX", "c++") {
        let mut command = Command::new(cxx);
        command.current_dir(ROOT).arg("-std=c++11").args(STRICT);
        command.args(["-fsyntax-only", "-x", "c++", "include/mpu401.h"]);
        good_output(&run(&mut command), "mpu401.h");
    }
}

#[test]
fn the_page_shows_the_adapter_that_is_compiled_here() {
    let read = |path: &str| {
        let text = fs::read_to_string(Path::new(ROOT).join(path)).expect(path);
        text.replace("\r\n", "\n")
    };
    let (page, adapter) = (read("../../docs/embedding.md"), read("examples/adapter.c"));
    let (_, shown) = adapter.split_once("*/\n").expect("a head comment");
    assert!(
        page.contains(shown),
        "docs/embedding.md shows another adapter than examples/adapter.c"
    );
}
