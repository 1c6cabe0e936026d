//! The failures that stop a verb, and the exit codes.

use std::io;
use std::path::PathBuf;

use portcls_machine::card_bench::card_file::CardFileError;
use portcls_machine::card_bench::ops::OpsError;
use portcls_machine::driver_file::image::ImageError;
use portcls_machine::inf_file::InfError;
use portcls_machine::midi_file::MidiFileError;
use portcls_machine::report::html::TooManyEvents;
use portcls_machine::report::text::ParseError;
use portcls_machine::scenario::ScenarioError;
use portcls_machine::{InfRemedy, MachineError, PinFormat, RegistryFileError};
use portcls_results::file_kind::{OtherKind, Wanted, other_kind};

use crate::input::Input;

pub use portcls_results::Exit;

/// The exit codes in words, for the help and the manual.
pub const EXIT_CODES: &str = "\
Exit codes:
   0  good; also when --until was reached
   1  a check failed or checked nothing, bytes were lost or came from nowhere, a part of the file
      was left out, a request failed, or the driver refused to start
   2  wrong usage
   3  a file is missing, is not valid, or cannot be read or written; a debugger's connection broke
   4  the driver ended in a bug check, a hang or a panic
   5  the driver broke a documented rule, or left memory or an interrupt behind
  70  a fault of portcls-emu itself";

