//! `diff`: two traces compared by causes.

use crate::support::{Folder, TWO_NOTES, midi_file};

/// A trace in which one byte comes in. The interrupt line rises `rise_us` after the mark.
fn trace(rise_us: u32) -> String {
    let mut text = String::from("# portcls-emu trace 2\n== 200010.000 three bytes come in\n");
    let mut line = |time_us: u32, rest: &str| text.push_str(&format!("{time_us}.000 {rest}\n"));
    line(0, "- wire in 90 start");
    line(320, "- wire in 90");
    line(rise_us, "- line irq 9 = 1");
    line(rise_us, "I isr call irq 9");
    line(rise_us + 1, "I bus in 331 -> 3F ; status: can write, data");
    line(rise_us + 2, "I bus in 330 -> 90 ; data");
    line(rise_us + 2, "- line irq 9 = 0");
    line(rise_us + 3, "I kernel queue service group");
    line(rise_us + 3, "I isr return irq 9, claimed");
    line(rise_us + 3, "D dpc call service group");
    line(rise_us + 3, "D dpc return service group");
    text
}

#[test]
fn an_interrupt_that_comes_later_is_one_finding_in_words() {
    let folder = Folder::new();
    folder.put("old.txt", trace(459));
    folder.put("new.txt", trace(499));
    let ran = folder.run(&["diff", "old.txt", "new.txt"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(ran.text());
    let same = folder.run(&["diff", "old.txt", "old.txt"]);
    assert_eq!(same.code, 0);
    assert!(same.text().starts_with("0 findings; "), "{}", same.text());
    let tolerant = folder.run(&["diff", "old.txt", "new.txt", "--tolerance", "40us"]);
    assert_eq!(tolerant.code, 0);
    assert!(tolerant.text().contains("differ by 40000 .. 40000 ns"), "{}", tolerant.text());
    let order = folder.run(&["diff", "old.txt", "new.txt", "--compare", "order"]);
    assert_eq!(order.code, 0);
    assert!(order.text().contains("times are not compared: 1 differ"), "{}", order.text());
    let wrong = folder.run(&["diff", "old.txt", "new.txt", "--tolerance", "40"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("5us|2%"), "{}", wrong.stderr);
}

#[test]
fn the_findings_are_json_for_a_program() {
    let folder = Folder::new();
    folder.put("old.txt", trace(459));
    folder.put("new.txt", trace(499));
    let ran = folder.run(&["diff", "old.txt", "new.txt", "--format", "json"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.text());
}

#[test]
fn two_real_traces_are_compared_from_mark_to_mark() {
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    for (card, name) in [("sb16", "a.txt"), ("smsc-superio", "b.txt")] {
        let ran = folder.run(&["play", "song.mid", "--card", card, "--trace", name]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let part = ["--from", "the song begins", "--to", "the song is over"];
    let ran = folder.run(&[&["diff", "a.txt", "b.txt"], &part[..]].concat());
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.text());
    let until = ["--from", "the song begins", "--until", "the song is over"];
    let same = folder.run(&[&["diff", "a.txt", "b.txt"], &until[..]].concat());
    assert_eq!(same.text(), ran.text(), "--to is the old name");
    let empty = folder.run(&["diff", "a.txt", "b.txt", "--from", "2ms", "--until", "1ms"]);
    assert_eq!(empty.code, 2);
    assert!(empty.stderr.contains("nothing happened between --from and --until"));
    let ran = folder.run(&["diff", "a.txt", "b.txt", "--from", "no such mark"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no mark begins with 'no such mark'"), "{}", ran.stderr);
}

#[test]
fn a_damaged_trace_is_told_with_line_and_column() {
    let folder = Folder::new();
    folder.put("old.txt", trace(459));
    folder.put("bad.txt", trace(459).replace("queue service group", "queue service group, lost"));
    let ran = folder.run(&["diff", "old.txt", "bad.txt"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("bad.txt, line 10, column 39"), "{}", ran.stderr);
    let readable = "bad.txt: 8 events could be read, up to 200.471000 ms since power-on";
    assert!(ran.stderr.contains(readable), "{}", ran.stderr);
    let text = ran.text();
    assert!(text.starts_with("of what could be read of both: 0 findings; 8 and 8"), "{text}");
    let ran = folder.run(&["diff", "bad.txt", "bad.txt", "--format", "json"]);
    assert_eq!(ran.code, 3);
    assert!(ran.text().contains("\"outcome\": \"bad-file\""), "{}", ran.text());
    folder.put("torn.txt", trace(499).replace("D dpc return service group", "D"));
    let ran = folder.run(&["diff", "old.txt", "torn.txt"]);
    assert_eq!(ran.code, 3);
    assert!(ran.text().contains("irq 9 rises 40.000 us later"), "{}", ran.text());
    assert_eq!(folder.run(&["diff", "old.txt", "none.txt"]).code, 3);
    assert_eq!(folder.run(&["diff", "-", "-"]).code, 2);
}
