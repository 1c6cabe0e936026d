//! The command line: verbs, options, and the help that people read.
//!
//! `values` reads the values on the command line. `help` has the texts below the options in the
//! help. `machine` has the options of a machine. `traces` has the command lines of `check` and
//! `merge`, and of the verbs that read a trace.

mod help;
mod machine;
mod traces;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use portcls_machine::chip::CardTiming;
use portcls_machine::emulator::Rule;
use portcls_machine::midi_file::{Damage, ReadOptions};
use portcls_machine::report::vcd::{Dialect, Tick};
use portcls_machine::settings::{parse_port, parse_timing};

use crate::card::CardChoice;
use crate::console::Console;
use crate::failure::EXIT_CODES;
use crate::input::Input;
use crate::output::Target;
use crate::verbosity::Verbosity;

use help::{
    CAPTURE_EXAMPLES, CARDS_EXAMPLES, CHECK_ENVIRONMENT, CHECK_EXAMPLES, DEBUG_EXAMPLES,
    DIFF_EXAMPLES, DIFF_EXIT, ENVIRONMENT, EXPLAIN_EXAMPLES, EXPORT_EXAMPLES, FILTERS_EXAMPLES,
    IMPORTS_EXAMPLES, IMPORTS_EXIT, JSON_FORM, LATENCY_EXAMPLES, LATENCY_EXIT, MERGE_EXAMPLES,
    NEW_EXAMPLES, OPS_EXAMPLES, PLAY_EXAMPLES, PROGRAM_EXAMPLES, RULES_EXAMPLES, RUN_EXAMPLES,
    TRACE_EXAMPLES, script_lines,
};
use values::{CardParser, RuleParser, input, parse_gdb_place, target};

pub use machine::{MachineArguments, PinArguments};
pub use traces::{
    CheckArguments, CheckFormat, DiffArguments, ExplainArguments, ExportArguments,
    LatencyArguments, MergeArguments, Shown, TraceArguments, Unreferenced,
};
pub use values::{
    Bins, CardsChoice, DebugJob, ExportForm, FileFormat, Format, OpsFormat, PinFormatName, Place,
    RecipeName, SchemaName, TraceFilter, WaveDialect, WaveTick,
};

/// Runs a Windows MIDI driver on a simulated kernel and MPU-401 card, and traces every access.
///
/// A MIDI file goes through the whole stack: an application, the port class driver, the driver's
/// miniport, the card's registers and its MIDI wire. Time is simulated, so the same command
/// always gives the same result, byte for byte.
#[derive(Parser, Debug)]
#[command(
    name = "portcls-emu",
    version,
    max_term_width = 100,
    after_long_help = format!("{PROGRAM_EXAMPLES}\n\n{EXIT_CODES}\n\n{ENVIRONMENT}")
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    #[command(flatten)]
    pub verbosity: Verbosity,
}

