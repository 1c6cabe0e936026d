//! Bad input: one line of error, the exit code, and no file left behind.
//!
//! The line says what is wrong and how to mend it.

use crate::support::{Folder, TWO_NOTES, midi_file};

/// Runs the program in a folder with a good song. The program must print exactly this line of
/// error, end with this exit code, and leave no new file.
fn expect(arguments: &[&str], code: i32, line: &str) {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    expect_in(&folder, arguments, code, line);
}

fn expect_in(folder: &Folder, arguments: &[&str], code: i32, line: &str) {
    let before = folder.names();
    let ran = folder.run(arguments);
    assert_eq!((ran.stderr.as_str(), ran.code), (format!("error: {line}\n").as_str(), code));
    assert_eq!(ran.text(), "", "{arguments:?}");
    assert_eq!(folder.names(), before, "{arguments:?} leaves something behind");
}

#[test]
fn a_file_that_cannot_be_read_is_exit_3() {
    let advice = "give a MIDI file (.mid, .rmi), a SysEx file or -";
    for verb in ["play", "capture"] {
        let line = format!("cannot read no.mid: No such file or directory; {advice}");
        expect(&[verb, "no.mid", "--trace", "trace.txt"], 3, &line);
        let line = format!("cannot read .: it is a folder; {advice}");
        expect(&[verb, ".", "--trace", "trace.txt"], 3, &line);
    }
}

#[test]
fn a_file_without_music_is_exit_3() {
    let folder = Folder::new();
    folder.put("empty.mid", "");
    folder.put("text.mid", "hello");
    folder.put("silent.mid", midi_file(b"\x00\xFF\x2F\x00"));
    folder.put("header.mid", &midi_file(TWO_NOTES)[..10]);
    let cases = [
        (
            "empty.mid",
            "empty.mid: the file is empty: give a MIDI file (.mid, .rmi) or a SysEx file (.syx)",
        ),
        (
            "text.mid",
            "text.mid: not a MIDI file: it starts with 68 65 6C 6C 6F; a MIDI file starts with \
             4D 54 68 64 (MThd), a SysEx file with F0; choose the format raw to send the bytes \
             as they are (--input-format raw)",
        ),
        ("silent.mid", "silent.mid: holds no MIDI event: nothing to play"),
        (
            "header.mid",
            "header.mid: damaged MIDI file header at byte 0: it has 14 bytes, but only 10 are \
             there; save the file again",
        ),
    ];
    for (name, line) in cases {
        expect_in(&folder, &["play", name, "--wire-out", "wire.raw"], 3, line);
        expect_in(&folder, &["capture", name, "--midi-out", "got.mid"], 3, line);
    }
}

#[test]
fn an_endless_input_ends_at_the_limit() {
    let line = "/dev/zero: the file has 67108865 bytes, the limit is 67108864: split it";
    if cfg!(target_os = "linux") {
        expect(&["play", "/dev/zero"], 3, line);
    }
}

#[test]
fn a_value_out_of_range_is_exit_2() {
    let more = "; --help tells more";
    let cases = [
        (
            ["--card", "smsc-superoi"],
            "invalid value 'smsc-superoi' for '--card <CARD>': there is no card 'smsc-superoi'; \
             did you mean smsc-superio?",
        ),
        (
            ["--driver", "foo"],
            "invalid value 'foo' for '--driver <DRIVER>': there is no driver 'foo'; there \
             is uart; a Windows driver is given by its path, ./x.sys",
        ),
        (
            ["--port", "10000"],
            "invalid value '10000' for '--port <HEX>': port 10000 is out of range: use 0 to \
             FFFE, in hexadecimal",
        ),
        (
            ["--port", "x"],
            "invalid value 'x' for '--port <HEX>': use 0 to FFFE, in hexadecimal, with or \
             without 0x",
        ),
        (
            ["--irq", "16"],
            "invalid value '16' for '--irq <NUMBER>': irq 16 is out of range: use 2 to 15 (2 \
             means 9, as on a PC)",
        ),
        (
            ["--irq", "nine"],
            "invalid value 'nine' for '--irq <NUMBER>': use 2 to 15 (2 means 9, as on a PC)",
        ),
        (
            ["--until", "10"],
            "invalid value '10' for '--until <TIME>': give a number and a unit (ns, us, ms, s, \
             m, h), as in 250ms or 1.5s",
        ),
        (
            ["--filter", "all"],
            "invalid value 'all' for '--filter <WHICH>' [possible values: registers, full]; a \
             similar value exists: 'full'",
        ),
    ];
    for (option, line) in cases {
        let arguments = [&["play", "--trace", "trace.txt"], &option[..]].concat();
        expect(&arguments, 2, &format!("{line}{more}"));
    }
}

