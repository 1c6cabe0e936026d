//! `ops --record` and `ops --results` as their user sees them.

use insta_cmd::assert_cmd_snapshot;

use crate::support::Folder;

const SCRIPT: &str = "\
title: A note is taken
source: s
init uart
R S -> 80/C0
W D 90
P S 40 00 1000 10 -> ok
irq -> down
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.put("note.ops", SCRIPT);
    folder
}

/// A file of results as the Linux recipe prints it, with these lines after its first line.
fn results(folder: &Folder, lines: &str) -> String {
    let recipe = folder.run(&["ops", "note.ops", "--record", "linux"]);
    assert_eq!((recipe.code, recipe.stderr.as_str()), (0, ""));
    let (_, mark) = recipe.text().split_once("MARK = \"").expect("the mark of the script");
    format!("portcls-emu results 1 {}\n{lines}", &mark[..4])
}

#[test]
fn a_recipe_for_dos_is_commands_of_debug() {
    let folder = folder();
    let ran = folder.run(&["ops", "note.ops", "--record", "dos", "--port", "300"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.text().matches('\n').count(), ran.text().matches("\r\n").count());
    insta::assert_snapshot!(ran.text().replace("\r\n", "\n"));
}

#[test]
fn a_recipe_for_linux_has_the_steps_and_what_is_left_out() {
    let ran = folder().run(&["ops", "note.ops", "--record", "linux", "--card", "pc98-mpu"]);
    let steps = "STEPS = \"\"\"\n# A note is taken\n3 init uart\n4 R S\n5 W D 90\n\
                 6 P S 40 00 1000 10\n\
                 # line 7, 'irq', is not done: software cannot see the interrupt line\n\"\"\"\n";
    assert!(ran.text().contains(steps), "{}", ran.text());
    assert!(ran.text().contains("DATA, STATUS = 0xE0D0, 0xE0D2\n"), "{}", ran.text());
}

#[test]
fn results_that_differ_are_shown_with_exit_1() {
    let folder = folder();
    folder.put("r.txt", results(&folder, "4 R 80\n6 P 1000 FF\n"));
    let arguments = ["ops", "note.ops", "--results", "r.txt", "--card", "smsc-superio"];
    assert_cmd_snapshot!("results_text", folder.command(&arguments));
    let arguments = [&arguments[..], &["--format", "json"]].concat();
    assert_cmd_snapshot!("results_json", folder.command(&arguments));
}

#[test]
fn without_a_card_the_results_are_held_against_each_card() {
    let folder = folder();
    folder.put("r.txt", results(&folder, "4 R 80\n6 P 3 80\n"));
    let ran = folder.run(&["ops", "note.ops", "--results", "r.txt"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "one card is as the real one");
    for (card, figures) in [
        ("smsc-superio ", " 2 lines: 2 as expected, 0 not, 0 unlike the model"),
        ("roland-mpu401 ", " 2 lines: 2 as expected, 0 not, 1 unlike the model"),
    ] {
        let line = ran.text().lines().find(|line| line.starts_with(card)).expect("its line");
        assert!(line.ends_with(figures), "{line}");
    }
}

#[test]
fn bad_results_and_a_wrong_command_line_are_refused() {
    let folder = folder();
    folder.put("r.txt", results(&folder, "4 R 80\n6 Q\n"));
    folder.put("empty.txt", results(&folder, ""));
    let cases: [(&[&str], i32, &str); 5] = [
        (&["note.ops", "--results", "r.txt"], 3, "r.txt:3:3: 'Q' is not what line 6, "),
        (&["note.ops", "--results", "empty.txt"], 1, "empty.txt: nothing was compared: "),
        (&["note.ops", "note.ops", "--record", "dos"], 2, "--record is about one script: "),
        (
            &["note.ops", "--results", "empty.txt", "--format", "junit"],
            2,
            "--results has no form junit: ",
        ),
        (&["note.ops", "--port", "330"], 2, "the following required arguments "),
    ];
    for (arguments, code, line) in cases {
        let ran = folder.run(&[&["ops"], arguments].concat());
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert!(ran.stderr.starts_with(&format!("error: {line}")), "{}", ran.stderr);
    }
}
