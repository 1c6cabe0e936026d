//! `check`: runs scenarios, and judges them by expectations and goldens.
//!
//! `files` finds the scenarios. This file runs them, several at once. `accept` writes goldens.
//! `outputs` writes the folder for failures and the page of `--html`, and `page` makes a page.
//! `facts` has the results and decides the exit code. `text`, `junit` and `results` are forms of
//! the results. `merge` joins the facts of several shards.

mod accept;
mod facts;
mod files;
mod junit;
mod merge;
mod outputs;
mod page;
mod results;
mod text;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use portcls_machine::emulator::trace::Record;
use portcls_machine::judgement::{JudgedAs, Judgement, judge};
use portcls_machine::report::explain::command;
use portcls_machine::report::html::Page;
use portcls_machine::scenario::{Outcome, Scenario};
use portcls_results::{json, moment};

use crate::arguments::{CheckArguments, CheckFormat, Unreferenced};
use crate::console::{self, Console};
use crate::failure::{Exit, Failure};
use crate::input::Input;
use crate::scenario_file;

use facts::{CheckFacts, ScenarioFacts, Verdict};
use files::shown;
use outputs::Outputs;
use page::{Beside, page_of};

pub use facts::Shard;
pub use merge::run as merge;

/// The most findings of a scenario that the text shows. The text only counts the others.
const MOST_FINDINGS: usize = 12;
/// The stack of a thread that runs scenarios. The stack is large, because an ISR can interrupt a
/// DPC that interrupted a call, and then the frames of all three are on it.
const STACK_BYTES: usize = 32 << 20;

/// The result of a scenario, and what a new golden needs.
struct Checked {
    facts: ScenarioFacts,
    /// The scenario's file.
    file: PathBuf,
    /// The golden's file; `None` for a scenario without a golden.
    golden: Option<PathBuf>,
    /// The golden that this run makes.
    made: Option<String>,
    /// True when the golden is missing or damaged, or when the trace differs from the golden.
    is_golden_bad: bool,
    /// True when every expectation was met.
    is_golden_all: bool,
    /// The page, if an output needs it; or why it cannot be made.
    page: Option<Result<Page, Failure>>,
}

impl Checked {
    /// A file that is not a scenario.
    fn invalid(file: &Path, facts: ScenarioFacts) -> Checked {
        Checked {
            facts,
            file: file.to_owned(),
            golden: None,
            made: None,
            is_golden_bad: false,
            is_golden_all: false,
            page: None,
        }
    }
}

/// Checks the scenarios.
///
/// # Errors
/// [`Failure`]: a path that cannot be read, a file that cannot be written, or an option that is
/// refused. If a file is not a scenario, the other files are still checked.
pub fn run(arguments: &CheckArguments) -> Result<Exit, Failure> {
    refuse_what_asks(arguments)?;
    let found = files::find(&arguments.paths)?;
    let outputs = Outputs::prepare(arguments, &found.files)?;
    let mine =
        |index: usize| arguments.shard.is_none_or(|shard| index % shard.of + 1 == shard.index);
    let chosen: Vec<&PathBuf> = found
        .files
        .iter()
        .enumerate()
        .filter(|(index, _)| mine(*index))
        .map(|(_, file)| file)
        .collect();
    let mut checked = check_all(&chosen, arguments.jobs, &outputs);
    outputs.write_page(&mut checked)?;
    accept_wanted(arguments, &mut checked)?;
    outputs.keep_failed(&mut checked)?;
    // Of several shards, only the first looks for goldens without a scenario. So each such golden
    // is in the results of only one shard.
    let mut scenarios: Vec<ScenarioFacts> = Vec::new();
    if arguments.shard.is_none_or(|shard| shard.index == 1) {
        scenarios.extend(left_over(arguments, &found, &checked)?);
    }
    scenarios.extend(checked.into_iter().map(|one| one.facts));
    scenarios.sort_by(|a, b| (&a.file, &a.name).cmp(&(&b.file, &b.name)));
    let names = found.files.iter().map(|file| shown(file)).collect();
    let facts = CheckFacts::new(arguments.shard, names, scenarios);
    print(&facts, arguments.format, outputs.console())
}

/// Prints the facts in this form, and returns the exit code.
fn print(facts: &CheckFacts, format: CheckFormat, console: Console) -> Result<Exit, Failure> {
    let shown = match format {
        CheckFormat::Text => text::report(facts),
        CheckFormat::Json => json(facts),
        CheckFormat::Junit => junit::report(facts)?,
        CheckFormat::Results => results::report(facts),
    };
    console.print(&shown)?;
    if facts.scenarios.is_empty() && facts.shard.is_none() {
        console::error(&"there is no scenario: nothing was checked");
    }
    Ok(facts.exit())
}

