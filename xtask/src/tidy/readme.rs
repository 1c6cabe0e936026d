//! The counts and lists in README.md, and the versions of Rust in manifests.

use std::fmt::Debug;

use super::{Fault, File, find};

const README: &str = "README.md";

/// Facts in README.md that differ from the sources, or that one of the two lacks. Also the version
/// of Rust in the manifests that stand alone, if it differs from that of the root manifest.
pub fn wrong_counts(files: &[File]) -> Vec<Fault> {
    let text = |path: &str| find(files, path).map_or("", |file| file.text.as_str());
    let readme = text(README);
    let root = text("Cargo.toml");
    let mut faults = Vec::new();

    let version = between(root, "\nrust-version = \"", "\"");
    faults.extend(differ("the version of Rust", between(readme, "They need Rust ", " "), version));
    for path in ["lab/Cargo.toml", "template/Cargo.toml", "hw-mpu401/no-std/Cargo.toml"] {
        let own = between(text(path), "\nrust-version = \"", "\"");
        faults.extend(differ(&format!("the version of Rust in {path}"), own, version));
    }
    let cards = between(text("hw-mpu401/src/cards/mod.rs"), "CARDS: [CardProfile; ", "]");
    faults.extend(differ("the number of cards", between(readme, "one of ", " cards"), cards));
    let codes = exit_codes(text("results/src/exit.rs"));
    faults.extend(differ("the exit codes", told_exit_codes(readme), codes));
    let verbs = verbs(text("cli/src/arguments.rs"));
    faults.extend(differ("the table of verbs", told_verbs(readme), verbs));
    faults
}

/// Compares a fact in the page or a manifest (`told`) with the fact in the sources (`made`). `None`
/// means that the fact was not found there.
fn differ<T: PartialEq + Debug>(fact: &str, told: Option<T>, made: Option<T>) -> Option<Fault> {
    let what = match (told, made) {
        (Some(told), Some(made)) if told == made => return None,
        (Some(told), Some(made)) => format!("{fact}: {told:?}, but the sources say {made:?}"),
        (None, _) => format!("{fact}: not found in the page; mend the page, or this check"),
        (_, None) => format!("{fact}: not found in the sources; mend this check"),
    };
    Some(Fault::new(README, 0, what))
}

/// The text from the first `before` to the next `after`; `None` if one of them is missing.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

/// The exit codes that the program has: the numbers of `enum Exit`.
fn exit_codes(source: &str) -> Option<Vec<u8>> {
    let body = between(source, "pub enum Exit {", "\n}")?;
    let number = |line: &str| line.split_once(" = ")?.1.strip_suffix(',')?.parse().ok();
    Some(body.lines().filter_map(number).collect())
}

/// The exit codes that the page explains: all numbers of one sentence.
fn told_exit_codes(readme: &str) -> Option<Vec<u8>> {
    let sentence = between(readme, "The exit code is ", ".")?;
    let words = sentence.split(|letter: char| !letter.is_ascii_alphanumeric());
    Some(words.filter_map(|word| word.parse().ok()).collect())
}

/// The verbs of the program: the variants of `enum Verb`, in the spelling of clap.
fn verbs(source: &str) -> Option<Vec<String>> {
    let body = between(source, "pub enum Verb {", "\n}")?;
    let variant = |line: &str| {
        let name = line.strip_prefix("    ")?;
        let is_variant = name.starts_with(|letter: char| letter.is_ascii_uppercase());
        let is_letter = |letter: &char| letter.is_ascii_alphanumeric();
        is_variant.then(|| kebab_case(&name.chars().take_while(is_letter).collect::<String>()))
    };
    Some(sorted(body.lines().filter_map(variant).collect()))
}