#[test]
fn a_wrong_command_line_is_exit_2() {
    let more = "; --help tells more";
    let wrong = "invalid value 'read-overun' for '[NAME]': there is no rule 'read-overun'; did you \
                 mean read-overrun?";
    expect(&["rules", "read-overun"], 2, &format!("{wrong}{more}"));
    let wrong = "invalid value 'teapot' for '[NAME]': there is no rule 'teapot'; `rules` lists all";
    expect(&["rules", "teapot"], 2, &format!("{wrong}{more}"));
    expect(
        &["paly"],
        2,
        &format!(
            "unrecognized subcommand 'paly'; a similar subcommand exists: \
        'play'{more}"
        ),
    );
    expect(
        &["play", "--crad", "sb16"],
        2,
        &format!(
            "unexpected argument '--crad' found; a \
        similar argument exists: '--card'{more}"
        ),
    );
    expect(
        &["capture"],
        2,
        &format!(
            "the following required arguments were not provided: \
        <FILE>{more}"
        ),
    );
}

#[test]
fn two_outputs_in_one_place_are_exit_2() {
    let stdout = "--trace and --wire-out both write to stdout: give each a place of its own";
    expect(&["play", "--trace", "-", "--wire-out", "-"], 2, stdout);
    let file = "--trace and --midi-out both write to ./out: give each a place of its own";
    expect(&["play", "--trace", "out", "--midi-out", "./out"], 2, file);
    let raw = "--raw-out and --midi-out both write to stdout: give each a place of its own";
    expect(&["capture", "song.mid", "--raw-out", "-", "--midi-out", "-"], 2, raw);
}

#[test]
fn an_output_over_the_input_is_exit_2() {
    let line = "--midi-out would write over the input ./song.mid: give it another name";
    expect(&["play", "song.mid", "--midi-out", "./song.mid"], 2, line);
    let line = "--raw-out would write over the input song.mid: give it another name";
    expect(&["capture", "./song.mid", "--raw-out", "song.mid"], 2, line);
}

#[test]
fn an_output_over_any_other_input_is_exit_2() {
    let folder = Folder::new();
    let names = ["my.toml", "d.sys", "r.txt", "d.inf", "a.txt", "b.txt", "a.ops", "b.ops"];
    for name in names {
        folder.put(name, "nothing of use");
    }
    let refused = |arguments: &[&str], option: &str, name: &str| {
        let line = format!("{option} would write over the input {name}: give it another name");
        expect_in(&folder, arguments, 2, &line);
    };
    refused(&["play", "--card", "my.toml", "--trace", "my.toml"], "--trace", "my.toml");
    refused(&["play", "--driver", "d.sys", "--html", "./d.sys"], "--html", "./d.sys");
    refused(&["play", "--registry-file", "r.txt", "--vcd", "r.txt"], "--vcd", "r.txt");
    refused(&["play", "--inf", "d.inf:Model", "--wire-out", "d.inf"], "--wire-out", "d.inf");
    refused(&["diff", "a.txt", "b.txt", "--html", "b.txt"], "--html", "b.txt");
    refused(&["run", "a.txt", "b.txt", "--trace", "b.txt"], "--trace", "b.txt");
    refused(&["export", "a.txt", "--to", "html", "--out", "a.txt"], "--out", "a.txt");
    refused(&["ops", "--card", "sb16", "a.ops", "b.ops", "--vcd", "b.ops"], "--vcd", "b.ops");
    assert!(names.iter().all(|name| folder.get(name) == b"nothing of use"));
}

