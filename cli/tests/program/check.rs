//! `check` and `merge`: scenarios against their goldens and expectations.

use crate::support::{Folder, Ran, driver_path};

/// A scenario in which a note goes out, with these lines at its end.
fn scenario(more: &str) -> String {
    format!(
        "version = 1\n\
         title = \"A note goes out\"\n\
         why = \"The first sound of every song.\"\n\
         [[step]]\n\
         open = \"render\"\n\
         [[step]]\n\
         state = \"run\"\n\
         [[step]]\n\
         write = \"90 3C 40\"\n\
         [[step]]\n\
         wait = \"2ms\"\n\
         {more}"
    )
}

const EXPECT: &str = "[expect]\nwire-out = \"90 3C 40\"\n";
const GOLDEN: &str = "[golden]\nfilter = \"full\"\nfrom = \"app writes\"\n";

/// A scenario with a golden, in which a note goes out through a compiled driver.
fn with_driver(name: &str) -> String {
    let driver = format!("[driver]\npath = '{}'\n[[step]]\nopen", driver_path(name));
    scenario(GOLDEN).replacen("[[step]]\nopen", &driver, 1)
}

/// A folder with this scenario, and with the golden that `check --accept` wrote for it.
fn accepted(text: &str) -> Folder {
    let folder = Folder::new();
    folder.put("note.toml", text);
    let ran = check(&folder, &["note.toml", "--accept"]);
    assert_eq!(ran.code, 0, "{}{}", ran.text(), ran.stderr);
    folder
}

fn check(folder: &Folder, arguments: &[&str]) -> Ran {
    in_ci(folder, arguments, "")
}

/// Runs `check` with this value of the variable CI.
fn in_ci(folder: &Folder, arguments: &[&str], value: &str) -> Ran {
    let mut command = folder.command(&[&["check"], arguments].concat());
    command.env("CI", value);
    Ran::new(command.output().expect("the program runs"))
}

