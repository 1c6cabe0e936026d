//! A place in a text, for a message: a line and a column.

/// The line and the column of a byte, both from 1; the column counts characters. A byte after the
/// end of the text has the place of the end.
#[must_use]
pub fn line_and_column(text: &[u8], at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_behind_the_end_of_the_line_before_and_a_column_is_a_character() {
        let text = "a\näb\n".as_bytes();
        let places: Vec<_> = [0, 1, 2, 4, 6, 99].map(|at| line_and_column(text, at)).into();
        assert_eq!(places, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 1)]);
    }
}
