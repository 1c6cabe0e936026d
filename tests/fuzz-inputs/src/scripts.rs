//! Any text as a register script: an error at a place, or a script that runs.
//!
//! The first byte chooses the card. The rest is the script. The target writes the script that it
//! has read, and reads the text again: the two scripts must be the same.

use std::fmt::Write as _;

use portcls_machine::card_bench::ops::{
    Action, Expectation, HostAction, LineAction, MidiInput, RecipeHost, RecipePorts, Results,
    Scenario, Script, Step, recipe, run as run_script,
};
use portcls_machine::chip::{CardProfile, CardTiming, cards};

use crate::place::check_place;
use crate::seeds::{Seed, files};

/// The most work of a script that runs: its accesses plus its time in ms.
const MOST_WORK: u64 = 500;

/// The most steps of a script whose recipes are made.
const MOST_RECIPE_STEPS: u64 = 60;

/// The ports of a recipe.
const PORTS: RecipePorts = RecipePorts { data: 0x330, status: 0x331 };

/// Reads the script, and checks that its text reads back as the same script. Runs the script, and
/// makes recipes.
pub fn run(input: &[u8]) {
    let Some((&first, text)) = input.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    let script = match Script::parse("fuzz.ops", text) {
        Ok(script) => script,
        Err(error) => return check_place(text, error.line, error.column, &error.to_string()),
    };
    let written = written(&script);
    match Script::parse("fuzz.ops", &written) {
        Ok(again) => assert!(is_same(&script, &again), "{written}"),
        Err(error) => panic!("the script is written as no script: {error}\n{written}"),
    }
    let (work, steps) = work_of(&script);
    if work <= MOST_WORK {
        let card = &cards()[usize::from(first) % cards().len()];
        check_run(&script, card);
    }
    if steps <= MOST_RECIPE_STEPS {
        check_recipes(&script);
    }
}

fn check_run(script: &Script, card: &CardProfile) {
    let report = run_script(script, card);
    assert_eq!(run_script(script, card), report, "a script does the same again");
    for scenario in &report.scenarios {
        let lines = scenario.lines.iter().flatten();
        assert!(lines.clone().all(|line| !line.text.contains('\n')));
        // The times begin at 0 again after an `init`, so only the numbers of the lines are checked.
        let times = lines.map(|line| (line.line, line.time_ns));
        assert!(times.into_iter().all(|(line, _)| line >= scenario.line));
    }
}

/// Checks that a recipe can be made for both hosts. Also reads the recipe itself as results: it
/// must be refused at a place, or be compared with a card.
fn check_recipes(script: &Script) {
    for host in [RecipeHost::Dos, RecipeHost::Linux] {
        let text = recipe(script, host, PORTS);
        assert!(!text.is_empty());
        match Results::parse("recipe.txt", &text, script) {
            // DEBUG prints an echo of its commands, and the echo is not a result. So the reader may
            // find no fault in the commands of a recipe.
            Ok(results) => {
                let card = &cards()[0];
                let compared = results.compare(script, card, CardTiming::Typical);
                assert_eq!(compared.card, card.name);
            }
            Err(error) => check_place(&text, error.line, error.column, &error.to_string()),
        }
    }
}

/// The most accesses plus ms that a script needs, and the number of its steps. A repeated step
/// counts each time.
fn work_of(script: &Script) -> (u64, u64) {
    let mut work = 0_u64;
    let mut steps = 0_u64;
    for block in script.scenarios.iter().flat_map(|scenario| &scenario.blocks) {
        let once: u64 = block.steps.iter().map(|step| work_of_step(&step.action)).sum();
        work = work.saturating_add(once.saturating_mul(block.times.into()));
        steps += u64::from(block.times) * block.steps.len() as u64;
    }
    (work, steps)
}

fn work_of_step(action: &Action) -> u64 {
    const MS: u64 = 1_000_000;
    match action {
        Action::Host(HostAction::Poll(poll)) => {
            let times = u64::from(poll.times);
            times.saturating_add(times.saturating_mul(poll.pause_ns) / MS)
        }
        Action::Host(HostAction::Drain(most)) => 2 * u64::from(*most),
        Action::Host(HostAction::Wait(time_ns)) => 1 + time_ns / MS,
        _ => 1,
    }
}

/// The script as text, without its grounds.
fn written(script: &Script) -> String {
    let mut text = String::new();
    for like in &script.likes {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "like {}: {}", like.known, like.others.join(" "));
    }
    for scenario in &script.scenarios {
        let _ = writeln!(text, "title: {}", scenario.title);
        if !scenario.cards.is_empty() {
            let _ = writeln!(text, "cards: {}", scenario.cards.join(" "));
        }
        for block in &scenario.blocks {
            let _ = writeln!(text, "repeat {}", block.times);
            block.steps.iter().for_each(|step| write_step(&mut text, step));
            text.push_str("end\n");
        }
    }
    text
}

fn write_step(text: &mut String, step: &Step) {
    let expected = |one: &Expectation| format!(" -> {one}");
    let end = step.expectation.as_ref().map(expected).unwrap_or_default();
    let _ = writeln!(text, "{}{end}", action_words(&step.action));
    for (card, one) in &step.of_cards {
        let _ = writeln!(text, "  @{card}{}", expected(one));
    }
}

/// The words of an action. A report shortens long lists of bytes; a script has all of them.
fn action_words(action: &Action) -> String {
    let hex =
        |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!(" {byte:02X}")).collect() };
    match action {
        Action::Line(LineAction::MidiIn(MidiInput::Bytes(bytes))) => format!("in{}", hex(bytes)),
        Action::Line(LineAction::MidiIn(MidiInput::WithoutStop(bytes))) => {
            format!("in{} framing", hex(bytes))
        }
        Action::Line(LineAction::MidiIn(MidiInput::AtSpeed { bits_per_second, bytes })) => {
            format!("in baud {bits_per_second}{}", hex(bytes))
        }
        other => other.to_string(),
    }
}

/// Whether two scripts say the same, line numbers and grounds apart.
fn is_same(one: &Script, other: &Script) -> bool {
    let scenarios = one.scenarios.iter().zip(&other.scenarios);
    one.likes == other.likes
        && one.scenarios.len() == other.scenarios.len()
        && scenarios.into_iter().all(|(one, other)| is_same_scenario(one, other))
}

fn is_same_scenario(one: &Scenario, other: &Scenario) -> bool {
    let facts = |scenario: &Scenario| -> Vec<_> {
        let blocks = scenario.blocks.iter().enumerate();
        let steps = blocks.flat_map(|(number, block)| {
            block.steps.iter().map(move |step| {
                let Step { action, expectation, of_cards, .. } = step.clone();
                (number, block.times, action, expectation, of_cards)
            })
        });
        steps.collect()
    };
    one.title == other.title && one.cards == other.cards && facts(one) == facts(other)
}

/// Each scenario of the conformance suite, for some card.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, script) in files("hw-mpu401/ops", "ops") {
        let script = String::from_utf8(script).expect("a script is text");
        let scenarios = script.split("\ntitle:").skip(1).enumerate();
        seeds.extend(
            scenarios
                .map(|(number, scenario)| {
                    let card = [(seeds.len() + number) as u8];
                    let text = format!("title:{scenario}\n");
                    (format!("{number}-{name}"), [&card[..], text.as_bytes()].concat())
                })
                .collect::<Vec<_>>(),
        );
    }
    seeds
}
