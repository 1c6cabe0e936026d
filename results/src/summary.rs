//! What a summary says of a run: the facts that `--format json` prints.
//!
//! `outcome` says how the run ended. `text` writes the facts as text for people.

mod inf;
mod outcome;
mod text;

use std::collections::BTreeMap;

use portcls_machine::chip::CardProfile;
use portcls_machine::driver_file::symbols::Place;
use portcls_machine::emulator::{Advice, Stop, Violation, Warning};
use portcls_machine::guest::analysis::Analysis;
use portcls_machine::midi_file::Song;
use portcls_machine::{
    ApplicationFigures, DriverFigures, Hint, Leak, Left, Machine, MidiPin, PinFormat,
    ProcessorFigures, RangeFigures, WireFigures, at_place,
};
use serde::Serialize;

use crate::exit::Exit;

pub use inf::{InfFacts, UnusedFacts};
pub use outcome::{Ending, Outcome};

/// The version of the JSON; see the help of `play`.
const VERSION: u32 = 2;

/// Everything that the program says of a run.
#[derive(Serialize, Debug)]
pub struct Summary {
    version: u32,
    verb: &'static str,
    outcome: Outcome,
    exit_code: u8,
    reason: String,
    bug_check: Option<BugCheckFacts>,
    /// The report of a failure; the text has this report at its end.
    analysis: Option<Analysis>,
    input: InputFacts,
    machine: MachineFacts,
    /// What an INF gave.
    inf: Option<InfFacts>,
    /// What the driver did in the ports that are not modelled.
    unmodelled: Vec<RangeFigures>,
    /// The pin that was opened.
    pin: Option<MidiPin>,
    /// The format with which the application opens a pin.
    pin_format: PinFormat,
    /// The other pins for MIDI that the driver has.
    other_pins: Vec<MidiPin>,
    simulated_ns: u64,
    #[serde(flatten)]
    flow: Flow,
    processor: ProcessorFigures,
    driver: DriverFigures,
    violations: Vec<ViolationFacts>,
    violation_count: u64,
    warnings: Vec<WarningFacts>,
    leaks: Vec<LeakFacts>,
    /// What may explain a loss.
    hints: Vec<Hint>,
    outputs: Vec<OutputFacts>,
    /// The command line that explains the moment at which the run went wrong: the end of the run by
    /// the driver, or else the first breach of a rule, or else the first difference from the song.
    /// The JSON has the facts themselves in place of this line.
    #[serde(skip)]
    explain: Option<String>,
    /// The first lines of the trace; the JSON does not have these lines.
    #[serde(skip)]
    first_lines: Option<String>,
}

/// The bug check that ended the run.
#[derive(Serialize, Debug)]
struct BugCheckFacts {
    code: u32,
    name: Option<&'static str>,
    parameters: [u64; 4],
    message: String,
    irql: String,
    time_ns: u64,
}

/// The song.
#[derive(Serialize, Debug)]
struct InputFacts {
    name: String,
    messages: u64,
    bytes: u64,
    duration_ns: u64,
    /// The parts of the file that are missing from the song.
    left_out: LeftOutFacts,
    warnings: Vec<String>,
}

/// The parts of a file that are missing from the song.
#[derive(Serialize, Debug)]
struct LeftOutFacts {
    messages: u64,
    /// Bytes in which no message can be recognised.
    bytes: u64,
    /// Bytes that the file declares and does not have.
    missing_bytes: u64,
    missing_tracks: u64,
}

/// The machine.
#[derive(Serialize, Debug)]
struct MachineFacts {
    card: String,
    driver: String,
    /// Hexadecimal.
    port: String,
    irq: u8,
    /// The resources that the user or an INF named for the card, in their order, in the form of
    /// `--resource`. The list is empty if none were named.
    resources: Vec<String>,
}

/// What passed through the machine, by verb.
#[derive(Serialize, Clone, Copy, Debug)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// `play`: MIDI OUT.
    Wire(WireFigures),
    /// `capture`: what the application read.
    Application(ApplicationFigures),
}

