//! `ops`: register scripts on cards.
//!
//! `scripts` finds and reads the files. This file runs each script. `portcls-results` has the
//! results, the exit code and two forms of the results; `junit` is the third form. `recipe` has the
//! options `--record` and `--results` for real cards.

mod junit;
mod recipe;
mod scripts;

use std::io::{self, Write};

use portcls_machine::card_bench::card_file::CardFile;
use portcls_machine::card_bench::ops::{self, Recorder, RunReport, Script};
use portcls_machine::card_bench::vcd_options;
use portcls_machine::chip::{CardProfile, CardTiming, cards};
use portcls_machine::emulator::trace::DEFAULT_HELD_EVENTS;
use portcls_machine::report::vcd::{self, Dialect, Tick};
use portcls_results::json;
use portcls_results::numbers::counted;
use portcls_results::ops::{Facts, FileResult, FileVerdict, Place, exit, text};

use crate::arguments::{OpsArguments, OpsFormat};
use crate::card::CardChoice;
use crate::console::{self, Console};
use crate::failure::{Exit, Failure};
use crate::output::prepare;

use scripts::{Found, find, invalid, read};

/// How many failures of a script get an error line. The report has all failures.
const SHOWN_FAILURES: usize = 10;

/// Runs the scripts and prints the results; or does the work of `--record` or `--results`.
///
/// If a file is not a script, the other files still run.
///
/// # Errors
/// [`Failure`]: the options do not fit together, the card cannot be read, or an output cannot be
/// written.
pub fn run(arguments: &OpsArguments) -> Result<Exit, Failure> {
    let card = arguments.card.as_ref().map(CardChoice::load).transpose()?;
    let card = card.map(|CardFile { profile, .. }| profile);
    if let Some(host) = arguments.record {
        return recipe::record(arguments, card.as_ref(), host);
    }
    if let Some(results) = &arguments.results {
        return recipe::compare(arguments, card.as_ref(), results);
    }
    let files = find(&arguments.files)?;
    if card.is_none() && arguments.waves.vcd.is_some() {
        return Err(Failure::WavesOfAllCards);
    }
    let scripts = files.iter().filter_map(|file| file.input.as_ref().ok()?.path());
    let inputs = scripts.chain(arguments.card.as_ref().and_then(CardChoice::path));
    let waves = prepare(&[("--vcd", arguments.waves.vcd.as_ref())], inputs)?.pop().flatten();
    let bench = Bench {
        card,
        timing: arguments.card_timing,
        recorder: waves.as_ref().map(|_| Recorder::new()),
    };
    let console = match &waves {
        Some(output) if output.is_stdout() => Console::Stderr,
        _ => Console::Stdout,
    };
    let results: Vec<FileResult> = files.into_iter().map(|file| bench.run(file)).collect();
    let shown = match arguments.format {
        OpsFormat::Text => text(&results, bench.card.is_some()),
        OpsFormat::Json => json(&Facts::new(&results)),
        OpsFormat::Junit => junit::report(&results)?,
    };
    console.print(&shown)?;
    let name = bench.card.as_ref().map(|card| &*card.name);
    results.iter().for_each(|result| complain(result, name));
    if let (Some(output), Some(recorder)) = (&waves, &bench.recorder) {
        output.write(|to| write_waves(recorder, arguments.waves.form(), to))?;
    }
    Ok(exit(&results))
}

/// The settings of all runs.
struct Bench {
    /// The card that the user chose. `None` means the cards for which a script was written.
    card: Option<CardProfile>,
    timing: CardTiming,
    /// Records the waveforms, if the user wants them.
    recorder: Option<Recorder>,
}

impl Bench {
    fn run(&self, file: Found) -> FileResult {
        let Found { name, place, input } = file;
        let known: Vec<&str> = self.card.iter().map(|card| &*card.name).collect();
        let script = input.and_then(|input| read(&input, &known));
        let runs = script.map(|script| self.run_script(&script)).map_err(invalid);
        FileResult { name, place, runs }
    }

    /// Runs a script on the chosen card, or on the cards for which it was written.
    fn run_script(&self, script: &Script) -> Vec<RunReport> {
        let cards = match &self.card {
            Some(card) => vec![card],
            None => script.cards(cards()),
        };
        let run = |card: &CardProfile| match &self.recorder {
            Some(recorder) => ops::run_recorded(script, card, self.timing, recorder),
            None => ops::run_with(script, card, self.timing),
        };
        cards.into_iter().map(run).collect()
    }
}

fn write_waves(
    recorder: &Recorder,
    (dialect, tick): (Dialect, Tick),
    mut to: &mut dyn Write,
) -> io::Result<()> {
    if let Some(dropped_ns) = recorder.first_dropped_ns() {
        console::warning(&format_args!(
            "the waveforms end at {dropped_ns} ns, where {DEFAULT_HELD_EVENTS} events were held"
        ));
    }
    let log = recorder.log();
    vcd::write(&log, &vcd_options(&log, dialect, tick), &mut to)
}

/// Prints error lines about the faults of a file, if it has any. `card` is the card that the user
/// chose.
fn complain(result: &FileResult, card: Option<&str>) {
    let runs = match &result.runs {
        Ok(runs) => runs,
        Err(invalid) => return console::error(&invalid.message),
    };
    let mut failures = runs.iter().flat_map(RunReport::failures);
    for failure in failures.by_ref().take(SHOWN_FAILURES) {
        console::error(&failure);
    }
    let more = failures.count() as u64;
    if more > 0 {
        console::error(&format_args!(
            "{}: {} more not as expected; the report on stdout has all of them",
            result.name,
            counted(more, "line")
        ));
    }
    let mend = match (result.verdict(), card) {
        (FileVerdict::NothingChecked, _) => {
            "write an expected result after a line, as in R S -> 80/C0".to_owned()
        }
        (FileVerdict::NotMeant, Some(card)) if result.place == Place::Named => {
            format!("no scenario in it is meant for {card}: choose another --card")
        }
        _ => return,
    };
    console::error(&format_args!("{}: nothing was checked: {mend}", result.name));
}
