//! `latency`: how long routines ran, and how long interrupts and bytes waited.

use portcls_machine::chip::cards;
use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::midi_file::ReadOptions;
use portcls_machine::report::latency::{Latency, latency, table, usual_bins};
use portcls_machine::{GuestOptions, MachineBuilder, play};
use portcls_results::json;
use portcls_results::latency::{Latencies, Measured};

use crate::arguments::{CardsChoice, Format, LatencyArguments};
use crate::card::CardChoice;
use crate::console::Console;
use crate::explain::command;
use crate::failure::{Exit, Failure};
use crate::input::{Input, Source};
use crate::trace_file;

/// Measures traces, or a song on several cards. The exit code is 1 if a budget is broken, if a
/// budget's span is not in a trace, or if the song cannot be played on a card.
///
/// # Errors
/// The errors of [`trace_file::read_whole`] and of reading a song, a driver or a card,
/// [`Failure::StdinTwice`], [`Failure::NoMark`], [`Failure::NothingBetween`],
/// [`Failure::CannotWrite`], and [`Failure::Machine`] if a machine cannot be built.
pub fn run(arguments: &LatencyArguments) -> Result<Exit, Failure> {
    let runs = match arguments.cards.is_empty() {
        true => of_traces(arguments)?,
        false => of_cards(arguments)?,
    };
    let budgets = &arguments.budget;
    let keeps = |latency: &Latency| {
        latency.breaches(budgets).is_empty() && latency.unmeasured(budgets).is_empty()
    };
    let is_good = runs.iter().all(|(_, run)| run.as_ref().is_ok_and(keeps));
    let text = match (arguments.format, &runs[..]) {
        (Format::Json, _) => json(&Latencies::new(runs, budgets)),
        (Format::Text, [(_, Ok(latency))]) => latency.text(budgets) + &explained(arguments, &runs),
        (Format::Text, runs) => table(runs, budgets) + &explained(arguments, runs),
    };
    Console::Stdout.print(&text)?;
    Ok(if is_good { Exit::Good } else { Exit::CheckFailed })
}

/// The line with the command that explains the worst time. It is for the only trace, or for the
/// first trace that breaks a budget. A run on a card leaves no trace to explain.
fn explained(arguments: &LatencyArguments, runs: &[Measured]) -> String {
    let budgets = &arguments.budget;
    let traces = arguments.files.iter().zip(runs);
    let mut measured = traces.filter_map(|(file, (_, run))| Some((file, run.as_ref().ok()?)));
    let told = match runs.len() {
        1 => measured.next(),
        _ => measured.find(|(_, latency)| !latency.breaches(budgets).is_empty()),
    };
    let command =
        told.and_then(|(file, latency)| command(file.path()?, latency.worst(budgets)?.at_ns));
    command.map_or(String::new(), |command| format!("explain    {command}\n"))
}

fn measure(log: &TraceLog, arguments: &LatencyArguments) -> Latency {
    latency(log, arguments.bins.as_ref().map_or_else(usual_bins, |bins| bins.0.clone()))
}

fn of_traces(arguments: &LatencyArguments) -> Result<Vec<Measured>, Failure> {
    if arguments.files.iter().filter(|file| **file == Input::Stdin).count() > 1 {
        return Err(Failure::StdinTwice);
    }
    let read = |file: &Input| {
        let (_, log) = trace_file::read_whole(file)?;
        let part = arguments.section.section().part(&log, &file.name())?;
        Ok((file.name(), Ok(measure(&part, arguments))))
    };
    arguments.files.iter().map(read).collect()
}

/// Plays the song on each card. If the song cannot be played on a card, for example because the
/// driver does not start, the result for this card is the reason.
fn of_cards(arguments: &LatencyArguments) -> Result<Vec<Measured>, Failure> {
    let source = arguments.song.as_ref().map_or(Source::Tune, Source::Input);
    if source == Source::Input(&Input::Stdin) && arguments.driver.is_stdin() {
        return Err(Failure::StdinTwice);
    }
    let song = source.read(ReadOptions::default())?;
    let driver = arguments.driver.load(GuestOptions::default())?;
    let mut choices: Vec<CardChoice> = Vec::new();
    for choice in &arguments.cards {
        match choice {
            CardsChoice::Card(card) => choices.push(card.clone()),
            CardsChoice::All => choices.extend(cards().iter().map(CardChoice::BuiltIn)),
        }
    }
    let on = |choice: &CardChoice| {
        let card = choice.load()?;
        let name = card.profile.name.to_string();
        let builder = MachineBuilder::new()
            .card_profile(card.profile)
            .resources(card.resources)
            .driver(driver.clone());
        let machine = builder.build()?;
        let run = match play(&machine, &song) {
            Ok(_) => Ok(measure(&machine.trace_log(), arguments)),
            Err(error) => Err(error.to_string()),
        };
        Ok((name, run))
    };
    choices.iter().map(on).collect()
}
