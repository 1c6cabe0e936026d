//! The command lines of `check`, `merge` and the verbs that read a trace.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum, ValueHint};
use portcls_machine::report::diff::{DiffOptions, PollRule, Start, Tolerance};
use portcls_machine::report::latency::Budget;
use portcls_machine::settings::parse_ns;

use super::values::{CardsParser, CompareMode, UndrivenBits, input, parse_budget, target};
use super::{Bins, CardsChoice, ExportForm, Format, Input, Place, TraceFilter, WaveDialect};
use crate::check::Shard;
use crate::driver::DriverChoice;
use crate::output::Target;
use crate::section::Section;

/// The command line of `check`.
#[derive(Args, Debug)]
pub struct CheckArguments {
    /// The scenarios (.toml), and folders with scenarios
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Writes the new trace as the golden of each scenario whose golden differs or is missing. With
    /// names, as in --accept=chord,remove, it does so only for these scenarios.
    #[arg(long, value_name = "NAME", num_args = 0.., require_equals = true)]
    #[arg(value_delimiter = ',', help_heading = "New goldens")]
    pub accept: Option<Vec<String>>,
    /// Asks on the terminal about each scenario whose golden is missing, damaged or different.
    #[arg(long, conflicts_with = "accept", help_heading = "New goldens")]
    pub review: bool,
    /// What to do with a golden that belongs to no scenario of its folder.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Unreferenced::Fail)]
    #[arg(help_heading = "New goldens")]
    pub unreferenced: Unreferenced,
    /// Writes the new trace, a text about what is wrong and a page of each scenario that failed
    /// into this folder, and removes these files of each scenario that passed.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Writes the trace of the only scenario as a page, with the findings and what the golden has
    /// instead; - is stdout, and the results then go to stderr.
    #[arg(long, value_name = "FILE", value_parser = target(), value_hint = ValueHint::FilePath)]
    pub html: Option<Target>,
    /// Checks one of N parts of the scenarios; `merge` puts the results together.
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    pub shard: Option<Shard>,
    /// How many scenarios run at once [default: one on each processor].
    #[arg(long, value_name = "COUNT")]
    pub jobs: Option<usize>,
    /// How to show the results.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
}

/// The command line of `merge`.
#[derive(Args, Debug)]
pub struct MergeArguments {
    /// The output of check --shard I/N --format json for each shard; - is stdin
    #[arg(value_name = "FILE", required = true, value_parser = input())]
    #[arg(value_hint = ValueHint::FilePath)]
    pub files: Vec<Input>,
    /// How to show the results.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
}

/// The command line of `trace`.
#[derive(Args, Debug)]
pub struct TraceArguments {
    /// The trace; - is stdin
    #[arg(value_name = "TRACE", value_parser = input())]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Input,
    /// What to show beside the events, as in durations,nesting. Without this option the text can
    /// be a golden.
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    pub show: Vec<Shown>,
    /// Which events to show.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = TraceFilter::Full)]
    pub filter: TraceFilter,
    #[command(flatten)]
    pub section: SectionArguments,
}

/// The part of a trace that a verb looks at.
///
/// `export` has the same options without `--to`, which names its form.
#[derive(Args, Debug)]
pub struct SectionArguments {
    /// Begins at a time since power-on, as in 256.7ms, or at the first mark that begins with these
    /// words.
    #[arg(long, value_name = "TIME|MARK", value_parser = Place::parse)]
    pub from: Option<Place>,
    /// Ends at a time since power-on, or at the next mark that begins with these words.
    #[arg(long, alias = "to", value_name = "TIME|MARK", value_parser = Place::parse)]
    pub until: Option<Place>,
}

impl SectionArguments {
    /// The section between the places of `--from` and `--until`.
    pub fn section(&self) -> Section<'_> {
        Section { from: self.from.as_ref(), until: self.until.as_ref() }
    }
}

