//! The tests of the project, found in its sources, and which of them names a thing.
//!
//! Owns the rule by which a test counts as one that covers something; `docs/contract.md` states it.

use std::path::Path;

use crate::sources;

/// The folders that hold sources with tests.
const FOLDERS: [&str; 7] =
    ["cli", "emulator", "guest", "machine", "miniport", "port", "tests/tests"];

/// A test: where it is, and its text.
struct Test {
    /// The file below the root, and the name of the function.
    place: String,
    text: String,
    /// The whole text of its file in lower case.
    file: std::rc::Rc<str>,
}

/// All tests, in the order of their files and lines.
pub struct Tests(Vec<Test>);

/// One way in which a test can name a thing.
pub struct Spelling {
    /// What stands in the test, as a whole word.
    pub text: String,
    /// A word that stands in the same file, in upper or lower case; empty for none.
    pub file_word: String,
}

impl Spelling {
    /// A spelling that is clear by itself.
    pub fn of(text: impl Into<String>) -> Spelling {
        Spelling { text: text.into(), file_word: String::new() }
    }
}

impl Tests {
    /// Reads the tests below the root of the project.
    pub fn read(root: &Path) -> Tests {
        let mut tests = Vec::new();
        for folder in FOLDERS {
            let mut files = sources(&root.join(folder));
            files.sort_unstable();
            for file in files {
                let place = file.strip_prefix(root).expect("below the root");
                let place = place.to_string_lossy().replace('\\', "/");
                // The sources of the scan name everything.
                if !place.starts_with("tests/tests/registers") {
                    let text = std::fs::read_to_string(&file).expect("a source file");
                    add_tests(&mut tests, &place, &text);
                }
            }
        }
        Tests(tests)
    }

    /// The first test that has one of the spellings; the first spelling that is found decides.
    pub fn covering(&self, spellings: &[Spelling]) -> Option<&str> {
        let has = |test: &&Test, spelling: &Spelling| {
            has_word(&test.text, &spelling.text)
                && has_word(&test.file, &spelling.file_word.to_lowercase())
        };
        let found =
            spellings.iter().find_map(|spelling| self.0.iter().find(|it| has(it, spelling)));
        found.map(|test| test.place.as_str())
    }
}

/// Adds the tests of a file: each begins at the line `#[test]`, and ends at the next line that is
/// a closing brace with the same indentation.
fn add_tests(tests: &mut Vec<Test>, place: &str, text: &str) {
    let file: std::rc::Rc<str> = text.to_lowercase().into();
    let mut lines = text.lines();
    while let Some(first) = lines.next() {
        let Some(indentation) = first.strip_suffix("#[test]") else { continue };
        let end = format!("{indentation}}}");
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        let name = body.iter().find_map(|line| line.trim_start().strip_prefix("fn "));
        let name = name.and_then(|line| line.split('(').next()).unwrap_or_default();
        let (place, file) = (format!("`{place}` {name}"), std::rc::Rc::clone(&file));
        tests.push(Test { place, text: body.join("\n"), file });
    }
}

/// True when the text has this word, with no letter, digit or underscore beside it.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let starts_with_letter = word.starts_with(is_part);
    let ends_with_letter = word.ends_with(is_part);
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(is_part);
        let after = text[at + word.len()..].chars().next().is_some_and(is_part);
        !(starts_with_letter && before) && !(ends_with_letter && after)
    })
}

/// A name of Microsoft's in Rust: `PcNewPort` is `pc_new_port`.
pub fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let is_after_lower = index > 0 && !letters[index - 1].is_ascii_uppercase();
        let is_before_lower = letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        if index > 0 && letter.is_ascii_uppercase() && (is_after_lower || is_before_lower) {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[test]
fn a_test_covers_what_it_names_as_a_whole_word_and_nothing_of_the_next_test() {
    let mut tests = Vec::new();
    let text = "use IPort;\n#[test]\nfn one() {\n    port.get_time();\n}\n\n\
                fn other() {\n    PcNewPort\n}\n\n#[test]\nfn two() {\n    \"PcNewPorts\"\n}\n";
    add_tests(&mut tests, "file.rs", text);
    let tests = Tests(tests);
    assert_eq!(tests.covering(&[Spelling::of("PcNewPort")]), None);
    assert_eq!(tests.covering(&[Spelling::of("PcNewPorts")]), Some("`file.rs` two"));
    let method = |interface: &str| Spelling {
        text: format!(".{}(", snake_case("GetTime")),
        file_word: interface.to_owned(),
    };
    assert_eq!(tests.covering(&[method("IPort")]), Some("`file.rs` one"));
    assert_eq!(tests.covering(&[method("IPortMidi")]), None);
}
