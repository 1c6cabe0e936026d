//! Words that a comment must not have, because they hide who or what is meant.

use super::{Fault, File};

/// The words in lower case, each with advice on what to write instead.
const WORDS: [(&str, &str); 6] = [
    ("somebody", "name who: the caller, the driver, a test"),
    ("whoever", "name who: the caller, the driver, a test"),
    ("so many", "name the number"),
    ("as above", "name what is meant"),
    ("worth the name", "say what is expected"),
    ("no eye on", "say what does not look"),
];

/// The places of such words in the comments of source files. Names of tests and texts for users do
/// not count as comments.
pub fn unclear_words(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        for (number, line) in file.lines() {
            let comment = comment_of(line).to_lowercase();
            for (word, instead) in WORDS.iter().filter(|(word, _)| has_word(&comment, word)) {
                faults.push(Fault::new(&file.path, number, format!("`{word}`: {instead}")));
            }
        }
    }
    faults
}

/// The comment at the end of a line. The slashes of a web address do not begin a comment.
fn comment_of(line: &str) -> &str {
    let mut begins = line.match_indices("//").map(|(at, _)| at);
    begins.find(|&at| !line[..at].ends_with(':')).map_or("", |at| &line[at..])
}

/// True if a word is in a text as a whole word, not as a part of a longer word.
fn has_word(text: &str, word: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_letter) && !after.is_some_and(is_letter)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> usize {
        unclear_words(&[File { path: "a.rs".to_owned(), text: line.to_owned() }]).len()
    }

    #[test]
    fn each_word_is_found_in_every_kind_of_comment() {
        for (word, _) in WORDS {
            for line in [
                format!("//! Here {word} is."),
                format!("    /// {word}"),
                format!("let a = 1; // {}.", word.to_uppercase()),
                format!("let a = \"http://a\"; // {word}"),
            ] {
                assert_eq!(found(&line), 1, "{line}");
            }
        }
    }

    #[test]
    fn code_addresses_and_longer_words_are_no_fault() {
        for line in [
            "fn whoever_reads_it() {}",
            "let a = \"somebody\";",
            "let a = \"http://somebody/\";",
            "// call `whoever_reads_it`, as aboveboard",
        ] {
            assert_eq!(found(line), 0, "{line}");
        }
    }
}
