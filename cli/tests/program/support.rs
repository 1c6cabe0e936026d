//! Runs the program in a folder of its own, and without some environment
//! variables of the user that would change its output.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder that is removed when the test ends.
pub struct Folder(TempDir);

/// The result of a run of the program.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output, as bytes.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

/// The path of a test driver, such as `x64/uart.sys`, for a program whose current folder is
/// elsewhere.
pub fn driver_path(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../guest/drivers/bin").join(name);
    path.to_str().expect("a plain path").to_owned()
}

impl Folder {
    /// An empty folder.
    pub fn new() -> Folder {
        Folder(TempDir::new().expect("a folder for a test"))
    }

    /// The path of this folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts a file into this folder.
    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), bytes).expect("a file for a test");
    }

    /// The bytes of a file in this folder.
    pub fn get(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).expect("a file that was written")
    }

    /// The names of the files and folders in this folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).expect("the folder of a test");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("an entry").file_name().into_string().expect("a plain name")
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// The program with this folder as its current folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(insta_cmd::get_cargo_bin("portcls-emu"));
        let at_home =
            ["CI", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RUST_LOG", "COLUMNS", "LINES"];
        for name in at_home {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::new(self.command(arguments).output().expect("the program runs"))
    }

    /// Runs the program with bytes on its standard input.
    pub fn run_with_stdin(&self, arguments: &[&str], stdin: &[u8]) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program runs");
        let mut pipe = child.stdin.take().expect("a pipe");
        pipe.write_all(stdin).expect("the program reads");
        drop(pipe);
        Ran::new(child.wait_with_output().expect("the program ends"))
    }
}

impl Ran {
    /// The result of a run.
    pub fn new(output: Output) -> Ran {
        Ran {
            code: output.status.code().expect("the program ends by itself"),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).expect("messages are text"),
        }
    }

    /// Standard output as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("the output is text")
    }
}

/// A MIDI file of format 0, with 480 ticks in a beat and these track events.
pub fn midi_file(events: &[u8]) -> Vec<u8> {
    let mut file = b"MThd\0\0\0\x06\0\0\0\x01\x01\xE0MTrk".to_vec();
    file.extend((events.len() as u32).to_be_bytes());
    file.extend(events);
    file
}

/// Two notes and the end of the track. The second note begins 1 beat after the first note.
pub const TWO_NOTES: &[u8] =
    b"\x00\x90\x3C\x40\x83\x60\x80\x3C\x40\x00\x90\x40\x40\x83\x60\x80\x40\x40\x00\xFF\x2F\x00";

/// A folder where two notes were played, with `song.mid` and its trace `t.txt`.
pub fn traced() -> Folder {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let ran = folder.run(&["play", "song.mid", "--trace", "t.txt"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    folder
}
