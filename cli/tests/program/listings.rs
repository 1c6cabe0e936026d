//! Help, version, cards, rules, completions and manual pages.

use crate::support::Folder;
use insta_cmd::assert_cmd_snapshot;
use portcls_machine::card_bench::ops::{Cell, Row, check, suite};
use portcls_machine::chip::cards;
use portcls_machine::rules;

#[test]
fn the_help_tells_the_verbs_and_the_exit_codes() {
    assert_cmd_snapshot!(Folder::new().command(&["--help"]));
}

#[test]
fn the_help_of_play_is_complete() {
    assert_cmd_snapshot!(Folder::new().command(&["play", "--help"]));
}

#[test]
fn the_short_help_of_play_fits_a_screen() {
    assert_cmd_snapshot!(Folder::new().command(&["play", "-h"]));
}

#[test]
fn the_help_of_capture_is_complete() {
    assert_cmd_snapshot!(Folder::new().command(&["capture", "--help"]));
}

#[test]
fn the_help_of_the_small_verbs_is_complete() {
    let folder = Folder::new();
    assert_cmd_snapshot!("help_ops", folder.command(&["ops", "--help"]));
    assert_cmd_snapshot!("help_cards", folder.command(&["cards", "--help"]));
    assert_cmd_snapshot!("help_rules", folder.command(&["rules", "--help"]));
    assert_cmd_snapshot!("help_new", folder.command(&["new", "--help"]));
    assert_cmd_snapshot!("help_run", folder.command(&["run", "--help"]));
    assert_cmd_snapshot!("help_diff", folder.command(&["diff", "--help"]));
    assert_cmd_snapshot!("help_latency", folder.command(&["latency", "--help"]));
    assert_cmd_snapshot!("help_explain", folder.command(&["explain", "--help"]));
    assert_cmd_snapshot!("help_export", folder.command(&["export", "--help"]));
    assert_cmd_snapshot!("help_completions", folder.command(&["completions", "--help"]));
    assert_cmd_snapshot!("help_man", folder.command(&["man", "--help"]));
}

#[test]
fn without_a_verb_the_help_goes_to_stderr_with_exit_2() {
    let ran = Folder::new().run(&[]);
    assert_eq!((ran.code, ran.text()), (2, ""));
    assert!(ran.stderr.contains("Usage: portcls-emu [OPTIONS] <COMMAND>"), "{}", ran.stderr);
}

