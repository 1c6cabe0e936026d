//! `latency`: how long routines ran and things waited.

use serde_json::Value;

use crate::support::{Folder, TWO_NOTES, midi_file};

fn captured() -> Folder {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let ran =
        folder.run(&["capture", "song.mid", "--card", "smsc-superio", "--trace", "trace.txt"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    folder
}

#[test]
fn a_trace_is_measured_with_the_conclusion_first() {
    let ran = captured().run(&["latency", "trace.txt"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.text());
}

#[test]
fn a_broken_budget_is_told_with_its_causes_and_exit_code_1() {
    let folder = captured();
    let ran = folder.run(&["latency", "trace.txt", "--budget", "isr=2us,dpc=1ms,read=1ms"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(ran.text());
    let ran = folder.run(&["latency", "trace.txt", "--budget", "isr=1ms", "--budget", "dpc=1ms"]);
    assert_eq!(ran.code, 0);
    assert!(ran.text().starts_with("conclusion all 2 budgets are kept\n"), "{}", ran.text());
    // In a capture no timer DPC writes a byte, so nothing can be late. This budget checks nothing.
    let ran = folder.run(&["latency", "trace.txt", "--budget", "late=1s"]);
    assert_eq!(ran.code, 1);
    assert!(ran.text().contains("nothing to measure for late"), "{}", ran.text());
}

#[test]
fn the_latencies_are_json_for_a_program() {
    let folder = captured();
    let ran =
        folder.run(&["latency", "trace.txt", "--budget", "isr=2us,late=1s", "--format", "json"]);
    assert_eq!(ran.code, 1);
    let json: Value = serde_json::from_str(ran.text()).expect("JSON");
    assert_eq!(json["version"], 1);
    let run = &json["runs"][0];
    assert_eq!(run["name"], "trace.txt");
    assert_eq!(run["breaches"][0]["limit_ns"], 2_000);
    assert_eq!(run["unmeasured"][0], "late");
    let isr = &run["series"][0];
    assert_eq!((&isr["span"], &isr["name"]), (&"isr".into(), &"irq 9".into()));
    let sum = |bins: &Value| bins.as_array().expect("bins").iter().filter_map(Value::as_u64).sum();
    assert_eq!(isr["count"].as_u64(), Some(sum(&isr["bins"])));
}

#[test]
fn a_song_on_several_cards_is_a_table() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let ran = folder.run(&["latency", "--cards", "roland-mpu401,cs4281", "--song", "song.mid"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.text());
    let all = folder.run(&["latency", "--cards", "all", "--budget", "dpc=1ms"]);
    assert_eq!(all.code, 1, "{}", all.text());
    let cards = folder.run(&["cards", "--format", "json"]);
    let cards: Value = serde_json::from_str(cards.text()).expect("JSON");
    let known = cards["cards"].as_array().expect("cards").len();
    assert_eq!(all.text().lines().count(), known + 1, "{}", all.text());
    assert!(all.text().contains('*'), "{}", all.text());
}

#[test]
fn a_card_on_which_the_driver_does_not_start_has_its_reason() {
    let ran = Folder::new().run(&["latency", "--cards", "absent,roland-mpu401"]);
    assert_eq!(ran.code, 1);
    let lines: Vec<String> = ran.text().lines().map(str::to_owned).collect();
    assert!(lines[1].starts_with("absent") && lines[1].contains("start"), "{lines:?}");
    assert!(lines[2].starts_with("roland-mpu401 "), "{lines:?}");
}

#[test]
fn a_part_of_a_trace_is_measured_from_mark_to_mark() {
    let folder = captured();
    let all = folder.run(&["latency", "trace.txt"]);
    let part = folder.run(&["latency", "trace.txt", "--from", "the song begins"]);
    assert_eq!(part.code, 0);
    assert_ne!(part.text(), all.text());
    let time = folder.run(&["latency", "trace.txt", "--from", "0ns", "--until", "100h"]);
    assert_eq!(time.text(), all.text());
    let time = folder.run(&["latency", "trace.txt", "--until", "1ms"]);
    assert_eq!(time.code, 0, "{}", time.stderr);
    assert_ne!(time.text(), all.text());
    refused_with_cards(&folder);
    let ran = folder.run(&["latency", "trace.txt", "--from", "no such mark"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no such mark"), "{}", ran.stderr);
}

/// Runs on cards leave no trace, so the options for a part of a trace are refused.
fn refused_with_cards(folder: &Folder) {
    for option in ["--from", "--until", "--to"] {
        let ran = folder.run(&["latency", "--cards", "all", option, "1ms"]);
        assert_eq!(ran.code, 2, "{option}: {}", ran.text());
    }
}

#[test]
fn wrong_values_are_refused_with_what_is_right() {
    let folder = captured();
    let refused = |arguments: &[&str], words: &str| {
        let ran = folder.run(&[&["latency"], arguments].concat());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    };
    refused(&[], "TRACE");
    refused(&["trace.txt", "--budget", "irs=5us"], "isr, dpc, line");
    refused(&["trace.txt", "--budget", "isr"], "SPAN=TIME");
    refused(&["trace.txt", "--budget", "isr=5"], "250ms");
    refused(&["trace.txt", "--bins", "10us,5us"], "longer than the one before");
    refused(&["trace.txt", "--cards", "all"], "--cards");
    refused(&["--cards", "sb61"], "sb16");
    refused(&["trace.txt", "--song", "song.mid"], "--song");
    refused(&["trace.txt", "--driver", "uart"], "--driver");
    refused(&["-", "-"], "stdin");
}

#[test]
fn the_bins_of_latencymon_and_own_bins_head_the_histogram() {
    let folder = captured();
    let ran = folder.run(&["latency", "trace.txt", "--bins", "latencymon"]);
    let head = ["how", "many", "<250us", "<500us", "<1ms", "<2ms", "<4ms", ">=4ms"];
    assert!(has_line(ran.text(), &head), "{}", ran.text());
    let ran = folder.run(&["latency", "trace.txt", "--bins", "1500ns,3us"]);
    let head = ["how", "many", "<1500ns", "<3us", ">=3us"];
    assert!(has_line(ran.text(), &head), "{}", ran.text());
}

fn has_line(text: &str, words: &[&str]) -> bool {
    text.lines().any(|line| line.split_whitespace().eq(words.iter().copied()))
}
