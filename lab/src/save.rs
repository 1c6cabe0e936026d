//! Saves a run as a scenario with its golden, for `portcls-emu check`.

use portcls_machine::judgement::{JudgedAs, judge};
use portcls_machine::scenario::Verdict;
use serde_json::Value;

use crate::Lab;
use crate::answer::{Answer, Output};
use crate::check::{Judged, judge_text};
use crate::job::{self, Run, Saved};
use crate::recipe::{Golden, Recipe, Title, not_as_intended};
use crate::refusal::Refusal;
use crate::zip::archive;

/// The longest name of a scenario.
const MOST_LETTERS: usize = 64;

/// Saves a run as a scenario. The outputs are the files of one folder, and an archive of all of
/// them. Before the lab hands these files out, it checks the scenario with its golden, as `check`
/// does.
///
/// # Errors
/// [`Refusal`]: the name is not allowed, the job has a key that `save` does not take, the run is
/// not possible, or no scenario can expect the end of the run.
pub fn save(lab: &Lab, keys: Value) -> Result<Answer, Refusal> {
    let (names, run) = job::split(keys, &["name", "title", "why"]);
    let (saved, run): (Saved, Run) = (job::of(names)?, job::of(run)?);
    check_name(&saved.name)?;
    if run.keep.is_some() || run.outputs.is_some() {
        return Err(Refusal::job("save keeps no trace and has outputs of its own"));
    }
    let usual_title = || format!("What {} does, saved from a browser", driver_words(&run));
    let title = saved.title.clone().unwrap_or_else(usual_title);
    let title = Title { name: &saved.name, title: &title, why: saved.why.as_deref() };
    let recipe = Recipe::new(&lab.files, &run, &title)?;
    let file = format!("{}.toml", saved.name);

    let mut source = recipe.intended(Golden::Whole);
    let mut judged = judge_text(&lab.files, &recipe, &file, &source)?;
    let mut notes = recipe.notes.clone();
    let outcome = &judged.judgement.outcome;
    if outcome.verdict() != Verdict::Passed {
        let failed = outcome.checks.iter().filter(|check| !check.passed).count();
        notes.push(not_as_intended(failed as u64));
        source = recipe.observed(outcome, Golden::Whole);
        judged = judge_text(&lab.files, &recipe, &file, &source)?;
    }
    let golden = checked(&judged)?;
    // Unlike the checks above, this one compares the trace with the golden.
    let again = judge(&judged.scenario, Some(&golden));
    let judged = Judged { scenario: judged.scenario, judgement: again };
    let answer = Answer::new(judged.exit()).judged(judged.verdict()).noting(notes);
    Ok(answer.with(outputs(&saved.name, &file, source, golden, recipe)))
}

fn outputs(name: &str, file: &str, source: String, golden: String, recipe: Recipe) -> Vec<Output> {
    let trace = format!("{name}.trace");
    let mut outputs =
        vec![Output::text(file, file, source), Output::text(&trace, trace.clone(), golden)];
    outputs.extend(
        recipe.files.into_iter().map(|(name, bytes)| {
            Output::new(&name, "application/octet-stream", name.clone(), bytes)
        }),
    );
    let packed: Vec<(&str, &[u8])> =
        outputs.iter().map(|output| (output.file_name.as_str(), &output.bytes[..])).collect();
    let zip = archive(&packed);
    let zip_name = format!("{name}.zip");
    outputs.push(Output::new(&zip_name, "application/zip", zip_name.clone(), zip));
    outputs
}

/// The golden of a run. Refused if no scenario can expect the run.
fn checked(judged: &Judged) -> Result<String, Refusal> {
    let judgement = &judged.judgement;
    match (judgement.judged_as(), &judgement.made) {
        (JudgedAs::NoGolden, Some(made)) => Ok(made.clone()),
        _ => {
            let sentence = judged.verdict().sentence;
            Err(Refusal::job(format!("no scenario can expect this run: {sentence}")))
        }
    }
}

fn driver_words(run: &Run) -> String {
    match &run.driver {
        Some(job::Choice::Name(name) | job::Choice::File(name)) => name.clone(),
        None => crate::choice::USUAL_DRIVER.to_owned(),
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if name.is_empty() || name.len() > MOST_LETTERS || !name.chars().all(is_plain) {
        let words = "the name of a scenario has 1 to 64 letters, digits, - and _, as in first-note";
        return Err(Refusal::job(words));
    }
    Ok(())
}
