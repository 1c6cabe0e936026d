//! `capture` as its user sees it.

use crate::support::{Folder, TWO_NOTES, midi_file};
use insta_cmd::assert_cmd_snapshot;
use portcls_machine::chip::CARD_NAMES;

fn folder_with_song() -> Folder {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    folder
}

#[test]
fn a_summary_says_what_the_application_read() {
    assert_cmd_snapshot!(folder_with_song().command(&["capture", "song.mid"]));
}

#[test]
fn the_summary_in_json_has_every_figure() {
    let folder = folder_with_song();
    assert_cmd_snapshot!(folder.command(&["capture", "song.mid", "--format", "json"]));
}

#[test]
fn the_bytes_that_were_sent_come_back_on_every_card() {
    let folder = folder_with_song();
    let notes = b"\x90\x3C\x40\x80\x3C\x40\x90\x40\x40\x80\x40\x40";
    for card in CARD_NAMES {
        let ran = folder.run(&["capture", "song.mid", "--card", card, "--raw-out", "-"]);
        assert_eq!((ran.code, &ran.stdout[..]), (0, &notes[..]), "{card}: {}", ran.stderr);
        let arguments = ["capture", "song.mid", "--card", card, "--midi-out", "got.mid"];
        assert_eq!(folder.run(&arguments).code, 0);
        let again = folder.run(&["capture", "got.mid", "--raw-out", "-"]);
        assert_eq!((again.code, &again.stdout[..]), (0, &notes[..]), "{card}: {}", again.stderr);
    }
}

#[test]
fn a_trace_shows_the_way_in() {
    let ran = folder_with_song().run(&["capture", "song.mid", "--trace", "-"]);
    assert_eq!(ran.code, 0);
    for event in ["wire      in 90 start", "isr       call irq 9", "dpc       call service group"] {
        assert!(ran.text().contains(event), "{event}");
    }
    assert!(ran.stderr.starts_with("capture song.mid\n"), "{}", ran.stderr);
}

#[test]
fn until_ends_a_run_with_a_note_and_exit_0() {
    for card in ["roland-mpu401", "clone-dumb"] {
        for until in ["1ms", "100ms", "700ms"] {
            let folder = folder_with_song();
            let ran = folder.run(&["capture", "song.mid", "--card", card, "--until", until]);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            assert!(ran.stderr.starts_with("note: stopped at --until, "), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_song_can_come_from_stdin() {
    let folder = Folder::new();
    let ran = folder.run_with_stdin(&["capture", "-"], &midi_file(TWO_NOTES));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}