/// Refuses options that need a person: in CI all of them, and without a terminal `--review`.
fn refuse_what_asks(arguments: &CheckArguments) -> Result<(), Failure> {
    if arguments.accept.is_some() {
        accept::refuse_in_ci("--accept")?;
    }
    if arguments.unreferenced == Unreferenced::Delete {
        accept::refuse_in_ci("--unreferenced delete")?;
    }
    if arguments.review {
        accept::refuse_in_ci("--review")?;
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(Failure::ReviewNeedsTerminal);
        }
    }
    Ok(())
}

/// Checks the files on several threads. Each thread takes the next file when it is free. The
/// results are in the order of the files.
fn check_all(files: &[&PathBuf], jobs: Option<usize>, outputs: &Outputs) -> Vec<Checked> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let jobs = jobs.unwrap_or(processors).clamp(1, files.len().max(1));
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Vec<Checked>)>> = Mutex::new(Vec::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(index) else { break };
            let checked = check_file(file, outputs);
            done.lock().expect("no thread panics with the lock").push((index, checked));
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs {
            let thread = thread::Builder::new().stack_size(STACK_BYTES);
            thread.spawn_scoped(scope, work).expect("the system has a thread more");
        }
    });
    let mut done = done.into_inner().expect("no thread panics with the lock");
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().flat_map(|(_, checked)| checked).collect()
}

/// Checks the scenarios of one file.
fn check_file(file: &Path, outputs: &Outputs) -> Vec<Checked> {
    let name = shown(file);
    let read = scenario_file::read(&Input::File(file.to_owned()));
    let source = fs::read_to_string(file).unwrap_or_default();
    match read {
        Ok(scenarios) => {
            let check = |scenario| check_one(file, &source, scenario, outputs);
            scenarios.iter().map(check).collect()
        }
        Err(failure) => {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let mut facts = ScenarioFacts::new(&stem, &name, Verdict::Invalid);
            facts.fault = Some(failure.to_string());
            facts.source = source;
            vec![Checked::invalid(file, facts)]
        }
    }
}

fn check_one(file: &Path, source: &str, scenario: &Scenario, outputs: &Outputs) -> Checked {
    let golden = scenario.golden.is_some().then(|| file.with_file_name(scenario.golden_file()));
    let old = golden.as_ref().and_then(|path| fs::read(path).ok());
    let old = old.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let judgement = judge(scenario, old.as_deref());
    let mut facts = ScenarioFacts::new(&scenario.name, &shown(file), judgement.judged_as().into());
    facts.title.clone_from(&scenario.title);
    facts.why.clone_from(&scenario.why);
    facts.source = source.to_owned();
    tell(&mut facts, &judgement);
    let has_failed = facts.verdict != Verdict::Ok;
    let folder = outputs.folder.as_ref().filter(|_| has_failed);
    let trace = folder.filter(|_| judgement.made.is_some());
    let trace = trace.map(|folder| shown(&folder.new_trace(file, &scenario.name)));
    let golden_name = golden.as_deref().map(shown);
    facts.explain = explained(&judgement, trace.as_deref(), golden_name.as_deref());
    let beside = Beside {
        name: &scenario.name,
        file: trace.as_deref(),
        golden: golden_name.as_deref().zip(old.as_deref()),
    };
    let is_wanted = outputs.page.is_some() || folder.is_some();
    Checked {
        is_golden_bad: judgement.is_golden_bad(),
        is_golden_all: facts.failed.is_empty(),
        file: file.to_owned(),
        golden,
        page: is_wanted.then(|| page_of(&judgement, beside)),
        made: judgement.made,
        facts,
    }
}

/// The command that explains the first fault. The command reads the new trace, if the new trace is
/// in a file and has the moment of the fault. Otherwise the command reads the golden, if the first
/// finding is about an event of the golden.
fn explained(judgement: &Judgement, trace: Option<&str>, golden: Option<&str>) -> Option<String> {
    let outcome = &judgement.outcome;
    let end = match judgement.judged_as() {
        JudgedAs::Good => return None,
        JudgedAs::DriverDied | JudgedAs::RuleBroken => {
            moment(outcome.stop.as_ref(), &outcome.violations)
        }
        // Without findings, the first failed expectation that has a time gives the moment. With
        // findings, the first finding gives the moment below.
        JudgedAs::Failed if judgement.diff.as_ref().is_none_or(|diff| diff.findings.is_empty()) => {
            outcome.failed_at_ns()
        }
        _ => None,
    };
    let end = end.filter(|&at| is_in_golden(outcome, at));
    let finding = judgement.diff.as_ref().and_then(|diff| diff.findings.first());
    let came = finding.and_then(|finding| finding.second.as_ref()).map(|spot| spot.time_ns);
    let expected = finding.and_then(|finding| finding.first.as_ref()).map(|spot| spot.time_ns);
    let new = trace.zip(end.or(came));
    new.or(golden.zip(expected)).map(|(file, time_ns)| command(file, time_ns))
}

