//! What a recipe printed on a real card, compared with the script and a model.
//!
//! Owns two forms of the text: lines of the recipe for Linux, and the screen of DEBUG.

mod transcript;

use hw_mpu401::{CardProfile, CardTiming};

use super::action::HostAction;
use super::error::{Fault, OpsError};
use super::expectation::{Expected, PollEnd};
use super::recipe::{Doable, Part, RecipeHost, mark, parts};
use super::report::{LineResult, RunReport};
use super::result::Got;
use super::run::run_with;
use super::script::{Scenario, Script, Step};
use super::words::Words;

/// The first words of the results of a recipe for Linux.
const HEAD: [&str; 3] = ["portcls-emu", "results", "1"];

const GIVE_RESULTS: &str = "give what a recipe of `ops --record` for this script printed";

/// What was read on a real card, step by step.
#[derive(Debug)]
pub struct Results {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// For each scenario of the script, what was read in it.
    scenarios: Vec<Vec<Read>>,
}

/// What a step read on a real card.
#[derive(Debug)]
struct Read {
    /// The line of the step in the script.
    line: usize,
    got: Got,
}

/// What was read on a real card, compared with the expectations of the script and with a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The card of the model.
    pub card: String,
    /// The scenarios that are for this card and of which something was read.
    pub scenarios: Vec<ComparedScenario>,
}

/// The lines of a scenario that were read on a real card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedScenario {
    /// What the scenario shows.
    pub title: String,
    /// The lines in the order of the run.
    pub lines: Vec<ComparedLine>,
}

/// A line that was read on a real card. All texts are in the words of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedLine {
    /// The line of the script, from 1.
    pub line: usize,
    /// What the line does.
    pub action: String,
    /// The result on the real card.
    pub hardware: String,
    /// What the script expects; `None` if nothing.
    pub expected: Option<String>,
    /// The result on the model.
    pub model: String,
    /// Whether the real card did as expected; `None` if nothing is expected. Times are not judged:
    /// a recipe does not keep them.
    pub is_as_expected: Option<bool>,
}

impl ComparedLine {
    /// True when the real card and the model gave the same result.
    #[must_use]
    pub fn is_as_model(&self) -> bool {
        self.hardware == self.model
    }
}

impl Comparison {
    /// All lines in the order of the run.
    pub fn lines(&self) -> impl Iterator<Item = &ComparedLine> {
        self.scenarios.iter().flat_map(|scenario| &scenario.lines)
    }

    /// The number of lines on which the real card did as expected, and the number of lines on
    /// which it did something else.
    #[must_use]
    pub fn expectations(&self) -> (usize, usize) {
        let count = |met| self.lines().filter(|line| line.is_as_expected == Some(met)).count();
        (count(true), count(false))
    }

    /// The number of lines on which the real card and the model differ.
    #[must_use]
    pub fn unlike_model(&self) -> usize {
        self.lines().filter(|line| !line.is_as_model()).count()
    }
}

impl Results {
    /// Reads what a recipe for this script printed. `file` is the name of the text in messages. The
    /// text may end early: then a comparison leaves out the rest of the script.
    ///
    /// # Errors
    /// [`OpsError`] at the first line that a recipe for this script does not print. On the screen
    /// of DEBUG, only at a wrong or missing mark of the script, or at a step that read nothing.
    pub fn parse(file: &str, text: &str, script: &Script) -> Result<Self, OpsError> {
        let place = |(line, fault): (usize, Fault)| fault.place(file, line);
        let text = text.trim_start_matches('\u{FEFF}');
        let lines = || text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let first = lines().next().and_then(|(line, number)| Some((behind_head(line)?, number)));
        let scenarios = match first {
            Some((mut head, number)) => check_head(&mut head, script)
                .map_err(|fault| (number, fault))
                .and_then(|()| read_lines(lines().skip(1), script)),
            None => transcript::read(text, script),
        };
        Ok(Results { file: file.to_owned(), scenarios: scenarios.map_err(place)? })
    }

    /// Compares the results with the expectations of the script for this card, and with the results
    /// of the card's model.
    #[must_use]
    pub fn compare(&self, script: &Script, card: &CardProfile, timing: CardTiming) -> Comparison {
        let run: RunReport = run_with(script, card, timing);
        let scenarios = script.scenarios.iter().zip(run.scenarios).zip(&self.scenarios);
        let compared = scenarios.filter_map(|((scenario, run), reads)| {
            let lines = compare(scenario, &card.name, &run.lines?, reads);
            let title = scenario.title.clone();
            (!lines.is_empty()).then_some(ComparedScenario { title, lines })
        });
        Comparison { card: card.name.to_string(), scenarios: compared.collect() }
    }
}