#[test]
fn a_trace_is_accepted_once_and_then_checked() {
    let folder = Folder::new();
    folder.put("note.toml", scenario(GOLDEN));
    let ran = check(&folder, &["note.toml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.text().starts_with("NO GOLDEN        note.toml\n"), "{}", ran.text());
    assert_eq!(folder.names(), ["note.toml"], "a check writes nothing");
    let ran = check(&folder, &["note.toml", "--accept"]);
    assert_eq!((ran.code, ran.text()), (0, "accepted         note.toml\n\n1 scenario, 1 ok\n"));
    assert_eq!(folder.names(), ["note.toml", "note.trace"]);
    let ran = check(&folder, &["."]);
    assert_eq!((ran.code, ran.text()), (0, "ok               ./note.toml\n\n1 scenario, 1 ok\n"));
}

#[test]
fn a_driver_that_does_otherwise_is_told_in_findings() {
    let folder = accepted(&with_driver("x64/uart.sys"));
    folder.put("note.toml", with_driver("x64/no_busy_test.sys"));
    let ran = check(&folder, &["note.toml", "--out", "failed"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    insta::assert_snapshot!(ran.text());
    let trace = String::from_utf8(folder.get("failed/note.new.trace")).expect("a text");
    assert!(trace.starts_with("# portcls-emu trace 2\n"), "{trace}");
    let words = String::from_utf8(folder.get("failed/note.diff.txt")).expect("a text");
    assert!(words.starts_with("note.toml: FAILED\n"), "{words}");
    let page = String::from_utf8(folder.get("failed/note.diff.html")).expect("a text");
    assert!(page.starts_with("<!doctype html>") && page.contains("; golden note.trace"), "{page}");
    folder.put("note.toml", with_driver("x64/uart.sys"));
    assert_eq!(check(&folder, &["note.toml", "--out", "failed"]).code, 0);
    for end in ["new.trace", "diff.txt", "diff.html"] {
        let left = folder.path().join(format!("failed/note.{end}"));
        assert!(!left.exists(), "it passes again: {end}");
    }
    let ran = check(&folder, &["note.toml", "--out", "."]);
    assert_eq!(ran.code, 2, "never beside the golden: {}", ran.stderr);
}

#[test]
fn the_page_of_a_check_is_that_of_the_comparison() {
    let folder = accepted(&with_driver("x64/uart.sys"));
    folder.put("note.toml", with_driver("x64/no_busy_test.sys"));
    let ran = check(&folder, &["note.toml", "--html", "check.html", "--out", "out"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let page = folder.get("check.html");
    assert!(page == folder.get("out/note.diff.html"));
    let same = folder.run(&["diff", "note.trace", "out/note.new.trace", "--html", "diff.html"]);
    assert_eq!(same.code, 1);
    let [page, compared] = [page, folder.get("diff.html")].map(|page| {
        let text = String::from_utf8(page).expect("a text");
        let (_, data) = text.split_once("id=\"trace\">").expect("the data");
        let data = data.split_once("</script>").expect("its end").0;
        serde_json::from_str::<serde_json::Value>(data).expect("JSON")
    });
    for part in ["lanes", "times", "shape_of", "ghosts", "machine", "explain"] {
        assert_eq!(page[part], compared[part], "{part}");
    }
    let titles = |data: &serde_json::Value| {
        let findings = data["findings"].as_array().expect("findings").clone();
        findings.into_iter().map(|finding| finding["title"].clone()).collect::<Vec<_>>()
    };
    assert!(titles(&page).len() > 3);
    assert_eq!(titles(&page), titles(&compared));
}

#[test]
fn a_page_is_there_also_of_what_passes_and_of_what_has_no_golden() {
    let folder = accepted(&scenario(GOLDEN));
    let ran = check(&folder, &["note.toml", "--html", "-"]);
    assert_eq!(ran.code, 0);
    assert!(ran.text().starts_with("<!doctype html>"), "{}", ran.text());
    assert!(ran.stderr.starts_with("ok               note.toml\n"), "{}", ran.stderr);
    folder.put("other.toml", scenario(&EXPECT.replace("40", "41")));
    let ran = check(&folder, &["other.toml", "--html", "other.html", "--out", "out"]);
    assert_eq!(ran.code, 1);
    assert!(folder.get("other.html") == folder.get("out/other.diff.html"));
    assert!(ran.text().contains("look      out/other.diff.html"), "{}", ran.text());
    let both = check(&folder, &[".", "--html", "both.html"]);
    assert_eq!(both.code, 2);
    assert!(both.stderr.contains("--html is about one scenario"), "{}", both.stderr);
    folder.put("cards.toml", scenario(EXPECT).replacen("[[step]]\nopen", CARDS, 1));
    assert_eq!(check(&folder, &["cards.toml", "--html", "both.html"]).code, 2);
    folder.put("bad.toml", "version = 1");
    assert_eq!(check(&folder, &["bad.toml", "--html", "bad.html"]).code, 3);
    let names = folder.names();
    assert!(!names.contains(&"both.html".to_owned()) && !names.contains(&"bad.html".to_owned()));
}

/// Replaces the beginning of the first step, to put a machine with two cards before it.
const CARDS: &str = "[machine]\neach-card = [\"sb16\", \"smsc-superio\"]\n[[step]]\nopen";

#[test]
fn a_driver_compiled_for_32_bits_is_the_same_without_the_time_of_instructions() {
    let without_time = |name: &str| {
        with_driver(name)
            .replacen("[driver]\n", "[driver]\ninstruction-time = \"0ns\"\n", 1)
            .replace("filter = \"full\"", "filter = \"registers\"")
    };
    let folder = accepted(&without_time("x64/uart.sys"));
    folder.put("note.toml", without_time("x86/uart.sys"));
    let ran = check(&folder, &["note.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.text());
}

#[test]
fn nobody_accepts_in_ci() {
    let folder = Folder::new();
    folder.put("note.toml", scenario(GOLDEN));
    for value in ["true", "1", "yes"] {
        for option in ["--accept", "--review", "--unreferenced=delete"] {
            let ran = in_ci(&folder, &["note.toml", option], value);
            assert_eq!(ran.code, 2, "CI={value} {option}");
            assert!(ran.stderr.contains("is refused because CI is set"), "{}", ran.stderr);
        }
    }
    assert_eq!(folder.names(), ["note.toml"]);
    for value in ["", "0", "false"] {
        let ran = in_ci(&folder, &["note.toml", "--accept"], value);
        assert_eq!(ran.code, 0, "CI={value}: {}", ran.stderr);
    }
    let ran = check(&folder, &["note.toml", "--review"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("asks on a terminal"), "{}", ran.stderr);
}

#[test]
fn only_named_scenarios_are_accepted() {
    let folder = Folder::new();
    folder.put("a.toml", scenario(GOLDEN));
    folder.put("b.toml", scenario(GOLDEN));
    let ran = check(&folder, &[".", "--accept=b"]);
    assert_eq!(ran.code, 1);
    assert_eq!(folder.names(), ["a.toml", "b.toml", "b.trace"]);
    let ran = check(&folder, &[".", "--accept=c"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no scenario of these paths is named 'c'"), "{}", ran.stderr);
}

#[test]
fn what_checks_nothing_fails() {
    let folder = Folder::new();
    let ran = check(&folder, &["."]);
    assert_eq!((ran.code, ran.text()), (1, "no scenario\n"));
    assert!(ran.stderr.contains("nothing was checked"), "{}", ran.stderr);
    folder.put("note.toml", scenario(""));
    let ran = check(&folder, &["."]);
    assert_eq!(ran.code, 1);
    assert!(ran.text().starts_with("NOTHING CHECKED  ./note.toml\n"), "{}", ran.text());
    assert_eq!(check(&folder, &["none"]).code, 3);
}

#[test]
fn an_expectation_that_is_not_met_fails() {
    let folder = Folder::new();
    folder.put("note.toml", scenario(&EXPECT.replace("40", "41")));
    let ran = check(&folder, &["note.toml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.text().contains("1 expectation not met"), "{}", ran.text());
    assert!(ran.text().contains("not met   wire-out: "), "{}", ran.text());
    folder.put("note.toml", scenario(EXPECT));
    assert_eq!(check(&folder, &["note.toml"]).code, 0);
}

#[test]
fn a_golden_that_no_scenario_has_fails() {
    let folder = accepted(&scenario(GOLDEN));
    folder.put("old.trace", "");
    let ran = check(&folder, &["."]);
    assert_eq!(ran.code, 1);
    assert!(ran.text().contains("UNREFERENCED     ./old.trace"), "{}", ran.text());
    assert_eq!(check(&folder, &["note.toml"]).code, 0, "only a folder is looked through");
    let ran = check(&folder, &[".", "--unreferenced", "warn"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("./old.trace: no scenario has this golden"), "{}", ran.stderr);
    assert_eq!(check(&folder, &[".", "--unreferenced", "delete"]).code, 0);
    assert_eq!(folder.names(), ["note.toml", "note.trace"]);
}

#[test]
fn a_damaged_file_is_told_with_its_place_and_the_others_are_checked() {
    let folder = accepted(&scenario(GOLDEN));
    folder.put("broken.toml", "version = 1\ntitel = 2\n");
    folder.put("broken.trace", "");
    let ran = check(&folder, &["."]);
    assert_eq!(ran.code, 3);
    let text = ran.text();
    assert!(text.contains("INVALID          ./broken.toml: ./broken.toml:2:1: "), "{text}");
    assert!(text.contains("ok               ./note.toml"), "{text}");
    assert!(!text.contains("UNREFERENCED"), "who knows what the broken one needs: {text}");
    let golden = String::from_utf8(folder.get("note.trace")).expect("a text");
    folder.put("note.trace", golden.replacen("bus       out 330", "bus       out", 1));
    let ran = check(&folder, &["note.toml"]);
    assert_eq!(ran.code, 3);
    assert!(ran.text().contains("note.trace, line 1"), "{}", ran.text());
    assert_eq!(check(&folder, &["note.toml", "--accept"]).code, 0, "accepting mends it");
    assert_eq!(folder.get("note.trace"), golden.as_bytes());
}

#[test]
fn the_results_are_for_programs_too() {
    let folder = accepted(&scenario(GOLDEN));
    folder.put("other.toml", scenario(&EXPECT.replace("40", "41")));
    let junit = check(&folder, &[".", "--format", "junit"]);
    assert_eq!(junit.code, 1);
    insta::assert_snapshot!("check_junit", junit.text());
    let results: serde_json::Value =
        serde_json::from_str(check(&folder, &[".", "--format", "results"]).text()).expect("JSON");
    assert_eq!((&results["version"], &results["status"]), (&2.into(), &"fail".into()));
    assert_eq!(results["tests"][0]["status"], "pass");
    assert_eq!(results["tests"][1]["name"], "A note goes out");
    assert!(results["tests"][1]["message"].as_str().expect("words").contains("not met"));
    assert!(results["tests"][1]["test_code"].as_str().expect("a text").starts_with("version = 1"));
    let json: serde_json::Value =
        serde_json::from_str(check(&folder, &[".", "--format", "json"]).text()).expect("JSON");
    assert_eq!((&json["version"], &json["exit_code"]), (&1.into(), &1.into()));
    assert_eq!(json["scenarios"][1]["verdict"], "failed");
}

#[test]
fn shards_together_are_one_check() {
    let folder = Folder::new();
    for name in ["a", "b", "c"] {
        folder.put(&format!("{name}.toml"), scenario(EXPECT));
    }
    folder.put("d.toml", scenario(&EXPECT.replace("40", "41")));
    let shard = |index: usize| {
        let ran = check(&folder, &[".", "--shard", &format!("{index}/3"), "--format", "json"]);
        folder.put(&format!("{index}.json"), &ran.stdout);
        ran.code
    };
    assert_eq!([1, 2, 3].map(shard), [1, 0, 0]);
    let all = folder.run(&["merge", "3.json", "1.json", "2.json"]);
    let whole = check(&folder, &["."]);
    assert_eq!((all.code, all.text()), (1, whole.text()));
    let part = folder.run(&["merge", "3.json", "1.json"]);
    assert_eq!(part.code, 3);
    assert!(part.stderr.contains("of 3 shards these are missing: 2"), "{}", part.stderr);
    let none = folder.run(&["merge", "a.toml"]);
    assert_eq!(none.code, 3);
    assert!(none.stderr.contains("a.toml: expected value at line 1 column 1"), "{}", none.stderr);
    assert_eq!(check(&folder, &[".", "--shard", "4/3"]).code, 2);
}