/// What the program can do.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Plays a MIDI file out through the driver, and says how it went.
    ///
    /// The stream is closed once MIDI OUT has been idle for 100 ms. The outputs hold everything
    /// that MIDI OUT carried since power-on, including what a card sends by itself after a reset.
    /// They are written also when the run ends early.
    #[command(
        after_long_help = format!("{PLAY_EXAMPLES}\n\n{EXIT_CODES}\n\n{JSON_FORM}\n\n{ENVIRONMENT}")
    )]
    Play(PlayArguments),
    /// Sends a MIDI file into MIDI IN at its own times, and keeps what the application read.
    ///
    /// The song begins when the application runs its stream; a message that is due while the
    /// line is busy follows at once. The outputs are written also when the run ends early.
    #[command(
        after_long_help =
            format!("{CAPTURE_EXAMPLES}\n\n{EXIT_CODES}\n\n{JSON_FORM}\n\n{ENVIRONMENT}")
    )]
    Capture(CaptureArguments),
    /// Runs a Windows driver under gdb, forwards and backwards, or under lldb.
    ///
    /// The machine waits for a debugger before the driver's first instruction. Breakpoints,
    /// watchpoints and steps change nothing of the run. gdb can go back: the program then builds
    /// the machine anew and runs it to the earlier place. It is the same run, but what gdb wrote
    /// into registers or memory is gone. `monitor help` lists what can be asked of the machine:
    /// IRQL, time, card, pins, trace.
    #[command(
        after_long_help =
            format!("{DEBUG_EXAMPLES}\n\n{EXIT_CODES}\n\n{JSON_FORM}\n\n{ENVIRONMENT}")
    )]
    Debug(DebugArguments),
    /// Shows what a client sees of a driver: its filters, their pins, nodes and connections.
    ///
    /// The driver is started, and answers the requests that an application can send. Each pin for
    /// MIDI is opened and closed again with each of its formats. This tells whether play or capture
    /// can use it, or why not. --pin of these verbs takes the names and numbers that are shown.
    #[command(after_long_help = format!("{FILTERS_EXAMPLES}\n\n{EXIT_CODES}\n\n{ENVIRONMENT}"))]
    Filters(FiltersArguments),
    /// Runs register scripts on cards, and prints each access with its time and result.
    ///
    /// A script needs no driver: it is a list of accesses to the two ports of a card, with their
    /// expected results. Without --card a script runs on every card that it is for, and has a line
    /// for each card. A script that is not valid does not keep the other scripts from running. A
    /// script without an expected result checks nothing, which is a failure too.
    #[command(after_long_help = format!(
        "{OPS_EXAMPLES}\n\n{}\n\n{EXIT_CODES}\n\n{ENVIRONMENT}",
        script_lines()
    ))]
    Ops(OpsArguments),
    /// Lists what a compiled driver (.sys) imports and executes, and which parts are missing here.
    ///
    /// Nothing of the driver is run. Its code is read along branches and calls. Instructions that
    /// are missing in the bytes between this code are listed separately, because these bytes may be
    /// data. The list also has the classes and interfaces of PortCls that this code names, and says
    /// which of them the emulator gives to a driver.
    #[command(
        after_long_help = format!("{IMPORTS_EXAMPLES}\n\n{IMPORTS_EXIT}\n\n{EXIT_CODES}")
    )]
    Imports(ImportsArguments),
    /// Lists the cards with their main figures and where these come from, or checks them.
    #[command(after_long_help = format!("{CARDS_EXAMPLES}\n\n{EXIT_CODES}"))]
    Cards(CardsArguments),
    /// Lists the rules that a driver has to keep, or tells about one of them.
    ///
    /// If a driver breaks a rule, this is a violation, and the summary of the run names it. Some
    /// rules are only advice about times: to break one is a warning.
    #[command(after_long_help = format!("{RULES_EXAMPLES}\n\n{EXIT_CODES}"))]
    Rules(RulesArguments),
    /// Makes a crate for a driver of your own, with a test on a whole machine.
    ///
    /// The crate has a MIDI miniport for the MPU-401 that plays, a golden trace and a test on every
    /// card. Its name is the name of the folder.
    #[command(after_long_help = format!("{NEW_EXAMPLES}\n\n{EXIT_CODES}"))]
    New(NewArguments),
    /// Runs scenarios: text files with a machine, the steps of a run and the expected results.
    ///
    /// Each expected result has a line with what came and, if that differs, what was expected. A
    /// file that is not valid does not keep the others from running. The verb check compares the
    /// golden traces of scenarios.
    #[command(after_long_help = format!("{RUN_EXAMPLES}\n\n{EXIT_CODES}"))]
    Run(RunArguments),
    /// Checks scenarios: the expected results, and the golden trace, compared by causes.
    ///
    /// Each difference is a finding. It names the part of the machine that it belongs to (such as
    /// driver or card), what was expected, what came, and what follows from it. Files are written
    /// or removed only with --accept, --review, --out, --html and --unreferenced delete. A golden
    /// that is missing is a failure, and so is a check that checks nothing.
    #[command(after_long_help = format!("{CHECK_EXAMPLES}\n\n{EXIT_CODES}\n\n{CHECK_ENVIRONMENT}"))]
    Check(CheckArguments),
    /// Puts the results of all shards of a check together, and refuses an incomplete set.
    #[command(after_long_help = format!("{MERGE_EXAMPLES}\n\n{EXIT_CODES}"))]
    Merge(MergeArguments),
    /// Prints a trace again: as a golden, or for reading with durations, nesting and names.
    #[command(after_long_help = format!("{TRACE_EXAMPLES}\n\n{EXIT_CODES}"))]
    Trace(TraceArguments),
    /// Compares two traces by causes: what differs, in which part of the machine, and what follows.
    ///
    /// Two traces that are compared line by line go apart at the first interrupt that comes at
    /// another time. Here each event is compared with its cause: what it waited for, and how long.
    #[command(after_long_help = format!("{DIFF_EXAMPLES}\n\n{DIFF_EXIT}\n\n{EXIT_CODES}"))]
    Diff(DiffArguments),
    /// Shows a trace in another form: a page to look at, a picture, lines of JSON, waveforms.
    ///
    /// The trace is text that --trace wrote. The page is one file that needs no network; its
    /// address takes a place, as in page.html#at=256.779ms. docs/views.md of the project shows each
    /// form.
    #[command(after_long_help = format!("{EXPORT_EXAMPLES}\n\n{EXIT_CODES}"))]
    Export(ExportArguments),
    /// Explains one moment of a trace: what happened, what ran, the causes, and the effects.
    #[command(after_long_help = format!("{EXPLAIN_EXAMPLES}\n\n{EXIT_CODES}"))]
    Explain(ExplainArguments),
    /// Measures a trace: how long interrupts and DPCs ran, and how long things waited.
    ///
    /// Several traces, or a song on several cards, are one table: the longest times of each run.
    #[command(after_long_help = format!("{LATENCY_EXAMPLES}\n\n{LATENCY_EXIT}\n\n{EXIT_CODES}"))]
    Latency(LatencyArguments),
    /// Writes the JSON Schema of a summary, a scenario file or a line of a trace.
    Schema {
        /// The document.
        document: SchemaName,
    },
    /// Writes the completions for a shell to stdout.
    ///
    /// Bash reads them from ~/.local/share/bash-completion/completions/portcls-emu, zsh from a
    /// file _portcls-emu in a folder of its fpath.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Writes the manual pages of the program and its verbs to stdout.
    ///
    /// To read them: portcls-emu man | man -l -
    Man,
}

