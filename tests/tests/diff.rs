//! The causal diff, on mutants, on runs with a fault, and on two cards.
//!
//! A mutant is a real trace with one change. The tests of the goldens and of the runs take one seed
//! for each trace. For more seeds:
//! `MUTANT_SEEDS=20 cargo test -p portcls-tests --test diff -- one_change`.

#[path = "diff/mutant.rs"]
mod mutant;
#[path = "diff/runs.rs"]
mod runs;

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use mutant::{Change, Mutants, Order};
use portcls_machine::emulator::choice::{Answers, Replay};
use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::midi_file::{Song, default_tune};
use portcls_machine::report::Filter;
use portcls_machine::report::diff::{Diff, DiffOptions, FindingKind, Owner, diff};
use portcls_machine::report::text::parse;
use portcls_machine::{MachineBuilder, capture, play};
use runs::runs;

/// What a machine does while its trace is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Job {
    Play,
    Capture,
}

/// The trace of the built-in tune through a card, printed as text and read back.
fn traced(card: &str, job: Job, filter: Filter) -> TraceLog {
    let builder = MachineBuilder::new().card(card).expect("a card of the table");
    let machine = builder.build().expect("the machine can be built");
    let tune: Song = default_tune();
    match job {
        Job::Play => drop(play(&machine, &tune).expect("the tune is played")),
        Job::Capture => drop(capture(&machine, &tune).expect("the tune is captured")),
    }
    parse(&machine.trace_text(filter)).expect("a trace reads back").1
}

/// How many seeds `check_mutants_of_all` takes for each trace: 1, or the number in `MUTANT_SEEDS`.
fn seeds() -> u64 {
    let wanted = std::env::var("MUTANT_SEEDS");
    wanted.map_or(1, |seeds| seeds.parse().expect("MUTANT_SEEDS is a number"))
}

fn differ(first: &TraceLog, second: &TraceLog) -> Diff {
    diff(first, second, DiffOptions::default())
}

/// Compares two traces in both directions, and returns what is wrong. The diff must have at least
/// one root and at most `most`. The other direction must have as many roots and findings.
fn fault_of_both_ways(first: &TraceLog, second: &TraceLog, most: usize) -> Option<String> {
    let found = differ(first, second);
    let back = differ(second, first);
    let counts = |diff: &Diff| (diff.roots(), diff.findings.len());
    let fault = match found.roots() {
        0 => "not reported",
        roots if roots > most => "too many",
        _ if counts(&found) != counts(&back) => "not the same both ways",
        _ => return None,
    };
    Some(format!("{fault}:\n{}", found.text(12)))
}

fn check_both_ways(place: &str, first: &TraceLog, second: &TraceLog, most: usize) {
    if let Some(fault) = fault_of_both_ways(first, second, most) {
        panic!("{place}: {fault}");
    }
}

/// Compares a trace with its mutants, in both directions. Returns the number of mutants, and what
/// is wrong with some of them.
fn faults_of_mutants(name: &str, log: &TraceLog, seeds: Range<u64>) -> (usize, Vec<String>) {
    assert_eq!(differ(log, log).findings, [], "{name} against itself");
    let (mut count, mut faults) = (0, Vec::new());
    for seed in seeds {
        let mut mutants = Mutants::new(log, seed);
        for change in Change::ALL {
            for order in Order::ALL {
                let Some(mutant) = mutants.change(change, order) else { continue };
                count += 1;
                let fault = fault_of_both_ways(log, &mutant, change.most_roots());
                let place = |fault| format!("{name}, {change:?}, {order:?}, seed {seed}: {fault}");
                faults.extend(fault.map(place));
            }
        }
    }
    (count, faults)
}

/// Compares a trace with its mutants, in both directions. Returns the number of mutants. Panics if
/// something is wrong with one of them.
fn check_mutants(name: &str, log: &TraceLog, seeds: Range<u64>) -> usize {
    let (count, faults) = faults_of_mutants(name, log, seeds);
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
    count
}

#[test]
fn one_change_of_a_real_trace_is_one_finding_or_few() {
    let mut count = 0;
    for (card, job) in [
        ("smsc-superio", Job::Capture),
        ("roland-mpu401", Job::Capture),
        ("sb16", Job::Play),
        ("roland-mpu401", Job::Play),
    ] {
        let log = traced(card, job, Filter::Full);
        count += check_mutants(card, &log, 0..4);
    }
    assert!(count >= 400, "{count} mutants");
}

/// The trace of the tune through a card, with these answers of the oracle.
fn with_answers(card: &str, job: Job, answers: &str) -> TraceLog {
    let machine = MachineBuilder::new().card(card).expect("a card").build().expect("a machine");
    let answers: Answers = answers.parse().expect("a list of answers");
    machine.set_oracle(Rc::new(Replay::new(answers)));
    // If a byte is lost, the application may wait for ever. Such a hang stops the machine, and the
    // test compares the trace up to the stop.
    match job {
        Job::Play => drop(play(&machine, &default_tune())),
        Job::Capture => drop(capture(&machine, &default_tune())),
    }
    parse(&machine.trace_text(Filter::Full)).expect("a trace reads back").1
}

