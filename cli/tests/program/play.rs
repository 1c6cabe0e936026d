//! `play` as its user sees it.

use std::process::Stdio;

use crate::support::{Folder, TWO_NOTES, midi_file};
use insta_cmd::assert_cmd_snapshot;
use portcls_machine::chip::CARD_NAMES;

#[test]
fn without_arguments_the_built_in_tune_is_played_and_a_summary_printed() {
    assert_cmd_snapshot!(Folder::new().command(&["play"]));
}

#[test]
fn the_summary_in_json_has_every_figure() {
    assert_cmd_snapshot!(Folder::new().command(&["play", "--format", "json"]));
}

#[test]
fn a_file_is_played_on_the_machine_that_was_asked_for() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let machine = ["--card", "SMSC-superio", "--port", "0x300", "--irq", "2"];
    assert_cmd_snapshot!(folder.command(&[&["play", "song.mid"], &machine[..]].concat()));
}

#[test]
fn the_trace_in_a_file_is_the_trace_on_stdout() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let on_stdout = folder.run(&["play", "song.mid", "--trace", "-"]);
    let in_file = folder.run(&["play", "song.mid", "--trace", "trace.txt"]);
    assert_eq!((on_stdout.code, in_file.code), (0, 0));
    assert_eq!(on_stdout.stdout, folder.get("trace.txt"));
    assert!(on_stdout.text().starts_with("# portcls-emu trace 2\n"));
    assert!(on_stdout.text().contains("P   app       set state RUN\n"));
    assert!(on_stdout.stderr.starts_with("play song.mid\n"), "{}", on_stdout.stderr);
    assert!(in_file.text().contains("written     trace: trace.txt\n"), "{}", in_file.text());
    assert!(!in_file.text().contains("The trace begins"));
    assert_eq!(in_file.stderr, "");
}

#[test]
fn the_filter_registers_shows_only_what_the_hardware_sees() {
    let folder = Folder::new();
    let all = folder.run(&["play", "--trace", "-", "--until", "300ms"]);
    let filter = ["--trace", "-", "--filter", "registers", "--until", "300ms"];
    let registers = folder.run(&[&["play"], &filter[..]].concat());
    assert!(all.text().contains(" app "));
    assert!(!registers.text().contains(" app  "));
    assert!(registers.text().contains("R bus       out 331 <- 3F"));
    assert!(registers.stdout.len() < all.stdout.len());
}

#[test]
fn what_was_on_the_wire_can_be_kept_as_bytes_and_as_a_midi_file() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let outputs = ["--wire-out", "wire.raw", "--midi-out", "wire.mid"];
    let ran = folder.run(&[&["play", "song.mid"], &outputs[..]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // The card itself sends an FC at each reset before the song.
    let notes = b"\x90\x3C\x40\x80\x3C\x40\x90\x40\x40\x80\x40\x40";
    let wire = folder.get("wire.raw");
    assert!(wire.ends_with(notes), "{wire:02X?}");
    assert!(wire[..wire.len() - notes.len()].iter().all(|byte| matches!(byte, 0xFC | 0xF8)));
    assert!(wire.starts_with(&[0xFC]));
    let again = folder.run(&["play", "wire.mid", "--wire-out", "-", "--card", "sb16"]);
    assert_eq!((again.code, again.stdout), (0, wire));
    assert_eq!(folder.names(), ["song.mid", "wire.mid", "wire.raw"]);
}

#[test]
fn the_same_command_gives_the_same_bytes() {
    let folder = Folder::new();
    for card in CARD_NAMES {
        let arguments = ["play", "--card", card, "--trace", "-", "--midi-out", "wire.mid"];
        let first = folder.run(&arguments);
        let file = folder.get("wire.mid");
        let second = folder.run(&arguments);
        assert_eq!(first.code, 0, "{}", first.stderr);
        assert!(first.stdout == second.stdout && file == folder.get("wire.mid"), "{card}");
        assert_eq!(first.stderr, second.stderr);
    }
}

#[test]
fn a_song_can_come_from_stdin() {
    let folder = Folder::new();
    let ran = folder.run_with_stdin(&["play", "-"], &midi_file(TWO_NOTES));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.text().starts_with("play stdin\nsong        4 messages, 12 bytes, 1 s long\n"));
}