impl Verb {
    /// The form of the document that the verb prints when it cannot do its work; [`Format::Text`]
    /// means no document. The document goes to stdout, or to stderr if an output takes stdout.
    pub fn document(&self) -> (Format, Console) {
        let (format, outputs) = match self {
            Verb::Play(arguments) => {
                let own = [arguments.wire_out.as_ref(), arguments.midi_out.as_ref()];
                (arguments.report.format, [&arguments.report.outputs()[..], &own].concat())
            }
            Verb::Capture(arguments) => {
                let own = [arguments.raw_out.as_ref(), arguments.midi_out.as_ref()];
                (arguments.report.format, [&arguments.report.outputs()[..], &own].concat())
            }
            Verb::Debug(arguments) => {
                (arguments.report.format, arguments.report.outputs().to_vec())
            }
            Verb::Filters(arguments) => (arguments.format, Vec::new()),
            Verb::Imports(arguments) => (arguments.format, Vec::new()),
            Verb::Cards(arguments) => (arguments.format, Vec::new()),
            Verb::Rules(arguments) => (arguments.format, Vec::new()),
            Verb::Diff(arguments) => (arguments.format, vec![arguments.html.as_ref()]),
            Verb::Explain(arguments) => (arguments.format, Vec::new()),
            Verb::Latency(arguments) => (arguments.format, Vec::new()),
            // These verbs print no document about a failure. The usual documents of `ops`, `run`
            // and `check` name each file that is not valid.
            Verb::New(_)
            | Verb::Ops(_)
            | Verb::Run(_)
            | Verb::Export(_)
            | Verb::Check(_)
            | Verb::Merge(_)
            | Verb::Trace(_)
            | Verb::Schema { .. }
            | Verb::Completions { .. }
            | Verb::Man => (Format::Text, Vec::new()),
        };
        let is_taken = outputs.contains(&Some(&Target::Stdout));
        (format, if is_taken { Console::Stderr } else { Console::Stdout })
    }

