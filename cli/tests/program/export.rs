//! `export`: a trace in other forms, and the errors for wrong places.

use portcls_test_tools::{has_program, skip};
use serde_json::Value;

use crate::schema::{faults, published};
use crate::support::{Folder, TWO_NOTES, driver_path, midi_file};

/// A folder with the trace of two notes that come in, on a card without firmware.
fn captured() -> Folder {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let ran = folder.run(&["capture", "song.mid", "--card", "smsc-superio", "--trace", "t.txt"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    folder
}

#[test]
fn each_line_of_json_is_an_event_as_the_schema_says() {
    let folder = captured();
    let ran = folder.run(&["export", "t.txt", "--to", "jsonl"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let schema = published("trace");
    let lines: Vec<Value> =
        ran.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for line in &lines {
        assert_eq!(faults(line, &schema), [""; 0], "{line}");
    }
    let text = String::from_utf8(folder.get("t.txt")).unwrap();
    let is_event = |line: &&str| !line.starts_with('#') && !line.trim_start().starts_with('|');
    let events: Vec<&str> = text.lines().filter(is_event).collect();
    assert_eq!(lines[0]["events"], events.len());
    assert_eq!(lines.len(), events.len() + 1);
    // The ISR began because its line rose, and the line rose because the byte ended.
    let of = |number: &Value| &lines[1 + number.as_u64().expect("a number") as usize];
    let isr = lines.iter().rfind(|line| line["kind"] == "call" && line["actor"] == "isr").unwrap();
    assert_eq!(isr["reason"], "line-rose");
    let line = of(&isr["cause"]);
    assert_eq!((&line["kind"], &line["number"]), (&"signal".into(), &1.into()));
    assert_eq!(of(&line["trigger"])["kind"], "byte-end");
}

#[test]
fn a_section_keeps_the_numbers_of_its_events() {
    let folder = captured();
    let from = ["--from", "the song begins", "--until", "200.4ms"];
    let ran = folder.run(&[&["export", "t.txt", "--to", "jsonl"], &from[..]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let all = folder.run(&["export", "t.txt", "--to", "jsonl"]);
    let mut lines = ran.text().lines().skip(1).peekable();
    assert!(lines.peek().unwrap().contains("\"text\":\"the song begins\""));
    for line in lines {
        assert!(all.text().lines().any(|other| other == line), "{line}");
    }
}

#[test]
fn a_picture_is_that_of_the_readme() {
    let folder = Folder::new();
    let played = folder.run(&["play", "--trace", "t.txt"]);
    assert_eq!(played.code, 0);
    let section = ["--from", "456ms", "--until", "457.1ms"];
    let ran = folder.run(&[&["export", "t.txt", "--to", "svg"], &section[..]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/first-note.svg");
    let kept = std::fs::read_to_string(file).expect("docs/first-note.svg");
    assert!(
        kept == ran.text(),
        "docs/first-note.svg is another picture; docs/views.md has the command that writes it"
    );
}

#[test]
fn words_of_a_driver_do_no_harm_in_a_picture() {
    let folder = Folder::new();
    let text = "# portcls-emu trace 2\n# machine  <b>&\n== 0.000 <i>\n1.000 P app \"</svg>\"\n";
    folder.put("t.txt", text);
    let picture = folder.run(&["export", "t.txt", "--to", "svg"]);
    assert_eq!(picture.text().matches("</svg>").count(), 1);
    assert!(picture.text().contains("&lt;b&gt;&amp;"), "{}", picture.text());
    let page = folder.run(&["export", "t.txt", "--to", "html"]);
    assert!(page.text().contains("\\u003c/svg>"));
}

#[test]
fn waveforms_say_who_runs() {
    let folder = captured();
    let ran = folder.run(&["export", "t.txt", "--to", "vcd", "-o", "t.vcd"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let waves = String::from_utf8(folder.get("t.vcd")).unwrap();
    assert!(waves.contains("$var string 1 % running $end"), "{waves}");
    for value in ["sInit %", "sirq_9 %", "s- %"] {
        assert!(waves.contains(value), "{value}");
    }
    let sigrok = folder.run(&["export", "t.txt", "--to", "vcd", "--vcd-dialect", "sigrok"]);
    assert!(!sigrok.text().contains("running"), "{}", sigrok.text());
}

#[test]
fn the_same_trace_gives_the_same_page_from_a_run_and_from_its_text() {
    let folder = Folder::new();
    let driver = driver_path("x64/uart.sys");
    let arguments = ["play", "--driver", &driver, "--trace", "t.txt", "--html", "run.html"];
    let ran = folder.run(&arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.text().contains("page: run.html"), "{}", ran.text());
    let exported = folder.run(&["export", "t.txt", "--to", "html", "-o", "text.html"]);
    assert_eq!(exported.code, 0);
    assert_eq!(folder.get("run.html"), folder.get("text.html"));
    assert_eq!(folder.names(), ["run.html", "t.txt", "text.html"]);
}

#[test]
fn a_page_of_a_comparison_goes_to_stdout_and_the_findings_to_stderr() {
    let folder = captured();
    let ran = folder.run(&["diff", "t.txt", "t.txt", "--html", "-"]);
    assert_eq!(ran.code, 0);
    assert!(ran.text().starts_with("<!doctype html>"));
    assert!(ran.stderr.starts_with("0 findings; "), "{}", ran.stderr);
}

#[test]
fn a_trace_too_long_for_a_page_is_told_and_no_file_is_written() {
    let folder = Folder::new();
    let mut text = String::from("# portcls-emu trace 2\n");
    text.extend(std::iter::repeat_n("1.000 P app x\n", 2_000_001));
    folder.put("long.txt", text);
    let ran = folder.run(&["export", "long.txt", "--to", "html", "-o", "long.html"]);
    assert_eq!(ran.code, 3);
    assert_eq!(
        ran.stderr,
        "error: long.txt: the trace has 2000001 events, and a page holds at most 2000000: cut it \
         with export --from and --until, or shorten the run\n"
    );
    assert_eq!(folder.names(), ["long.txt"]);
}

#[test]
fn places_that_are_not_there_are_told() {
    let folder = captured();
    let run = |arguments: &[&str]| {
        let ran = folder.run(&[&["export", "t.txt", "--to", "jsonl"], arguments].concat());
        (ran.code, ran.stderr)
    };
    let (code, told) = run(&["--from", "no such mark"]);
    assert_eq!(code, 2);
    assert!(told.contains("no mark begins with 'no such mark'"), "{told}");
    let (code, told) = run(&["--from", "100h"]);
    assert_eq!(code, 2);
    assert!(told.contains("nothing happened between --from and --until"), "{told}");
    let (code, told) = run(&["--until", "1.0000000001s"]);
    assert_eq!(code, 2);
    assert!(told.contains("whole ns"), "{told}");
    let over = folder.run(&["export", "t.txt", "--to", "jsonl", "-o", "t.txt"]);
    assert_eq!(over.code, 2);
    assert!(over.stderr.contains("would write over the input"), "{}", over.stderr);
}

/// Perfetto's published protobuf definitions can decode the file. Its slices nest, and each flow
/// has both ends.
#[cfg(feature = "perfetto")]
#[test]
fn perfetto_reads_its_file() {
    if !has_program("python3", "--version", "apt-get install python3") {
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/reads_perfetto.py");
    let found = std::process::Command::new("python3")
        .args(["-c", "from perfetto.protos.perfetto.trace import perfetto_trace_pb2"])
        .output();
    if !found.is_ok_and(|found| found.status.success()) {
        skip("python3 has no package perfetto; pip install perfetto protobuf");
        return;
    }
    let folder = captured();
    let ran = folder.run(&["export", "t.txt", "--to", "perfetto", "-o", "t.pftrace"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let read = std::process::Command::new("python3")
        .args([script, "t.pftrace"])
        .current_dir(folder.path())
        .output()
        .expect("python3 runs");
    let errors = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success(), "{errors}");
    insta::assert_snapshot!("perfetto", String::from_utf8(read.stdout).unwrap());
}
