//! `ops` as its user sees it.

use crate::support::Folder;
use insta_cmd::assert_cmd_snapshot;

/// The example from the documentation.
const FIRST_NOTE: &str = "\
# first-note.ops
title: A note leaves on MIDI OUT
source: MIDI 1.0: 10 bits at 31 250 bit/s, 320 us a byte

init uart
W D 90
P S 40 00 1000 10 -> ok      # until the card can take the next byte
W D 3C
P S 40 00 1000 10 -> ok
W D 40
wait 2000
wire -> 90 3C 40
irq -> down
";

fn folder_with(name: &str, text: impl AsRef<[u8]>) -> Folder {
    let folder = Folder::new();
    folder.put(name, text);
    folder
}

#[test]
fn each_access_is_printed_with_its_time_and_result() {
    assert_cmd_snapshot!(folder_with("first-note.ops", FIRST_NOTE).command(&[
        "ops",
        "--card",
        "roland-mpu401",
        "first-note.ops"
    ]));
}

#[test]
fn an_expectation_that_is_not_met_is_named_with_its_line_and_exit_1() {
    let wrong = FIRST_NOTE.replace("wire -> 90", "wire -> 80").replace("down", "up");
    let folder = folder_with("wrong.ops", wrong);
    assert_cmd_snapshot!(folder.command(&["ops", "wrong.ops", "--card", "SB16"]));
}

#[test]
fn a_flood_of_failures_is_cut_short_on_stderr_only() {
    let script = "init uart\nrepeat 25\nR S -> 12\nend\n";
    let ran = folder_with("flood.ops", script).run(&["ops", "flood.ops"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (1, 11), "{}", ran.stderr);
    let last = "error: flood.ops: 15 lines more not as expected; the report on stdout has all \
                of them\n";
    assert!(ran.stderr.ends_with(last), "{}", ran.stderr);
    assert_eq!(ran.text().matches("FAILED: expected 12, got").count(), 25);
}

#[test]
fn a_script_that_checks_nothing_says_so_with_exit_1() {
    let folder = folder_with("silent.ops", "init uart\nR S\n");
    folder.put("empty.ops", "# nothing\n");
    folder.put("other.ops", "title: t\nsource: s\ncards: sb16\ninit uart\nR S -> any took 0..9\n");
    let expect = "say behind a line what has to come of it, as in R S -> 80/C0";
    let other = "no scenario in it is meant for clone-dumb: choose another --card";
    for (name, mend) in [("silent.ops", expect), ("other.ops", other)] {
        let ran = folder.run(&["ops", "--card", "clone-dumb", name]);
        let line = format!("error: {name}: nothing was checked: {mend}\n");
        assert_eq!((ran.code, ran.stderr.as_str()), (1, line.as_str()));
        assert!(ran.text().ends_with("# nothing was checked\n"), "{}", ran.text());
    }
    let ran = folder.run(&["ops", "--card", "sb16", "other.ops"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let ran = folder.run(&["ops", "empty.ops"]);
    assert!(ran.code != 0 && ran.stderr.starts_with("error: empty.ops:"), "{}", ran.stderr);
}

#[test]
fn several_scripts_run_in_their_order_and_one_failure_is_enough() {
    let folder = folder_with("good.ops", FIRST_NOTE);
    folder.put("bad.ops", "init uart\nirq -> up\n");
    let ran = folder.run(&["ops", "bad.ops", "good.ops"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("error: bad.ops:2: expected up, got down ("), "{}", ran.stderr);
    let heads: Vec<&str> = ran.text().lines().filter(|line| line.contains(" on ")).collect();
    assert!(heads[0].starts_with("# bad.ops on ") && heads[1].starts_with("# good.ops on "));
    assert_eq!(folder.run(&["ops", "good.ops", "good.ops"]).code, 0);
}

#[test]
fn a_script_can_come_from_stdin_once() {
    let folder = Folder::new();
    let ran = folder.run_with_stdin(&["ops", "-"], FIRST_NOTE.as_bytes());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.text().contains("# stdin on roland-mpu401,"), "{}", ran.text());
    let ran = folder.run_with_stdin(&["ops", "-"], b"init uart\nR X\n");
    assert_eq!((ran.code, ran.text()), (3, ""));
    assert!(ran.stderr.starts_with("error: stdin:2:3: "), "{}", ran.stderr);
    let ran = folder.run(&["ops", "-", "-"]);
    let line = "error: stdin can be read only once: give - once, and files for the rest\n";
    assert_eq!((ran.code, ran.stderr.as_str(), ran.text()), (2, line, ""));
}

#[test]
fn a_script_that_is_not_valid_is_exit_3_before_anything_is_run() {
    let folder = folder_with("good.ops", FIRST_NOTE);
    folder.put("typo.ops", "init uart\n\n  W D 9G\n");
    folder.put("bytes.ops", b"init uart\nR \xFF\n");
    folder.put("escape.ops", "init uart # \u{1B}[2J\n");
    let advice = "give a register script (.ops) or -";
    let plain = "save the script as plain text in UTF-8";
    let cases = [
        ("typo.ops", "typo.ops:3:7: ".to_owned()),
        ("bytes.ops", format!("bytes.ops:2:3: the byte FF is no text; {plain}\n")),
        ("escape.ops", format!("escape.ops:1:13: the control character 1B is no text; {plain}\n")),
        ("no.ops", format!("cannot read no.ops: No such file or directory; {advice}\n")),
        (".", format!("cannot read .: it is a folder; {advice}\n")),
    ];
    for (name, line) in cases {
        let ran = folder.run(&["ops", "good.ops", name]);
        assert_eq!((ran.code, ran.text(), ran.stderr.lines().count()), (3, "", 1), "{name}");
        assert!(ran.stderr.starts_with(&format!("error: {line}")), "{}", ran.stderr);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_endless_script_ends_at_the_limit() {
    let ran = Folder::new().run(&["ops", "/dev/zero"]);
    let line = "error: /dev/zero: the script has 16777217 bytes, the limit is 16777216: split it\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (3, line));
}

#[test]
fn a_wrong_command_line_is_exit_2() {
    let ran = Folder::new().run(&["ops"]);
    let line = "error: the following required arguments were not provided: <FILE>...; --help \
                tells more\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (2, line));
    let ran = Folder::new().run(&["ops", "--card", "gus", "a.ops"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("there is no card 'gus'; the cards are "), "{}", ran.stderr);
}
