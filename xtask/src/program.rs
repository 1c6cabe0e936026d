//! Other programs: cargo, scripts, and third-party tools that may be missing.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fmt};

use crate::project::root;

/// The result of a verb.
pub type Outcome = Result<(), Failure>;

/// Why a verb failed.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// A program failed, a tool is missing, or a check found something.
    Failed(String),
}

impl Failure {
    /// Makes the failure of a program, a tool or a check.
    pub fn failed(what: impl fmt::Display) -> Failure {
        Failure::Failed(what.to_string())
    }
}

/// A third-party program.
pub struct Tool {
    /// The name of the tool, for the message when it is missing.
    pub name: &'static str,
    /// A command that succeeds when the tool is installed.
    pub probe: &'static [&'static str],
    /// A command that installs the tool.
    pub get: &'static str,
}

/// The compiler of the drivers for x64.
pub const MINGW_X64: Tool = Tool {
    name: "x86_64-w64-mingw32-g++-win32",
    probe: &["x86_64-w64-mingw32-g++-win32", "--version"],
    get: "apt-get install g++-mingw-w64-x86-64-win32",
};

/// The compiler of the drivers for x86.
pub const MINGW_X86: Tool = Tool {
    name: "i686-w64-mingw32-g++-win32",
    probe: &["i686-w64-mingw32-g++-win32", "--version"],
    get: "apt-get install g++-mingw-w64-i686-win32",
};

/// The compiler of the drivers with the C++ ABI of MSVC.
pub const ZIGLANG: Tool = Tool {
    name: "the Python package ziglang",
    probe: &["python3", "-c", "import ziglang"],
    get: "pip install ziglang==0.17.1",
};

/// The tool that counts the instructions of benchmarks.
pub const VALGRIND: Tool =
    Tool { name: "valgrind", probe: &["valgrind", "--version"], get: "apt-get install valgrind" };

/// The tool that builds and runs fuzz targets.
pub const CARGO_FUZZ: Tool = Tool {
    name: "cargo-fuzz",
    probe: &["cargo", "fuzz", "--version"],
    get: "cargo install cargo-fuzz",
};

/// The program that runs what is compiled for wasm.
pub const NODE: Tool =
    Tool { name: "node", probe: &["node", "--version"], get: "apt-get install nodejs" };

/// Checks that a tool is installed.
///
/// # Errors
/// The name of a missing tool, and the command that installs it.
pub fn require(tool: &Tool) -> Outcome {
    let (program, arguments) = tool.probe.split_first().expect("a command has a program");
    let mut command = Command::new(program);
    let status = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(Failure::Failed(format!("{} is missing; get it by: {}", tool.name, tool.get)))
}

/// The command `cargo` with these arguments, in the root of the project.
///
/// Cargo builds all crates into one target folder, even a crate with its own workspace.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments).env("CARGO_TARGET_DIR", target_folder());
    command
}

/// The folder into which cargo builds.
pub fn target_folder() -> PathBuf {
    // A relative folder is relative to the root, as in `.ci/run`.
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The command that runs a script of the project, in the root of the project.
pub fn script(path: &str) -> Command {
    let mut command = Command::new(root().join(path));
    command.current_dir(root());
    command
}

/// Runs a command to its end. The terminal shows the output of the command at once.
///
/// # Errors
/// The command did not start, or ended without success.
pub fn run(mut command: Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Failed(format!("{}: {status}", line_of(&command)))),
        Err(error) => Err(Failure::Failed(format!("{}: {error}", line_of(&command)))),
    }
}

/// Runs a command to its end, and returns its output. The terminal shows the errors of the command
/// at once.
///
/// # Errors
/// The command did not start, ended without success, or printed bytes that are no text.
pub fn output_of(mut command: Command) -> Result<String, Failure> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| Failure::failed(error).of(&command))?;
    if !output.status.success() {
        return Err(Failure::failed(output.status).of(&command));
    }
    String::from_utf8(output.stdout).map_err(|error| Failure::failed(error).of(&command))
}

impl Failure {
    /// Adds the command to the message of a failure.
    fn of(self, command: &Command) -> Failure {
        match self {
            Failure::Failed(what) => Failure::Failed(format!("{}: {what}", line_of(command))),
            usage => usage,
        }
    }
}

/// Checks that the command line has no arguments, for a verb that takes no arguments.
///
/// # Errors
/// Wrong usage, with the name of the verb.
pub fn no_arguments(verb: &str, arguments: &[String]) -> Outcome {
    match arguments.first() {
        None => Ok(()),
        Some(first) => Err(Failure::Usage(format!("`{verb}` takes no arguments, not `{first}`"))),
    }
}

/// A command, as a user would type it.
fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_named_with_how_to_get_it() {
        let tool = Tool {
            name: "teapot",
            probe: &["no-such-program-as-teapot", "--version"],
            get: "apt-get install teapot",
        };
        let expected = "teapot is missing; get it by: apt-get install teapot";
        assert_eq!(require(&tool), Err(Failure::failed(expected)));
    }

    #[test]
    fn a_program_that_fails_is_named_with_its_arguments_and_how_it_ended() {
        let failure = run(cargo(&["no-such-command", "x"])).expect_err("cargo has no such command");
        let Failure::Failed(message) = failure else { panic!("it is no wrong usage") };
        assert!(message.contains("no-such-command x: exit status: 101"), "{message}");
    }
}
