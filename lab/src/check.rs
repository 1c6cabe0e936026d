//! Runs scenarios and compares them with their expectations and goldens.

use portcls_machine::judgement::{JudgedAs, Judgement, judge};
use portcls_machine::scenario::{Outcome, Scenario, read_among};
use portcls_results::diff::DiffFacts;
use portcls_results::file_kind::Wanted;
use portcls_results::numbers::counted;
use portcls_results::scenarios::{Facts, FileResult, Ran, text};
use portcls_results::{Exit, json, moment_of_scenario};
use serde::Serialize;

use crate::Lab;
use crate::answer::{Answer, Output, Verdict, plain};
use crate::compare::MOST_FINDINGS;
use crate::files::{Files, stem};
use crate::job::{Check, Run};
use crate::recipe::{Golden, Recipe, Title};
use crate::refusal::Refusal;
use crate::run::{add_about_driver, wants};
use crate::view::{Looked, add_views, check_names};

/// The outputs of the job beside the views of the shown scenario's trace.
const OUTPUTS: [&str; 6] = ["scenarios", "text", "goldens", "diff-text", "analysis", "golden"];

/// The version of the facts about goldens.
const VERSION: u32 = 1;

/// A scenario that was run.
pub struct Judged {
    pub scenario: Scenario,
    pub judgement: Judgement,
}

impl Judged {
    /// Runs a scenario and compares its trace with its golden, if it has one.
    pub fn new(scenario: Scenario, golden: Option<&str>) -> Judged {
        let judgement = judge(&scenario, golden);
        Judged { scenario, judgement }
    }

    /// The exit code that the program would have.
    pub fn exit(&self) -> Exit {
        match self.judgement.judged_as() {
            JudgedAs::Good => Exit::Good,
            JudgedAs::Failed | JudgedAs::NoGolden | JudgedAs::NothingChecked => Exit::CheckFailed,
            JudgedAs::RuleBroken => Exit::RuleBroken,
            JudgedAs::DriverDied => Exit::DriverDied,
            JudgedAs::BadGolden => Exit::BadFile,
        }
    }

    /// The verdict on the scenario, as a word and a sentence.
    pub fn verdict(&self) -> Verdict {
        let judged_as = self.judgement.judged_as();
        let place = self
            .judgement
            .outcome
            .analysis
            .as_ref()
            .and_then(|analysis| analysis.location.as_ref());
        Verdict {
            word: word(judged_as).to_owned(),
            sentence: self.sentence(judged_as),
            is_good: judged_as == JudgedAs::Good,
            place: place.map(ToString::to_string),
            time_ns: moment_of_scenario(&self.judgement.outcome),
        }
    }

    fn sentence(&self, judged_as: JudgedAs) -> String {
        let Judgement { outcome, diff, fault, .. } = &self.judgement;
        let failed: Vec<String> =
            outcome.checks.iter().filter(|check| !check.passed).map(ToString::to_string).collect();
        match (judged_as, failed.first(), fault) {
            (JudgedAs::Good, ..) => match diff {
                Some(_) => "everything that was expected came, and the trace is as its golden",
                None => "everything that was expected came",
            }
            .to_owned(),
            (JudgedAs::NothingChecked, ..) => {
                "nothing was checked: write an expected result in [expect], or write [golden]"
                    .to_owned()
            }
            (JudgedAs::NoGolden, ..) => {
                "everything that was expected came; there is no golden to compare the trace with"
                    .to_owned()
            }
            (JudgedAs::BadGolden, _, Some(fault)) => fault.clone(),
            (_, Some(first), _) => match failed.len() {
                1 => first.clone(),
                _ => {
                    let count = counted(failed.len() as u64, "expectation");
                    format!("{count} not met, the first: {first}")
                }
            },
            (_, None, Some(fault)) => fault.clone(),
            (_, None, None) => {
                let roots = diff.as_ref().map_or(0, |diff| diff.roots()) as u64;
                format!("the trace differs from its golden: {}", counted(roots, "finding"))
            }
        }
    }
}

fn word(judged_as: JudgedAs) -> &'static str {
    match judged_as {
        JudgedAs::Good => "passed",
        JudgedAs::Failed => "failed",
        JudgedAs::NoGolden => "no-golden",
        JudgedAs::NothingChecked => "nothing-checked",
        JudgedAs::RuleBroken => "rule-broken",
        JudgedAs::DriverDied => "driver-died",
        JudgedAs::BadGolden => "bad-golden",
    }
}

