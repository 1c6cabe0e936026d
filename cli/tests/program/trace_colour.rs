//! Colours of the text of a trace: on a terminal, never in a file.

#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use portcls_test_tools::has_program;

use crate::support::{Folder, traced};

/// Runs the program with this command line on a terminal. Returns what the terminal shows of
/// stdout.
fn on_a_terminal(folder: &Folder, line: &str, environment: &[(&str, &str)]) -> String {
    let program = insta_cmd::get_cargo_bin("portcls-emu");
    let line = format!("{} {line} 2> /dev/null", program.display());
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).current_dir(folder.path());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "RUST_LOG"] {
        script.env_remove(name);
    }
    script.env("TERM", "xterm-256color").envs(environment.iter().copied()).stdin(Stdio::null());
    let output = script.output().expect("the program runs on a terminal");
    String::from_utf8(output.stdout).expect("text").replace("\r\n", "\n")
}

/// Takes colours away: all from an escape character up to the next m.
fn plain(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    plain.extend(pieces.map(|piece| piece.split_once('m').expect("a colour").1));
    plain
}

#[test]
fn a_terminal_shows_levels_in_colours_and_the_same_text() {
    if !has_program("script", "--version", "install the package bsdutils") {
        return;
    }
    let folder = traced();
    let golden = String::from_utf8(folder.get("t.txt")).expect("text");
    for line in ["trace t.txt", "play song.mid --trace -"] {
        let shown = on_a_terminal(&folder, line, &[]);
        assert!(shown.contains("\u{1b}[38;5;75m   D  "), "{line}: {shown}");
        assert!(plain(&shown) == golden, "{line}: the colours changed the text");
        for silent in [("NO_COLOR", "1"), ("TERM", "dumb"), ("CLICOLOR", "0")] {
            let shown = on_a_terminal(&folder, line, &[silent]);
            assert!(shown == golden, "{line}: {silent:?}");
        }
    }
    let reading = on_a_terminal(&folder, "trace t.txt --show all", &[]);
    let ran = folder.run(&["trace", "t.txt", "--show", "all"]);
    assert!(reading.contains("\u{1b}[38;5;75m   D  "), "{reading}");
    assert_eq!(plain(&reading), ran.text());
}

#[test]
fn a_file_has_no_colours_and_a_pipe_only_those_that_are_asked_for() {
    let folder = traced();
    let golden = folder.get("t.txt");
    let forced = |arguments: &[&str]| {
        let mut command = folder.command(arguments);
        command.env("CLICOLOR_FORCE", "1");
        command
    };
    assert_eq!(folder.run(&["trace", "t.txt"]).stdout, golden);
    let piped = forced(&["trace", "t.txt"]).output().expect("the program runs").stdout;
    assert!(piped.contains(&0x1B));
    assert!(plain(std::str::from_utf8(&piped).expect("text")).as_bytes() == golden);
    // There are two ways into a file. The program knows the name of the file only with `--trace`.
    forced(&["play", "song.mid", "--trace", "named.txt"]).output().expect("the program runs");
    assert!(folder.get("named.txt") == golden);
    let file = std::fs::File::create(folder.path().join("shell.txt")).expect("a file");
    forced(&["trace", "t.txt"]).stdout(file).status().expect("the program runs");
    assert!(folder.get("shell.txt") == golden);
    // The reader of a trace removes the colours.
    let same = folder.run_with_stdin(&["diff", "t.txt", "-"], &piped);
    assert_eq!((same.code, same.stderr.as_str()), (0, ""), "{}", same.text());
    let again = folder.run_with_stdin(&["trace", "-"], &piped);
    assert!(again.stdout == golden);
}
