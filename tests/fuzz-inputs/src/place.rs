//! The place that an error names: it must be inside the text.

/// Checks a line and a column, both from 1. The column counts characters. An error may also name
/// the place after the last character of a line, and the place after the last line. Also checks the
/// words of the message.
pub fn check_place(text: &str, line: usize, column: usize, message: &str) {
    let mut lines = text.split('\n');
    let found = lines.nth(line.wrapping_sub(1));
    let found = found.unwrap_or_else(|| panic!("line {line} is not there: {message}"));
    let is_inside = (1..=found.chars().count() + 1).contains(&column);
    assert!(is_inside, "column {column} is not in line {line}: {message}");
    check_words(message);
}

/// Checks that a message is one line without characters that a terminal would obey. The message
/// must have a semicolon: the words after it say how to mend the input.
pub fn check_words(message: &str) {
    assert!(!message.contains(char::is_control), "{message:?}");
    assert!(message.contains(';'), "no word about how to mend it: {message}");
}
