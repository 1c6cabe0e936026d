//! The results as text: a line for each scenario, and what is wrong with it.

use std::fmt::Write as _;
use std::path::Path;

use portcls_results::numbers::counted;

use super::facts::{CheckFacts, ScenarioFacts, Verdict};

/// Columns of a verdict.
const VERDICT_COLUMNS: usize = 15;

/// The results as text.
pub fn report(facts: &CheckFacts) -> String {
    let mut out = String::new();
    for scenario in &facts.scenarios {
        out.push_str(&line(scenario));
    }
    for scenario in facts.scenarios.iter().filter(|scenario| scenario.verdict != Verdict::Ok) {
        out.push_str(&details(scenario));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&summary(facts));
    out
}

/// The line of a scenario.
pub fn line(scenario: &ScenarioFacts) -> String {
    let verdict = match scenario.accepted {
        true => "accepted",
        false => scenario.verdict.words(),
    };
    let short = scenario.in_short();
    let file = &scenario.file;
    // A file for several cards has one scenario for each card. The scenario's name then ends with a
    // dot and the name of the card.
    let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
    let card = scenario.name.strip_prefix(&*stem).and_then(|rest| rest.strip_prefix('.'));
    let card = card.map_or(String::new(), |card| format!(" [{card}]"));
    let mut line = format!("{verdict:<VERDICT_COLUMNS$}  {file}{card}");
    if !short.is_empty() {
        let _ = write!(line, ": {short}");
    }
    if scenario.verdict == Verdict::Ok && scenario.words.contains("warning: ") {
        line.push_str(": more than half of the tolerance is used");
    }
    line.push('\n');
    line
}

/// What is wrong with a scenario, in words.
pub fn details(scenario: &ScenarioFacts) -> String {
    let mut out = String::new();
    let mut push = |words: &str| {
        out.push_str(words);
        out.push('\n');
    };
    push("");
    push(&format!("{}: {}", scenario.file, scenario.verdict.words()));
    if !scenario.title.is_empty() {
        push(&scenario.title);
    }
    if let Some(why) = &scenario.why {
        push(why);
    }
    for failed in &scenario.failed {
        push(&format!("    not met   {failed}"));
    }
    if let Some(fault) = &scenario.fault {
        push(&format!("    {fault}"));
    }
    if !scenario.words.is_empty() {
        push(scenario.words.trim_end());
    }
    for output in &scenario.outputs {
        push(&format!("    look      {output}"));
    }
    if let Some(command) = &scenario.explain {
        push(&format!("    explain   {command}"));
    }
    if let Some(mend) = mend(scenario) {
        push(&format!("    {mend}"));
    }
    out
}

/// What to do about a scenario.
fn mend(scenario: &ScenarioFacts) -> Option<String> {
    let accept = format!("portcls-emu check --accept {}", scenario.file);
    match scenario.verdict {
        Verdict::NoGolden => Some(format!("look at the trace first, then: {accept}")),
        Verdict::Failed if scenario.roots > 0 => Some(format!("if it has to be so: {accept}")),
        Verdict::NothingChecked => {
            Some("write an expected result in [expect], or [golden] for the trace".to_owned())
        }
        Verdict::Unreferenced => Some("remove it, or check with --unreferenced delete".to_owned()),
        _ => None,
    }
}

fn summary(facts: &CheckFacts) -> String {
    let count = |verdict| {
        let of = facts.scenarios.iter().filter(|scenario| scenario.verdict == verdict);
        of.count() as u64
    };
    let all = facts.scenarios.len() as u64 - count(Verdict::Unreferenced);
    let mut out = counted(all, "scenario");
    for (verdict, words) in [
        (Verdict::Ok, "ok"),
        (Verdict::Failed, "failed"),
        (Verdict::NoGolden, "without a golden"),
        (Verdict::NothingChecked, "checked nothing"),
        (Verdict::RuleBroken, "broke a rule"),
        (Verdict::DriverDied, "died"),
        (Verdict::Invalid, "not valid"),
        (Verdict::Unreferenced, "golden without a scenario"),
    ] {
        if count(verdict) > 0 {
            let _ = write!(out, ", {} {words}", count(verdict));
        }
    }
    if let Some(shard) = facts.shard {
        let _ = write!(out, "; shard {} of {}", shard.index, shard.of);
    }
    out.push('\n');
    out
}