/// The output `goldens`: how the traces of the scenarios compare with their goldens.
#[derive(Serialize)]
struct Goldens<'j> {
    version: u32,
    scenarios: Vec<GoldenFacts<'j>>,
}

#[derive(Serialize)]
struct GoldenFacts<'j> {
    name: &'j str,
    /// The verdict on the scenario. The verdict of the job uses the same words.
    word: &'static str,
    sentence: String,
    /// The name of the golden's file.
    file: String,
    is_wanted: bool,
    /// True if the golden is missing, damaged or different from the trace.
    is_bad: bool,
    /// How many lines of the golden and of the new text have no equal line in the other text.
    lines: usize,
    fault: &'j Option<String>,
    diff: Option<DiffFacts>,
}

/// Runs the scenarios of a file.
///
/// # Errors
/// [`Refusal`]: the file is missing or is not a scenario, the page did not give a file that the
/// scenario or the job names, the job asks for something impossible, or the lab can keep no further
/// trace.
pub fn check(lab: &mut Lab, job: &Check) -> Result<Answer, Refusal> {
    let usual = || ["scenarios", "text", "trace"].map(str::to_owned).to_vec();
    let wanted = job.outputs.clone().unwrap_or_else(usual);
    check_names(&wanted, &OUTPUTS)?;
    let name = job.file.as_str();
    let bytes = lab.files.text(name)?;
    let source = String::from_utf8(bytes).map_err(|error| {
        let refusal = Refusal::file(name, "the file is no text: save it as plain text in UTF-8");
        refusal.or_other_kind(name, error.as_bytes(), Wanted::Scenario)
    })?;
    let scenarios = read_among(name, &source, &lab.files)?;
    let one = |scenario: Scenario| {
        let golden = golden(&lab.files, job, &scenario)?;
        Ok(Judged::new(scenario, golden.as_deref()))
    };
    let all: Result<Vec<Judged>, Refusal> = scenarios.into_iter().map(one).collect();
    answer(lab, all?, &wanted, job)
}

/// The golden of a scenario: the file that the job names, or else the file with the usual name of
/// this golden. `None` if the scenario has no golden, or if there is no file of the usual name.
fn golden(files: &Files, job: &Check, scenario: &Scenario) -> Result<Option<String>, Refusal> {
    if scenario.golden.is_none() {
        return Ok(None);
    }
    let bytes = match &job.golden {
        Some(name) => Some(files.get(name)?),
        None => files.find(&scenario.golden_file()).cloned(),
    };
    Ok(bytes.map(|bytes| {
        String::from_utf8_lossy(&portcls_results::plain_text(bytes.to_vec())).into_owned()
    }))
}

fn answer(
    lab: &mut Lab,
    all: Vec<Judged>,
    wanted: &[String],
    job: &Check,
) -> Result<Answer, Refusal> {
    let is_shown = |judged: &&Judged| match &job.card {
        Some(card) => judged.scenario.name.ends_with(&format!(".{card}")),
        None => true,
    };
    let Some(shown) = all.iter().find(is_shown) else {
        let card = job.card.as_deref().unwrap_or_default();
        return Err(Refusal::job(format!("the scenario does not run on a card '{card}'")));
    };
    let exit = Exit::worst(all.iter().map(Judged::exit));
    let verdict = match all.iter().find(|judged| judged.exit() == exit) {
        // The verdict is that of the worst scenario. If several are equally bad and the shown one
        // is among them, the verdict is that of the shown one.
        Some(_) if shown.exit() == exit => shown.verdict(),
        Some(worst) => worst.verdict(),
        None => shown.verdict(),
    };
    let mut answer = Answer::new(exit).judged(verdict);
    let Outcome { trace, header, .. } = &shown.judgement.outcome;
    lab.keep(job.keep.as_ref(), header, trace)?;
    let stem = stem(&job.file);
    let (filter, name) = (job.trace_filter.into(), shown.scenario.name.clone());
    let looked = Looked { header, log: trace, stem: &name, filter, at: None };
    answer = add_views(answer, wanted, &looked);
    answer = add_of_scenario(answer, wanted, shown);
    answer = answer.with(facts(&job.file, stem, all, wanted));
    Ok(answer)
}

