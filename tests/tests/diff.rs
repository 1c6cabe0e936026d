//! The causal diff, proven on mutants: real traces with one change each.

#[path = "diff/mutant.rs"]
mod mutant;

use mutant::{Change, Mutants};
use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::midi_file::{Song, default_tune};
use portcls_machine::report::Filter;
use portcls_machine::report::diff::{Diff, DiffOptions, FindingKind, Owner, diff};
use portcls_machine::report::text::parse;
use portcls_machine::{MachineBuilder, capture, play};

/// What a machine does for its trace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Job {
    Play,
    Capture,
}

/// The trace of the built-in tune through a card, as its text reads back.
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

fn differ(first: &TraceLog, second: &TraceLog) -> Diff {
    diff(first, second, DiffOptions::default())
}

/// Compares mutants of a trace in both directions, and returns how many there were.
fn check_mutants(name: &str, log: &TraceLog, seeds: std::ops::Range<u64>) -> usize {
    assert_eq!(differ(log, log).findings, [], "{name} against itself");
    let mut count = 0;
    for seed in seeds {
        let mut mutants = Mutants::new(log, seed);
        for change in Change::ALL {
            let Some(mutant) = mutants.change(change) else { continue };
            count += 1;
            let found = differ(log, &mutant);
            let place = format!("{name}, {change:?}, seed {seed}:\n{}", found.text(12));
            assert!(found.roots() >= 1, "not reported: {place}");
            assert!(found.roots() <= change.most_roots(), "too many: {place}");
            let back = differ(&mutant, log);
            let counts = |diff: &Diff| (diff.roots(), diff.findings.len());
            assert_eq!(counts(&found), counts(&back), "not the same both ways: {place}");
        }
    }
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
        count += check_mutants(card, &log, 0..6);
    }
    assert!(count >= 200, "{count} mutants");
}

#[test]
fn a_trace_of_the_hardware_alone_is_compared_as_well() {
    let log = traced("roland-mpu401", Job::Play, Filter::Registers);
    assert!(check_mutants("registers", &log, 0..4) >= 16);
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