/// This test changes no trace. It compares two runs. In one of them the oracle gives one unusual
/// answer. The trace has this answer as an event, and the event is a root of its own.
#[test]
fn one_fault_of_a_machine_is_the_fault_and_few_findings() {
    for (job, fault, most) in [
        (Job::Capture, "interrupt:40=2", 2),
        (Job::Capture, "interrupt:41=3", 2),
        (Job::Capture, "spurious:300=1", 2),
        (Job::Capture, "dpc:30=2", 2),
        // The next bytes come in while the DPC waits, so one DPC serves two interrupts.
        (Job::Capture, "dpc:31=3", 6),
        (Job::Capture, "byte-to-input:50=4", 3),
        (Job::Capture, "byte-to-input:51=3", 3),
        (Job::Capture, "byte-to-input:52=2", 4),
        (Job::Play, "byte-to-card:50=4", 2),
        (Job::Play, "byte-to-card:51=3", 3),
        (Job::Play, "byte-to-card:52=2", 2),
        (Job::Play, "dpc:20=2", 2),
    ] {
        for card in ["smsc-superio", "roland-mpu401"] {
            let sound = with_answers(card, job, "");
            let faulty = with_answers(card, job, fault);
            check_both_ways(&format!("{card}, {job:?}, {fault}"), &sound, &faulty, most);
        }
    }
}

/// The goldens of the scenarios, each with its name. They are short parts of traces of many kinds.
fn goldens() -> Vec<(String, TraceLog)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = fs::read_dir(folder).expect("the scenarios");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "trace")).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a text");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, parse(&text).expect("a golden is a trace").1)
    };
    paths.into_iter().map(read).collect()
}

/// Compares each of many traces with its mutants, in both directions. Returns the number of
/// mutants. Panics if something is wrong with one of them.
fn check_mutants_of_all(traces: Vec<(String, TraceLog)>) -> usize {
    let (mut count, mut faults) = (0, Vec::new());
    for (name, log) in traces {
        let (mutants, wrong) = faults_of_mutants(&name, &log, 1..1 + seeds());
        count += mutants;
        faults.extend(wrong);
    }
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
    println!("{count} mutants, none above the bars");
    count
}

#[test]
fn one_change_of_a_golden_of_a_scenario_is_one_finding_or_few() {
    let count = check_mutants_of_all(goldens());
    assert!(count >= 2_000, "{count} mutants");
}

#[test]
fn one_change_of_a_run_that_nobody_has_tuned_for_is_one_finding_or_few() {
    let count = check_mutants_of_all(runs());
    assert!(count >= 400, "{count} mutants");
}

#[test]
fn a_trace_of_the_hardware_alone_is_compared_as_well() {
    let log = traced("roland-mpu401", Job::Play, Filter::Registers);
    assert!(check_mutants("registers", &log, 0..3) >= 40);
}

#[test]
fn a_trace_of_version_1_is_compared_with_a_newer_one_without_the_new_facts() {
    let log = traced("roland-mpu401", Job::Capture, Filter::Full);
    let older = log.without_cause_facts();
    assert_eq!(differ(&log, &older).findings, []);
    assert!(check_mutants("version 1", &older, 0..2) >= 16);
}

#[test]
fn two_cards_differ_in_few_findings_and_each_has_an_owner() {
    let first = traced("smsc-superio", Job::Capture, Filter::Full);
    let second = traced("roland-mpu401", Job::Capture, Filter::Full);
    let found = differ(&first, &second);
    assert!(found.findings.len() <= 12, "{}", found.text(20));
    let rise = found.findings.iter().find(|finding| finding.title.starts_with("irq 9 rises"));
    let rise = rise.unwrap_or_else(|| panic!("{}", found.text(20)));
    assert_eq!((rise.owner, rise.kind), (Owner::Card, FindingKind::Delay));
    assert!(rise.least >= 139_000, "the unit fetches a byte in 139 us: {}", found.text(20));
}

#[test]
fn a_delay_is_never_the_reason_of_a_value() {
    let first = traced("smsc-superio", Job::Capture, Filter::Full);
    let second = traced("roland-mpu401", Job::Capture, Filter::Full);
    let found = differ(&first, &second);
    let is_value = |kind| {
        matches!(
            kind,
            FindingKind::Gone | FindingKind::Added | FindingKind::Value | FindingKind::Bits
        )
    };
    for finding in found.findings.iter().filter(|finding| is_value(finding.kind)) {
        let parent = finding.follows_from.map(|number| &found.findings[number - 1]);
        assert!(parent.is_none_or(|parent| is_value(parent.kind)), "{}", found.text(20));
    }
}
