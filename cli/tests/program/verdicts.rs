//! The verdict of each kind of run: exit code, outcome and sentence.
//!
//! The page `docs/verdicts.md` shows all verdicts.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::schema::{faults, published};
use crate::support::{Folder, TWO_NOTES, driver_path, midi_file};

/// The page that shows the verdicts.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/verdicts.md");

/// A controller with the value C8 among notes.
const HIGH_DATA: &[u8] =
    include_bytes!("../../../machine/midi-file/testdata/data-byte-over-127.mid");

/// A SysEx message with the real-time byte F8 inside.
const REAL_TIME: &[u8] =
    include_bytes!("../../../machine/midi-file/testdata/realtime-in-sysex.syx");

/// A run whose verdict the page shows.
struct Case {
    what: &'static str,
    /// The words of the command. The name of a test driver stands for its path.
    command: &'static str,
    exit_code: i32,
    outcome: &'static str,
}

const fn case(
    what: &'static str,
    command: &'static str,
    exit_code: i32,
    outcome: &'static str,
) -> Case {
    Case { what, command, exit_code, outcome }
}

/// The cases, by subject.
const CASES: [(&str, &[Case]); 6] = [
    (
        "Songs",
        &[
            case("a whole file", "play song.mid", 0, "complete"),
            case("a data byte above 127", "play high.mid", 1, "incomplete"),
            case("the same, the byte taken as 127", "play high.mid --clip", 0, "complete"),
            case("the same, refused", "play high.mid --strict", 3, "bad-file"),
            case("a file that was cut", "play cut.mid", 1, "incomplete"),
            case("a real-time byte inside SysEx", "play real-time.syx", 0, "complete"),
            case("a pause of 155 hours", "play days.mid", 0, "complete"),
            case("a pause of months", "play months.mid", 3, "bad-file"),
            case("a file of another kind", "play score.mxl", 3, "bad-file"),
            case("no file", "play no.mid", 3, "bad-file"),
            case("a name with a slip", "play sogn.mid", 3, "bad-file"),
        ],
    ),
    (
        "Bytes that are lost or come from nowhere",
        &[
            case(
                "no test whether the card is busy",
                "play song.mid --driver no_busy_test.sys",
                1,
                "incomplete",
            ),
            case(
                "a driver that never enters UART mode",
                "play song.mid --driver no_uart.sys",
                1,
                "incomplete",
            ),
            case(
                "the port is never told of input",
                "capture song.mid --driver no_notify.sys",
                1,
                "incomplete",
            ),
        ],
    ),
    (
        "Waits that do not end",
        &[
            case(
                "input that is never read",
                "capture song.mid --driver never_drains.sys",
                4,
                "hang",
            ),
            case(
                "the same up to a time",
                "capture song.mid --driver never_drains.sys --until 2s",
                4,
                "hang",
            ),
            case("a time that is reached", "play song.mid --until 300ms", 0, "time-limit"),
            case(
                "a loop without end",
                "play song.mid --driver endless_loop.sys --call-budget 20000",
                4,
                "hang",
            ),
            case(
                "the same up to a time before that",
                "play song.mid --driver endless_loop.sys --until 300ms",
                4,
                "hang",
            ),
        ],
    ),
    (
        "Bug checks",
        &[
            case(
                "memory that is freed twice",
                "play song.mid --driver double_free.sys",
                4,
                "bug-check",
            ),
            case(
                "a null pointer in a driver with its PDB",
                "play song.mid --driver null_adapter.sys",
                4,
                "bug-check",
            ),
        ],
    ),
    (
        "Broken rules",
        &[
            case(
                "pool from a service routine",
                "play song.mid --driver pool_in_isr.sys",
                5,
                "rule-broken",
            ),
            case("memory left behind", "play song.mid --driver pool_leak.sys", 5, "rule-broken"),
        ],
    ),
    (
        "Runs that cannot be done",
        &[
            case(
                "a driver that refuses to start",
                "play song.mid --driver second_ack.sys",
                1,
                "refused",
            ),
            case("a pin that is not there", "play song.mid --pin 9", 2, "usage"),
            case("options against each other", "play song.mid -q -v", 2, "usage"),
            case("an option that is not there", "play song.mid --crad sb16", 2, "usage"),
            case("a driver that is not there", "play --driver no.sys", 3, "bad-file"),
            case("an empty driver on stdin", "play --driver -", 3, "bad-file"),
            case("an output into no folder", "play --trace NO/TRACE", 3, "bad-file"),
            case("an output that is a folder", "play --trace NEW/", 3, "bad-file"),
        ],
    ),
];

