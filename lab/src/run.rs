//! Runs a driver with music, and asks a driver for its filters and imports.

use portcls_machine::driver_file::symbols::Symbols;
use portcls_machine::emulator::Violation;
use portcls_machine::midi_file::{messages_from_wire, write_smf};
use portcls_machine::{Machine, MachineError, at_place};
use portcls_results::filters::Filters;
use portcls_results::imports::DriverNeeds;
use portcls_results::numbers::{duration, grouped};
use portcls_results::summary::{Ending, InfFacts, RunFacts, Summary};
use portcls_results::work::{self, Run};
use portcls_results::{Exit, json};

use crate::answer::{Answer, Output, Verdict, plain};
use crate::choice::{Chosen, MOST_EVENTS, choose, read_image};
use crate::files::stem;
use crate::job::{self, Choice, Verb};
use crate::refusal::Refusal;
use crate::song::{self, Music};
use crate::view::{Looked, add_views, check_names};
use crate::{Lab, check, command};

/// The outputs of a run beside the views of its trace: name, description and type of each.
pub const OUTPUTS: [(&str, &str, &str); 10] = [
    ("summary", "how the run went, for programs", "application/json"),
    ("text", "how the run went", "text/plain"),
    ("analysis", "the report of a failure", "text/plain"),
    ("wire", "the bytes that came out", "application/octet-stream"),
    ("midi", "the bytes that came out, as a MIDI file", "audio/midi"),
    ("filters", "what a client sees of the driver, for programs", "application/json"),
    ("filters-text", "what a client sees of the driver", "text/plain"),
    ("imports", "what the driver needs, for programs", "application/json"),
    ("imports-text", "what the driver needs", "text/plain"),
    ("scenarios", "what was expected and what came, for programs", "application/json"),
];

/// The outputs of a run whose job names none.
pub fn usual_outputs() -> Vec<String> {
    ["summary", "text", "trace"].map(str::to_owned).to_vec()
}

/// Runs a driver.
///
/// # Errors
/// [`Refusal`]: a file cannot be used, the job asks for something impossible, or the lab can keep
/// no further trace. If the driver refuses to start, there is an answer, with the reason in it.
pub fn run(lab: &mut Lab, job: &job::Run) -> Result<Answer, Refusal> {
    let wanted = job.outputs.clone().unwrap_or_else(usual_outputs);
    check_names(&wanted, &OUTPUTS.map(|(name, ..)| name))?;
    if job.verb == Verb::Both {
        return check::both(lab, job, &wanted);
    }
    if job.input.is_some() {
        return Err(Refusal::job("input is for the verb both; the other verbs take a song alone"));
    }
    let chosen = choose(&lab.files, job)?;
    let music = song::read(&lab.files, job.song.as_ref())?;
    let machine = chosen.builder.clone().build()?;
    let Run { bytes, ending } = match job.verb {
        Verb::Capture => work::capture(&machine, &music.song),
        _ => work::play(&machine, &music.song),
    };
    let (header, log) = (machine.trace_header(), machine.trace_log());
    lab.keep(job.keep.as_ref(), &header, &log)?;
    let mut answer = summarized(job, &chosen, &music, &machine, ending, &wanted);
    answer = answer.noting(music.notes).noting(notes_of_trace(&machine));
    answer = answer.by_command(command::of(job));
    let stem = stem(&chosen.driver);
    let filter = job.trace_filter.into();
    let looked = Looked { header: &header, log: &log, stem, filter, at: None };
    answer = add_views(answer, &wanted, &looked);
    answer = add_bytes(answer, &wanted, stem, &bytes);
    if let (true, Some(analysis)) = (wants(&wanted, "analysis"), machine.analysis()) {
        let file_name = format!("{stem}-failure.txt");
        answer = answer.with([Output::text("analysis", file_name, plain(&analysis.to_string()))]);
    }
    Ok(add_about_driver(lab, answer, job, &chosen, &wanted))
}