    /// The name of the verb on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Verb::Play(_) => "play",
            Verb::Capture(_) => "capture",
            Verb::Debug(_) => "debug",
            Verb::Filters(_) => "filters",
            Verb::Ops(_) => "ops",
            Verb::Imports(_) => "imports",
            Verb::Cards(_) => "cards",
            Verb::Rules(_) => "rules",
            Verb::New(_) => "new",
            Verb::Run(_) => "run",
            Verb::Check(_) => "check",
            Verb::Merge(_) => "merge",
            Verb::Trace(_) => "trace",
            Verb::Diff(_) => "diff",
            Verb::Explain(_) => "explain",
            Verb::Latency(_) => "latency",
            Verb::Export(_) => "export",
            Verb::Schema { .. } => "schema",
            Verb::Completions { .. } => "completions",
            Verb::Man => "man",
        }
    }
}

/// The command line of `play`.
#[derive(Args, Debug)]
pub struct PlayArguments {
    /// The MIDI file (.mid, .rmi) or SysEx file (.syx); - is stdin [default: a built-in tune]
    #[arg(value_name = "FILE", value_parser = input())]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<Input>,
    #[command(flatten)]
    pub song: SongArguments,
    #[command(flatten)]
    pub machine: MachineArguments,
    #[command(flatten)]
    pub client: PinArguments,
    #[command(flatten)]
    pub report: ReportArguments,
    /// Writes the bytes of MIDI OUT, since power-on.
    #[arg(long, value_name = "FILE", value_parser = target(), help_heading = "Outputs")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub wire_out: Option<Target>,
    /// Writes a MIDI file of these bytes with their times on the wire, in ticks of 10 us.
    #[arg(long, value_name = "FILE", value_parser = target(), help_heading = "Outputs")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub midi_out: Option<Target>,
}

/// The command line of `capture`.
#[derive(Args, Debug)]
pub struct CaptureArguments {
    /// The MIDI file (.mid, .rmi) or SysEx file (.syx); - is stdin
    #[arg(value_name = "FILE", value_parser = input())]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Input,
    #[command(flatten)]
    pub song: SongArguments,
    #[command(flatten)]
    pub machine: MachineArguments,
    #[command(flatten)]
    pub client: PinArguments,
    #[command(flatten)]
    pub report: ReportArguments,
    /// Writes the bytes that the application read.
    #[arg(long, value_name = "FILE", value_parser = target(), help_heading = "Outputs")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub raw_out: Option<Target>,
    /// Writes a MIDI file of these bytes with the times that the port stamped, in ticks of 10 us.
    #[arg(long, value_name = "FILE", value_parser = target(), help_heading = "Outputs")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub midi_out: Option<Target>,
}

/// The command line of `debug`.
#[derive(Args, Debug)]
pub struct DebugArguments {
    /// The MIDI file (.mid, .rmi) or SysEx file (.syx); - is stdin [default: a built-in tune]
    #[arg(value_name = "FILE", value_parser = input())]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<Input>,
    #[command(flatten)]
    pub song: SongArguments,
    #[command(flatten)]
    pub machine: MachineArguments,
    #[command(flatten)]
    pub client: PinArguments,
    #[command(flatten)]
    pub report: ReportArguments,
    /// Where to wait for the debugger: PORT, or ADDRESS:PORT. Port 0 takes a free one.
    ///
    /// A program that reaches that port can do with the driver what a debugger can. Without an
    /// address only programs on this machine reach it.
    #[arg(long, value_name = "PLACE", default_value = "1234", default_missing_value = "1234")]
    #[arg(num_args = 0..=1, value_parser = parse_gdb_place, help_heading = "Debugger")]
    pub gdb: SocketAddr,
    /// What the machine does under the debugger.
    #[arg(long, value_enum, value_name = "JOB", default_value_t = DebugJob::Play)]
    #[arg(help_heading = "Debugger")]
    pub job: DebugJob,
}