/// A breach of a documented rule.
#[derive(Serialize, Debug)]
struct ViolationFacts {
    time_ns: u64,
    rule: &'static str,
    /// What the rule says.
    meaning: &'static str,
    message: String,
    /// The return address of the driver's call of the routine that found the breach.
    call_site: Option<Place>,
}

/// Things of one kind that the driver left behind.
#[derive(Serialize, Debug)]
struct LeakFacts {
    /// `pool`, `reference` or `object`.
    kind: &'static str,
    /// For `pool` the tag, for `reference` the interface, for `object` the plural of its type.
    what: String,
    count: u64,
    /// For `pool` the size of all blocks in bytes.
    bytes: Option<u64>,
    /// The routine that the driver called to get this thing.
    routine: Option<&'static str>,
    /// The return address of the driver's call of `routine`. Without a `routine`: the driver's own
    /// routine to which the kernel or the port handed this thing.
    call_site: Option<Place>,
    /// All this in words.
    text: String,
}

/// Times that were longer than Microsoft's guidelines advise. Such a time is no violation.
#[derive(Serialize, Debug)]
struct WarningFacts {
    /// `isr`, `dpc` or `stall`.
    what: &'static str,
    /// The rule that gives the advice.
    rule: &'static str,
    /// How many such times there were.
    count: u64,
    advised_ns: u64,
    longest_ns: u64,
    /// For `isr` and `dpc`, when the first routine that took so long ended. For `stall`, when the
    /// first such stall began. In ns since power-on.
    first_ns: u64,
}

/// An output that was written.
#[derive(Serialize, Debug)]
struct OutputFacts {
    what: &'static str,
    path: String,
}

/// A run: the facts that a summary does not take from the machine and the card.
pub struct RunFacts<'a> {
    /// The verb.
    pub verb: &'static str,
    /// The name of the song for people.
    pub song_name: String,
    /// The song.
    pub song: &'a Song,
    /// The name of the driver for people.
    pub driver_name: String,
    /// How the run ended.
    pub ending: Ending,
}

impl Summary {
    /// Collects the facts of a run.
    #[must_use]
    pub fn new(run: RunFacts<'_>, machine: &Machine, card: &CardProfile) -> Summary {
        let outcome = run.ending.outcome();
        let reason = run.ending.reason(outcome);
        let Ending { flow, job, left_out, .. } = run.ending;
        let violation = |one: &Violation| violation_facts(one, &job.call_sites);
        Summary {
            version: VERSION,
            verb: run.verb,
            outcome,
            exit_code: outcome.exit() as u8,
            reason,
            bug_check: job.stop.as_ref().and_then(bug_check_facts),
            analysis: None,
            input: InputFacts {
                name: run.song_name,
                messages: run.song.len() as u64,
                bytes: run.song.byte_count() as u64,
                duration_ns: run.song.duration_ns(),
                left_out: LeftOutFacts {
                    messages: left_out.messages,
                    bytes: left_out.bytes,
                    missing_bytes: left_out.missing_bytes,
                    missing_tracks: left_out.missing_tracks,
                },
                warnings: run.song.warnings().to_vec(),
            },
            machine: MachineFacts {
                card: card.name.to_string(),
                driver: run.driver_name,
                port: format!("{:X}", machine.port()),
                irq: machine.irq(),
                resources: machine.resources().iter().map(ToString::to_string).collect(),
            },
            inf: None,
            unmodelled: job.ranges,
            pin: job.pin,
            pin_format: job.pin_format,
            other_pins: job.other_pins,
            simulated_ns: job.simulated_ns,
            flow,
            processor: job.processor,
            driver: job.driver,
            violations: job.violations.iter().map(violation).collect(),
            violation_count: job.violation_count,
            warnings: job.warnings.iter().map(warning_facts).collect(),
            leaks: job.leaks.iter().map(leak_facts).collect(),
            hints: job.hints,
            outputs: Vec::new(),
            explain: None,
            first_lines: None,
        }
    }

