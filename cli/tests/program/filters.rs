//! `filters` and `--pin`: what a client sees, and which pin the client opens.

use insta::assert_snapshot;
use insta_cmd::assert_cmd_snapshot;
use serde_json::Value;

use crate::support::{Folder, TWO_NOTES, driver_path, midi_file};

#[test]
fn the_filters_are_listed_with_their_pins_and_whether_these_can_be_opened() {
    assert_cmd_snapshot!(Folder::new().command(&["filters"]));
}

#[test]
fn the_pins_of_a_wave_filter_are_listed_as_pins_that_cannot_be_opened() {
    let sources = ["x64/wave_first_cyclic", "x86/wave_first_pci", "msvc-x64/wave_first_rt"];
    for build in sources {
        let driver = driver_path(&format!("{build}.sys"));
        let ran = Folder::new().run(&["filters", "--driver", &driver]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{build}");
        let wave = ran.text().split("\n\n").next().expect("a paragraph for each filter");
        assert_snapshot!("wave_filter", wave);
        assert!(ran.text().ends_with("play         opens Uart:0\n  capture      opens Uart:2\n"));
    }
}

#[test]
fn the_obstacle_of_a_pin_for_sound_is_in_json() {
    let driver = driver_path("x64/wave_first_pci.sys");
    let ran = Folder::new().run(&["filters", "--driver", &driver, "--format", "json"]);
    let facts: Value = serde_json::from_str(ran.text()).expect("JSON");
    let pins = facts["filters"][0]["pins"].as_array().expect("pins");
    let told = Value::from("sound is outside this program (STATUS_NOT_SUPPORTED)");
    assert_eq!(pins[0]["sound"]["obstacle"], told);
    assert_eq!((&pins[0]["midi"], &pins[1]["sound"]), (&Value::Null, &Value::Null));
    assert_eq!(facts["filters"][1]["pins"][0]["sound"], Value::Null);
}

#[test]
fn programs_read_the_same_of_a_compiled_driver_from_json() {
    for build in ["x64", "x86", "msvc-x64"] {
        let driver = driver_path(&format!("{build}/uart.sys"));
        let ran = Folder::new().run(&["filters", "--driver", &driver, "--format", "json"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{build}");
        let facts: Value = serde_json::from_str(ran.text()).expect("JSON");
        assert_eq!((&facts["version"], &facts["driver"]), (&1.into(), &"uart.sys".into()));
        let filter = &facts["filters"][0];
        assert_eq!((&filter["reference"], &filter["number"]), (&"Uart".into(), &0.into()));
        let pins = filter["pins"].as_array().expect("pins");
        let uses: Vec<&Value> = pins.iter().map(|pin| &pin["midi"]["use"]).collect();
        let (render, capture) = (Value::from("render"), Value::from("capture"));
        assert_eq!(uses, [&render, &Value::Null, &capture, &Value::Null], "{build}");
        assert!(pins.iter().all(|pin| pin["midi"]["obstacle"].is_null()), "{build}");
        let formats = &pins[0]["formats"][0];
        assert_eq!(formats["sub_format"], "KSDATAFORMAT_SUBTYPE_MIDI");
    }
}

#[test]
fn the_pins_of_a_directmusic_driver_tell_which_formats_open_them() {
    let driver = driver_path("x64/system_dmus.sys");
    let folder = Folder::new();
    std::fs::copy(driver, folder.path().join("dmus.sys")).expect("a test driver");
    assert_cmd_snapshot!(folder.command(&["filters", "--driver", "dmus.sys"]));
    let ran = folder.run(&["filters", "--driver", "dmus.sys", "--format", "json"]);
    let facts: Value = serde_json::from_str(ran.text()).expect("JSON");
    let pins = &facts["filters"][0]["pins"];
    assert_eq!(pins[0]["midi"]["directmusic"], Value::Null, "bytes alone");
    assert!(pins[1]["midi"]["obstacle"].is_string(), "events alone");
    assert_eq!(pins[1]["midi"]["directmusic"]["obstacle"], Value::Null);
    assert_eq!(pins[4]["midi"]["obstacle"], Value::Null, "both");
    assert_eq!(pins[4]["midi"]["directmusic"]["obstacle"], Value::Null);
}

#[test]
fn a_song_goes_out_and_comes_in_as_directmusic_events() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    for build in ["x64", "x86", "msvc-x64"] {
        let driver = driver_path(&format!("{build}/dmus.sys"));
        let run = |verb: &str, more: &[&str]| {
            let line = [&[verb, "song.mid", "--driver", &driver], more].concat();
            let ran = folder.run(&line);
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{build}, {verb}");
            ran.text().to_owned()
        };
        let events = ["--pin-format", "directmusic"];
        let text = run("play", &[&events[..], &["--wire-out", "events.raw"]].concat());
        let line = "pin         Uart:0 (render) with DirectMusic events; also for MIDI: Uart:2 \
                    (capture)\n";
        assert!(text.contains(line), "{text}");
        run("play", &["--pin-format", "midi", "--wire-out", "bytes.raw"]);
        assert_eq!(folder.get("events.raw"), folder.get("bytes.raw"), "{build}");
        let json = run("capture", &[&events[..], &["--format", "json"]].concat());
        let summary: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(summary["pin_format"], "directmusic", "{build}");
        assert_eq!(summary["application"]["song_bytes"], 12, "{build}");
    }
}

#[test]
fn a_format_that_no_pin_has_is_told_with_a_way_out() {
    let folder = Folder::new();
    let ran = folder.run(&["play", "--pin-format", "directmusic"]);
    assert_eq!(
        ran.stderr,
        "error: no filter of the driver has a render pin for DirectMusic that a client can open, \
         but there is one for MIDI; `filters` shows the formats of each pin, and --pin-format \
         chooses one\n"
    );
    assert_eq!((ran.code, ran.text()), (1, ""));
    let ran = folder.run(&["play", "--pin-format", "bytes"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("[possible values: midi, directmusic]"), "{}", ran.stderr);
}

#[test]
fn a_driver_that_does_not_start_has_no_filters_and_is_exit_1() {
    let ran = Folder::new().run(&[
        "filters",
        "--card",
        "pc98-mpu",
        "--driver",
        &driver_path("x64/uart.sys"),
    ]);
    assert_eq!((ran.code, ran.text()), (1, ""));
    let told = "; play with --trace - shows what the driver did\n";
    assert!(ran.stderr.starts_with("error: the driver refuses to start: "), "{}", ran.stderr);
    assert!(ran.stderr.ends_with(told), "{}", ran.stderr);
}

#[test]
fn a_driver_that_dies_when_it_is_started_is_exit_4() {
    let ran = Folder::new().run(&["filters", "--driver", &driver_path("x64/null_adapter.sys")]);
    assert_eq!((ran.code, ran.text()), (4, ""), "{}", ran.stderr);
}

#[test]
fn a_pin_is_chosen_by_name_or_number_and_the_summary_names_it() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    for pin in ["uart", "Uart:0", "0", "0:0"] {
        let ran = folder.run(&["play", "song.mid", "--pin", pin]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{pin}");
        let line = "pin         Uart:0 (render); also for MIDI: Uart:2 (capture)\n";
        assert!(ran.text().contains(line), "{}", ran.text());
    }
    let ran = folder.run(&["capture", "song.mid", "--pin", "Uart:2", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let summary: Value = serde_json::from_str(ran.text()).expect("JSON");
    assert_eq!((&summary["pin"]["filter"], &summary["pin"]["pin_id"]), (&"Uart".into(), &2.into()));
    assert_eq!(summary["other_pins"][0]["use"], "render");
}

#[test]
fn a_pin_that_is_not_there_is_exit_2_with_those_that_are() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let midi_pins = "the pins for MIDI are Uart:0 (render) and Uart:2 (capture)";
    for (verb, pin, told) in [
        ("play", "Midi", "there is no filter for 'Midi'; the only filter is Uart (0)".to_owned()),
        ("play", "1:0", "there is no filter for '1:0'; the only filter is Uart (0)".to_owned()),
        (
            "capture",
            "Uart:4",
            "the filter Uart has no pin '4'; its pins are 0 (render), 1 (capture), 2 (capture) and \
             3 (render)"
                .to_owned(),
        ),
        (
            "capture",
            "Uart:0",
            format!("Uart:0 is no capture pin for MIDI: data flows into the filter; {midi_pins}"),
        ),
    ] {
        let ran = folder.run(&[verb, "song.mid", "--pin", pin]);
        assert_eq!(ran.stderr, format!("error: {told}; `filters` shows all of them\n"));
        assert_eq!((ran.code, ran.text()), (2, ""), "{pin}");
    }
    let ran = folder.run(&["play", "--pin", "Uart:"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("give FILTER or FILTER:PIN, each by its name or its number"));
}

#[test]
fn the_help_of_filters_is_complete() {
    assert_cmd_snapshot!("help_filters", Folder::new().command(&["filters", "--help"]));
}
