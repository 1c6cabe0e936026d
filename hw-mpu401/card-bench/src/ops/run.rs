//! Runs a register script on a model of a card.

use hw_mpu401::{CardProfile, CardTiming, InitialState, Mpu401};

use super::action::{Action, CardAction};
use super::bench::Bench;
use super::model::Model;
use super::record::Recorder;
use super::report::{LineResult, Outcome, RunReport, ScenarioReport};
use super::result::Got;
use super::script::{Scenario, Script, Step};

/// Runs a script on the model of this card.
#[must_use]
pub fn run(script: &Script, profile: &CardProfile) -> RunReport {
    run_with(script, profile, CardTiming::Typical)
}

/// Runs a script as [`run`] does, with latencies from the card's ranges.
#[must_use]
pub fn run_with(script: &Script, profile: &CardProfile, timing: CardTiming) -> RunReport {
    run_on(script, &profile.name, profile.behaviour.access_ns, |initial| {
        Mpu401::with_timing(profile, initial, timing)
    })
}

/// Runs a script as [`run_with`] does, and records a trace of everything that happens at the card.
#[must_use]
pub fn run_recorded(
    script: &Script,
    profile: &CardProfile,
    timing: CardTiming,
    recorder: &Recorder,
) -> RunReport {
    run_on(script, &profile.name, profile.behaviour.access_ns, |initial| {
        recorder.watch(Mpu401::with_timing(profile, initial, timing))
    })
}

/// Runs a script on any model. `card` is the card's name in the script, `access_ns` is the time of
/// an access, and `make` makes a card in the state of an `init` line.
pub fn run_on<M: Model>(
    script: &Script,
    card: &str,
    access_ns: u64,
    mut make: impl FnMut(InitialState) -> M,
) -> RunReport {
    let scenarios = script.scenarios.iter().map(|scenario| {
        let is_meant = scenario.is_for(card);
        ScenarioReport {
            title: scenario.title.clone(),
            line: scenario.line,
            lines: is_meant.then(|| run_scenario(scenario, card, access_ns, &mut make)),
        }
    });
    RunReport {
        file: script.file.clone(),
        card: card.to_owned(),
        access_ns,
        scenarios: scenarios.collect(),
    }
}

fn run_scenario<M: Model>(
    scenario: &Scenario,
    card: &str,
    access_ns: u64,
    make: &mut impl FnMut(InitialState) -> M,
) -> Vec<LineResult> {
    let mut lines = Vec::new();
    let mut bench: Option<Bench<M>> = None;
    for block in &scenario.blocks {
        for step in (0..block.times).flat_map(|_| &block.steps) {
            if let Action::Card(CardAction::Init(initial)) = step.action {
                bench = Some(Bench::new(make(initial), access_ns));
            }
            let bench = bench.as_mut().expect("the first step is init");
            let start_ns = bench.now_ns();
            let got = step.action.run(bench);
            lines.push(judge(step, card, &got, start_ns, bench.now_ns()));
        }
    }
    lines
}

fn judge(step: &Step, card: &str, got: &Got, start_ns: u64, end_ns: u64) -> LineResult {
    let expectation = step.expectation_of(card).filter(|expectation| expectation.checks());
    let outcome = match expectation {
        None => Outcome::Unchecked,
        Some(expectation) if expectation.is_met(got, start_ns, end_ns) => Outcome::Pass,
        Some(expectation) => Outcome::Fail {
            expected: expectation.to_string(),
            got: got.words(expectation, start_ns, end_ns),
        },
    };
    let text = got.line(&step.action);
    LineResult { line: step.line, time_ns: end_ns, text, reads: got.reads(), outcome }
}