#[test]
fn sysex_and_raw_bytes_are_played_too() {
    let folder = Folder::new();
    folder.put("dump.syx", b"\xF0\x7E\x7F\x09\x01\xF7");
    folder.put("bytes.bin", b"\x90\x3C\x40\x3C\x00\xFE");
    for arguments in [
        &["play", "dump.syx"][..],
        &["play", "dump.syx", "--input-format", "syx"],
        &["play", "bytes.bin", "--input-format", "raw"],
    ] {
        let wire = [arguments, &["--card", "sb16", "--wire-out", "-"]].concat();
        let ran = folder.run(&wire);
        assert_eq!((ran.code, ran.stdout), (0, folder.get(arguments[1])), "{}", ran.stderr);
    }
}

#[test]
fn a_damaged_file_is_played_as_far_as_it_is_whole_with_a_warning() {
    let folder = Folder::new();
    let whole = midi_file(TWO_NOTES);
    folder.put("cut.mid", &whole[..whole.len() - 9]);
    let ran = folder.run(&["play", "cut.mid", "--wire-out", "-", "--card", "sb16"]);
    assert_eq!((ran.code, &ran.stdout[..]), (1, &b"\x90\x3C\x40\x80\x3C\x40\x90\x40\x40"[..]));
    let error = "error: every byte of the song reached MIDI OUT unchanged; the file lacks 9 bytes";
    assert_eq!(ran.stderr.lines().last(), Some(error));
    let first = ran.stderr.lines().next();
    let warning = "warning: cut.mid: the chunk at byte 14 is cut short: bytes declared: 22, \
                   found: 13";
    assert_eq!(first, Some(warning));
}

#[test]
fn until_ends_a_run_with_a_note_and_exit_0() {
    let folder = Folder::new();
    for (until, passed) in [("0ms", 0), ("0.5ms", 0), ("250ms", 0), ("1.5s", 60)] {
        for card in ["roland-mpu401", "clone-dumb"] {
            let arguments = ["play", "--until", until, "--card", card, "--format", "json"];
            let ran = folder.run(&arguments);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            assert!(ran.stderr.starts_with("note: stopped at --until, "), "{}", ran.stderr);
            assert_eq!(ran.stderr.lines().count(), 1);
            assert!(ran.text().contains("\"outcome\": \"time-limit\""), "{}", ran.text());
            if card == "roland-mpu401" {
                assert!(ran.stderr.contains(&format!(": {passed} of 297 bytes")), "{}", ran.stderr);
            }
        }
    }
    let late = folder.run(&["play", "--until", "2m"]);
    assert_eq!((late.code, late.stderr.as_str()), (0, ""));
}

#[test]
fn a_closed_pipe_is_silent() {
    let folder = Folder::new();
    for arguments in [&["play"][..], &["play", "--trace", "-"], &["cards"], &["man"], &["--help"]] {
        let mut command = folder.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        assert!(!stderr.contains("error"), "{stderr}");
    }
}

#[test]
fn colours_are_for_terminals_only() {
    let folder = Folder::new();
    let plain = folder.run(&["play"]);
    assert!(!plain.stdout.contains(&0x1B));
    let forced = folder.command(&["play"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    let forced = String::from_utf8(forced.stdout).unwrap();
    assert!(forced.contains("\u{1B}[1mplay the built-in tune\u{1B}[0m"), "{forced}");
    let refused = folder.command(&["play"]).env("NO_COLOR", "1").output().unwrap();
    assert_eq!(refused.stdout, plain.stdout);
}

#[test]
fn a_summary_has_at_most_100_columns() {
    let folder = Folder::new();
    let name = format!("{}.mid", "a song with a long name ".repeat(8));
    folder.put(&name, midi_file(TWO_NOTES));
    let ran = folder.run(&["play", &name, "--trace", "trace.txt"]);
    assert!(ran.text().lines().all(|line| line.len() <= 100), "{}", ran.text());
    let ran = folder.run(&["play", &name]);
    assert!(ran.text().lines().all(|line| line.len() <= 100), "{}", ran.text());
}
