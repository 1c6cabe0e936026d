//! The pages of the documentation that list the rules and the bug checks.

use std::fmt::Write;

use portcls_emulator::{BUG_CHECKS, BugCheckEntry, ParameterWords, Rule, Severity};

use super::rooms;

const RULES_HEAD: &str = "\
# Rules

This page lists the rules that a driver has to keep. A breach is a violation: it is in the trace and
in the summary, and the run goes on and ends with exit code 5. Advice is about times: a time that is
longer than advised is a warning in the summary, and no failure.

A rule of Microsoft has Microsoft's name, such as `MarkIrpPending`: look it up among the rules of
Driver Verifier and Static Driver Verifier. A rule of this project has a name of words in lower
case, such as `read-overrun`. The column Verifier has the bug check with which Driver Verifier stops
Windows, and its first parameter, in hexadecimal; [bug-checks.md](bug-checks.md) has those codes.

This page is made from the registers in the `rules.rs` of each room, and a test compares the two.
`portcls-emu rules` prints the rules, `portcls-emu rules NAME` prints one rule.
";

const BUG_CHECKS_HEAD: &str = "\
# Bug checks

Windows stops for these mistakes of a driver. Here the run ends with exit code 4 and a report. The
page lists the codes that the kernel raises, and codes that drivers of this kind meet elsewhere or
raise themselves with KeBugCheckEx. All numbers are in hexadecimal.

This page is made from the table in `emulator/src/bug_check/table.rs`, and a test compares the two.
";

/// The text of `docs/rules.md`.
#[must_use]
pub fn rule_page() -> String {
    let mut text = RULES_HEAD.to_owned();
    for room in rooms() {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n## {}\n\n| rule | what has to be | Verifier | source |\n|---|---|---|---|\n",
            capitalised(room.room)
        );
        for rule in room.rules {
            push_rule(&mut text, rule);
        }
    }
    text
}

fn push_rule(text: &mut String, rule: &Rule) {
    let advice = match rule.severity {
        Severity::Error => "",
        Severity::Advice => "Advice: ",
    };
    let verifier = rule.verifier.map(|(code, first)| format!("{:X}, {first:X}", code.number()));
    let routines: Vec<String> = rule.routines.iter().map(|name| format!("`{name}`")).collect();
    let routines = match routines.is_empty() {
        true => String::new(),
        false => format!(" ({})", routines.join(", ")),
    };
    let _ = writeln!(
        text,
        "| `{}` | {advice}{}{routines} | {} | {} |",
        rule.id,
        rule.meaning,
        verifier.unwrap_or_default(),
        rule.source
    );
}

/// The text of `docs/bug-checks.md`.
#[must_use]
pub fn bug_check_page() -> String {
    let mut text = BUG_CHECKS_HEAD.to_owned();
    for entry in BUG_CHECKS {
        push_bug_check(&mut text, entry);
    }
    text
}

fn push_bug_check(text: &mut String, entry: &BugCheckEntry) {
    let _ = write!(
        text,
        "\n## {:X} {}\n\n{}\n\n| | parameter | values |\n|---|---|---|\n",
        entry.code.number(),
        entry.name,
        entry.meaning
    );
    for (number, parameter) in (1_usize..).zip(&entry.parameters) {
        push_parameter(text, &number.to_string(), parameter);
        for (first, parameters) in entry.by_first {
            let special = &parameters[number - 1];
            if special != parameter {
                push_parameter(text, &format!("{number}, when 1 is {first:X}"), special);
            }
        }
    }
}

fn push_parameter(text: &mut String, number: &str, parameter: &ParameterWords) {
    let values = grouped(parameter.values);
    let _ = writeln!(text, "| {number} | {} | {} |", parameter.meaning, values.join("; "));
}

/// The values of a list with their words. Neighbours with the same words become one entry; if there
/// are more than two, the entry shows only the first and the last.
fn grouped(values: &[(u64, &'static str)]) -> Vec<String> {
    values
        .chunk_by(|one, next| one.1 == next.1)
        .map(|group| {
            let numbers: Vec<String> =
                group.iter().map(|(value, _)| format!("{value:X}")).collect();
            let numbers = match &numbers[..] {
                [first, _, .., last] => format!("{first} to {last}"),
                few => few.join(", "),
            };
            format!("{numbers}: {}", group[0].1)
        })
        .collect()
}

fn capitalised(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}
