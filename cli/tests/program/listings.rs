//! Help, version, cards, completions and manual pages.

use crate::support::Folder;
use insta_cmd::assert_cmd_snapshot;

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
    assert_cmd_snapshot!("help_cards", folder.command(&["cards", "--help"]));
    assert_cmd_snapshot!("help_completions", folder.command(&["completions", "--help"]));
    assert_cmd_snapshot!("help_man", folder.command(&["man", "--help"]));
}

#[test]
fn without_a_verb_the_help_goes_to_stderr_with_exit_2() {
    let ran = Folder::new().run(&[]);
    assert_eq!((ran.code, ran.text()), (2, ""));
    assert!(ran.stderr.contains("Usage: portcls-emu <COMMAND>"), "{}", ran.stderr);
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
fn every_shell_gets_completions_with_the_names_of_the_cards() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = folder.run(&["completions", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{shell}");
        assert!(ran.text().contains("wire-out"), "{shell}");
    }
    assert!(folder.run(&["completions", "bash"]).text().contains("smsc-superio"));
}

#[test]
fn the_manual_has_a_page_for_the_program_and_each_verb() {
    let ran = Folder::new().run(&["man"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let titles: Vec<&str> = ran.text().lines().filter(|line| line.starts_with(".TH ")).collect();
    let names: Vec<&str> = titles.iter().filter_map(|line| line.split(' ').nth(1)).collect();
    let expected = ["", "-play", "-capture", "-cards", "-completions", "-man"];
    assert_eq!(names, expected.map(|verb| format!("portcls-emu{verb}")));
    assert!(ran.text().contains("70  a fault of portcls"), "the exit codes");
}