/// A folder with the songs of the cases.
fn songs() -> Folder {
    let folder = Folder::new();
    let song = midi_file(TWO_NOTES);
    folder.put("cut.mid", &song[..song.len() - 6]);
    folder.put("song.mid", song);
    folder.put("high.mid", HIGH_DATA);
    folder.put("real-time.syx", REAL_TIME);
    folder.put("score.mxl", b"PK\x03\x04\x14\0\0\0");
    // 1 tick in a beat: 155 hours are 1 116 000 ticks of 500 ms.
    let slow = |delta: &[u8]| {
        let events = [b"\x00\x90\x3C\x40", delta, b"\x80\x3C\x40\x00\xFF\x2F\x00"].concat();
        let mut file = midi_file(&events);
        file[12..14].copy_from_slice(&[0, 1]);
        file
    };
    folder.put("days.mid", slow(b"\xC4\x8E\x60"));
    folder.put("months.mid", slow(b"\xFF\xFF\xFF\x7F"));
    folder
}

/// The path of the test driver of this name, if the project has this driver: the build in
/// `msvc-x64` if there is one, or else the build in `x64`.
fn test_driver(name: &str) -> Option<String> {
    let paths = ["msvc-x64", "x64"].map(|target| driver_path(&format!("{target}/{name}")));
    let is_driver = |path: &String| name.ends_with(".sys") && Path::new(path).exists();
    paths.into_iter().find(is_driver)
}

/// Runs a case. Returns the sentence of its document, and checks the document against the schema.
fn run(case: &Case, folder: &Folder, schema: &Value) -> String {
    let Case { what, command, exit_code, outcome } = case;
    let words: Vec<String> = command
        .split(' ')
        .map(|word| test_driver(word).unwrap_or_else(|| word.to_owned()))
        .chain(["--format".to_owned(), "json".to_owned()])
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ran = folder.run(&words);
    let document: Value = serde_json::from_str(ran.text())
        .unwrap_or_else(|error| panic!("{what}: {error}: {}", ran.text()));
    assert_eq!(faults(&document, schema), [""; 0], "{what}");
    let told = (ran.code, document["outcome"].as_str(), document["exit_code"].as_i64());
    assert_eq!(told, (*exit_code, Some(*outcome), Some(i64::from(*exit_code))), "{what}");
    document["reason"].as_str().expect("a sentence").to_owned()
}

/// The page: the verdict of each case.
fn page() -> String {
    let (folder, schema) = (songs(), published("summary"));
    let mut page = "\
# Verdicts

How a run ends: the exit code, the outcome in the JSON of `--format json`, and the sentence that the
summary and the document have as `reason`. `portcls-emu schema summary` writes the JSON Schema of
the document. A test runs every command here and writes this page: `cargo xtask pages`.

The drivers are test drivers of `guest/drivers/bin`, most of them broken on purpose.
"
    .to_owned();
    for (subject, cases) in CASES {
        page.push_str(&format!("\n## {subject}\n\n"));
        page.push_str("| case | command | exit | outcome | reason |\n|---|---|---|---|---|\n");
        for case in cases {
            let reason = run(case, &folder, &schema).replace('|', "\\|");
            let Case { what, command, exit_code, outcome } = case;
            // Writing to a String cannot fail.
            let _ =
                writeln!(page, "| {what} | `{command}` | {exit_code} | `{outcome}` | {reason} |");
        }
    }
    page
}

/// Set `UPDATE_PAGES=1` to write the page.
#[test]
fn the_page_of_the_verdicts_is_up_to_date() {
    let page = page();
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(Path::new(PAGE), page).expect("the page can be written");
        return;
    }
    let written = std::fs::read_to_string(Path::new(PAGE)).unwrap_or_default();
    assert!(written == page, "docs/verdicts.md is not up to date: run with UPDATE_PAGES=1");
}