#[test]
fn an_output_that_cannot_be_written_is_exit_3_before_the_run() {
    let line = "cannot write no/t.txt: its folder does not exist; make the folder first";
    expect(&["play", "--trace", "no/t.txt", "--wire-out", "wire.raw"], 3, line);
    let line = "cannot write .: it is a folder; give the name of a file";
    expect(&["play", "--wire-out", "wire.raw", "--trace", "."], 3, line);
    let folder = Folder::new();
    folder.put("fixed.txt", "keep me");
    let path = folder.path().join("fixed.txt");
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    let line = "cannot write fixed.txt: it is read-only; make it writable, or choose another name";
    expect_in(&folder, &["play", "--trace", "fixed.txt"], 3, line);
    assert_eq!(folder.get("fixed.txt"), b"keep me");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_exit_3() {
    let folder = Folder::new();
    let line = "error: cannot write /dev/full: No space left on device; make room, or choose \
                another place\n";
    let ran = folder.run(&["play", "--trace", "/dev/full"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (3, line));
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = folder.command(&["cards"]).stdout(full).output().unwrap();
    let line = "error: cannot write stdout: No space left on device; make room, or choose \
                another place\n";
    assert_eq!(
        (output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()),
        (Some(3), line)
    );
    assert!(std::fs::metadata("/dev/full").is_ok(), "a device is never replaced");
}

#[test]
fn an_old_output_is_replaced_as_a_whole() {
    let folder = Folder::new();
    folder.put("trace.txt", vec![b'x'; 1 << 20]);
    assert_eq!(folder.run(&["play", "--trace", "trace.txt", "--until", "1ms"]).code, 0);
    let text = String::from_utf8(folder.get("trace.txt")).unwrap();
    assert!(text.starts_with("# portcls-emu trace 2\n") && !text.contains("xxxx"));
    assert_eq!(folder.names(), ["trace.txt"]);
}

#[test]
fn a_file_of_another_kind_is_named_for_whatever_it_was_given() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    folder.put("a.zip", b"PK\x03\x04\x14\0\0\0");
    folder.put("card.toml", b"PK\x03\x04\x14\0\0\0");
    folder.put("a.html", "<!DOCTYPE html>\n<html><body>404</body></html>\n");
    folder.put("clip.midi2", b"SMF2CLIP\0\x40\0\x01");
    let zip = "unpack it, and give what is in it";
    let page = "if it was downloaded, it came in place of the file: download that again";
    let play = "play and capture take it";
    let clip = "save it as a Standard MIDI File (MIDI 1.0)";
    let song = "a MIDI file or SysEx file";
    for (command, what, wanted, mend) in [
        ("play a.zip", "a.zip: this is a zip archive", song, zip),
        ("capture a.zip --input-format smf", "a.zip: this is a zip archive", song, zip),
        ("play clip.midi2", "clip.midi2: this is a MIDI 2.0 clip file", song, clip),
        ("imports a.zip", "a.zip: this is a zip archive", "a Windows driver", zip),
        ("play --driver ./a.html", "./a.html: this is an HTML page", "a Windows driver", page),
        ("play --driver ./song.mid", "./song.mid: this is a MIDI file", "a Windows driver", play),
        ("diff song.mid song.mid", "song.mid: this is a MIDI file", "a trace", play),
        ("explain a.html --at 1s", "a.html: this is an HTML page", "a trace", page),
        (
            "play --registry-file a.html",
            "a.html: this is an HTML page",
            "a file of registry values",
            page,
        ),
        ("play --inf a.html", "a.html: this is an HTML page", "an INF", page),
        ("play --card card.toml", "card.toml: this is a zip archive", "a card file", zip),
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        expect_in(&folder, &words, 3, &format!("{what}, not {wanted}; {mend}"));
    }
    let ran = folder.run(&["ops", "song.mid"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("song.mid: this is a MIDI file, not a register script; play"));
    let raw = folder.run(&["play", "clip.midi2", "--input-format", "raw"]);
    assert_ne!(raw.code, 3, "raw bytes are what they are: {}", raw.stderr);
}

#[test]
fn a_name_with_a_slip_leads_to_the_file_or_rule_that_was_meant() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    folder.put("mine.sys", "");
    let song = "give a MIDI file (.mid, .rmi), a SysEx file or -";
    let driver = "give a driver's .sys file or -";
    for (command, wrong, meant, mend) in [
        ("play sogn.mid", "sogn.mid", "song.mid", song),
        ("play ./song.midi", "./song.midi", "./song.mid", song),
        ("play --driver mime.sys", "mime.sys", "mine.sys", driver),
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        let reason = "No such file or directory";
        let line = format!("cannot read {wrong}: {reason}; did you mean {meant}? {mend}");
        expect_in(&folder, &words, 3, &line);
    }
    let no_rule = "there is no rule 'read-overun'; did you mean read-overrun?";
    let line = format!("invalid value 'read-overun' for '[NAME]': {no_rule}; --help tells more");
    expect_in(&folder, &["rules", "read-overun"], 2, &line);
}

#[test]
fn a_driver_with_a_slip_is_a_built_in_one_or_a_file_of_this_folder() {
    let folder = Folder::new();
    folder.put("mine.sys", "");
    let by_path = "a Windows driver is given by its path";
    for (name, hint) in [
        ("urat", format!("did you mean uart?; {by_path}, ./x.sys")),
        ("mine", format!("there is uart; {by_path}: did you mean ./mine.sys?")),
        ("teapot", format!("there is uart; {by_path}, ./x.sys")),
    ] {
        let line = format!(
            "invalid value '{name}' for '--driver <DRIVER>': there is no driver '{name}'; {hint}; \
             --help tells more"
        );
        expect_in(&folder, &["play", "--driver", name], 2, &line);
    }
}

#[test]
fn registry_values_that_no_registry_holds_are_exit_3() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    folder.put("deep.txt", format!("{}X=dword:1", r"a\".repeat(100_000)));
    folder.put("odd.txt", "X=dword:1\n\nY=dword:\u{1B}[2J\n");
    let name = format!("{}...", r"a\".repeat(20));
    let what = "its name or its path is too long; a name of a key has at most 255 characters, of a \
                value 16383, and a path at most 512 keys";
    let deep = format!("the registry value {name}: {what}");
    let odd = "odd.txt, line 3: '?[2J' is no dword: give a number up to 4294967295, or 0x and \
               hexadecimal digits";
    expect_in(&folder, &["play", "song.mid", "--registry-file", "deep.txt"], 3, &deep);
    expect_in(&folder, &["play", "song.mid", "--registry-file", "odd.txt"], 3, odd);
}