/// Something that a text of a trace shows beside the events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Shown {
    /// At each return how long the call took, with ! after an ISR of more than 25 us and after a
    /// DPC of more than 100 us.
    Durations,
    /// Open calls move the events to the right.
    Nesting,
    /// The names of the ports: DATA, STATUS and COMMAND.
    Names,
    /// Times since power-on.
    Absolute,
    /// One line for all polls of one wait.
    Polls,
    /// The end of a byte and the start of the next become one line.
    Bytes,
    /// All of these, except absolute.
    All,
}

/// The command line of `diff`.
#[derive(Args, Debug)]
pub struct DiffArguments {
    /// The trace that is expected; - is stdin
    #[arg(value_name = "A", value_parser = input())]
    #[arg(value_hint = ValueHint::FilePath)]
    pub first: Input,
    /// The trace that came; - is stdin
    #[arg(value_name = "B", value_parser = input())]
    #[arg(value_hint = ValueHint::FilePath)]
    pub second: Input,
    #[command(flatten)]
    pub section: SectionArguments,
    /// How many findings to show.
    #[arg(long, value_name = "COUNT", default_value_t = 12)]
    pub most: usize,
    /// How to show them.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
    /// Writes a page with B, the findings, and what A had instead; - is stdout, and the findings
    /// then go to stderr.
    #[arg(long, value_name = "FILE", value_parser = target(), value_hint = ValueHint::FilePath)]
    pub html: Option<Target>,
    #[command(flatten)]
    pub compare: CompareArguments,
}

/// What counts as a difference of two traces.
#[derive(Args, Debug)]
#[command(next_help_heading = "What counts as a difference")]
pub struct CompareArguments {
    /// How strictly the traces are compared.
    #[arg(long, value_enum, value_name = "MODE", default_value_t = CompareMode::Causal)]
    pub compare: CompareMode,
    /// How much the time from a cause to its event may differ: by a time (5us), by a percentage
    /// (2%), or by the larger of both (5us|2%).
    #[arg(long, value_name = "LIMIT", default_value = "0", value_parser = Tolerance::from_str)]
    pub tolerance: Tolerance,
    /// Which numbers of polls are equal: exact, any, or count:N, where they may differ by N.
    #[arg(long, value_name = "RULE", default_value = "exact", value_parser = PollRule::from_str)]
    pub polls: PollRule,
    /// Whether to compare the bits of STATUS that the card does not drive. Their values have no
    /// meaning.
    #[arg(long, value_enum, value_name = "RULE", default_value_t = UndrivenBits::Compare)]
    pub undriven: UndrivenBits,
    /// Actors whose events have no fixed place among the events of other actors, as in wire,line.
    ///
    /// A causal comparison requires an order of two events only where one waits for the other. It
    /// reports any other change of the order only if nothing else differs. An exact comparison
    /// requires the order of all events. In both, the events of such an actor have an order only
    /// among themselves.
    #[arg(long, value_name = "ACTOR", value_delimiter = ',')]
    pub unordered: Vec<String>,
}

impl CompareArguments {
    /// The options of the comparison.
    pub fn options(&self) -> DiffOptions {
        DiffOptions {
            mode: self.compare.into(),
            tolerance: self.tolerance,
            polls: self.polls,
            undriven: self.undriven.into(),
            unordered: self.unordered.clone(),
            start: Start::PowerOn,
        }
    }
}

/// The command line of `explain`.
#[derive(Args, Debug)]
pub struct ExplainArguments {
    /// The trace; - is stdin
    #[arg(value_name = "TRACE", value_parser = input())]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Input,
    /// Explains the last event at or before this time since power-on, as in 256.779ms.
    #[arg(long, value_name = "TIME", value_parser = parse_ns)]
    pub at: u64,
    /// How to show it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
}

