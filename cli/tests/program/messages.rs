//! How much the program says on stderr: `-v`, `-q` and `RUST_LOG`.

use crate::support::{Folder, TWO_NOTES, midi_file};

/// What the program says on stderr for a command line.
fn stderr_of(arguments: &[&str]) -> String {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    folder.run(arguments).stderr
}

#[test]
fn v_tells_what_the_program_does_and_changes_no_result() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let ran = folder.run(&["play", "song.mid", "-v", "--wire-out", "wire.bin"]);
    for line in [
        "portcls_emu::input] song.mid: 44 bytes read",
        "portcls_emu::session] song.mid: 4 messages, 12 bytes, 1 s",
        "the card is roland-mpu401, the driver uart",
        "portcls_emu::session] play: 1.359 s of simulated time in ",
        "portcls_emu::output] wire.bin: written for --wire-out",
    ] {
        assert!(ran.stderr.contains(line), "{line}: {}", ran.stderr);
    }
    let quiet = folder.run(&["play", "song.mid", "--wire-out", "wire.bin"]);
    assert_eq!((ran.stdout, quiet.stderr.as_str()), (quiet.stdout, ""));
}

#[test]
fn each_further_v_says_more() {
    let lines = |v: &str| stderr_of(&[v, "play", "song.mid"]).lines().count();
    let (one, two) = (lines("-v"), lines("-vv"));
    assert!(0 < one && one < two && two <= lines("-vvv"), "{one} {two}");
    assert!(stderr_of(&["play", "-vv"]).contains("256000000 ns: the song begins"));
}

#[test]
fn rust_log_asks_for_diagnostics_where_the_command_line_does_not() {
    let folder = Folder::new();
    let stderr = |arguments: &[&str], filter: &str| {
        let output = folder.command(arguments).env("RUST_LOG", filter).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(stderr(&["play"], "info").contains("99 messages"));
    let kernel = stderr(&["play"], "portcls_emulator=debug");
    assert!(kernel.contains("the song begins") && !kernel.contains("99 messages"), "{kernel}");
    assert!(!stderr(&["play", "-v"], "debug").contains("the song begins"), "-v counts");
    assert!(stderr(&["play", "-q"], "info").contains("99 messages"), "-q is about notes");
}

#[test]
fn q_leaves_out_notes_and_no_result_warning_or_error() {
    let limit = ["play", "song.mid", "--until", "300ms"];
    let note = "note: stopped at --until, 300 ms after power-on: 3 of 12 bytes had reached MIDI \
                OUT\n";
    assert_eq!(stderr_of(&limit), note);
    assert_eq!(stderr_of(&[&limit[..], &["-q"]].concat()), "");
    assert_eq!(stderr_of(&[&["--quiet"], &limit[..]].concat()), "");

    let folder = Folder::new();
    let mut damaged = midi_file(TWO_NOTES);
    damaged.truncate(damaged.len() - 6);
    folder.put("cut.mid", damaged);
    let (usual, quiet) = (folder.run(&["play", "cut.mid"]), folder.run(&["play", "cut.mid", "-q"]));
    assert!(quiet.stderr.contains("warning: ") && quiet.stderr.contains("error: "));
    assert_eq!((quiet.stderr, quiet.stdout), (usual.stderr, usual.stdout));
}

#[test]
fn q_and_v_together_are_refused_in_words() {
    let line = "error: -q leaves messages out and -v adds some: give one of them\n";
    for arguments in [&["play", "-q", "-v"][..], &["-q", "play", "-v"], &["-v", "play", "-q"]] {
        let ran = Folder::new().run(arguments);
        assert_eq!((ran.code, ran.text(), ran.stderr.as_str()), (2, "", line), "{arguments:?}");
    }
    let ran = Folder::new().run(&["play", "-qv", "--format", "json"]);
    assert!(ran.text().contains("\"outcome\": \"usage\""), "{}", ran.text());
}
