//! Runs a judge as a program on files.

use std::path::PathBuf;
use std::process::{Command, Output};

/// Whether a program is installed. Prints a message if the program is not installed.
pub fn is_installed(name: &str, package: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).any(|folder| folder.join(name).is_file());
    if !found {
        let source = format!("it comes with the Debian package {package}");
        portcls_test_tools::skip(&format!("{name} is not installed; {source}"));
    }
    found
}

/// Runs a program to its end, and returns its stdout. The program must end well, with nothing on
/// stderr.
pub fn run(name: &str, arguments: &[&str]) -> Vec<u8> {
    let Output { status, stdout, stderr } = output(name, arguments);
    let complaint = String::from_utf8_lossy(&stderr);
    assert!(status.success() && stderr.is_empty(), "{name} {arguments:?}: {status} {complaint}");
    stdout
}

/// Runs a program to its end. The program may fail.
pub fn output(name: &str, arguments: &[&str]) -> Output {
    let run = Command::new(name).args(arguments).output();
    run.unwrap_or_else(|error| panic!("{name} does not run: {error}"))
}

/// A file for a judge; no other test uses the same file.
pub struct Exhibit(PathBuf);

impl Exhibit {
    /// Makes a file with this content, in the folder that cargo keeps for tests.
    pub fn new(name: &str, content: &[u8]) -> Exhibit {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, content).expect("the folder for tests takes files");
        Exhibit(path)
    }

    /// The path of the file, as an argument.
    pub fn path(&self) -> &str {
        self.0.to_str().expect("the folder for tests has a name in UTF-8")
    }
}

impl Drop for Exhibit {
    /// Removes the file. After a failed test the file stays, for the developer.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_file(&self.0);
        }
    }
}