#[test]
fn the_version_is_that_of_the_package() {
    let ran = Folder::new().run(&["--version"]);
    let version = format!("portcls-emu {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((ran.code, ran.text()), (0, version.as_str()));
}

#[test]
fn the_cards_are_listed_with_figures_and_sources() {
    let folder = Folder::new();
    assert_cmd_snapshot!("cards_text", folder.command(&["cards"]));
    assert_cmd_snapshot!("cards_json", folder.command(&["cards", "--format", "json"]));
}

#[test]
fn the_check_of_the_cards_shows_each_scenario_and_fails_when_one_failed() {
    let expected = check(cards());
    let ran = Folder::new().run(&["cards", "--check"]);
    assert!(ran.text().ends_with(&format!("\n{expected}")), "{}", ran.text());
    let lines: Vec<&str> = ran.text().lines().collect();
    let columns = cards().len() + (cards().len() - 1) / 5;
    assert!(lines[0].starts_with("          1 11111 "), "{}", lines[0]);
    assert!(lines[1].starts_with("12345 67890 12345 "), "{}", lines[1]);
    assert_eq!(lines[1].get(columns..), Some(" registers.ops"));
    let failed = |row: &Row| row.cells.iter().filter(|cell| **cell == Cell::Failed).count();
    let failed: usize = expected.rows.iter().map(failed).sum();
    let legend = lines.iter().position(|line| line.starts_with("M  measured:")).expect("a legend");
    let table = &lines[..legend];
    assert!(table.iter().all(|line| line.len() <= 100));
    assert_eq!(table.iter().filter(|line| line.ends_with(".ops")).count(), suite().len());
    let marks = |line: &&str| line.get(..columns).unwrap_or_default().to_owned();
    let rows = table.iter().filter(|line| !line.ends_with(".ops")).map(marks);
    assert_eq!(rows.map(|row| row.matches('F').count()).sum::<usize>(), failed);
    let cells = table.iter().filter(|line| !line.is_empty() && !line.starts_with(' ')).count();
    assert_eq!(cells, expected.rows.len() + suite().len());
    assert_eq!((ran.code == 0, ran.stderr.is_empty()), (failed == 0, failed == 0));
    assert!(ran.code <= 1 && (failed == 0 || ran.stderr.starts_with(&format!("error: {failed} "))));
}

#[test]
fn the_check_of_the_cards_has_a_form_for_programs() {
    let expected = check(cards());
    let ran = Folder::new().run(&["cards", "--check", "--format", "json"]);
    let facts: serde_json::Value = serde_json::from_str(ran.text()).expect("JSON");
    assert_eq!(ran.code, i32::from(!expected.is_good()));
    assert_eq!((&facts["version"], &facts["good"]), (&2.into(), &expected.is_good().into()));
    let failures: usize = expected.runs.iter().map(|run| run.failures().count()).sum();
    assert_eq!(facts["failures"].as_array().map(Vec::len), Some(failures));
    let scenarios = facts["scenarios"].as_array().expect("scenarios");
    assert_eq!(scenarios.len(), expected.rows.len());
    for (scenario, row) in scenarios.iter().zip(&expected.rows) {
        assert_eq!(
            (&scenario["file"], &scenario["title"]),
            (&row.file.as_str().into(), &row.scenario.title.as_str().into(),)
        );
        for (card, cell) in expected.cards.iter().zip(&row.cells) {
            let word = match cell {
                Cell::Pass(_) => "pass",
                Cell::Differs(_) => "differs",
                Cell::Open => "open",
                Cell::NotMeant => "not-meant",
                Cell::Failed => "failed",
            };
            assert_eq!(scenario["results"][card], word);
        }
    }
}

#[test]
fn the_rules_are_listed_by_room_and_each_stands_in_a_sentence() {
    let ran = Folder::new().run(&["rules"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.text().lines().all(|line| line.chars().count() <= 100), "{}", ran.text());
    for rule in rules::all() {
        let line = format!("  {} ", rule.id);
        assert!(ran.text().lines().any(|text| text.starts_with(&line)), "{}", rule.id);
    }
    let rooms: Vec<&str> = ran.text().lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(rooms[..3], ["kernel", "", "port"]);
}

#[test]
fn a_rule_is_told_with_its_source_and_what_driver_verifier_says_to_it() {
    let folder = Folder::new();
    assert_cmd_snapshot!("rule_text", folder.command(&["rules", "IrqlKeDispatchLte"]));
    let any_size = folder.run(&["rules", "irqlkedispatchlte"]);
    assert!(any_size.text().starts_with("IrqlKeDispatchLte  a rule of Microsoft's\n"));
    let json = ["rules", "completed-as-pending", "--format", "json"];
    assert_cmd_snapshot!("rule_json", folder.command(&json));
}

#[test]
fn every_shell_gets_completions_with_the_names_of_the_cards_and_rules() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = folder.run(&["completions", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{shell}");
        assert!(ran.text().contains("wire-out"), "{shell}");
    }
    let bash = folder.run(&["completions", "bash"]);
    assert!(bash.text().contains("smsc-superio") && bash.text().contains("read-overrun"));
}

#[test]
fn the_manual_has_a_page_for_the_program_and_each_verb() {
    let ran = Folder::new().run(&["man"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let titles: Vec<&str> = ran.text().lines().filter(|line| line.starts_with(".TH ")).collect();
    let names: Vec<&str> = titles.iter().filter_map(|line| line.split(' ').nth(1)).collect();
    let expected = [
        "",
        "-play",
        "-capture",
        "-debug",
        "-filters",
        "-ops",
        "-imports",
        "-cards",
        "-rules",
        "-new",
        "-run",
        "-check",
        "-merge",
        "-trace",
        "-diff",
        "-export",
        "-explain",
        "-latency",
        "-schema",
        "-completions",
        "-man",
    ];
    assert_eq!(names, expected.map(|verb| format!("portcls-emu{verb}")));
    assert!(ran.text().contains("70  a fault of portcls"), "the exit codes");
}