/// Why a verb could not do its work: what, where, and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Two options name one output.
    #[error("{first} and {second} both write to {place}: give each a place of its own")]
    SameOutput {
        /// The option that came first.
        first: &'static str,
        /// The other option.
        second: &'static str,
        /// The place that both options name.
        place: String,
    },
    /// An output is also an input file.
    #[error("{option} would write over the input {path}: give it another name")]
    OutputIsInput {
        /// The option.
        option: &'static str,
        /// The file.
        path: String,
    },
    /// The command line asks for more messages and for fewer.
    #[error("-q leaves messages out and -v adds some: give one of them")]
    QuietAndVerbose,
    /// The folder for a new crate has files already, or is not a folder.
    #[error("{folder} cannot be a new crate: {reason}; name a folder that does not exist yet")]
    NotANewFolder {
        /// The folder.
        folder: String,
        /// Why the folder cannot be used.
        reason: String,
    },
    /// The name of a folder cannot be the name of a crate.
    #[error(
        "'{name}' cannot be the name of a crate: name a folder with letters, digits, - and _, \
         beginning with a letter"
    )]
    NotACrateName {
        /// The name of the folder.
        name: String,
    },
    /// A folder does not have the crates of this program.
    #[error("{folder} has no crates of portcls-emu: name the folder of a clone of the project")]
    NoCrates {
        /// The folder.
        folder: String,
    },
    /// An input cannot be read.
    #[error("cannot read {name}: {reason}; {mend}")]
    CannotRead {
        /// The input.
        name: String,
        /// What the system says.
        reason: String,
        /// What to do.
        mend: String,
    },
    /// An input is a file of another kind.
    #[error("{name}: {kind}")]
    OtherKind {
        /// The input.
        name: String,
        /// What the file is.
        kind: OtherKind,
    },
    /// The command line names stdin a second time.
    #[error("stdin can be read only once: give - once, and files for the rest")]
    StdinTwice,
    /// A script is too long.
    #[error("{name}: the script has {bytes} bytes, the limit is {limit}: split it")]
    ScriptTooBig {
        /// The input.
        name: String,
        /// The length of the input, or the length at which reading ended.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The user wants waveforms but chose no card.
    #[error("--vcd shows one card: choose the card with --card")]
    WavesOfAllCards,
    /// An option is about one script, and the command line names another number of scripts.
    #[error("{option} is about one script: give one file")]
    OneScript {
        /// The option.
        option: &'static str,
    },
    /// The results of a recipe have no form for CI systems.
    #[error("--results has no form junit: use --format text or json")]
    NoJunitOfResults,
    /// A text is not a register script.
    #[error(transparent)]
    NotAScript(#[from] OpsError),
    /// An option is about one scenario, and the files have another number of scenarios.
    #[error("{option} is about one scenario: give one file, for one card")]
    OneScenario {
        /// The option.
        option: &'static str,
    },
    /// The user wants a page, but more than one scenario is checked.
    #[error(
        "--html is about one scenario: give one file, for one card, or --out for a page of each \
         scenario that fails"
    )]
    OneScenarioForAPage,
    /// A text is not a scenario.
    #[error(transparent)]
    NotAScenario(#[from] ScenarioError),
    /// A text is not a card.
    #[error(transparent)]
    NotACard(#[from] CardFileError),
    /// An input holds nothing that can be played.
    #[error("{name}: {source}{}", option_for(.source))]
    NotPlayable {
        /// The input.
        name: String,
        /// What is wrong with the content.
        source: MidiFileError,
    },
    /// An input is longer than the longest driver.
    #[error("{name}: the file has {bytes} bytes, the limit is {limit}: give a driver's .sys file")]
    DriverTooBig {
        /// The input.
        name: String,
        /// The length of the input, or the length at which reading ended.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A file is not a driver that can run here.
    #[error("{name}: {source}")]
    NotADriver {
        /// The input.
        name: String,
        /// What is wrong with the content.
        source: ImageError,
    },
    /// A file does not hold registry values.
    #[error("{name}, {error}")]
    NotARegistryFile {
        /// The file.
        name: String,
        /// What is wrong with the content, and where.
        error: RegistryFileError,
    },
    /// A text is not an INF that can be used.
    #[error(transparent)]
    NotAnInf(#[from] InfError),
    /// A trace is too long.
    #[error("{name}: the trace has {bytes} bytes, the limit is {limit}: take a shorter one")]
    TraceTooBig {
        /// The input.
        name: String,
        /// The length of the input, or the length at which reading ended.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A text is not a trace.
    #[error("{name}, {source}")]
    NotATrace {
        /// The input.
        name: String,
        /// What is wrong with the content.
        source: ParseError,
    },
    /// A trace has no such mark.
    #[error("{name}: no mark begins with '{mark}': the lines with == are the marks")]
    NoMark {
        /// The input.
        name: String,
        /// The words for which the verb searched.
        mark: String,
    },
    /// A trace is too long for a page.
    #[error("{name}: {source}: cut it with export --from and --until, or shorten the run")]
    TooMuchForAPage {
        /// The trace, or the page that was wanted.
        name: String,
        /// How long the trace is.
        source: TooManyEvents,
    },
    /// A part of a trace has no event.
    #[error("{name}: nothing happened between --from and --until: give other places")]
    NothingBetween {
        /// The input.
        name: String,
    },
    /// A trace has no event up to a time.
    #[error("{name}: nothing happened up to this time: give a later one with --at")]
    NothingYet {
        /// The input.
        name: String,
    },
    /// The program may not write or remove goldens in CI.
    #[error(
        "{option} is refused because CI is set: look at the difference at home, accept it there, \
         and commit the golden"
    )]
    AcceptInCi {
        /// The option.
        option: &'static str,
    },
    /// There is no terminal on which a user could answer.
    #[error("--review asks on a terminal: use --accept where there is none")]
    ReviewNeedsTerminal,
    /// No scenario has this name.
    #[error("--accept: no scenario of these paths is named '{name}'")]
    NoSuchScenario {
        /// The name.
        name: String,
    },
    /// The folder for failures has scenarios in it. The outputs would lie beside their goldens.
    #[error("--out {folder} has scenarios in it: give a folder of its own")]
    OutBesideGoldens {
        /// The folder.
        folder: String,
    },
    /// A file is not the JSON document of a check.
    #[error("{name}: {reason}; give what check --shard I/N --format json printed")]
    NotResults {
        /// The file.
        name: String,
        /// What is wrong with the content.
        reason: String,
    },
    /// The results do not come from all shards of one check.
    #[error("the results do not fit together: {reason}; give one of each shard of one check")]
    ShardsDoNotFit {
        /// What does not fit.
        reason: String,
    },
    /// An output cannot be written.
    #[error("cannot write {place}: {reason}; {mend}")]
    CannotWrite {
        /// The output.
        place: String,
        /// Why the output cannot be written.
        reason: String,
        /// What to do.
        mend: &'static str,
    },
    /// The program cannot listen at this address.
    #[error("cannot wait for gdb at {address}: {reason}; give another port with --gdb PORT")]
    CannotListen {
        /// The address.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// The conversation with a debugger broke off.
    #[error(
        "the conversation with the debugger broke off: {0}; start `debug` and the debugger again"
    )]
    Debugger(String),
    /// The driver does not start, so its filters cannot be shown.
    #[error("{0}; play with --trace - shows what the driver did")]
    Filters(MachineError),
    /// The machine cannot be built, its driver does not start, or the driver cannot be debugged.
    #[error("{0}{hint}", hint = where_to_look(.0))]
    Machine(#[from] MachineError),
}

impl Failure {
    /// The failure for a file of a wrong kind, after its reader refused it. `None` if the file is
    /// of no known kind or of the kind that is wanted.
    pub fn other_kind(name: &str, file: &[u8], wanted: Wanted) -> Option<Failure> {
        other_kind(file, wanted).map(|kind| Failure::OtherKind { name: name.to_owned(), kind })
    }

    /// The failure for an input that the system cannot read.
    pub fn cannot_read(input: &Input, error: &io::Error, mend: &str) -> Failure {
        let near = (error.kind() == io::ErrorKind::NotFound).then(|| input.near_file()).flatten();
        let mend = match near {
            Some(near) => format!("did you mean {}? {mend}", Input::File(near).name()),
            None => mend.to_owned(),
        };
        Failure::CannotRead { name: input.name(), reason: system_words(error), mend }
    }

    /// The failure for a conversation with a debugger that broke off.
    pub fn debugger(error: &io::Error) -> Failure {
        Failure::Debugger(match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                "it closed the connection before the run was over".to_owned()
            }
            _ => system_words(error),
        })
    }

    /// The failure for an address at which the system cannot listen.
    pub fn cannot_listen(address: impl ToString, error: &io::Error) -> Failure {
        Failure::CannotListen { address: address.to_string(), reason: system_words(error) }
    }

    /// The failure for an output that the system cannot write.
    pub fn cannot_write(place: impl Into<PathBuf>, error: &io::Error) -> Failure {
        let mend = match error.kind() {
            io::ErrorKind::StorageFull => "make room, or choose another place",
            _ => "choose a place that you may write to",
        };
        let place = place.into().display().to_string();
        Failure::CannotWrite { place, reason: system_words(error), mend }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Failure::SameOutput { .. }
            | Failure::OutputIsInput { .. }
            | Failure::StdinTwice
            | Failure::QuietAndVerbose
            | Failure::WavesOfAllCards
            | Failure::OneScript { .. }
            | Failure::OneScenario { .. }
            | Failure::OneScenarioForAPage
            | Failure::NoJunitOfResults
            | Failure::NotANewFolder { .. }
            | Failure::NotACrateName { .. }
            | Failure::NoCrates { .. }
            | Failure::NoMark { .. }
            | Failure::NothingYet { .. }
            | Failure::NothingBetween { .. }
            | Failure::AcceptInCi { .. }
            | Failure::ReviewNeedsTerminal
            | Failure::NoSuchScenario { .. }
            | Failure::OutBesideGoldens { .. }
            | Failure::CannotListen { .. } => Exit::Usage,
            Failure::CannotRead { .. }
            | Failure::OtherKind { .. }
            | Failure::ScriptTooBig { .. }
            | Failure::NotAScript(_)
            | Failure::NotAScenario(_)
            | Failure::TraceTooBig { .. }
            | Failure::NotResults { .. }
            | Failure::ShardsDoNotFit { .. }
            | Failure::NotATrace { .. }
            | Failure::TooMuchForAPage { .. }
            | Failure::NotACard(_)
            | Failure::NotPlayable { .. }
            | Failure::DriverTooBig { .. }
            | Failure::NotADriver { .. }
            | Failure::NotARegistryFile { .. }
            | Failure::NotAnInf(_)
            | Failure::Debugger(_)
            | Failure::CannotWrite { .. } => Exit::BadFile,
            Failure::Machine(error) => Exit::from(error),
            Failure::Filters(MachineError::Stopped(_)) => Exit::DriverDied,
            Failure::Filters(_) => Exit::CheckFailed,
        }
    }
}

/// The words after an error of a machine: options that help, or where the user can see more.
fn where_to_look(error: &MachineError) -> &'static str {
    match error {
        MachineError::NotDebuggable { .. }
        | MachineError::BadResource { .. }
        | MachineError::BadRegistryValue { .. } => "",
        MachineError::InfResources { remedy, .. } => match remedy {
            InfRemedy::PortOrResources => ": --port or --resource",
            InfRemedy::LineOrResources => ": --irq or --resource",
            InfRemedy::Resources => ": --resource",
        },
        MachineError::WrongPin { .. } => "; `filters` shows all of them",
        MachineError::NoPin { format, has_other, .. }
            if *has_other || *format != PinFormat::default() =>
        {
            "; `filters` shows the formats of each pin, and --pin-format chooses one"
        }
        _ => "; with --trace - you see what the driver did",
    }
}

/// The words after an error of the reader of MIDI files: a change of the options that helps.
fn option_for(error: &MidiFileError) -> &'static str {
    match error {
        MidiFileError::NotMidi { .. } => " (--input-format raw)",
        MidiFileError::NotWhole { .. } => " (without --strict)",
        _ => "",
    }
}

/// What the system says of an error, without its number.
fn system_words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
