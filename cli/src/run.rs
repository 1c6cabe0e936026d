//! `run`: scenarios, one after the other, with a line for each expectation.

use portcls_machine::emulator::trace::DEFAULT_HELD_EVENTS;
use portcls_machine::report::Filter;
use portcls_machine::report::text;
use portcls_machine::scenario::{Check, Outcome, Scenario, Verdict};
use serde::Serialize;

use crate::arguments::{Format, RunArguments};
use crate::console::{self, Console};
use crate::explain::{command, moment, readable_name};
use crate::failure::{Exit, Failure};
use crate::output::{Output, prepare};
use crate::page::{PageOf, page};
use crate::scenario_file;
use crate::summary::json;

/// The version of the JSON.
const VERSION: u32 = 1;

/// A file, and what came of its scenarios; a failure if it is no scenario.
struct FileResult {
    name: String,
    ran: Result<Vec<Ran>, Failure>,
}

/// A scenario that was run.
struct Ran {
    scenario: Scenario,
    outcome: Outcome,
}

impl Ran {
    /// How the scenario ends. One without expectations by name is good if it has a golden: then
    /// `check` says how it went.
    fn exit(&self) -> Exit {
        match self.outcome.verdict() {
            Verdict::Passed => Exit::Good,
            Verdict::NothingChecked if self.scenario.golden.is_some() => Exit::Good,
            Verdict::Failed | Verdict::NothingChecked => Exit::CheckFailed,
            Verdict::RuleBroken => Exit::RuleBroken,
            Verdict::DriverDied => Exit::DriverDied,
        }
    }

    /// The verdict as a word, for programs.
    fn word(&self) -> &'static str {
        match self.outcome.verdict() {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::RuleBroken => "rule-broken",
            Verdict::DriverDied => "driver-died",
            Verdict::NothingChecked => "nothing-checked",
        }
    }
}

/// What is wanted of the only scenario.
struct Outputs {
    trace: Option<Output>,
    page: Option<Output>,
}

impl Outputs {
    fn prepare(arguments: &RunArguments) -> Result<Outputs, Failure> {
        let wanted = [("--trace", arguments.trace.as_ref()), ("--html", arguments.html.as_ref())];
        let input = arguments.files.first().and_then(|input| input.path());
        let mut outputs = prepare(&wanted, input)?.into_iter();
        let mut next = || outputs.next().flatten();
        Ok(Outputs { trace: next(), page: next() })
    }

    /// The first option that is about one scenario.
    fn first_option(&self) -> Option<&'static str> {
        let trace = self.trace.as_ref().map(|_| "--trace");
        trace.or_else(|| self.page.as_ref().map(|_| "--html"))
    }

    fn use_stdout(&self) -> bool {
        [&self.trace, &self.page].into_iter().flatten().any(Output::is_stdout)
    }

    /// Writes the trace, then the page: a trace can be too long for a page.
    fn write(&self, outcome: &Outcome, filter: Filter) -> Result<(), Failure> {
        let Outcome { trace: log, header, .. } = outcome;
        if let Some(output) = &self.trace {
            output.write_trace(|mut to| text::write(log, header, filter, &mut to))?;
        }
        if let Some(output) = &self.page {
            let file = self.trace.as_ref().and_then(Output::file).and_then(readable_name);
            let name = &output.target().to_string();
            let page = page(&PageOf { name, file, header, log, diff: None })?;
            output.write(|to| page.write(to))?;
        }
        Ok(())
    }

    /// The command that explains how a scenario failed, if its trace is in a file.
    fn explained(&self, ran: &Ran) -> Option<String> {
        if ran.exit() == Exit::Good {
            return None;
        }
        let moment = moment(ran.outcome.stop.as_ref(), &ran.outcome.violations)?;
        command(self.trace.as_ref()?.file()?, moment)
    }
}

/// Runs the scenarios of the files. A file that is no scenario does not keep the others from
/// running.
///
/// # Errors
/// [`Failure`]: a trace is wanted of more than one scenario, or an output cannot be written.
pub fn run(arguments: &RunArguments) -> Result<Exit, Failure> {
    let outputs = Outputs::prepare(arguments)?;
    let results: Vec<FileResult> = arguments
        .files
        .iter()
        .map(|input| {
            let run = |scenario: Scenario| Ran { outcome: scenario.run(), scenario };
            let ran = scenario_file::read(input);
            FileResult {
                name: input.name(),
                ran: ran.map(|all| all.into_iter().map(run).collect()),
            }
        })
        .collect();
    let ran: Vec<&Ran> =
        results.iter().filter_map(|result| result.ran.as_ref().ok()).flatten().collect();
    let mut explain = None;
    match (outputs.first_option(), &ran[..]) {
        (Some(_), [only]) => {
            outputs.write(&only.outcome, arguments.filter.into())?;
            explain = outputs.explained(only);
        }
        // The results say what is wrong with the only file.
        (None, _) | (Some(_), []) => {}
        (Some(option), _) => return Err(Failure::OneScenario { option }),
    }
    let console = if outputs.use_stdout() { Console::Stderr } else { Console::Stdout };
    console.print(&match arguments.format {
        Format::Text => as_text(&results, explain.as_deref()),
        Format::Json => json(&Facts::new(&results)),
    })?;
    for failure in results.iter().filter_map(|result| result.ran.as_ref().err()) {
        console::error(failure);
    }
    ran.iter().for_each(|ran| warn(ran));
    Ok(exit(&results))
}

