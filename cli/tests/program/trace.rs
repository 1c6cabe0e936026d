//! `trace`: prints a trace again, as a golden or for reading.

use crate::support::traced;

#[test]
fn without_additions_a_trace_is_the_same_golden() {
    let folder = traced();
    let ran = folder.run(&["trace", "t.txt"]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stdout, folder.get("t.txt"));
    folder.run(&["play", "song.mid", "--filter", "registers", "--trace", "r.txt"]);
    assert_eq!(
        folder.run(&["trace", "t.txt", "--filter", "registers"]).stdout,
        folder.get("r.txt")
    );
}

#[test]
fn a_part_is_cut_at_marks_or_times() {
    let folder = traced();
    let part = |arguments: &[&str]| {
        let ran = folder.run(&[&["trace", "t.txt"], arguments].concat());
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        ran.text().to_owned()
    };
    let marks = part(&["--from", "the song begins", "--until", "the song is over"]);
    assert_eq!(part(&["--from", "the song begins", "--to", "the song is over"]), marks);
    let begin = marks.lines().find_map(|line| line.strip_prefix("== ")).expect("a mark");
    let begin = begin.split(' ').next().expect("its time");
    let times = part(&["--from", &format!("{begin}us"), "--until", "the song is over"]);
    assert!(times.contains("the song begins") && times.lines().count() >= marks.lines().count());
}

#[test]
fn a_trace_for_reading_shows_durations_nesting_and_names() {
    let folder = traced();
    let part = ["--from", "the song begins", "--until", "the song is over"];
    let ran = folder.run(&[&["trace", "t.txt", "--show", "all"], &part[..]].concat());
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!(ran.text());
    folder.put("reading.txt", &ran.stdout);
    let again = folder.run(&["trace", "reading.txt"]);
    assert_eq!(again.code, 3, "it is no golden: {}", again.stderr);
    let absolute = folder.run(&["trace", "t.txt", "--show", "absolute", "--from", "the song"]);
    assert!(absolute.text().contains("us since power-on"), "{}", absolute.text());
}