/// The command line of `export`.
#[derive(Args, Debug)]
pub struct ExportArguments {
    /// The trace; - is stdin
    #[arg(value_name = "TRACE", value_parser = input())]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Input,
    /// The form.
    #[arg(long = "to", value_enum, value_name = "FORM")]
    pub form: ExportForm,
    /// Where it goes; - is stdout.
    #[arg(short, long, value_name = "FILE", value_parser = target(), default_value = "-")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub out: Target,
    /// Begins at a time since power-on, as in 256.7ms, or at the first mark that begins with these
    /// words.
    #[arg(long, value_name = "TIME|MARK", value_parser = Place::parse)]
    pub from: Option<Place>,
    /// Ends at a time since power-on, or at the next mark that begins with these words.
    #[arg(long, value_name = "TIME|MARK", value_parser = Place::parse)]
    pub until: Option<Place>,
    /// The kind of program that reads the waveforms.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = WaveDialect::Full)]
    pub vcd_dialect: WaveDialect,
}

impl ExportArguments {
    /// The places between which the trace is shown.
    pub fn section(&self) -> Section<'_> {
        Section { from: self.from.as_ref(), until: self.until.as_ref() }
    }
}

/// The command line of `latency`.
#[derive(Args, Debug)]
pub struct LatencyArguments {
    /// The traces; - is stdin
    #[arg(value_name = "TRACE", value_parser = input(), required_unless_present = "cards")]
    #[arg(value_hint = ValueHint::FilePath, conflicts_with = "cards")]
    pub files: Vec<Input>,
    /// Plays a song on these cards instead: names with commas between them, or all.
    #[arg(long, value_name = "CARDS", value_delimiter = ',', value_parser = CardsParser)]
    #[arg(conflicts_with_all = ["from", "until"])]
    pub cards: Vec<CardsChoice>,
    /// The song for --cards [default: the built-in tune]
    #[arg(long, value_name = "FILE", value_parser = input(), conflicts_with = "files")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub song: Option<Input>,
    /// The driver for --cards: one that is built in, or the path of a .sys file.
    #[arg(long, value_name = "DRIVER", default_value = "uart", conflicts_with = "files")]
    #[arg(value_parser = DriverChoice::parse, value_hint = ValueHint::FilePath)]
    pub driver: DriverChoice,
    /// The longest times allowed, as in isr=25us,dpc=100us; a longer time is exit code 1.
    #[arg(long, value_name = "SPAN=TIME", value_delimiter = ',', value_parser = parse_budget)]
    pub budget: Vec<Budget>,
    /// The edges of the histogram: times with commas between them, or latencymon for the edges that
    /// LatencyMon uses [default: 10us,25us,100us,250us,500us,1ms]
    #[arg(long, value_name = "TIMES", value_parser = Bins::parse)]
    pub bins: Option<Bins>,
    #[command(flatten)]
    pub section: SectionArguments,
    /// How to show it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
}

/// The form of the results of `check`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum CheckFormat {
    /// For people.
    Text,
    /// For programs; `merge` reads it.
    Json,
    /// JUnit XML, for CI systems.
    Junit,
    /// results.json of a test runner of Exercism, version 2.
    Results,
}

/// What to do with a golden that no scenario has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Unreferenced {
    /// The check fails.
    Fail,
    /// A warning.
    Warn,
    /// The golden is removed.
    Delete,
}

fn parse_shard(text: &str) -> Result<Shard, String> {
    let numbers = text
        .split_once('/')
        .and_then(|(index, of)| Some(Shard { index: index.parse().ok()?, of: of.parse().ok()? }));
    numbers
        .filter(|shard| (1..=shard.of).contains(&shard.index))
        .ok_or_else(|| "write I/N, as in 2/3: part 2 of 3".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_one_of_several_parts() {
        assert_eq!(parse_shard("2/3"), Ok(Shard { index: 2, of: 3 }));
        for text in ["", "2", "0/3", "4/3", "1/0", "a/b", "1/2/3", "-1/2"] {
            assert!(parse_shard(text).is_err(), "{text}");
        }
    }
}