/// True if an output is wanted.
pub fn wants(wanted: &[String], name: &str) -> bool {
    wanted.iter().any(|one| one == name)
}

/// The verdict and the summary of a run, or the reason why the run has neither, such as a driver
/// that refuses to start.
fn summarized(
    job: &job::Run,
    chosen: &Chosen,
    music: &Music,
    machine: &Machine,
    ending: Result<Ending, MachineError>,
    wanted: &[String],
) -> Answer {
    let ending = match ending {
        Ok(ending) => ending,
        Err(error) => return Answer::refused(error.into()),
    };
    let first_breach = ending.job.violations.first().cloned();
    let first_site = first_breach.as_ref().and_then(|breach| {
        let place = ending.job.call_sites.get(&breach.call_site?)?;
        Some(place.to_string())
    });
    let facts = RunFacts {
        verb: job.verb.word(),
        song_name: music.name.clone(),
        song: &music.song,
        driver_name: chosen.driver.clone(),
        ending,
    };
    let mut summary = Summary::new(facts, machine, &chosen.card.profile);
    if let (Some(choice), Some(found)) = (&job.inf, machine.inf()) {
        let named = chosen.named_resources;
        summary.add_inf(InfFacts::new(choice.file.clone(), found, named, machine));
    }
    let analysis = machine.analysis();
    let died_at = analysis.as_ref().and_then(|analysis| analysis.location.clone());
    if let Some(analysis) = analysis {
        summary.add_analysis(analysis);
    }
    let verdict = Verdict {
        word: summary.outcome().word().to_owned(),
        sentence: at_place(summary.reason(), died_at.as_ref()),
        is_good: summary.exit() == Exit::Good,
        place: died_at.map(|place| place.to_string()).or(first_site),
        time_ns: time_of(machine, first_breach.as_ref()),
    };
    let stem = stem(&chosen.driver);
    let mut answer = Answer::new(summary.exit()).judged(verdict);
    if wants(wanted, "summary") {
        let file_name = format!("{stem}-summary.json");
        answer = answer.with([Output::json("summary", file_name, summary.json())]);
    }
    if wants(wanted, "text") {
        let file_name = format!("{stem}-summary.txt");
        answer = answer.with([Output::text("text", file_name, plain(&summary.text()))]);
    }
    answer
}

/// The time of the end of the run if it ended early, or else of the first breach of a rule.
fn time_of(machine: &Machine, first_breach: Option<&Violation>) -> Option<u64> {
    let stop = machine.kernel().stopped().map(|stop| stop.time_ns());
    stop.or(first_breach.map(|breach| breach.time_ns))
}

/// A note if the trace of a machine is not whole.
fn notes_of_trace(machine: &Machine) -> Option<String> {
    let dropped_ns = machine.kernel().trace().first_dropped_ns()?;
    let (events, at) = (grouped(MOST_EVENTS as u64), duration(dropped_ns));
    Some(format!(
        "the trace holds {events} events and was full at {at}: what came later is not in it; until \
         ends a run before that"
    ))
}

fn add_bytes(answer: Answer, wanted: &[String], stem: &str, bytes: &[(u64, u8)]) -> Answer {
    let mut answer = answer;
    if wants(wanted, "wire") {
        let raw = bytes.iter().map(|&(_, byte)| byte).collect();
        let file_name = format!("{stem}-wire.bin");
        answer = answer.with([Output::new("wire", "application/octet-stream", file_name, raw)]);
    }
    if wants(wanted, "midi") {
        answer = match write_smf(&messages_from_wire(bytes)) {
            Ok(file) => {
                answer.with([Output::new("midi", "audio/midi", format!("{stem}.mid"), file)])
            }
            Err(error) => answer.noting([format!("there is no MIDI file: {error}")]),
        };
    }
    answer
}

