//! `explain`: one moment of a trace, and the commands that lead to it.

use crate::support::{Folder, TWO_NOTES, driver_path, midi_file};

#[test]
fn a_moment_is_told_with_its_cause_and_its_effects() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let ran =
        folder.run(&["capture", "song.mid", "--card", "smsc-superio", "--trace", "trace.txt"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = folder.run(&["explain", "trace.txt", "--at", "200.332ms"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.text());
    let json = folder.run(&["explain", "trace.txt", "--at", "200.332ms", "--format", "json"]);
    assert!(json.text().starts_with("{\n  \"version\": 1,"), "{}", json.text());
}

#[test]
fn events_with_the_same_time_are_told_together() {
    let folder = Folder::new();
    let text = "# portcls-emu trace 2\n== 100.000 go\n1.000 - line irq 9 = 1\n\
                1.000 I isr call irq 9\n2.000 I isr return irq 9\n";
    folder.put("t.txt", text);
    let ran = folder.run(&["explain", "t.txt", "--at", "101us"]);
    assert!(ran.text().contains("\nat once    line irq 9 = 1\n"), "{}", ran.text());
    let later = folder.run(&["explain", "t.txt", "--at", "102us"]);
    assert!(!later.text().contains("at once"), "{}", later.text());
}

#[test]
fn a_trace_that_begins_later_has_nothing_to_explain() {
    let folder = Folder::new();
    folder.put("t.txt", "# portcls-emu trace 2\n== 100.000 go\n");
    let ran = folder.run(&["explain", "t.txt", "--at", "99us"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("nothing happened up to this time"), "{}", ran.stderr);
}

#[test]
fn of_a_damaged_trace_is_explained_what_can_be_read() {
    let folder = Folder::new();
    let text = "# portcls-emu trace 2\n== 100.000 go\n0.000 P app stop\n1.000 P app\n";
    folder.put("t.txt", text);
    let ran = folder.run(&["explain", "t.txt", "--at", "100us"]);
    assert_eq!(ran.code, 3);
    assert!(ran.text().contains("what       app: stop"), "{}", ran.text());
    assert!(ran.stderr.contains("t.txt, line 4"), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 events could be read"), "{}", ran.stderr);
}

/// Runs the one `explain` command in an output. Returns what that command prints.
fn explained(folder: &Folder, output: &str) -> String {
    let lines: Vec<&str> =
        output.lines().filter(|line| line.contains("portcls-emu explain ")).collect();
    let [line] = lines[..] else { panic!("one command: {output}") };
    let (_, command) = line.split_once("portcls-emu ").expect("it is there");
    let words: Vec<&str> = command.split(' ').collect();
    let ran = folder.run(&words);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command}");
    ran.text().to_owned()
}

#[test]
fn a_summary_has_the_command_that_explains_what_went_wrong() {
    let folder = Folder::new();
    let play = |driver: &str, trace: &str| {
        let driver = driver_path(&format!("x64/{driver}.sys"));
        folder.run(&["play", "--driver", &driver, "--trace", trace]).text().to_owned()
    };
    let rule = play("irql_kept", "rule.txt");
    assert!(explained(&folder, &rule).contains("violation IrqlReturn"), "{rule}");
    let death = play("inverted_bit", "death.txt");
    assert!(explained(&folder, &death).contains("stop: "), "{death}");
    let loss = play("no_busy_test", "loss.txt");
    assert!(explained(&folder, &loss).contains("out "), "{loss}");
    assert!(!play("uart", "good.txt").contains("explain "), "nothing went wrong");
    let ran = folder.run(&["play", "--driver", &driver_path("x64/irql_kept.sys")]);
    assert!(!ran.text().contains("explain "), "no file has the trace: {}", ran.text());
}

#[test]
fn a_longest_time_and_a_finding_have_the_command_that_explains_them() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    for (card, trace) in [("sb16", "a.txt"), ("smsc-superio", "it's b.txt")] {
        let ran = folder.run(&["capture", "song.mid", "--card", card, "--trace", trace]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let worst = folder.run(&["latency", "a.txt"]);
    let explanation = explained(&folder, worst.text());
    assert!(explanation.contains("isr call irq "), "{explanation}");
    let many = folder.run(&["latency", "it's b.txt", "a.txt"]);
    assert!(!many.text().contains("explain"), "no worst time of all: {}", many.text());
    let many = folder.run(&["latency", "it's b.txt", "a.txt", "--budget", "isr=1us"]);
    assert!(many.text().contains("explain 'it'\\''s b.txt' --at "), "{}", many.text());
    let other = folder.run(&["diff", "it's b.txt", "a.txt"]);
    assert_eq!(other.code, 1);
    assert!(explained(&folder, other.text()).starts_with("event "), "{}", other.text());
    let quoted = folder.run(&["diff", "a.txt", "it's b.txt"]);
    let command = "\nexplain   portcls-emu explain 'it'\\''s b.txt' --at ";
    assert!(quoted.text().contains(command), "{}", quoted.text());
    assert!(!folder.run(&["diff", "a.txt", "a.txt"]).text().contains("explain"));
    let piped = folder.run_with_stdin(&["latency", "-"], &folder.get("a.txt"));
    assert!(!piped.text().contains("explain"), "stdin is read once: {}", piped.text());
}

#[test]
fn a_scenario_that_fails_has_the_command_that_explains_its_first_finding() {
    let folder = Folder::new();
    let text = |driver: &str| {
        let path = driver_path(&format!("x64/{driver}.sys"));
        format!(
            "version = 1\ntitle = \"A note\"\n[driver]\npath = '{path}'\n[[step]]\n\
             open = \"render\"\n[[step]]\nstate = \"run\"\n[[step]]\nwrite = \"90 3C 40\"\n\
             [[step]]\nwait = \"2ms\"\n[golden]\nfrom = \"app writes\"\n"
        )
    };
    folder.put("note.toml", text("uart"));
    assert_eq!(folder.run(&["check", "note.toml", "--accept"]).code, 0);
    folder.put("note.toml", text("no_busy_test"));
    let golden = folder.run(&["check", "note.toml"]);
    assert_eq!(golden.code, 1);
    assert!(golden.text().contains("explain   portcls-emu explain note.trace --at "));
    explained(&folder, golden.text());
    let left = folder.run(&["check", "note.toml", "--out", "out"]);
    let words = String::from_utf8(folder.get("out/note.diff.txt")).expect("text");
    assert!(words.contains("portcls-emu explain "), "{words}");
    explained(&folder, left.text());
    let whole = text("irql_kept").replace("from = \"app writes\"", "filter = \"full\"");
    folder.put("rule.toml", whole);
    let rule = folder.run(&["run", "rule.toml", "--trace", "t.txt"]);
    assert_eq!(rule.code, 5);
    assert!(explained(&folder, rule.text()).contains("violation IrqlReturn"), "{}", rule.text());
    let left = folder.run(&["check", "rule.toml", "--out", "out"]);
    assert_eq!(left.code, 5);
    let explanation = explained(&folder, left.text());
    assert!(explanation.contains("violation IrqlReturn"), "{explanation}");
    folder.put("rule.toml", text("irql_kept"));
    let outside = folder.run(&["check", "rule.toml", "--out", "out"]);
    assert!(!outside.text().contains("explain "), "not in that part: {}", outside.text());
}

#[test]
fn an_expectation_that_fails_at_a_time_has_the_command_that_explains_this_time() {
    let folder = Folder::new();
    let run = |expect: &str| {
        let text = format!(
            "version = 1\ntitle = \"A note\"\n[[step]]\nopen = \"render\"\n[[step]]\n\
             state = \"run\"\n[[step]]\nwrite = \"90 3C 40\"\n[[step]]\nwait = \"2ms\"\n\
             [expect]\n{expect}\n"
        );
        folder.put("note.toml", text);
        let ran = folder.run(&["run", "note.toml", "--trace", "t.txt"]);
        assert_eq!(ran.code, 1, "{expect}: {}{}", ran.text(), ran.stderr);
        ran.text().to_owned()
    };
    for (expect, shown) in [
        ("never = [\"out 330 <- 3C\"]", "bus out 330 <- 3C"),
        ("order = [\"out 330 <- 3C\", \"out 330 <- 90\"]", "bus out 330 <- 3C"),
        ("wire-out = \"90 3D 40\"", "wire out 3C start"),
        ("wire-out = \"90 3C 40 00\"", "wire out 40 start"),
        ("status = { Write = \"STATUS_IO_DEVICE_ERROR\" }", "port return Write, 3 bytes"),
        ("times = [{ event = \"out 3C start\", at = \"1us\" }]", "wire out 3C start"),
    ] {
        let text = run(expect);
        let explanation = explained(&folder, &text);
        assert!(explanation.contains(shown), "{expect}: {text}{explanation}");
    }
    // What never came, and what is counted, has no time.
    for expect in ["order = [\"out 330 <- 77\"]", "wire-out-count = 4"] {
        let text = run(expect);
        assert!(!text.contains("explain "), "{text}");
    }
}
