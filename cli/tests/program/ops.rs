//! `ops` as its user sees it.

use crate::support::Folder;
use insta_cmd::assert_cmd_snapshot;

/// The example of `docs/ops.md`.
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
    let ran = folder_with("flood.ops", script).run(&["ops", "--card", "sb16", "flood.ops"]);
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
    let expect = "write an expected result after a line, as in R S -> 80/C0";
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
    assert!(ran.text().ends_with("\n# 2 files: 1 as expected, 1 not as expected\n"));
    assert_eq!(folder.run(&["ops", "good.ops", "good.ops"]).code, 0);
}

#[test]
fn a_script_can_come_from_stdin_once() {
    let folder = Folder::new();
    let ran = folder.run_with_stdin(&["ops", "-"], FIRST_NOTE.as_bytes());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.text().starts_with("# stdin on ") && ran.text().contains("\nroland-mpu401 "));
    let ran = folder.run_with_stdin(&["ops", "-"], b"init uart\nR X\n");
    assert_eq!((ran.code, ran.text()), (3, ""));
    assert!(ran.stderr.starts_with("error: stdin:2:3: "), "{}", ran.stderr);
    let ran = folder.run(&["ops", "-", "-"]);
    let line = "error: stdin can be read only once: give - once, and files for the rest\n";
    assert_eq!((ran.code, ran.stderr.as_str(), ran.text()), (2, line, ""));
}

#[test]
fn a_script_that_is_not_valid_is_exit_3_and_the_others_are_run() {
    let folder = folder_with("good.ops", FIRST_NOTE);
    folder.put("typo.ops", "init uart\n\n  W D 9G\n");
    folder.put("bytes.ops", b"init uart\nR \xFF\n");
    folder.put("escape.ops", "init uart # \u{1B}[2J\n");
    let advice = "give a register script (.ops), a folder with such scripts, or -";
    let plain = "save the script as plain text in UTF-8";
    let cases = [
        ("typo.ops", "typo.ops:3:7: ".to_owned()),
        ("bytes.ops", format!("bytes.ops:2:3: the byte FF is no text; {plain}\n")),
        ("escape.ops", format!("escape.ops:1:13: the control character 1B is no text; {plain}\n")),
        ("no.ops", format!("cannot read no.ops: No such file or directory; {advice}\n")),
    ];
    for (name, line) in cases {
        let ran = folder.run(&["ops", name, "--card", "sb16", "good.ops"]);
        assert_eq!((ran.code, ran.stderr.lines().count()), (3, 1), "{name}");
        assert!(ran.text().starts_with("# portcls-emu ops 1\n# good.ops on sb16"));
        assert!(ran.text().ends_with("\n# 2 files: 1 as expected, 1 not valid\n"));
        assert!(ran.stderr.starts_with(&format!("error: {line}")), "{}", ran.stderr);
    }
}

#[test]
fn without_a_card_a_script_runs_on_the_cards_that_it_names_or_on_all() {
    let named = "title: t\ncards: smsc-superio pc98-mpu\ninit uart\nR S -> 80\n  @pc98-mpu -> BF\n";
    let folder = folder_with("named.ops", named);
    folder.put("all.ops", "init uart\nR S -> not FF\n");
    let ran = folder.run(&["ops", "named.ops"]);
    let text = "# named.ops on 2 cards\n\
                smsc-superio  1 as expected\n\
                pc98-mpu      1 as expected\n";
    let in_order = text.lines().all(|line| ran.text().contains(line));
    assert!(ran.code == 0 && in_order, "{}", ran.text());
    let cards = portcls_machine::chip::cards();
    let ran = folder.run(&["ops", "all.ops"]);
    assert!(ran.text().starts_with(&format!("# all.ops on {} cards\n", cards.len())));
    assert_eq!(ran.text().lines().count(), cards.len() + 1);
    assert!(cards.iter().all(|card| ran.text().contains(&format!("\n{} ", card.name))));
}

#[test]
fn a_folder_stands_for_its_scripts_in_the_order_of_their_names() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("scripts")).unwrap();
    folder.put("scripts/b.ops", "init uart\nR S -> not FF\n");
    folder.put(
        "scripts/a.ops",
        "title: t\nsource: s\ncards: es1688\ninit uart\nR S -> any took 0..9\n",
    );
    folder.put("scripts/notes.txt", "no script");
    let ran = folder.run(&["ops", "--card", "sb16", "scripts"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "a file of a folder may be for others");
    let places = ["# scripts/a.ops on ", "# scripts/b.ops on "].map(|head| ran.text().find(head));
    assert!(places[0].is_some() && places.is_sorted(), "{}", ran.text());
    let totals = "\n# 2 files: 1 as expected, 1 not meant for this card\n";
    assert!(ran.text().ends_with(totals), "{}", ran.text());
    std::fs::create_dir(folder.path().join("scripts/folder.ops")).unwrap();
    let ran = folder.run(&["ops", "--card", "sb16", ".", "scripts/b.ops", "scripts"]);
    assert!(ran.code == 3 && ran.text().contains("# 4 files: 2 as expected, "), "{}", ran.text());
    let ran = folder.run(&["ops", "."]);
    let line = "error: cannot read .: the folder has no register script (.ops); give a register \
                script (.ops), a folder with such scripts, or -\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (3, line));
}

#[test]
fn the_suite_of_the_project_is_as_expected_when_its_folder_is_run() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../hw-mpu401/ops");
    let ran = Folder::new().run(&["ops", folder]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let files = std::fs::read_dir(folder).unwrap().count();
    assert!(ran.text().ends_with(&format!("\n# {files} files: {files} as expected\n")));
}

/// Three scripts: one is as expected, one has a scenario that fails and a scenario for another
/// card, and one is not valid.
fn mixed_folder() -> Folder {
    let folder = folder_with("good.ops", "init uart\nR S -> not FF\n");
    let two = "title: <one> & two\nsource: s\ninit uart\nR S -> 12\nR S\n\
               title: other\nsource: s\ncards: sb16\ninit uart\nR S -> any took 1..1\n";
    folder.put("two.ops", two);
    folder.put("typo.ops", "init uart\n\n  W D 9G\n");
    folder
}

#[test]
fn programs_get_the_results_as_json() {
    let folder = folder_with("wrong.ops", "init uart\nR S -> 12\n");
    folder.put("typo.ops", "init uart\n\n  W D 9G\n");
    let card = "smsc-superio";
    assert_cmd_snapshot!(folder.command(&[
        "ops",
        "--format",
        "json",
        "--card",
        card,
        "wrong.ops",
        "typo.ops"
    ]));
}

#[test]
fn ci_systems_get_the_results_as_junit() {
    let files = ["ops", "--format", "junit", "--card", "smsc-superio"];
    let files = [&files[..], &["good.ops", "two.ops", "typo.ops"]].concat();
    assert_cmd_snapshot!(mixed_folder().command(&files));
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
    let ran = Folder::new().run(&["ops", "--card", "teapot", "a.ops"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("there is no card 'teapot'; the cards are "), "{}", ran.stderr);
}