/// The command line of `new`.
#[derive(Args, Debug)]
pub struct NewArguments {
    /// The folder of the crate: a new one, or an empty one.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// A clone of the project with the crates that the driver uses [default: the clone from which
    /// this program was built, or crates.io].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub crates: Option<PathBuf>,
}

/// The command line of `run`.
#[derive(Args, Debug)]
pub struct RunArguments {
    /// The scenarios (.toml); - is stdin
    #[arg(value_name = "FILE", required = true, value_parser = input())]
    #[arg(value_hint = ValueHint::FilePath)]
    pub files: Vec<Input>,
    /// Writes the whole trace of the only scenario as text; - is stdout, and the results then go to
    /// stderr.
    #[arg(long, value_name = "FILE", value_parser = target(), value_hint = ValueHint::FilePath)]
    pub trace: Option<Target>,
    /// Which events the trace shows.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = TraceFilter::Full)]
    pub filter: TraceFilter,
    /// Writes the whole trace of the only scenario as a page to look at; - is stdout, and the
    /// results then go to stderr.
    #[arg(long, value_name = "FILE", value_parser = target(), value_hint = ValueHint::FilePath)]
    pub html: Option<Target>,
    /// The form of the results.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
}

/// The command line of `filters`.
#[derive(Args, Debug)]
pub struct FiltersArguments {
    #[command(flatten)]
    pub machine: MachineArguments,
    /// How to show it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
}

/// The command line of `ops`.
#[derive(Args, Debug)]
pub struct OpsArguments {
    /// The register scripts (.ops), and folders with such scripts; - is stdin
    #[arg(value_name = "FILE", required = true, value_parser = input())]
    #[arg(value_hint = ValueHint::AnyPath)]
    pub files: Vec<Input>,
    /// The card: a name that `cards` lists, or a card file that ends in .toml [default: every card
    /// that a script names in its `cards:` lines, or all cards if it names none].
    #[arg(long, value_name = "CARD", value_parser = CardParser)]
    pub card: Option<CardChoice>,
    /// The card's latencies within their ranges: min, typ, max, or seeded:N for random ones.
    #[arg(long, value_name = "POINT", default_value = "typ", value_parser = parse_timing)]
    pub card_timing: CardTiming,
    #[command(flatten)]
    pub waves: WaveArguments,
    /// The form of the results.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OpsFormat::Text)]
    pub format: OpsFormat,
    /// Prints a recipe that does the accesses of the script on a real card.
    #[arg(long, value_enum, value_name = "HOST", conflicts_with_all = ["results", "vcd"])]
    #[arg(help_heading = "A real card")]
    pub record: Option<RecipeName>,
    /// The base port of the real card, in hexadecimal [default: the card's usual port, 330 for
    /// nearly all].
    #[arg(long, value_name = "HEX", value_parser = parse_port, requires = "record")]
    #[arg(help_heading = "A real card")]
    pub port: Option<u16>,
    /// Reads what a recipe of --record printed, and compares it with the script and with the model
    /// of the card.
    #[arg(long, value_name = "FILE", value_parser = input(), conflicts_with = "vcd")]
    #[arg(value_hint = ValueHint::FilePath, help_heading = "A real card")]
    pub results: Option<Input>,
}

/// The command line of `imports`.
#[derive(Args, Debug)]
pub struct ImportsArguments {
    /// The driver (.sys), for x64 or x86; - is stdin
    #[arg(value_name = "FILE", value_parser = input())]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Input,
    /// How to show it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
}

