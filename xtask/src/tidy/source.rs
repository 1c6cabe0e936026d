//! The shape of source files: the length of their lines, and their first line.

use super::{Fault, File};

/// The most columns of a line.
const MAX_COLUMNS: usize = 100;

/// The most columns of the first line of a file, because lists of files show that line.
const MAX_HEAD_COLUMNS: usize = 79;

/// Lines with too many columns.
///
/// A line with a web address may be longer, because an address cannot be broken.
pub fn long_lines(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        for (number, line) in file.lines() {
            let columns = line.chars().count();
            if columns > MAX_COLUMNS && !line.contains("://") {
                let what = format!("{columns} columns, where {MAX_COLUMNS} are the most");
                faults.push(Fault::new(&file.path, number, what));
            }
        }
    }
    faults
}

/// Files without a short first line that says what the file is.
pub fn missing_heads(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let first = file.text.lines().next().unwrap_or_default();
        let columns = first.chars().count();
        if first.strip_prefix("//! ").is_none_or(|head| head.trim().is_empty()) {
            faults.push(Fault::new(&file.path, 1, "a file begins with `//! ` and what it is"));
        } else if columns > MAX_HEAD_COLUMNS {
            let what = format!("{columns} columns, where a first line has {MAX_HEAD_COLUMNS}");
            faults.push(Fault::new(&file.path, 1, what));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: String) -> [File; 1] {
        [File { path: path.to_owned(), text }]
    }

    #[test]
    fn a_line_of_101_columns_is_found_and_one_of_100_is_not() {
        let long = long_lines(&file("a.rs", format!("//! a\n{}\n", "ä".repeat(101))));
        assert_eq!(long, [Fault::new("a.rs", 2, "101 columns, where 100 are the most")]);
        assert_eq!(long_lines(&file("a.rs", "ä".repeat(100))), []);
    }

    #[test]
    fn an_address_and_a_page_may_be_longer() {
        assert_eq!(long_lines(&file("a.rs", format!("// https://a.b/{}", "c".repeat(100)))), []);
        assert_eq!(long_lines(&file("a.md", "a".repeat(101))), []);
    }

    #[test]
    fn a_file_without_a_head_is_found() {
        for text in ["", "use std::fs;\n", "//! \n", "//!\n//! late\n", "/// of an item\n"] {
            assert_eq!(missing_heads(&file("a.rs", text.to_owned())).len(), 1, "{text:?}");
        }
        assert_eq!(missing_heads(&file("a.rs", "//! What it is.\n".to_owned())), []);
    }

    #[test]
    fn a_head_of_80_columns_is_found_and_one_of_79_is_not() {
        let head = |columns: usize| file("a.rs", format!("//! {}\n", "a".repeat(columns - 4)));
        assert_eq!(missing_heads(&head(80)).len(), 1);
        assert_eq!(missing_heads(&head(79)), []);
    }
}
