//! Each example prints the text of its golden, and an example is short.
//!
//! The examples are modules of this test: their `report` returns what their `main` prints. Only the
//! test of the exit code needs a program. `cargo test` builds the program if it runs all tests of
//! the package.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../card_of_ones_own.rs"]
#[allow(dead_code, reason = "main is not called")]
mod card_of_ones_own;
#[path = "../chip_alone.rs"]
#[allow(dead_code, reason = "main is not called")]
mod chip_alone;
#[path = "../play_a_file.rs"]
#[allow(dead_code, reason = "main is not called")]
mod play_a_file;
#[path = "../system_miniport.rs"]
#[allow(dead_code, reason = "main is not called")]
mod system_miniport;
#[path = "../test_of_a_driver.rs"]
#[allow(dead_code, reason = "main is not called")]
mod test_of_a_driver;

/// An example has at most this number of lines.
const LINE_LIMIT: usize = 119;

#[test]
fn a_file_is_played_with_its_figures_and_the_first_lines_of_the_trace() {
    let text = play_a_file::report(&[]).expect("the tune plays");
    let description = "The built-in tune on the card that is taken when none is named.";
    insta::with_settings!({ description => description, omit_expression => true }, {
        insta::assert_snapshot!(text);
    });
}

#[test]
fn a_driver_with_mistakes_is_told_rule_bytes_and_trace() {
    let text = test_of_a_driver::report().expect("the notes are played");
    let description = "One driver on two cards: the same rule is broken, other bytes are sent.";
    insta::with_settings!({ description => description, omit_expression => true }, {
        insta::assert_snapshot!(text);
    });
}

#[test]
fn cards_of_ones_own_show_what_differs() {
    let text = card_of_ones_own::report().expect("the cards are cards");
    let description = "A family, and two cards that differ from it in two fields each.";
    insta::with_settings!({ description => description, omit_expression => true }, {
        insta::assert_snapshot!(text);
    });
}

#[test]
fn the_chip_alone_shows_each_access() {
    let description = "A Roland unit from reset to a note that comes in and goes out again.";
    insta::with_settings!({ description => description, omit_expression => true }, {
        insta::assert_snapshot!(chip_alone::report());
    });
}

#[test]
fn drivers_without_midi_code_play_and_record_on_three_cards() {
    let text = system_miniport::report().expect("the tune plays");
    let description = "The built-in tune out and in through the system's two miniports.";
    insta::with_settings!({ description => description, omit_expression => true }, {
        insta::assert_snapshot!(text);
    });
}

#[test]
fn a_file_is_played_on_the_card_that_is_named_and_an_unknown_card_is_told() {
    let name = format!("portcls-example-{}.syx", std::process::id());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, [0xF0, 0x7E, 0x7F, 0x09, 0x01, 0xF7]).expect("a file for a test");
    let play = |card: &str| {
        let arguments = [file.display().to_string(), card.to_owned()];
        play_a_file::report(&arguments).map_err(|error| error.to_string())
    };
    let (played, unknown) = (play("sb16"), play("sb17"));
    fs::remove_file(&file).expect("the file of the test");
    let text = played.expect("the file plays");
    assert!(text.contains(" on sb16\nsong    messages: 1, bytes: 6\n"), "{text}");
    assert!(text.contains("wire    6 bytes: all of the song"), "{text}");
    let error = unknown.expect_err("there is no such card");
    assert!(error.contains("sb17") && error.contains("sb16"), "{error}");
}

#[test]
fn a_file_that_is_no_song_is_told_by_its_name() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").to_owned();
    let error = play_a_file::report(&[file]).expect_err("nothing plays").to_string();
    assert!(error.contains("Cargo.toml: not a MIDI file"), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_the_exit_code_is_1() {
    let program = example("play_a_file");
    assert!(program.exists(), "first: cargo build -p portcls-examples --examples");
    let ran = Command::new(program).arg("no such file.mid").output().expect("the program runs");
    assert_eq!(ran.status.code(), Some(1));
    let error = String::from_utf8(ran.stderr).expect("text");
    assert!(error.starts_with("error: no such file.mid: "), "{error}");
    assert_eq!(ran.stdout, b"");
}

#[test]
fn each_example_is_short_and_names_the_command_that_runs_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names =
        ["play_a_file", "test_of_a_driver", "card_of_ones_own", "chip_alone", "system_miniport"];
    for name in names {
        let text = fs::read_to_string(folder.join(name).with_extension("rs")).expect(name);
        let lines = text.lines().count();
        assert!(lines <= LINE_LIMIT, "{name} has {lines} lines");
        let command = format!("//! cargo run -p portcls-examples --example {name}");
        assert!(text.contains(&command), "{name} does not name {command}");
    }
}

/// The path of an example's program. The program is in the folder `examples`, which is beside the
/// folder of the tests.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.ancestors().nth(2).expect("the folder of the profile");
    folder.join("examples").join(format!("{name}{EXE_SUFFIX}"))
}
