//! Runs register scripts on cards: expected and read values, and the signals.

use portcls_machine::card_bench::ops::{Recorder, RunReport, Script, run_recorded};
use portcls_machine::card_bench::signals::LANES;
use portcls_machine::chip::{CardProfile, cards};
use portcls_machine::emulator::trace::{Event, SerialEdge, SerialSource, TraceLog};
use portcls_results::file_kind::Wanted;
use portcls_results::json;
use portcls_results::numbers::counted;
use portcls_results::ops::{
    Facts, FileResult, FileVerdict, MAX_SCRIPT_BYTES, Place, exit, script_text, text,
};
use serde::Serialize;

use crate::Lab;
use crate::answer::{Answer, Output, Verdict, plain};
use crate::choice::{built_in_card, read_card_file, read_timing};
use crate::files::stem;
use crate::job::{Cards, Ops};
use crate::refusal::Refusal;

/// The name of a script that was typed.
const TYPED: &str = "script.ops";

/// The version of the JSON form of the signals.
const VERSION: u32 = 1;

/// Runs a script on cards. If the text is not a script, the result says where and why.
///
/// # Errors
/// [`Refusal`]: there is no such file or card, the script is too long, or a setting is not
/// possible.
pub fn run(lab: &Lab, job: &Ops) -> Result<Answer, Refusal> {
    let (name, bytes) = match (&job.file, &job.text) {
        (Some(name), None) => (name.as_str(), lab.files.text(name)?),
        (None, Some(text)) => (TYPED, text.clone().into_bytes()),
        _ => return Err(Refusal::job("a script is one of file and text")),
    };
    if bytes.len() > MAX_SCRIPT_BYTES {
        let words =
            format!("the script has {} bytes, the limit is {MAX_SCRIPT_BYTES}", bytes.len());
        return Err(Refusal::file(name, words));
    }
    let timing = read_timing(job.timing.as_deref())?;
    let chosen = chosen_cards(lab, job)?;
    let known: Vec<&str> = chosen.iter().flatten().map(|card| &*card.name).collect();
    let script = script_text(name, &bytes).and_then(|text| Script::parse_for(name, text, &known));
    let script = match script {
        Ok(script) => script,
        Err(error) => {
            let refusal = Refusal::from(error.clone()).or_other_kind(name, &bytes, Wanted::Script);
            let runs = Err(error.into());
            let result = FileResult { name: name.to_owned(), place: Place::Named, runs };
            return Ok(answer(name, &[result], job, Vec::new()).refusing(refusal));
        }
    };
    let cards: Vec<&CardProfile> = match &chosen {
        Some(chosen) => chosen.iter().collect(),
        None => script.cards(cards()),
    };
    let mut signals = Vec::new();
    let run = |card: &CardProfile| {
        let recorder = Recorder::new();
        let report = run_recorded(&script, card, timing, &recorder);
        signals.push(RunSignals::new(&report, &recorder));
        report
    };
    let runs: Vec<RunReport> = cards.into_iter().map(run).collect();
    let result = FileResult { name: name.to_owned(), place: Place::Named, runs: Ok(runs) };
    Ok(answer(name, &[result], job, signals))
}

/// The cards that the job names. `None` stands for the cards that the script is for.
fn chosen_cards(lab: &Lab, job: &Ops) -> Result<Option<Vec<CardProfile>>, Refusal> {
    let mut chosen = Vec::new();
    match &job.cards {
        None if job.card_files.is_empty() => return Ok(None),
        None => {}
        Some(Cards::Word(word)) if word == "all" => chosen.extend(cards().iter().cloned()),
        Some(Cards::Word(name)) => chosen.push(built_in_card(name)?.profile),
        Some(Cards::Names(names)) => {
            for name in names {
                chosen.push(built_in_card(name)?.profile);
            }
        }
    }
    for name in &job.card_files {
        chosen.push(read_card_file(&lab.files, name)?.profile);
    }
    Ok(Some(chosen))
}

fn answer(name: &str, results: &[FileResult], job: &Ops, runs: Vec<RunSignals>) -> Answer {
    let stem = stem(name);
    let is_one_card = job.cards.is_some() && runs.len() == 1;
    let mut shown = plain(&text(results, is_one_card));
    for failure in results.iter().filter_map(|result| result.runs.as_ref().err()) {
        shown.push_str(&failure.message);
        shown.push('\n');
    }
    Answer::new(exit(results)).judged(judge(&results[0])).with([
        Output::json("ops", format!("{stem}.json"), json(&Facts::new(results))),
        Output::json(
            "signals",
            format!("{stem}-signals.json"),
            json(&Signals { version: VERSION, runs }),
        ),
        Output::text("ops-text", format!("{stem}.txt"), shown),
    ])
}

