//! `run`: scenarios from files, their results and exit codes.

use serde_json::Value;

use crate::support::{Folder, driver_path};

/// A scenario that plays a note on a card with a FIFO, with these lines at its end.
fn note(lines: &str) -> String {
    format!(
        "version = 1\ntitle = \"A note goes out\"\nwhy = \"The wire has what was written.\"\n\
         [machine]\ncard = \"smsc-superio\"\n[[step]]\nopen = \"render\"\n[[step]]\n\
         state = \"run\"\n[[step]]\nwrite = \"90 3C 40\"\n[[step]]\nwait = \"2ms\"\n{lines}"
    )
}

/// A scenario that plays a note through a test driver and waits 30 s, with these lines at its end.
fn broken(driver: &str, lines: &str) -> String {
    let path = driver_path(&format!("x64/{driver}.sys"));
    format!(
        "version = 1\ntitle = \"A driver with a mistake\"\n[driver]\npath = '{path}'\n\
         [[step]]\nopen = \"render\"\n[[step]]\nstate = \"run\"\n\
         [[step]]\nwrite = \"90 3C 40\"\n[[step]]\nwait = \"30s\"\n{lines}"
    )
}

#[test]
fn each_expectation_has_a_line() {
    let folder = Folder::new();
    folder.put("note.toml", note("[expect]\nwire-out = \"90 3C 40\"\nlost = 0\n"));
    let ran = folder.run(&["run", "note.toml"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(
        ran.text(),
        "ok      note: A note goes out\n\
         \x20         ok      wire-out: 90 3C 40\n\
         \x20         ok      lost: 0\n"
    );
}

#[test]
fn what_was_expected_and_did_not_come_is_told_with_the_reason() {
    let folder = Folder::new();
    folder.put("note.toml", note("[expect]\nwire-out = \"90\"\n"));
    let ran = folder.run(&["run", "note.toml"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.text(),
        "FAILED  note: A note goes out\n\
         \x20         FAILED  wire-out: 90 expected, 90 3C 40 came; the first byte is the same\n\
         \x20         why     The wire has what was written.\n"
    );
}

#[test]
fn a_file_that_is_not_valid_is_exit_3_and_keeps_no_other_from_running() {
    let folder = Folder::new();
    folder.put("bad.toml", note("[[step]]\nopne = \"render\"\n"));
    folder.put("good.toml", note("[expect]\nlost = 0\n"));
    let ran = folder.run(&["run", "bad.toml", "good.toml", "none.toml"]);
    assert_eq!(ran.code, 3);
    assert!(ran.text().starts_with("INVALID bad.toml\nok      good: A note goes out\n"));
    let expected = "error: bad.toml:15:1: there is no key 'opne'; did you mean open?\n\
                    error: cannot read none.toml: No such file or directory; give a scenario \
                    (.toml)\n";
    assert_eq!(ran.stderr, expected);
}

#[test]
fn the_exit_code_tells_how_the_worst_scenario_ended() {
    let folder = Folder::new();
    let died = "[expect]\nbug-check = \"DPC_WATCHDOG_VIOLATION\"\n";
    for (name, text, code) in [
        ("dies", broken("inverted_bit", ""), 4),
        ("dies-as-expected", broken("inverted_bit", died), 0),
        ("breaks-a-rule", broken("irql_kept", ""), 5),
        ("breaks-as-expected", broken("irql_kept", "[expect]\nviolations = [\"IrqlReturn\"]\n"), 0),
        ("checks-nothing", note(""), 1),
        ("has-a-golden", note("[golden]\n"), 0),
    ] {
        let file = format!("{name}.toml");
        folder.put(&file, text);
        let ran = folder.run(&["run", &file]);
        assert_eq!(ran.code, code, "{name}: {}{}", ran.text(), ran.stderr);
    }
    let ran = folder.run(&["run", "breaks-a-rule.toml", "dies.toml", "checks-nothing.toml"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("checks-nothing: nothing was checked: write an expected result"));
}

#[test]
fn a_scenario_that_waits_longer_than_the_longest_run_fails() {
    let folder = Folder::new();
    let wait = "[[step]]\nwait = \"800000h\"\n";
    let input = "[[step]]\ncable = \"90 3C 40\"\n";
    folder.put("note.toml", note(&format!("{wait}{input}{wait}[expect]\nlost = 0\n")));
    let ran = folder.run(&["run", "note.toml"]);
    let end = "FAILED  end: the time limit of 3153600000000.000 ms was reached\n";
    assert!(ran.code == 1 && ran.text().contains(end), "{}", ran.text());
}

#[test]
fn the_trace_of_one_scenario_is_written() {
    let folder = Folder::new();
    folder.put("note.toml", note("[expect]\nlost = 0\n"));
    let ran = folder.run(&["run", "note.toml", "--trace", "-", "--filter", "registers"]);
    assert_eq!(ran.code, 0);
    assert!(ran.text().contains("bus       out 330 <- 3C            ; data"), "{}", ran.text());
    assert!(ran.stderr.contains("ok      note: A note goes out"), "{}", ran.stderr);
    let ran = folder.run(&["run", "note.toml", "note.toml", "--trace", "t.txt"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--trace is about one scenario: give one file, for one card"));
    let ran = folder.run(&["run", "note.toml", "--trace", "note.toml"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}

#[test]
fn the_page_of_one_scenario_is_that_of_its_trace() {
    let folder = Folder::new();
    folder.put("note.toml", note("[expect]\nlost = 0\n"));
    let ran = folder.run(&["run", "note.toml", "--trace", "t.txt", "--html", "run.html"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.text().starts_with("ok      note: A note goes out\n"), "{}", ran.text());
    let exported = folder.run(&["export", "t.txt", "--to", "html"]);
    assert!(exported.stdout == folder.get("run.html"), "another page");
    let ran = folder.run(&["run", "note.toml", "--html", "-"]);
    assert!(ran.text().starts_with("<!doctype html>"), "{}", ran.text());
    assert!(ran.stderr.starts_with("ok      note: A note goes out\n"), "{}", ran.stderr);
    let ran = folder.run(&["run", "note.toml", "note.toml", "--html", "two.html"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--html is about one scenario: give one file, for one card"));
    let ran = folder.run(&["run", "note.toml", "--trace", "a", "--html", "a"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    folder.put("bad.toml", "version = 1");
    assert_eq!(folder.run(&["run", "bad.toml", "--html", "bad.html"]).code, 3);
    assert_eq!(folder.names(), ["bad.toml", "note.toml", "run.html", "t.txt"]);
}

#[test]
fn the_results_are_json_for_a_program() {
    let folder = Folder::new();
    folder.put("note.toml", note("[expect]\nwire-out = \"90\"\n"));
    folder.put("bad.toml", "version = 1");
    let ran = folder.run(&["run", "note.toml", "bad.toml", "--format", "json"]);
    assert_eq!(ran.code, 3);
    let json: Value = serde_json::from_str(ran.text()).expect("it is JSON");
    assert_eq!((&json["version"], &json["exit_code"]), (&1.into(), &3.into()));
    let [note, bad] = &json["scenarios"].as_array().expect("a list")[..] else { panic!("two") };
    assert_eq!(note["verdict"], "failed");
    assert_eq!(note["checks"][0]["name"], "wire-out");
    assert_eq!(note["checks"][0]["passed"], false);
    assert_eq!(bad["verdict"], "invalid");
    assert_eq!(
        bad["error"],
        "bad.toml:1:1: the key title is missing; write it, as in \
                              the page about scenarios: title = ..."
    );
}

#[test]
fn the_schema_of_scenarios_names_their_keys() {
    let ran = Folder::new().run(&["schema", "scenario"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let schema: Value = serde_json::from_str(ran.text()).expect("it is JSON");
    let steps = schema["$defs"]["StepTable"]["properties"].as_object().expect("the keys of a step");
    for key in ["open", "cable-notes", "end-mark", "at", "status"] {
        assert!(steps[key]["description"].is_string(), "{key}");
    }
    assert_eq!(schema["$defs"]["StepTable"]["additionalProperties"], false);
    assert_eq!(schema["required"], serde_json::json!(["version", "title"]));
}
