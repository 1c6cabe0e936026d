//! Commands of cargo in the documents: all names in them exist.
//!
//! The names are packages, targets, tests and the verbs of xtask. A command is the text after the
//! word `cargo` in code for a shell or between backticks. Code between backticks that begins with
//! an option for a package or a target, such as `--bench speed`, is a command too. A name in
//! capitals means any name.

use crate::Fault;
use crate::page::{Code, CodeKind, Page, is_placeholder};
use crate::repository::{Package, Repository, Target};

/// Options that name a target. Without its dashes, an option is the kind of the target.
const TARGET_OPTIONS: [&str; 4] = ["--example", "--bench", "--test", "--bin"];
/// Options that name a package.
const PACKAGE_OPTIONS: [&str; 2] = ["-p", "--package"];
/// Other options that take a word.
const OTHER_OPTIONS: [&str; 2] = ["--manifest-path", "--features"];

/// The names in a document's commands that do not exist.
pub fn faults(repository: &Repository, _name: &str, page: &Page) -> Vec<Fault> {
    let codes = page.codes.iter().filter(|code| code.kind != CodeKind::Other);
    codes.flat_map(commands).flat_map(|command| faults_of(repository, &command)).collect()
}

/// A command without the word `cargo`: its words, each with its line.
type Words<'t> = Vec<(usize, &'t str)>;

/// The commands in a piece of code. A command ends with its line, unless the line ends in `\`. A
/// command also ends before an operator such as `&&`, which joins two commands.
fn commands(code: &Code) -> Vec<Words<'_>> {
    let mut commands: Vec<Words<'_>> = Vec::new();
    let mut is_open = false;
    let mut last_line = 0;
    let starts_with_option = |words: &str| {
        let first = words.split_whitespace().next().unwrap_or_default();
        PACKAGE_OPTIONS.contains(&first) || TARGET_OPTIONS.contains(&first)
    };
    if code.kind == CodeKind::Span && starts_with_option(&code.text) {
        return vec![code.words().collect()];
    }
    for (line, word) in code.words() {
        is_open &= line == last_line || word_before(code, line) == Some("\\");
        last_line = line;
        match word {
            "cargo" => {
                commands.push(Vec::new());
                is_open = true;
            }
            "&&" | "||" | "|" | ";" => is_open = false,
            _ if is_open => commands.last_mut().expect("an open command").push((line, word)),
            _ => {}
        }
    }
    commands
}

/// The last word of the line before.
fn word_before(code: &Code, line: usize) -> Option<&str> {
    let before = code.text.lines().nth(line.checked_sub(code.line + 1)?)?;
    before.split_whitespace().last()
}

fn faults_of(repository: &Repository, command: &[(usize, &str)]) -> Vec<Fault> {
    // The words after `--` are for another program.
    let own: Vec<(usize, &str)> =
        command.iter().copied().take_while(|(_, word)| *word != "--").collect();
    if let [(_, "xtask"), (line, verb), ..] = own[..] {
        let exists = is_placeholder(verb) || repository.has_verb(verb);
        return if exists { Vec::new() } else { vec![(line, format!("no verb {verb} of xtask"))] };
    }
    let mut faults = Vec::new();
    let mut packages: Vec<&Package> = Vec::new();
    let names = named(&own, &PACKAGE_OPTIONS);
    for &(line, _, name) in &names {
        match repository.packages().iter().find(|package| package.name == name) {
            Some(package) => packages.push(package),
            None if is_placeholder(name) => {}
            None => faults.push((line, format!("no package {name}"))),
        }
    }
    if names.is_empty() {
        packages = repository.packages().iter().collect();
    }
    // If no package is left, each name in the command is unknown or a placeholder. Then there are
    // no targets in which to look. The fault of an unknown name is in the list already.
    let all: Vec<&Target> = packages.iter().flat_map(|package| &package.targets).collect();
    let mut targets: Vec<&Target> = Vec::new();
    for (line, option, name) in named(&own, &TARGET_OPTIONS) {
        let kind = option.trim_start_matches('-');
        let found = all.iter().filter(|target| target.kind == kind && target.name == name);
        let count = targets.len();
        targets.extend(found);
        if targets.len() == count && !all.is_empty() && !is_placeholder(name) {
            faults.push((line, format!("no {kind} {name} in what the command names")));
        }
    }
    if targets.is_empty() {
        targets = all;
    }
    for (line, filter) in filters(&own).filter(|_| !targets.is_empty()) {
        let segment = filter.rsplit("::").find(|segment| !segment.is_empty()).unwrap_or(filter);
        let names = &mut targets.iter().flat_map(|target| &target.names);
        if !is_placeholder(segment) && !names.any(|name| name.contains(segment)) {
            faults.push((line, format!("no test {filter} in what the command names")));
        }
    }
    faults
}

