//! SIGINT and SIGTERM: no partial file stays behind.

#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::Folder;

/// The number of bytes of a song whose trace takes long to write.
const LONG_SONG: usize = 200_000;

/// If the program has not begun to write after this time, the test fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// Sends a signal to the program while the program writes its trace. Returns the signal that ended
/// the program.
fn interrupt_a_write(folder: &Folder, signal: &str) -> Option<i32> {
    folder.put("long.raw", vec![0xF8; LONG_SONG]);
    folder.put("trace.txt", "the old trace");
    let arguments = ["play", "long.raw", "--input-format", "raw", "--trace", "trace.txt"];
    let mut program = folder.command(&arguments);
    let mut program = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while !has_begun_to_write(folder) {
        assert!(begun.elapsed() < PATIENCE, "the program writes no file");
        assert!(program.try_wait().unwrap().is_none(), "the program was too quick");
        std::thread::yield_now();
    }
    let sent = Command::new("kill").args([signal, &program.id().to_string()]).status();
    assert!(sent.unwrap().success());
    program.wait().unwrap().signal()
}

/// True when a file under a temporary name has bytes.
fn has_begun_to_write(folder: &Folder) -> bool {
    let parts = folder.names().into_iter().filter(|name| name.ends_with(".part"));
    let sizes = parts.map(|name| std::fs::metadata(folder.path().join(name)));
    sizes.flatten().any(|part| part.len() > 0)
}

#[test]
fn a_signal_leaves_no_partial_file_and_keeps_the_old_one() {
    for (signal, number) in [("-TERM", 15), ("-INT", 2)] {
        let folder = Folder::new();
        assert_eq!(interrupt_a_write(&folder, signal), Some(number), "{signal}");
        assert_eq!(folder.names(), ["long.raw", "trace.txt"], "{signal}");
        assert_eq!(folder.get("trace.txt"), b"the old trace", "{signal}");
    }
}