/// Compares a scenario. The recipe may have left steps out, so each read belongs to the next step
/// with the same line.
fn compare(
    scenario: &Scenario,
    card: &str,
    model: &[LineResult],
    reads: &[Read],
) -> Vec<ComparedLine> {
    let mut steps = super::recipe::unrolled(scenario).zip(model);
    let mut lines = Vec::new();
    for Read { line, got } in reads {
        let Some((step, model)) = steps.find(|(step, _)| step.line == *line) else { break };
        let expected = step.expectation_of(card).map(|expectation| &expectation.result);
        let expected = expected.filter(|expected| **expected != Expected::Any);
        let action = step.action.to_string();
        let arrow = format!("{action} -> ");
        lines.push(ComparedLine {
            line: *line,
            hardware: got.result().unwrap_or_default(),
            model: model.text.strip_prefix(&arrow).unwrap_or_default().to_owned(),
            is_as_expected: expected.map(|expected| expected.is_met(got)),
            expected: expected.map(ToString::to_string),
            action,
        });
    }
    lines
}

/// The steps of a recipe that read something, each with the number of its scenario, from 0.
fn reading_steps(script: &Script, host: RecipeHost) -> Vec<(usize, &Step, &HostAction)> {
    let mut scenario = 0;
    let mut steps = Vec::new();
    for part in parts(script, host) {
        match part {
            Part::Scenario(_) => scenario += 1,
            Part::Step(step, Doable::Host(action)) if step.action.result_kind().is_some() => {
                steps.push((scenario - 1, step, action));
            }
            Part::Step(..) | Part::Note(_) => {}
        }
    }
    steps
}

/// An empty list for each scenario.
fn no_reads(script: &Script) -> Vec<Vec<Read>> {
    script.scenarios.iter().map(|_| Vec::new()).collect()
}

fn check_mark(found: &str, column: usize, script: &Script) -> Result<(), Fault> {
    if found == format!("{:04X}", mark(script)) {
        return Ok(());
    }
    let what = "these are the results of another script, or of one that was changed since";
    Err(Fault::new(column, what, "make the recipe again, and run it again"))
}

/// The words after the head of the results of a recipe for Linux; `None` if the head is not there.
fn behind_head(line: &str) -> Option<Words<'_>> {
    let mut words = Words::new(line);
    let has_head = HEAD.iter().all(|head| words.next().is_some_and(|word| word.text == *head));
    has_head.then_some(words)
}

fn check_head(words: &mut Words<'_>, script: &Script) -> Result<(), Fault> {
    let found = words.need("the mark of the script", GIVE_RESULTS)?;
    check_mark(found.text, found.column, script)
}

/// Reads the lines that a recipe for Linux printed. `lines` has each line with its number in the
/// text.
fn read_lines<'t>(
    lines: impl Iterator<Item = (&'t str, usize)>,
    script: &Script,
) -> Result<Vec<Vec<Read>>, (usize, Fault)> {
    let mut scenarios = no_reads(script);
    let mut steps = reading_steps(script, RecipeHost::Linux).into_iter();
    for (line, number) in lines {
        let Some((scenario, step, action)) = steps.next() else {
            let what = "the recipe prints no further line";
            return Err((number, Fault::new(1, what, GIVE_RESULTS)));
        };
        let got = read_line(&mut Words::new(line), step, action);
        let got = got.map_err(|fault| (number, fault))?;
        scenarios[scenario].push(Read { line: step.line, got });
    }
    Ok(scenarios)
}

/// Reads what this step printed.
fn read_line(words: &mut Words<'_>, step: &Step, action: &HostAction) -> Result<Got, Fault> {
    let number = words.need("the line of the script", GIVE_RESULTS)?;
    if number.text != step.line.to_string() {
        let wanted = format!("line {} of the script", step.line);
        return Err(number.fault(&wanted, GIVE_RESULTS));
    }
    let letter = words.need("the letter of the step", GIVE_RESULTS)?;
    let byte = "write it as two hexadecimal digits";
    let got = match (action, letter.text) {
        (HostAction::Read(_), "R") => Got::Byte(words.need("the byte", byte)?.byte()?),
        (HostAction::Poll(poll), "P") => {
            let reads = words.need("the number of reads", GIVE_RESULTS)?;
            let reads = reads.number(poll.times.into())?;
            let last = words.need("the last byte", byte)?.byte()?;
            let end = if poll.is_met_by(last) { PollEnd::Ok } else { PollEnd::Timeout };
            Got::Poll { end, reads: u32::try_from(reads).expect("the limit fits") }
        }
        (HostAction::Drain(_), "D") => {
            let bytes = std::iter::from_fn(|| words.next()).map(|word| word.byte());
            Got::Drained(bytes.collect::<Result<_, _>>()?)
        }
        _ => {
            let wanted = format!("what line {}, '{action}', prints", step.line);
            return Err(letter.fault(&wanted, GIVE_RESULTS));
        }
    };
    words.end(GIVE_RESULTS)?;
    Ok(got)
}