/// Adds the wanted outputs about the driver itself: its filters, and its imports if the driver is
/// in a file. If the filters or the imports cannot be found out, the answer has a note.
pub fn add_about_driver(
    lab: &Lab,
    answer: Answer,
    job: &job::Run,
    chosen: &Chosen,
    wanted: &[String],
) -> Answer {
    let mut answer = answer;
    if wants(wanted, "filters") || wants(wanted, "filters-text") {
        answer = match filters_of(chosen) {
            Ok(filters) => answer.with(filter_outputs(&filters, chosen, wanted)),
            Err(refusal) => answer.noting([format!("the filters: {}", refusal.sentence)]),
        };
    }
    if let Some(Choice::File(name)) = &job.driver
        && (wants(wanted, "imports") || wants(wanted, "imports-text"))
    {
        answer = match needs_of(lab, name) {
            Ok(needs) => answer.with(import_outputs(&needs, name, wanted)),
            Err(refusal) => answer.noting([refusal.sentence]),
        };
    }
    answer
}

fn filters_of(chosen: &Chosen) -> Result<Filters, Refusal> {
    let machine = chosen.builder.clone().build()?;
    Ok(Filters::of(&machine, chosen.card.profile.name.to_string())?)
}

fn filter_outputs(filters: &Filters, chosen: &Chosen, wanted: &[String]) -> Vec<Output> {
    let stem = stem(&chosen.driver);
    let outputs = [
        Output::json("filters", format!("{stem}-filters.json"), json(filters)),
        Output::text("filters-text", format!("{stem}-filters.txt"), plain(&filters.text())),
    ];
    outputs.into_iter().filter(|output| wants(wanted, &output.name)).collect()
}

fn needs_of(lab: &Lab, name: &str) -> Result<DriverNeeds, Refusal> {
    let (image, bytes) = read_image(&lab.files, name)?;
    let symbols = Symbols::among(name.as_ref(), &image, &bytes, &lab.files.beside());
    Ok(DriverNeeds::new(name.to_owned(), &image, &symbols)?)
}

fn import_outputs(needs: &DriverNeeds, name: &str, wanted: &[String]) -> Vec<Output> {
    let stem = stem(name);
    let outputs = [
        Output::json("imports", format!("{stem}-imports.json"), json(needs)),
        Output::text("imports-text", format!("{stem}-imports.txt"), plain(&needs.text())),
    ];
    outputs.into_iter().filter(|output| wants(wanted, &output.name)).collect()
}

/// Asks a driver for its filters.
///
/// # Errors
/// [`Refusal`]: a file cannot be used, a setting is not possible, or the driver does not start.
pub fn filters(lab: &Lab, job: &job::Run) -> Result<Answer, Refusal> {
    let chosen = choose(&lab.files, job)?;
    let filters = filters_of(&chosen)?;
    let all = ["filters", "filters-text"].map(str::to_owned);
    Ok(Answer::new(Exit::Good).with(filter_outputs(&filters, &chosen, &all)))
}

/// Lists what a driver needs.
///
/// # Errors
/// [`Refusal`]: the file cannot be used, or the job names a driver that is not in a file.
pub fn imports(lab: &Lab, job: &job::Run) -> Result<Answer, Refusal> {
    let Some(Choice::File(name)) = &job.driver else {
        return Err(Refusal::job(
            "imports are those of a driver in a file, as in {\"file\": \"x.sys\"}",
        ));
    };
    let needs = needs_of(lab, name)?;
    let all = ["imports", "imports-text"].map(str::to_owned);
    let is_good = needs.is_complete();
    let (exit, word, sentence) = match is_good {
        true => (Exit::Good, "complete", "everything that the driver needs is there"),
        false => (Exit::CheckFailed, "incomplete", "something that the driver needs is missing"),
    };
    let (word, sentence) = (word.to_owned(), sentence.to_owned());
    let verdict = Verdict { word, sentence, is_good, place: None, time_ns: None };
    Ok(Answer::new(exit).judged(verdict).with(import_outputs(&needs, name, &all)))
}
