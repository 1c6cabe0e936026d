//! `--vcd` as its user sees it.

use portcls_machine::chip::CARD_NAMES;

use crate::support::{Folder, TWO_NOTES, midi_file};

fn folder_with_song() -> Folder {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    folder
}

/// The names of the variables that a dump declares.
fn wires(dump: &str) -> Vec<&str> {
    let declared = dump.lines().filter(|line| line.starts_with("$var "));
    declared.filter_map(|line| line.split(' ').nth(4)).collect()
}

const FULL: [&str; 9] =
    ["txd", "rxd", "irq", "drr", "dsr", "tx_fifo", "rx_fifo", "irql", "running"];
const SIGROK: [&str; 5] = ["midi_out", "midi_in", "irq", "drr", "dsr"];

#[test]
fn both_verbs_write_waveforms_in_both_dialects() {
    for verb in ["play", "capture"] {
        for (dialect, tick, expected) in
            [("full", "1 ns", &FULL[..]), ("sigrok", "1 us", &SIGROK[..])]
        {
            let folder = folder_with_song();
            let arguments = [verb, "song.mid", "--vcd", "song.vcd", "--vcd-dialect", dialect];
            let ran = folder.run(&arguments);
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
            assert!(ran.text().contains("written     waveforms: song.vcd\n"), "{}", ran.text());
            assert!(!ran.text().contains("The trace begins"), "{}", ran.text());
            let dump = String::from_utf8(folder.get("song.vcd")).unwrap();
            assert!(dump.contains(&format!("$timescale {tick} $end")), "{verb} {dialect}");
            assert_eq!(wires(&dump), expected, "{verb}");
            assert_eq!(folder.names(), ["song.mid", "song.vcd"]);
        }
    }
}

#[test]
fn waveforms_for_viewers_are_the_default_and_may_go_to_stdout() {
    let folder = folder_with_song();
    let in_file = folder.run(&["play", "song.mid", "--vcd", "song.vcd"]);
    let on_stdout = folder.run(&["play", "song.mid", "--vcd", "-"]);
    assert_eq!((in_file.code, on_stdout.code), (0, 0));
    assert_eq!(wires(on_stdout.text()), FULL);
    assert_eq!(on_stdout.stdout, folder.get("song.vcd"));
    assert!(on_stdout.stderr.starts_with("play song.mid\n"), "{}", on_stdout.stderr);
}

#[test]
fn waveforms_change_nothing_in_a_run_but_what_its_trace_has_of_the_card() {
    for card in CARD_NAMES {
        let folder = folder_with_song();
        let run = ["play", "song.mid", "--card", card, "--trace", "-"];
        let without = folder.run(&[&run[..], &["--midi-out", "a.mid"]].concat());
        let vcd = ["--midi-out", "b.mid", "--vcd", "song.vcd"];
        let with = folder.run(&[&run[..], &vcd[..]].concat());
        assert_eq!((without.code, with.code), (0, 0));
        assert_eq!(folder.get("a.mid"), folder.get("b.mid"), "{card}");
        assert!(!without.text().contains(" drr "), "{card}");
        assert!(with.text().contains(" drr "), "{card}");
    }
}

#[test]
fn a_run_that_ends_early_has_its_waveforms() {
    let folder = Folder::new();
    let ran = folder.run(&["play", "--until", "1ms", "--vcd", "tune.vcd"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(String::from_utf8(folder.get("tune.vcd")).unwrap().contains("$enddefinitions"));
}

#[test]
fn a_bad_place_or_dialect_is_found_before_the_run() {
    let more = "; --help tells more";
    let cases = [
        (
            &["--vcd", "-", "--trace", "-"][..],
            2,
            "--trace and --vcd both write to stdout: give each a place of its own".to_owned(),
        ),
        (
            &["--vcd", "song.mid"],
            2,
            "--vcd would write over the input song.mid: give it another name".to_owned(),
        ),
        (
            &["--vcd", "no/song.vcd"],
            3,
            "cannot write no/song.vcd: its folder does not exist; make the folder first".to_owned(),
        ),
        (
            &["--vcd-dialect", "sigrok"],
            2,
            format!("the following required arguments were not provided: --vcd <FILE>{more}"),
        ),
        (
            &["--vcd", "song.vcd", "--vcd-dialect", "wide"],
            2,
            format!(
                "invalid value 'wide' for '--vcd-dialect <WHICH>' [possible values: full, \
                 sigrok]{more}"
            ),
        ),
    ];
    for (options, code, line) in cases {
        let folder = folder_with_song();
        let ran = folder.run(&[&["play", "song.mid"], options].concat());
        assert_eq!((ran.code, ran.stderr), (code, format!("error: {line}\n")));
        assert_eq!((ran.stdout.len(), folder.names()), (0, vec!["song.mid".to_owned()]));
    }
}

#[test]
fn a_script_writes_waveforms_without_an_irql() {
    let folder = Folder::new();
    const CARD: &str = "roland-mpu401";
    folder.put("note.ops", "init uart\nW D 90\nwait 500\nwire -> 90\n");
    for (dialect, expected) in [("full", &FULL[..7]), ("sigrok", &SIGROK[..])] {
        let arguments =
            ["ops", "note.ops", "--card", CARD, "--vcd", "note.vcd", "--vcd-dialect", dialect];
        let ran = folder.run(&arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.text());
        let dump = String::from_utf8(folder.get("note.vcd")).unwrap();
        assert_eq!(wires(&dump), expected);
        let on_stdout = folder.run(&[&arguments[..5], &["-"], &arguments[6..]].concat());
        assert_eq!(on_stdout.text(), dump);
        assert_eq!(on_stdout.stderr, ran.text(), "the report");
    }
    let ran = folder.run(&["ops", "note.ops", "--vcd", "-"]);
    let line = "error: --vcd shows one card: choose the card with --card\n";
    assert_eq!((ran.code, ran.text(), ran.stderr.as_str()), (2, "", line));
}

#[test]
fn the_tick_of_waveforms_can_be_chosen() {
    let folder = folder_with_song();
    for (tick, scale) in [("1ns", "1 ns"), ("100ns", "100 ns"), ("1us", "1 us")] {
        let ran = folder.run(&["play", "song.mid", "--vcd", "-", "--vcd-tick", tick]);
        assert!(ran.text().contains(&format!("$timescale {scale} $end")), "{tick}");
    }
}