fn judge(result: &FileResult) -> Verdict {
    let verdict = result.verdict();
    let runs = result.runs.as_deref().unwrap_or_default();
    let met: usize = runs.iter().map(RunReport::met).sum();
    let not_met: usize = runs.iter().map(|run| run.failures().count()).sum();
    let on = counted(runs.len() as u64, "card");
    let sentence = match verdict {
        FileVerdict::Passed => {
            format!("{} as expected on {on}", counted(met as u64, "line"))
        }
        FileVerdict::Failed => {
            let lines = counted(not_met as u64, "line");
            format!("{lines} not as expected, {met} as expected, on {on}")
        }
        FileVerdict::NothingChecked => {
            "nothing was checked: write an expected result after a line, as in R S -> 80/C0"
                .to_owned()
        }
        FileVerdict::NotMeant => "no scenario of the script is meant for the card".to_owned(),
        FileVerdict::Invalid => match &result.runs {
            Err(invalid) => invalid.message.clone(),
            Ok(_) => String::new(),
        },
    };
    let is_good = verdict == FileVerdict::Passed;
    Verdict { word: verdict.word().to_owned(), sentence, is_good, place: None, time_ns: None }
}

/// The signals of a script on cards.
#[derive(Serialize)]
struct Signals {
    version: u32,
    runs: Vec<RunSignals>,
}

/// The signals of a script on a card.
#[derive(Serialize)]
struct RunSignals {
    card: String,
    scenarios: Vec<ScenarioSignals>,
}

/// The signals of a scenario.
#[derive(Serialize)]
struct ScenarioSignals {
    title: String,
    line: usize,
    /// The parts of the scenario. Each `init` starts a part, and times count from there.
    parts: Vec<PartSignals>,
}

/// The signals from an `init` to the next.
#[derive(Serialize)]
struct PartSignals {
    /// The number of the line with the `init`.
    line: usize,
    end_ns: u64,
    bytes: Vec<ByteSignal>,
    /// The levels of the interrupt line, each with the time at which it begins.
    irq: Vec<LevelSignal>,
}

/// A byte on a wire.
#[derive(Serialize)]
struct ByteSignal {
    lane: &'static str,
    byte: u8,
    start_ns: u64,
    /// `None` for a byte that the wire still carried at the end of the part.
    end_ns: Option<u64>,
    /// True for a byte that the card sent without the host.
    is_own: bool,
}

/// A level of the interrupt line.
#[derive(Serialize)]
struct LevelSignal {
    time_ns: u64,
    level: u32,
}

impl RunSignals {
    fn new(report: &RunReport, recorder: &Recorder) -> RunSignals {
        let log = recorder.log();
        let begins = recorder.begins_ns();
        let mut next = 0;
        let scenarios = report.scenarios.iter().map(|scenario| {
            let lines = scenario.lines.iter().flatten();
            let inits = lines.filter(|line| line.text.split(' ').next() == Some("init"));
            let parts = inits.filter_map(|init| {
                let begin_ns = *begins.get(next)?;
                next += 1;
                let end_ns = begins.get(next).copied().unwrap_or(u64::MAX);
                Some(PartSignals::new(&log, init.line, (begin_ns, end_ns)))
            });
            ScenarioSignals {
                title: scenario.title.clone(),
                line: scenario.line,
                parts: parts.collect(),
            }
        });
        RunSignals { card: report.card.clone(), scenarios: scenarios.collect() }
    }
}

impl PartSignals {
    fn new(log: &TraceLog, line: usize, (begin_ns, next_ns): (u64, u64)) -> PartSignals {
        let mut part = PartSignals { line, end_ns: 0, bytes: Vec::new(), irq: Vec::new() };
        let of_part = |time_ns: u64| (begin_ns..next_ns).contains(&time_ns);
        for event in log.events().filter(|event| of_part(event.time_ns)) {
            let time_ns = event.time_ns - begin_ns;
            part.end_ns = time_ns;
            match event.event {
                Event::Serial { lane, byte, edge, source, .. } => {
                    let name = log.name(lane);
                    let lane = LANES.into_iter().find(|known| *known == name).unwrap_or("out");
                    part.push_byte(lane, byte, edge, source, time_ns);
                }
                Event::Signal { signal, value } if log.name(signal) == "irq" => {
                    part.irq.push(LevelSignal { time_ns, level: value });
                }
                _ => {}
            }
        }
        part
    }

    fn push_byte(
        &mut self,
        lane: &'static str,
        byte: u8,
        edge: SerialEdge,
        source: SerialSource,
        time_ns: u64,
    ) {
        match edge {
            SerialEdge::Start => {
                let is_own = source == SerialSource::Device;
                self.bytes.push(ByteSignal { lane, byte, start_ns: time_ns, end_ns: None, is_own });
            }
            SerialEdge::End => {
                let open = self.bytes.iter_mut().rev();
                let mut open = open.filter(|byte| byte.lane == lane && byte.end_ns.is_none());
                if let Some(open) = open.next() {
                    open.end_ns = Some(time_ns);
                }
            }
        }
    }
}