/// Adds the outputs of the one shown scenario that are not views of its trace.
fn add_of_scenario(answer: Answer, wanted: &[String], shown: &Judged) -> Answer {
    let mut answer = answer;
    let Judgement { outcome, made, diff, .. } = &shown.judgement;
    let name = &shown.scenario.name;
    if let (true, Some(analysis)) = (wants(wanted, "analysis"), &outcome.analysis) {
        let text = plain(&analysis.to_string());
        answer = answer.with([Output::text("analysis", format!("{name}-failure.txt"), text)]);
    }
    if let (true, Some(diff)) = (wants(wanted, "diff-text"), diff) {
        let text = plain(&diff.text(MOST_FINDINGS));
        answer = answer.with([Output::text("diff-text", format!("{name}-diff.txt"), text)]);
    }
    if let (true, Some(made)) = (wants(wanted, "golden"), made) {
        let file_name = shown.scenario.golden_file();
        answer = answer.with([Output::text("golden", file_name, made.clone())]);
    }
    answer
}

/// The results of all scenarios of a file.
fn facts(file: &str, stem: &str, all: Vec<Judged>, wanted: &[String]) -> Vec<Output> {
    let mut outputs = Vec::new();
    if wants(wanted, "goldens") {
        let goldens =
            Goldens { version: VERSION, scenarios: all.iter().map(golden_facts).collect() };
        outputs.push(Output::json("goldens", format!("{stem}-goldens.json"), json(&goldens)));
    }
    let ran = |judged: Judged| Ran { scenario: judged.scenario, outcome: judged.judgement.outcome };
    let ran = Ok(all.into_iter().map(ran).collect());
    let results = [FileResult { name: file.to_owned(), ran }];
    if wants(wanted, "scenarios") {
        let text = json(&Facts::new(&results));
        outputs.push(Output::json("scenarios", format!("{stem}-scenarios.json"), text));
    }
    if wants(wanted, "text") {
        outputs.push(Output::text("text", format!("{stem}.txt"), plain(&text(&results, None))));
    }
    outputs
}

fn golden_facts(judged: &Judged) -> GoldenFacts<'_> {
    let Judged { scenario, judgement } = judged;
    let judged_as = judgement.judged_as();
    GoldenFacts {
        name: &scenario.name,
        word: word(judged_as),
        sentence: judged.sentence(judged_as),
        file: scenario.golden_file(),
        is_wanted: scenario.golden.is_some(),
        is_bad: judgement.is_golden_bad(),
        lines: judgement.lines,
        fault: &judgement.fault,
        diff: judgement.diff.clone().map(DiffFacts::new),
    }
}

/// Plays a song while another song comes in. The lab runs a scenario for this, because no verb of
/// the program does both.
///
/// # Errors
/// [`Refusal`]: a file cannot be used, or a setting is not possible.
pub fn both(lab: &mut Lab, job: &Run, wanted: &[String]) -> Result<Answer, Refusal> {
    let title = Title { name: "both", title: "Music goes out and comes in at once", why: None };
    let recipe = Recipe::new(&lab.files, job, &title)?;
    let source = recipe.intended(Golden::None);
    let judged = judge_text(&lab.files, &recipe, "both.toml", &source)?;
    let card = None;
    let check = Check {
        file: "both.toml".to_owned(),
        golden: None,
        card,
        trace_filter: job.trace_filter,
        keep: job.keep.clone(),
        outputs: None,
    };
    let notes = recipe.notes.clone();
    // The expectations and their results stand in the place of a summary.
    let wanted: Vec<String> = wanted.iter().map(|name| summary_of_both(name)).collect();
    let answer = answer(lab, vec![judged], &wanted, &check)?.noting(notes);
    let chosen = crate::choice::choose(&lab.files, job)?;
    Ok(add_about_driver(lab, answer, job, &chosen, &wanted))
}

fn summary_of_both(name: &str) -> String {
    if name == "summary" { "scenarios" } else { name }.to_owned()
}

/// Reads the text of a recipe and runs it. The recipe's files win over the page's files of the same
/// name.
///
/// # Errors
/// [`Refusal`]: the text is not a valid scenario, or there are too many files.
pub fn judge_text(
    files: &Files,
    recipe: &Recipe,
    name: &str,
    source: &str,
) -> Result<Judged, Refusal> {
    let mut with = files.clone();
    for (name, bytes) in &recipe.files {
        with.put(name, bytes.clone())?;
    }
    let scenarios = read_among(name, source, &with)?;
    let scenario = scenarios.into_iter().next().expect("a recipe is for one card");
    Ok(Judged::new(scenario, None))
}