/// The command line of `cards`.
#[derive(Args, Debug)]
pub struct CardsArguments {
    /// Runs the built-in register scripts on every card, and shows the results of each card.
    #[arg(long)]
    pub check: bool,
    /// Writes a card as a file for --card, with the meaning of each key.
    #[arg(long, value_name = "CARD", value_parser = CardParser)]
    #[arg(conflicts_with_all = ["check", "card", "format"])]
    pub show: Option<CardChoice>,
    /// Only this card. If a card file is based on another card, --check expects the results of that
    /// other card.
    #[arg(long, value_name = "CARD", value_parser = CardParser)]
    pub card: Option<CardChoice>,
    /// The latencies for the check: min, typ, max, or seeded:N.
    #[arg(long, value_name = "POINT", default_value = "typ", value_parser = parse_timing)]
    #[arg(requires = "check")]
    pub card_timing: CardTiming,
    /// How to show it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
}

/// The command line of `rules`.
#[derive(Args, Debug)]
pub struct RulesArguments {
    /// The name of a rule [default: all of them]
    #[arg(value_name = "NAME", value_parser = RuleParser, hide_possible_values = true)]
    pub name: Option<&'static Rule>,
    /// How to show it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
}

/// How to read the input.
#[derive(Args, Debug)]
pub struct SongArguments {
    /// How to read the file.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = FileFormat::Auto)]
    pub input_format: FileFormat,
    /// Refuses a file of which a part would be left out because it is damaged or cut.
    #[arg(long, conflicts_with = "clip")]
    pub strict: bool,
    /// Takes a data byte above 127 of a MIDI file as 127; without it the message is left out.
    #[arg(long)]
    pub clip: bool,
}

impl SongArguments {
    /// The options of the reader.
    pub fn options(&self) -> ReadOptions {
        let damage = match (self.strict, self.clip) {
            (true, _) => Damage::Refuse,
            (false, true) => Damage::Clip,
            (false, false) => Damage::LeaveOut,
        };
        ReadOptions { format: self.input_format.into(), damage }
    }
}

/// What is said of the run.
#[derive(Args, Debug)]
#[command(next_help_heading = "Outputs")]
pub struct ReportArguments {
    /// Writes the trace as text; - is stdout, and the summary then goes to stderr.
    #[arg(long, value_name = "FILE", value_parser = target(), value_hint = ValueHint::FilePath)]
    pub trace: Option<Target>,
    /// Which events the trace shows.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = TraceFilter::Full)]
    pub filter: TraceFilter,
    /// Writes the trace as a page to look at: one file for a browser.
    #[arg(long, value_name = "FILE", value_parser = target(), value_hint = ValueHint::FilePath)]
    pub html: Option<Target>,
    #[command(flatten)]
    pub waves: WaveArguments,
    /// The form of the summary.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
}

impl ReportArguments {
    fn outputs(&self) -> [Option<&Target>; 3] {
        [self.trace.as_ref(), self.html.as_ref(), self.waves.vcd.as_ref()]
    }
}

/// The waveforms.
#[derive(Args, Debug)]
#[command(next_help_heading = "Outputs")]
pub struct WaveArguments {
    /// Writes the wires, the flags and the interrupt line as waveforms (VCD).
    ///
    /// The flags DRR and DSR and the levels of the card's buffers are recorded at each change, even
    /// if nothing reads STATUS. A trace that is written in the same run then has them too.
    #[arg(long, value_name = "FILE", value_parser = target(), value_hint = ValueHint::FilePath)]
    pub vcd: Option<Target>,
    /// The kind of program that reads the waveforms.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = WaveDialect::Full)]
    #[arg(requires = "vcd")]
    pub vcd_dialect: WaveDialect,
    /// The unit of time of the waveforms [default: 1ns for full, 1us for sigrok].
    #[arg(long, value_enum, value_name = "TIME", requires = "vcd")]
    pub vcd_tick: Option<WaveTick>,
}

impl WaveArguments {
    /// The dialect of the waveforms and their time unit.
    pub fn form(&self) -> (Dialect, Tick) {
        let dialect: Dialect = self.vcd_dialect.into();
        (dialect, self.vcd_tick.map_or(dialect.usual_tick(), Into::into))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