/// The words after these options, each with its line and its option.
fn named<'t>(
    command: &[(usize, &'t str)],
    options: &[&'static str],
) -> Vec<(usize, &'static str, &'t str)> {
    let pairs = command.iter().zip(command.iter().skip(1));
    let option_of = |word: &str| options.iter().copied().find(|option| *option == word);
    pairs.filter_map(|((_, word), (line, name))| Some((*line, option_of(word)?, *name))).collect()
}

/// The words by which `cargo test` chooses tests: words that are neither options nor their values.
/// For other commands of cargo there are none.
fn filters<'t>(command: &[(usize, &'t str)]) -> impl Iterator<Item = (usize, &'t str)> {
    let takes_a_word = |word: &str| {
        let mut all = PACKAGE_OPTIONS.iter().chain(&TARGET_OPTIONS).chain(&OTHER_OPTIONS);
        all.any(|option| *option == word)
    };
    let is_test = command.first().is_some_and(|(_, verb)| *verb == "test");
    let pairs = command.iter().zip(command.iter().skip(1)).filter(move |_| is_test);
    let free = pairs.filter(move |((_, before), (_, word))| {
        !takes_a_word(before) && !word.starts_with('-') && *word != "\\"
    });
    free.map(|(_, filter)| *filter).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Fault> {
        let repository = Repository::default()
            .and_package(
                "stack",
                &[
                    ("lib", "stack", "mod inner { fn a_fact() {} }"),
                    ("test", "golden", "mod start;\nfn a_note_is_a_note() {}"),
                    ("bench", "speed", ""),
                ],
            )
            .and_package("shown", &[("example", "play", ""), ("bin", "tool", "")])
            .and_xtask("match verb { \"pages\" => pages(), _ => unknown() }");
        faults(&repository, "page.md", &Page::parse(text))
    }

    #[test]
    fn commands_that_name_what_exists_are_no_fault() {
        for text in [
            "`cargo test -p stack --test golden start::` and `--bench speed`",
            "`cargo bench -p stack --bench speed --test golden`",
            "`cargo test a_note --no-fail-fast`, `cargo test -p stack inner::a_fact TEST_NAME`",
            "`RUST_LOG=1 cargo run -p shown --example play -- --test none -p none`",
            "```sh\ncargo bench --bench speed # not --bench slow\ncargo run \\\n  --bin tool\n```",
            "`cargo xtask pages`, `cargo xtask VERB`, `cargo xtask`",
            "`cargo test -p CRATE --test NAME`",
            "```text\ncargo test -p none\n```",
            "`git -p none`, `cargo test | tool --test none`",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn each_kind_of_wrong_name_is_found() {
        let none = |kind: &str, name: &str| format!("no {kind} {name} in what the command names");
        for (text, line, what) in [
            ("`cargo test -p stacks --test golden`", 1, "no package stacks".to_owned()),
            ("`cargo test --package none`", 1, "no package none".to_owned()),
            ("a\n`cargo test -p stack --test gold`", 2, none("test", "gold")),
            ("`cargo run -p stack --example play`", 1, none("example", "play")),
            ("`cargo bench --bench golden`", 1, none("bench", "golden")),
            ("`--bench slow`", 1, none("bench", "slow")),
            ("`cargo run --bin play`", 1, none("bin", "play")),
            ("`cargo test -p stack --test golden a_fact`", 1, none("test", "a_fact")),
            ("`cargo test --no-fail-fast stop::`", 1, none("test", "stop")),
            ("`cargo xtask page`", 1, "no verb page of xtask".to_owned()),
            (
                "```sh\ncargo test && cargo run \\\n    --example none\n```",
                3,
                none("example", "none"),
            ),
        ] {
            assert_eq!(found(text), [(line, what)], "{text}");
        }
    }
}
