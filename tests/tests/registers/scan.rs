//! The tests in the sources, and which test names a thing.
//!
//! Owns the rule that says when a test covers a thing; `docs/contract.md` states this rule.

use std::path::Path;
use std::rc::Rc;

use crate::sources;

/// The folders with the tests that the page may name.
const FOLDERS: [&str; 7] =
    ["cli", "emulator", "guest", "machine", "miniport", "port", "tests/tests"];

/// A test: where it is, and its text.
struct Test {
    /// The file below the root, and the name of the function.
    place: String,
    text: String,
    /// The whole text of its file in lower case.
    file: Rc<str>,
}

/// All tests, in the order of their files and lines.
pub struct Tests(Vec<Test>);

/// One way in which a test can name a thing.
pub struct Spelling {
    /// A word that the test must have, as a whole word.
    pub text: String,
    /// A word that the same file must have, in upper or lower case; empty for no word.
    pub file_word: String,
}

impl Spelling {
    /// A spelling that is clear without another word in the file.
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
                // The sources of the scan are left out, because they name everything.
                if !place.starts_with("tests/tests/registers") {
                    let text = std::fs::read_to_string(&file).expect("a source file");
                    add_tests(&mut tests, &place, &text);
                }
            }
        }
        Tests(tests)
    }

    /// Tries the spellings in their order. Returns the first test that has the spelling, for the
    /// first spelling that any test has.
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

/// Adds the tests of a file. In a file that is only for tests, the text of a test includes the
/// functions of this file that the test calls.
fn add_tests(tests: &mut Vec<Test>, place: &str, text: &str) {
    let file: Rc<str> = text.to_lowercase().into();
    let is_of_tests = place.contains("/tests/") || place.ends_with("tests.rs");
    let functions = functions(text);
    let helpers: Vec<&Function> =
        functions.iter().filter(|function| is_of_tests && !function.is_test).collect();
    for test in functions.iter().filter(|function| function.is_test) {
        let called = helpers.iter().filter(|it| has_word(&test.text, &format!("{}(", it.name)));
        let texts = std::iter::once(&test.text).chain(called.map(|it| &it.text));
        let text = texts.map(String::as_str).collect::<Vec<_>>().join("\n");
        let place = format!("`{place}` {}", test.name);
        tests.push(Test { place, text, file: Rc::clone(&file) });
    }
}

/// A function in a file.
struct Function<'a> {
    name: &'a str,
    is_test: bool,
    text: String,
}

/// The functions of a file. A function begins at its line with `fn`. It ends at the next line that
/// is a closing brace with the same indentation.
fn functions(text: &str) -> Vec<Function<'_>> {
    let mut functions = Vec::new();
    let mut is_test = false;
    let mut lines = text.lines();
    while let Some(first) = lines.next() {
        let code = first.trim_start();
        is_test |= code == "#[test]";
        let Some(declaration) = code.strip_prefix("pub ").unwrap_or(code).strip_prefix("fn ")
        else {
            continue;
        };
        let name = declaration.split(['(', '<']).next().unwrap_or_default();
        let end = format!("{}}}", &first[..first.len() - code.len()]);
        // A function without a body, or on a single line, has no such line.
        let has_body = !first.ends_with([';', '}']);
        let rest = lines.by_ref().take_while(|line| has_body && *line != end);
        let body: Vec<&str> = std::iter::once(first).chain(rest).collect();
        functions.push(Function { name, is_test, text: body.join("\n") });
        is_test = false;
    }
    functions
}

/// True when the text has this word as a whole. Where the word begins or ends with a letter, a
/// digit or an underscore, no such character may stand beside it.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let starts_with_letter = word.starts_with(is_part);
    let ends_with_letter = word.ends_with(is_part);
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(is_part);
        let after = text[at + word.len()..].chars().next().is_some_and(is_part);
        !(starts_with_letter && before || ends_with_letter && after)
    })
}

/// A name of Microsoft's in Rust: `PcNewPort` is `pc_new_port`.
pub fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let is_after_lower = index > 0 && !letters[index - 1].is_ascii_uppercase();
        // A single capital belongs to the word after it: `KInterrupt` is `kinterrupt`.
        let is_in_capitals = index > 1 && letters[index - 2].is_ascii_uppercase();
        let next = letters.get(index + 1);
        let is_before_lower = is_in_capitals && next.is_some_and(char::is_ascii_lowercase);
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
                fn other() {\n    PcNewPort\n}\n\nfn called() {\n    PcNewMiniport\n}\n\n\
                #[test]\nfn two() {\n    called(\"PcNewPorts\")\n}\n";
    add_tests(&mut tests, "a/tests/file.rs", text);
    let tests = Tests(tests);
    assert_eq!(tests.covering(&[Spelling::of("PcNewPort")]), None);
    assert_eq!(tests.covering(&[Spelling::of("PcNewPorts")]), Some("`a/tests/file.rs` two"));
    assert_eq!(tests.covering(&[Spelling::of("PcNewMiniport")]), Some("`a/tests/file.rs` two"));
    let method = |interface: &str| Spelling {
        text: format!(".{}(", snake_case("GetTime")),
        file_word: interface.to_owned(),
    };
    assert_eq!(tests.covering(&[method("IPort")]), Some("`a/tests/file.rs` one"));
    assert_eq!(tests.covering(&[method("IPortMidi")]), None);
}

#[test]
fn a_name_of_microsofts_has_one_form_in_rust() {
    let names = ["PcNewPort", "GetKInterrupt", "CallSynchronizedRoutine", "PutMessage"];
    let in_rust = ["pc_new_port", "get_kinterrupt", "call_synchronized_routine", "put_message"];
    assert_eq!(names.map(snake_case), in_rust);
}
