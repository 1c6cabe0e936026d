//! Texts that are not traces: what is wrong, where, and how to mend it.

use portcls_report::text::parse;

fn error_of(line: &str) -> String {
    let text = format!("# portcls-emu trace 2\n\n{line}\n");
    parse(&text).expect_err("a broken line").to_string()
}

#[track_caller]
fn says(line: &str, place: &str, what: &str) {
    let error = error_of(line);
    let begins = format!("{place}: {what}; ");
    assert!(error.starts_with(&begins), "{error:?} begins otherwise than {begins:?}");
    assert!(error.len() > begins.len(), "{error:?} has no hint");
}

#[test]
fn first_line_must_name_the_format_and_a_known_version() {
    let error = parse("").expect_err("nothing is no trace");
    assert_eq!((error.line, error.what.as_str()), (1, "this is not a trace"));
    let error = parse("\n== 0.000 go\n").expect_err("no first line");
    assert_eq!(error.line, 2);
    let error = parse("# portcls-emu trace 3\n").expect_err("another version");
    assert_eq!(
        error.to_string(),
        "line 1, column 21: version 3 of the format is not known; this program reads versions 1 \
         and 2; take the trace again, or use a newer program"
    );
}

#[test]
fn a_version_is_shown_short_and_without_what_a_terminal_obeys() {
    let text = format!("# portcls-emu trace \u{1B}[2J{}\n", "9".repeat(100));
    let error = parse(&text).expect_err("no version").to_string();
    let what = r"line 1, column 21: version \u{1b}[2J9999999999999999 of the format is not known; ";
    assert!(error.starts_with(what), "{error}");
}

#[test]
fn head_of_an_event_is_checked() {
    says("zero P app x", "line 3, column 1", "this is not a time");
    says("-1.000 P app x", "line 3, column 1", "this is not a time");
    says("18446744073709552.000 P app x", "line 3, column 1", "this is not a time");
    says("0.0001 P app x", "line 3, column 1", "this is not a time");
    says("    0.000  X   app       x", "line 3, column 12", "this is not a level");
    says("    0.000  P", "line 3, column 13", "the actor is missing");
    says("    0.000  P   app", "line 3, column 19", "the event is missing");
    says("    0.000  P   \"app x", "line 3, column 16", "this quote is not closed");
}

#[test]
fn text_of_an_event_is_checked() {
    let head = "    0.000  P   wire      ";
    let says = |text: &str, column: usize, what: &str| {
        says(&format!("{head}{text}"), &format!("line 3, column {column}"), what);
    };
    says("in 33Z -> FF", 29, "this is not a port");
    says("in 10000 -> FF", 29, "this is not a port");
    says("in 331 <- FF", 33, "this arrow does not fit");
    says("in 331 -> F", 36, "this is not a value");
    says("in 331 -> FF x2 each 1", 39, "this is not a run of polls");
    says("in 331 -> FF x2 every 1.000 more", 54, "this is more than the event needs");
    says("call Write, 3 byte", 38, "this is not a count");
    says("call Write, 0xXYZ", 40, "this is not a number");
    says("call \"Write\" 3", 38, "a comma is missing");
    says("return Init, STATUS_ODD", 39, "this status is not known");
    says("irq 9 = 4294967296", 34, "this value is too large");
    says("serial out F", 37, "this is not a byte on a lane");
    says("out F8 start bit", 39, "this is not a bit time");
    says("queue a, gone", 35, "this is not what happens to a DPC");
    says("timer a, due in 3.000", 35, "this is not what happens to a timer");
    says("wait a", 32, "this is not the end of a wait");
    says("wait a delay of 1.000, over", 42, "this is not the end of a delay");
    says("a \\q", 28, "this is not an escape");
    says("a \\u{D800}", 28, "this is not an escape");
    says("\"a\" b", 29, "this is more than the event needs");
}

#[test]
fn marks_and_remarks_are_checked() {
    says("== go", "line 3, column 4", "a mark has no time");
    says("== 0.000 [X port] go", "line 3, column 10", "this is not the place of a mark");
    says("== 0.000 [D port go", "line 3, column 10", "this is not the place of a mark");
    says("# limit: many", "line 3, column 10", "the limit has no number");
    says("# machine a\n# machine b", "line 4, column 3", "there is already a line `# machine`");
}

#[test]
fn line_in_several_pieces_is_told_by_its_first() {
    says("    0.000  P   app\n   | \\q", "line 3", "this is not an escape");
    says("   | lost", "line 3, column 4", "this is not a time");
}

#[test]
fn too_many_names_are_an_error() {
    let mut text = "# portcls-emu trace 2\n".to_owned();
    for number in 0..65_536 {
        text.push_str(&format!("0.000 P app call f{number}\n"));
    }
    let error = parse(&text).expect_err("more names than a trace holds");
    assert_eq!((error.line, error.what.as_str()), (65_536, "this is one name too many"));
}

#[test]
fn numbers_of_a_choice_are_checked() {
    let place = |column| format!("line 3, column {column}");
    for (line, column) in [
        ("0.000 P kernel choice allocation", 23),
        ("0.000 P kernel choice allocation x = 1", 33),
        ("0.000 P kernel choice allocation 3 = x", 37),
        ("0.000 P kernel choice allocation 3", 33),
    ] {
        says(line, &place(column), "this is not a choice");
    }
}