/// The verbs in the first column of the table of verbs.
fn told_verbs(readme: &str) -> Option<Vec<String>> {
    let table = between(readme, "| verb | does |\n|---|---|\n", "\n\n")?;
    let mut verbs = Vec::new();
    for row in table.lines() {
        let cell = row.split('|').nth(1)?;
        let calls = cell.split('`').skip(1).step_by(2);
        verbs.extend(calls.filter_map(|call| call.split(' ').next()).map(str::to_owned));
    }
    Some(sorted(verbs))
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort_unstable();
    words
}

/// Turns `TwoWords` into `two-words`.
fn kebab_case(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A project in which README.md has no fault.
    const PROJECT: [(&str, &str); 7] = [
        (
            README,
            "They need Rust 1.95 and nothing else.\n\n| verb | does |\n|---|---|\n\
             | `play [FILE]` | plays |\n| `two-words`, `man` | for others |\n\n\
             `--card` takes one of 3 cards, or a file. The exit code is 0 when\nall went well; \
             1 when not; 70 for a fault.",
        ),
        ("Cargo.toml", "[workspace.package]\nrust-version = \"1.95\"\n"),
        ("lab/Cargo.toml", "[package]\nrust-version = \"1.95\"\n"),
        ("template/Cargo.toml", "[package]\nrust-version = \"1.95\"\n"),
        ("hw-mpu401/no-std/Cargo.toml", "[package]\nrust-version = \"1.95\"\n"),
        ("hw-mpu401/src/cards/mod.rs", "static CARDS: [CardProfile; 3] = ["),
        (
            "results/src/exit.rs",
            "pub enum Exit {\n    /// a = b\n    Good = 0,\n    Bad = 1,\n    Own = 70,\n}\n",
        ),
    ];
    const VERBS: &str = "pub enum Verb {\n    /// Plays.\n    Play(PlayArguments),\n    Man,\n    \
                         TwoWords {\n        /// A field.\n        shell: Shell,\n    },\n}\n";

    /// The faults of the project when `planted` replaces `good` in one file.
    fn said(path: &str, good: &str, planted: &str) -> Vec<String> {
        let project = PROJECT.into_iter().chain([("cli/src/arguments.rs", VERBS)]);
        let files: Vec<File> = project
            .map(|(name, text)| {
                let text = if name == path { text.replace(good, planted) } else { text.to_owned() };
                File { path: name.to_owned(), text }
            })
            .collect();
        wrong_counts(&files).into_iter().map(|fault| fault.what).collect()
    }

    #[test]
    fn a_page_that_counts_right_has_no_fault() {
        assert_eq!(said("", "", ""), [""; 0]);
    }

    #[test]
    fn each_planted_difference_is_found_and_only_it() {
        for (path, good, planted, fact) in [
            ("Cargo.toml", "1.95", "1.96", "the version of Rust"),
            ("template/Cargo.toml", "1.95", "1.94", "the version of Rust in template"),
            ("hw-mpu401/src/cards/mod.rs", "3", "4", "the number of cards"),
            ("results/src/exit.rs", "    Bad = 1,\n", "", "the exit codes"),
            ("cli/src/arguments.rs", "    Man,\n", "    Man,\n    Debug,\n", "the table of verbs"),
            (README, "`play [FILE]`", "`replay [FILE]`", "the table of verbs"),
            (README, "1 when not; ", "", "the exit codes"),
        ] {
            let said = said(path, good, planted);
            assert!(said[0].starts_with(fact), "{fact}: {said:?}");
            assert!(path == "Cargo.toml" || said.len() == 1, "{said:?}");
        }
    }

    #[test]
    fn a_fact_that_is_no_longer_found_is_a_fault() {
        for (path, good) in [
            (README, "The exit code is"),
            (README, "| verb | does |"),
            (README, " cards, or"),
            ("results/src/exit.rs", "enum Exit"),
            ("cli/src/arguments.rs", "enum Verb"),
        ] {
            let said = said(path, good, "");
            assert!(said.len() == 1 && said[0].contains("not found"), "{good}: {said:?}");
        }
    }
}
