//! The progress bar, on a pseudo terminal that the program `script` makes.

#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portcls_test_tools::has_program;

use crate::support::Folder;

/// A run whose time on this computer is known.
struct LongRun {
    folder: Folder,
    took: Duration,
    document: Vec<u8>,
}

const LONG_RUN: [&str; 6] = ["capture", "long.raw", "--input-format", "raw", "--format", "json"];

impl LongRun {
    /// Finds a song that takes this computer long enough for a bar.
    fn find() -> LongRun {
        let mut bytes = 1 << 18;
        loop {
            let folder = Folder::new();
            folder.put("long.raw", [0x90, 0x3C, 0x40].repeat(bytes / 3));
            let begin = Instant::now();
            let ran = folder.run(&LONG_RUN);
            let took = begin.elapsed();
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "no bar without a terminal");
            if took > Duration::from_millis(1_800) {
                return LongRun { folder, took, document: ran.stdout };
            }
            assert!(bytes < 1 << 24, "{bytes} bytes took only {took:?}");
            bytes *= 2;
        }
    }

    /// What a terminal of this kind shows on stderr. The document goes into a file, and must equal
    /// the document of a run without a terminal.
    fn on_a_terminal(&self, kind: &str, options: &str) -> String {
        let program = insta_cmd::get_cargo_bin("portcls-emu");
        let (words, name) = (LONG_RUN.join(" "), format!("{kind}{options}.json"));
        let line = format!("{} {words} {options} > {name}", program.display());
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(self.folder.path());
        script.env("TERM", kind).env_remove("RUST_LOG").stdin(Stdio::null());
        let output = script.output().expect("the program runs on a terminal");
        assert!(self.folder.get(&name) == self.document, "{name}: the bar changed the run");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

#[test]
fn a_long_run_shows_on_a_terminal_how_far_it_is_and_what_is_left() {
    if !has_program("script", "--version", "install the package bsdutils") {
        return;
    }
    let run = LongRun::find();
    let shown = run.on_a_terminal("xterm", "");
    let frames: Vec<&str> = shown.split(['\r', '\n']).filter(|one| one.contains('[')).collect();
    assert!(shown.contains("MIDI IN [") && shown.contains("%, "), "{:?}: {shown}", run.took);
    assert!(shown.contains(" bytes, ") && shown.contains(" s left"), "{shown}");
    assert!(frames.len() >= 2, "it moves: {shown}");
    let is_cleared = shown.trim_end().ends_with("\u{1b}[2K") || !shown.ends_with('%');
    assert!(is_cleared, "the bar goes away: {shown}");
    assert_eq!(run.on_a_terminal("xterm", "-q"), "", "-q leaves it out");
    assert_eq!(run.on_a_terminal("dumb", ""), "", "a dumb terminal cannot show it");
}