/// Whether a moment lies in the part of the trace that the golden has.
fn is_in_golden(outcome: &Outcome, time_ns: u64) -> bool {
    outcome.golden_part().is_ok_and(|part| {
        let time = |record: Option<&Record>| record.map(Record::time_ns);
        let (first, last) = (time(part.records().first()), time(part.records().last()));
        first.is_some_and(|first| first < time_ns) && last.is_some_and(|last| time_ns <= last)
    })
}

/// Adds the results of a judgement to the facts.
fn tell(facts: &mut ScenarioFacts, judgement: &Judgement) {
    let checks = &judgement.outcome.checks;
    let failed = checks.iter().filter(|check| !check.passed);
    facts.failed = failed.map(ToString::to_string).collect();
    facts.met = checks.iter().filter(|check| check.passed).count();
    let hint = || judgement.hint().map(str::to_owned);
    facts.fault = judgement.fault.clone().or_else(hint);
    let Some(diff) = &judgement.diff else { return };
    facts.roots = diff.roots();
    facts.moved = diff.moved;
    let is_close = diff.residual.is_some_and(|residual| residual.over_half > 0);
    if judgement.differs() || is_close {
        facts.lines = judgement.lines;
        facts.words = diff.text(MOST_FINDINGS);
        facts.diff = serde_json::to_value(diff).ok();
    }
}

/// Writes the goldens that the user wants. `--accept` names scenarios; without a name it means all
/// scenarios. With `--review` the program asks about each scenario.
fn accept_wanted(arguments: &CheckArguments, all: &mut [Checked]) -> Result<(), Failure> {
    if let Some(names) = &arguments.accept {
        for name in names {
            if !all.iter().any(|checked| checked.facts.name == *name) {
                return Err(Failure::NoSuchScenario { name: name.clone() });
            }
        }
        let is_wanted = |checked: &Checked| names.is_empty() || names.contains(&checked.facts.name);
        for checked in all.iter_mut().filter(|checked| is_wanted(checked)) {
            accept::accept(checked)?;
        }
    }
    if arguments.review {
        accept::review(all, &mut io::stdin().lock(), &mut io::stdout().lock())?;
    }
    Ok(())
}

/// Finds the goldens that no scenario has, in the folders that the command line names. Does with
/// each such golden what the user chose. Returns the facts of those that fail the check.
fn left_over(
    arguments: &CheckArguments,
    found: &files::Found,
    checked: &[Checked],
) -> Result<Vec<ScenarioFacts>, Failure> {
    let invalid = |file: &Path| {
        checked.iter().any(|one| one.file == file && one.golden.is_none() && is_invalid(one))
    };
    let mut goldens: BTreeSet<PathBuf> =
        checked.iter().filter_map(|one| one.golden.clone()).collect();
    let mut unknown = BTreeSet::new();
    for file in &found.files {
        if invalid(file) {
            unknown.insert(file.with_extension(""));
        } else if arguments.shard.is_some() {
            // Perhaps another shard runs the scenarios of this file. Their goldens belong to a
            // scenario all the same.
            match scenario_file::read(&Input::File(file.clone())) {
                Ok(scenarios) => goldens.extend(
                    scenarios
                        .iter()
                        .filter(|scenario| scenario.golden.is_some())
                        .map(|scenario| file.with_file_name(scenario.golden_file())),
                ),
                Err(_) => drop(unknown.insert(file.with_extension(""))),
            }
        }
    }
    let left = files::unreferenced(&found.folders, &goldens, &unknown)?;
    let mut told = Vec::new();
    for path in left {
        let name = shown(&path);
        match arguments.unreferenced {
            Unreferenced::Fail => {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                let mut facts = ScenarioFacts::new(&stem, &name, Verdict::Unreferenced);
                facts.fault = Some("no scenario has this golden".to_owned());
                told.push(facts);
            }
            Unreferenced::Warn => {
                console::warning(&format_args!("{name}: no scenario has this golden"));
            }
            Unreferenced::Delete => {
                fs::remove_file(&path).map_err(|error| Failure::cannot_write(&name, &error))?;
                console::note(&format_args!("{name}: removed, no scenario had this golden"));
            }
        }
    }
    Ok(told)
}

fn is_invalid(checked: &Checked) -> bool {
    checked.facts.verdict == Verdict::Invalid
}
