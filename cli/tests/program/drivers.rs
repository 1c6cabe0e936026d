//! `--driver PATH.sys` with its options, and what the summary tells of it.

use insta_cmd::assert_cmd_snapshot;
use serde_json::Value;

use crate::support::{Folder, Ran, TWO_NOTES, driver_path, midi_file};

/// Plays two notes through a test driver.
fn play(driver: &str, more: &[&str]) -> (Folder, Ran) {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let driver = driver_path(driver);
    let job = ["play", "song.mid", "--driver", &driver, "--wire-out", "wire.raw"];
    let ran = folder.run(&[&job[..], more].concat());
    (folder, ran)
}

/// The summary as JSON.
fn summary(ran: &Ran) -> Value {
    serde_json::from_str(ran.text()).expect("a JSON summary")
}

#[test]
fn the_time_of_an_instruction_changes_times_and_no_byte() {
    for driver in ["x64/uart.sys", "x86/uart.sys"] {
        let times = ["0ns", "1ns", "50ns"].map(|time| {
            let (folder, ran) = play(driver, &["--instruction-time", time, "--trace", "-"]);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            (folder.get("wire.raw"), ran.stdout)
        });
        let [(none, at_0), (one, at_1), (fifty, at_50)] = times;
        assert_eq!((&none, &one), (&one, &fifty), "{driver}");
        assert!(at_0 != at_1 && at_1 != at_50, "{driver}");
    }
}

/// A folder with a song of three bytes and a test driver. Their names have no path, so the output
/// shows no path.
fn folder_with(driver: &str) -> Folder {
    let folder = Folder::new();
    folder.put("three.raw", [0x90, 0x3C, 0x40]);
    folder.put("driver.sys", std::fs::read(driver_path(driver)).expect("a test driver"));
    folder
}

/// Captures three raw bytes, and prints the summary as JSON.
const CAPTURE_RAW_AS_JSON: [&str; 8] =
    ["capture", "three.raw", "--input-format", "raw", "--driver", "driver.sys", "--format", "json"];

#[test]
fn the_summary_in_json_names_what_was_left_behind() {
    let folder = folder_with("x64/gives_nothing_back.sys");
    assert_cmd_snapshot!(folder.command(&CAPTURE_RAW_AS_JSON));
}

#[test]
fn the_summary_in_json_names_broken_rules() {
    let folder = folder_with("x64/irql_kept.sys");
    assert_cmd_snapshot!(folder.command(&CAPTURE_RAW_AS_JSON));
}

#[test]
fn the_summary_in_json_tells_a_bug_check_in_numbers() {
    let (_, ran) = play("x64/double_free.sys", &["--format", "json"]);
    assert_eq!(ran.code, 4);
    let (_, from) = ran.text().split_once("  \"bug_check\": ").expect("it is there");
    let (told, _) = from.split_once(",\n  \"analysis\"").expect("the analysis follows it");
    insta::assert_snapshot!(told);
}

#[test]
fn a_call_budget_that_is_used_up_is_a_hang_with_its_report() {
    let (_, ran) = play("x64/endless_loop.sys", &["--call-budget", "20000", "--format", "json"]);
    let line = "error: hang: the wait for a call into the driver to return passed 20000 \
                instructions, the limit of --call-budget; a routine that takes no time counts as \
                250; at endless_loop+2F29\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (4, line));
    let summary = summary(&ran);
    let analysis = &summary["analysis"];
    assert_eq!(analysis["irql"]["name"], "DISPATCH_LEVEL", "{summary}");
    assert_eq!(analysis["devices"][1], "  card           roland-mpu401", "{summary}");
    assert_eq!(analysis["queues"][1], "  IRQL           2 (DISPATCH_LEVEL)", "{summary}");
}