    /// Adds the report of the failure that ended the run. After that, [`reason`](Summary::reason)
    /// also names the place in the driver that the report found.
    pub fn add_analysis(&mut self, analysis: Analysis) {
        self.reason = at_place(&self.reason, analysis.location.as_ref());
        self.analysis = Some(analysis);
    }

    /// Adds what an INF gave.
    pub fn add_inf(&mut self, inf: InfFacts) {
        self.inf = Some(inf);
    }

    /// Names an output that was written.
    pub fn add_output(&mut self, what: &'static str, path: String) {
        self.outputs.push(OutputFacts { what, path });
    }

    /// Adds the command line that explains the moment at which the run went wrong.
    pub fn add_explain(&mut self, command: String) {
        self.explain = Some(command);
    }

    /// Adds the first lines of the trace.
    pub fn add_first_lines(&mut self, lines: String) {
        self.first_lines = Some(lines);
    }

    /// The exit code of the run.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.outcome.exit()
    }

    /// How the run ended.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// One sentence on how the run ended.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The summary for people.
    #[must_use]
    pub fn text(&self) -> String {
        let analysis = self.analysis.as_ref().map(|analysis| format!("\n{analysis}"));
        text::render(self) + &analysis.unwrap_or_default()
    }

    /// The summary for programs.
    #[must_use]
    pub fn json(&self) -> String {
        crate::json(self)
    }
}

/// The output of a verb that could not do its work.
#[derive(Serialize, Debug)]
pub struct NoResult {
    version: u32,
    /// `None` if the command line is wrong, and after a fault of the program itself.
    verb: Option<&'static str>,
    outcome: &'static str,
    exit_code: u8,
    reason: String,
}

impl NoResult {
    /// Collects the facts of a verb that ended with `exit`. `reason` says why.
    #[must_use]
    pub fn new(verb: Option<&'static str>, exit: Exit, reason: String) -> NoResult {
        let (outcome, exit_code) = (exit.outcome(), exit as u8);
        NoResult { version: VERSION, verb, outcome, exit_code, reason }
    }
}

fn bug_check_facts(stop: &Stop) -> Option<BugCheckFacts> {
    let Stop::BugCheck(bug) = stop else { return None };
    Some(BugCheckFacts {
        code: bug.code.number(),
        name: bug.code.name(),
        parameters: bug.parameters,
        message: bug.message.clone(),
        irql: bug.irql.to_string(),
        time_ns: bug.time_ns,
    })
}

fn violation_facts(violation: &Violation, places: &BTreeMap<u64, Place>) -> ViolationFacts {
    ViolationFacts {
        time_ns: violation.time_ns,
        rule: violation.rule.id,
        meaning: violation.rule.meaning,
        message: violation.message.clone(),
        call_site: violation.call_site.and_then(|offset| places.get(&offset).cloned()),
    }
}

fn leak_facts(leak: &Leak) -> LeakFacts {
    let (kind, what, bytes) = match &leak.what {
        Left::Pool { tag, bytes } => ("pool", tag.clone(), Some(*bytes)),
        Left::Reference { interface } => ("reference", (*interface).to_owned(), None),
        Left::Object { kind } => ("object", (*kind).to_owned(), None),
    };
    let origin = leak.origin.as_ref();
    LeakFacts {
        kind,
        what,
        count: leak.count,
        bytes,
        routine: origin.and_then(|origin| origin.routine),
        call_site: origin.and_then(|origin| origin.place.clone()),
        text: leak.to_string(),
    }
}

fn warning_facts(warning: &Warning) -> WarningFacts {
    WarningFacts {
        what: match warning.advice {
            Advice::ServiceRoutine => "isr",
            Advice::Dpc => "dpc",
            Advice::Stall => "stall",
        },
        rule: warning.advice.rule().id,
        count: warning.count,
        advised_ns: warning.advice.limit_ns(),
        longest_ns: warning.longest_ns,
        first_ns: warning.first_ns,
    }
}