/// How the program ends: the worst end of all scenarios.
fn exit(results: &[FileResult]) -> Exit {
    let ends: Vec<Exit> = results
        .iter()
        .flat_map(|result| match &result.ran {
            Ok(ran) => ran.iter().map(Ran::exit).collect(),
            Err(failure) => vec![failure.exit()],
        })
        .collect();
    let worst = [Exit::BadFile, Exit::DriverDied, Exit::RuleBroken, Exit::CheckFailed];
    worst.into_iter().find(|exit| ends.contains(exit)).unwrap_or(Exit::Good)
}

/// Says on stderr what the results alone do not tell.
fn warn(ran: &Ran) {
    let name = &ran.scenario.name;
    if ran.outcome.trace.records().len() >= DEFAULT_HELD_EVENTS {
        console::warning(&format_args!(
            "{name}: the trace holds {DEFAULT_HELD_EVENTS} events and is full: expectations about \
             what came later saw nothing"
        ));
    }
    match (ran.outcome.verdict(), &ran.scenario.golden) {
        (Verdict::NothingChecked, Some(_)) => console::note(&format_args!(
            "{name}: it expects nothing by name; `check` compares its golden"
        )),
        (Verdict::NothingChecked, None) => console::error(&format_args!(
            "{name}: nothing was checked: say in [expect] what has to come of it, or write [golden]"
        )),
        _ => {}
    }
}

/// The results as text, with the command that explains the only one.
fn as_text(results: &[FileResult], explain: Option<&str>) -> String {
    let mut text = String::new();
    for result in results {
        let Ok(all) = &result.ran else {
            text.push_str(&format!("INVALID {}\n", result.name));
            continue;
        };
        for ran in all {
            let word = if ran.exit() == Exit::Good { "ok     " } else { "FAILED " };
            let (name, title) = (&ran.scenario.name, &ran.scenario.title);
            text.push_str(&format!("{word} {name}: {title}\n"));
            for check in &ran.outcome.checks {
                let word = if check.passed { "ok    " } else { "FAILED" };
                text.push_str(&format!("          {word}  {check}\n"));
            }
            if let (Some(why), true) = (&ran.scenario.why, ran.exit() != Exit::Good) {
                text.push_str(&format!("          why     {why}\n"));
            }
            if let Some(command) = explain {
                text.push_str(&format!("          explain {command}\n"));
            }
        }
    }
    text
}

/// The results for a program.
#[derive(Serialize)]
struct Facts<'a> {
    version: u32,
    verb: &'static str,
    exit_code: u8,
    scenarios: Vec<ScenarioFacts<'a>>,
}

#[derive(Serialize)]
struct ScenarioFacts<'a> {
    file: &'a str,
    /// `None` for a file that is no scenario.
    name: Option<&'a str>,
    title: Option<&'a str>,
    why: Option<&'a str>,
    verdict: &'static str,
    exit_code: u8,
    /// Why the file is no scenario.
    error: Option<String>,
    checks: Vec<CheckFacts<'a>>,
    /// The end of a run that did not go to its end.
    stop: Option<String>,
    violation_count: usize,
    has_golden: bool,
}

#[derive(Serialize)]
struct CheckFacts<'a> {
    name: &'a str,
    passed: bool,
    words: &'a str,
}

impl Facts<'_> {
    fn new(results: &[FileResult]) -> Facts<'_> {
        let scenarios = results.iter().flat_map(|result| match &result.ran {
            Ok(all) => all.iter().map(|ran| ran_facts(&result.name, ran)).collect(),
            Err(failure) => vec![invalid_facts(&result.name, failure)],
        });
        Facts {
            version: VERSION,
            verb: "run",
            exit_code: exit(results) as u8,
            scenarios: scenarios.collect(),
        }
    }
}

fn ran_facts<'a>(file: &'a str, ran: &'a Ran) -> ScenarioFacts<'a> {
    let Ran { scenario, outcome } = ran;
    let check = |check: &'a Check| CheckFacts {
        name: &check.name,
        passed: check.passed,
        words: &check.words,
    };
    ScenarioFacts {
        file,
        name: Some(&scenario.name),
        title: Some(&scenario.title),
        why: scenario.why.as_deref(),
        verdict: ran.word(),
        exit_code: ran.exit() as u8,
        error: None,
        checks: outcome.checks.iter().map(check).collect(),
        stop: outcome.stop.as_ref().map(ToString::to_string),
        violation_count: outcome.violations.len(),
        has_golden: scenario.golden.is_some(),
    }
}

fn invalid_facts<'a>(file: &'a str, failure: &Failure) -> ScenarioFacts<'a> {
    ScenarioFacts {
        file,
        name: None,
        title: None,
        why: None,
        verdict: "invalid",
        exit_code: failure.exit() as u8,
        error: Some(failure.to_string()),
        checks: Vec::new(),
        stop: None,
        violation_count: 0,
        has_golden: false,
    }
}