#[test]
fn a_driver_that_leaves_its_input_in_the_card_is_a_hang_that_says_so() {
    for (card, driver) in [
        ("roland-mpu401", "x64/never_drains.sys"),
        ("roland-mpu401", "x86/never_drains.sys"),
        ("musicquest-mqx", "x64/never_drains.sys"),
        ("musicquest-mqx", "x86/never_drains.sys"),
    ] {
        let folder = folder_with(driver);
        let ran = folder.run(&[&CAPTURE_RAW_AS_JSON[..], &["--card", card]].concat());
        let line = "error: hang: nothing can end the wait for the driver to read 3 bytes that came \
                    in\n";
        assert_eq!((ran.code, ran.stderr.as_str()), (4, line), "{driver} on {card}");
        let summary = summary(&ran);
        assert_eq!(summary["outcome"], "hang", "{driver} on {card}");
        assert_eq!(summary["application"]["arrived_bytes"], 3, "{driver} on {card}");
        let told = summary["analysis"]["devices"].to_string();
        assert!(told.contains("DATA           the MIDI IN byte 90 waits to be read"), "{told}");
        assert!(told.contains("input          3 of "), "{told}");
    }
}

#[test]
fn a_driver_that_leaves_its_input_in_the_card_still_plays() {
    let (_, ran) = play("x64/never_drains.sys", &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn a_budget_that_a_good_driver_needs_is_enough() {
    let (_, ran) = play("x64/uart.sys", &["--call-budget", "20000"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let (_, ran) = play("x64/uart.sys", &["--call-budget", "20"]);
    assert_eq!(ran.code, 4);
}

#[test]
fn a_summary_names_the_broken_rules_with_their_sentences() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let driver = driver_path("x64/too_many_read.sys");
    let job = ["capture", "song.mid", "--driver", &driver];
    let meaning = "Read must not give more bytes than its buffer can hold.";
    let ran = folder.run(&job);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.text().contains("\nviolations  read-overrun at "), "{}", ran.text());
    let rules = format!("\nrules       read-overrun: {meaning}\n");
    assert_eq!(ran.text().matches(&rules).count(), 1, "{}", ran.text());
    let summary = summary(&folder.run(&[&job[..], &["--format", "json"]].concat()));
    let violation = &summary["violations"][0];
    assert_eq!(
        (&violation["rule"], &violation["meaning"]),
        (&"read-overrun".into(), &meaning.into())
    );
}

#[test]
fn values_that_are_none_are_wrong_usage() {
    for (option, value) in [
        ("--instruction-time", "1"),
        ("--instruction-time", "-1ns"),
        ("--instruction-time", "0.5ns"),
        ("--call-budget", "0"),
        ("--call-budget", "many"),
        ("--call-budget", "18446744073709551616"),
    ] {
        let (folder, ran) = play("x64/uart.sys", &[&format!("{option}={value}")]);
        assert_eq!((ran.code, ran.text()), (2, ""), "{ran:?}");
        assert!(ran.stderr.starts_with(&format!("error: invalid value '{value}' for '{option}")));
        assert_eq!(folder.names(), ["song.mid"]);
    }
}

#[test]
fn a_driver_comes_from_stdin_too() {
    let driver = std::fs::read(driver_path("x64/uart.sys")).expect("a test driver");
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let ran = folder.run_with_stdin(&["play", "song.mid", "--driver", "-"], &driver);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.text().contains("driver stdin,"), "{}", ran.text());
    let ran = folder.run(&["play", "-", "--driver", "-"]);
    let line = "error: stdin can be read only once: give - once, and files for the rest\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (2, line));
}

#[test]
fn a_loss_has_hints_and_the_first_difference_with_both_sides() {
    let (_, ran) = play("x64/no_uart.sys", &["--format", "json"]);
    assert_eq!(ran.code, 1);
    let summary = summary(&ran);
    assert_eq!(summary["hints"], serde_json::json!([{ "kind": "no-uart-mode" }]));
    // The driver leaves the card in intelligent mode, in which the card sends its clock (F8).
    let difference = &summary["wire"]["first_difference"];
    let sides = [&difference["position"], &difference["expected"], &difference["found"]];
    assert_eq!(sides.map(Value::as_u64), [Some(0), Some(0x90), Some(0xF8)]);
    let (_, ran) = play("x64/no_uart.sys", &[]);
    assert!(ran.text().contains("hints       at the end the card was in intelligent mode"));
}
