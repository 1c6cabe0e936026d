//! The names of rules and bug checks are only in their registers.
//!
//! The numbers of bug checks are only there too. Tests may have such a name or number, because they
//! compare with the text that a user sees.

use super::{Fault, File, find};

/// The registers of rules.
const RULES: [&str; 3] = ["emulator/src/rules.rs", "guest/src/rules.rs", "port/src/rules.rs"];

/// Rules that Microsoft named after a routine. Code may have such a name, because there the name
/// means the routine.
const NAMED_AFTER_A_ROUTINE: [&str; 1] = ["PcAddAdapterDevice"];

/// The register of bug checks, and the file that makes bug check codes from numbers.
const BUG_CHECKS: &str = "emulator/src/bug_check/table.rs";
const CODE: &str = "emulator/src/bug_check.rs";

/// Calls whose first argument is a bug check.
const RAISES: [&str; 4] =
    ["BugCheckCode(", "BugCheckCode::of_driver(", "bug_check(", "bug_check_with("];

/// Names of rules in code outside a register.
pub fn rules_outside(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut names = Vec::new();
    for path in RULES {
        let before = names.len();
        names.extend(find(files, path).into_iter().flat_map(rules_of));
        if names.len() == before {
            faults.push(Fault::new(path, 0, "no rule is found in it, so none can be looked for"));
        }
    }
    names.retain(|name| !NAMED_AFTER_A_ROUTINE.contains(name));
    let is_register = |file: &File| RULES.contains(&file.path.as_str());
    for (file, number, code) in code_of(files).filter(|(file, ..)| !is_register(file)) {
        for name in names.iter().filter(|name| code.contains(&format!("\"{name}\""))) {
            let what = format!("the rule `{name}` has a constant in its register: use that");
            faults.push(Fault::new(&file.path, number, what));
        }
    }
    faults
}

/// Names and numbers of bug checks in code outside the register.
pub fn bug_checks_outside(files: &[File]) -> Vec<Fault> {
    let names: Vec<&str> = find(files, BUG_CHECKS).into_iter().flat_map(bug_checks_of).collect();
    if names.is_empty() {
        return vec![Fault::new(BUG_CHECKS, 0, "no bug check is found in it")];
    }
    let mut faults = Vec::new();
    let is_register = |file: &File| file.path == BUG_CHECKS || file.path == CODE;
    for (file, number, code) in code_of(files).filter(|(file, ..)| !is_register(file)) {
        for name in names.iter().filter(|name| code.contains(&format!("\"{name}\""))) {
            let what = format!("the bug check {name} has a constant in its register: use that");
            faults.push(Fault::new(&file.path, number, what));
        }
        if RAISES.iter().any(|raise| is_given_a_number(code, raise)) {
            let what = "a bug check by its number: use its constant, or put it into the register";
            faults.push(Fault::new(&file.path, number, what));
        }
    }
    faults
}

/// The names of the rules in a register: `CONSTANT = "name",`.
fn rules_of(file: &File) -> impl Iterator<Item = &str> {
    file.text.lines().filter_map(|line| {
        let (constant, value) = line.trim().split_once(" = \"")?;
        let name = value.strip_suffix("\",")?;
        is_constant(constant).then_some(name)
    })
}

/// The constants of the bug checks in the register: `CONSTANT = 0x0000_000A, ...`.
fn bug_checks_of(file: &File) -> impl Iterator<Item = &str> {
    file.text.lines().filter_map(|line| {
        let (constant, value) = line.trim().split_once(" = ")?;
        (is_constant(constant) && value.starts_with("0x")).then_some(constant)
    })
}

fn is_constant(word: &str) -> bool {
    let is_letter = |letter: u8| letter.is_ascii_uppercase() || letter.is_ascii_digit();
    !word.is_empty() && word.bytes().all(|letter| is_letter(letter) || letter == b'_')
}

fn is_given_a_number(code: &str, call: &str) -> bool {
    code.split(call).skip(1).any(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// Each line of code that is no test, without its comment.
fn code_of(files: &[File]) -> impl Iterator<Item = (&File, usize, &str)> {
    files.iter().filter(|file| file.is_rust() && !file.is_test()).flat_map(|file| {
        let before_tests = |(_, line): &(usize, &str)| *line != "mod tests {";
        file.lines().take_while(before_tests).map(move |(number, line)| {
            let code = line.split("//").next().unwrap_or_default();
            (file, number, code)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A project with the registers and one other file.
    fn project(path: &str, text: &str) -> Vec<File> {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        vec![
            file(RULES[0], "    SAME_RULE = \"same-rule\",\n        source: \"WDK\";"),
            file(RULES[1], "    OTHER = \"OtherRule2\",\n"),
            file(RULES[2], "    THIRD = \"third-rule\",\n"),
            file(BUG_CHECKS, "    IRQL_NOT_LESS = 0xA, [ADDRESS];\n"),
            file(path, text),
        ]
    }

    fn found(path: &str, text: &str) -> Vec<(String, usize)> {
        let files = project(path, text);
        let faults = rules_outside(&files).into_iter().chain(bug_checks_outside(&files));
        faults.map(|fault| (fault.path, fault.line)).collect()
    }

    #[test]
    fn a_rule_by_its_name_is_found() {
        let line_2 = [("port/src/pin.rs".to_owned(), 2)];
        assert_eq!(found("port/src/pin.rs", "//! a\nreport(\"OtherRule2\");\n"), line_2);
        assert_eq!(found("port/src/pin.rs", "//! a\nid == \"same-rule\"\n"), line_2);
    }

    #[test]
    fn a_bug_check_by_its_name_or_number_is_found() {
        let line_1 = [("port/src/pin.rs".to_owned(), 1)];
        for code in [
            "let name = \"IRQL_NOT_LESS\";",
            "kernel.bug_check_with(0xC4, [0; 4]);",
            "kernel.bug_check(196);",
            "let code = BugCheckCode(0xA);",
            "let code = BugCheckCode::of_driver(0xA);",
        ] {
            assert_eq!(found("port/src/pin.rs", code), line_1, "{code}");
        }
    }

    #[test]
    fn tests_comments_and_longer_words_are_no_fault() {
        for (path, text) in [
            ("port/tests/pins.rs", "report(\"same-rule\");"),
            ("port/src/pin/tests.rs", "report(\"same-rule\");"),
            ("port/src/pin.rs", "//! a\nmod tests {\nreport(\"same-rule\");"),
            ("port/src/pin.rs", "// as \"same-rule\" says"),
            ("port/src/pin.rs", "report(\"not-the-same-rule\");"),
            ("port/src/pin.rs", "kernel.bug_check(BugCheckCode::IRQL_NOT_LESS);"),
            ("docs/rules.md", "\"same-rule\""),
        ] {
            assert_eq!(found(path, text), [], "{path}: {text}");
        }
    }

    #[test]
    fn a_register_that_cannot_be_read_is_a_fault() {
        assert_eq!(rules_outside(&[]).len(), RULES.len());
        assert_eq!(bug_checks_outside(&[]).len(), 1);
    }
}
