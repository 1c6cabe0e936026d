//! `explain`: one moment of a trace.

use crate::support::{Folder, TWO_NOTES, midi_file};

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
