//! Reads the values on the command line, and says what is wrong with one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, PossibleValue, TypedValueParser};
use clap::error::Error as UsageError;
use clap::{Arg, Command, ValueEnum};
use portcls_machine::card_bench::ops::RecipeHost;
use portcls_machine::chip::{card, cards};
use portcls_machine::emulator::Rule;
use portcls_machine::midi_file::InputFormat;
use portcls_machine::report::Filter;
use portcls_machine::report::diff::{Mode, Undriven};
use portcls_machine::report::latency::{BinEdges, Budget, Span, latencymon_bins};
use portcls_machine::report::vcd::{Dialect, Tick};
use portcls_machine::settings::{TimeError, parse_ns};
use portcls_machine::{CardResource, MachineBuilder, MachineError, PinFormat, rules};

use crate::card::CardChoice;
use crate::input::Input;
use crate::output::Target;

/// The form of the text on stdout.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// The form of the results of register scripts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum OpsFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// JUnit XML, for CI systems.
    Junit,
}

/// How strictly two traces are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum CompareMode {
    /// Event for event, time to the ns; options such as --tolerance then have no effect.
    Exact,
    /// Each event with its cause, and with its time after this cause.
    Causal,
    /// Each event with its cause, without times: for a driver compiled anew.
    Order,
}

impl From<CompareMode> for Mode {
    fn from(mode: CompareMode) -> Mode {
        match mode {
            CompareMode::Exact => Mode::Exact,
            CompareMode::Causal => Mode::Causal,
            CompareMode::Order => Mode::Order,
        }
    }
}

/// Whether bits without a meaning count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum UndrivenBits {
    /// They count.
    Compare,
    /// They do not count.
    Ignore,
}

impl From<UndrivenBits> for Undriven {
    fn from(bits: UndrivenBits) -> Undriven {
        match bits {
            UndrivenBits::Compare => Undriven::Compare,
            UndrivenBits::Ignore => Undriven::Ignore,
        }
    }
}

/// The system with the real card, for a recipe.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum RecipeName {
    /// DEBUG of DOS: debug < RECIPE > RESULTS.
    Dos,
    /// Python 3 on Linux: sudo python3 RECIPE > RESULTS.
    Linux,
}

impl From<RecipeName> for RecipeHost {
    fn from(name: RecipeName) -> RecipeHost {
        match name {
            RecipeName::Dos => RecipeHost::Dos,
            RecipeName::Linux => RecipeHost::Linux,
        }
    }
}

/// A document with a schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum SchemaName {
    /// The summary of play, capture and debug.
    Summary,
    /// A scenario file, for editors.
    Scenario,
    /// A line of a trace that export --to jsonl writes.
    Trace,
}

/// The form in which a trace is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ExportForm {
    /// A page for a browser, in one file.
    Html,
    /// A picture of a section, for a document.
    Svg,
    /// One JSON document a line, for programs; `schema trace` writes the JSON Schema.
    Jsonl,
    /// Waveforms, for GTKWave, Surfer and sigrok.
    Vcd,
    /// Tracks with flows, for the Perfetto UI.
    #[cfg(feature = "perfetto")]
    Perfetto,
    /// A table, for DuckDB, Polars and Spark.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// A place in a trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A time since power-on in ns.
    Time(u64),
    /// The words with which a mark begins.
    Mark(String),
}

impl Place {
    /// Reads a place. A text without the form of a time is the words of a mark.
    ///
    /// # Errors
    /// The text is empty, or is a time that is too long or has digits below 1 ns.
    pub fn parse(text: &str) -> Result<Place, String> {
        match parse_ns(text) {
            Ok(time_ns) => Ok(Place::Time(time_ns)),
            Err(TimeError::Form) if !text.is_empty() => Ok(Place::Mark(text.to_owned())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What the machine does while it is debugged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum DebugJob {
    /// The file goes out through the driver.
    Play,
    /// The file comes in on MIDI IN.
    Capture,
}

/// Which events a trace shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum TraceFilter {
    /// The bus, the interrupt line and the wires: what the hardware sees.
    Registers,
    /// Every event.
    Full,
}

impl From<TraceFilter> for Filter {
    fn from(filter: TraceFilter) -> Filter {
        match filter {
            TraceFilter::Registers => Filter::Registers,
            TraceFilter::Full => Filter::Full,
        }
    }
}

/// The program that is to read the waveforms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum WaveDialect {
    /// Viewers such as GTKWave and Surfer: all wires, times in ns.
    Full,
    /// Logic analysers such as sigrok-cli and PulseView: wires of one bit, times in us.
    Sigrok,
}

impl From<WaveDialect> for Dialect {
    fn from(dialect: WaveDialect) -> Dialect {
        match dialect {
            WaveDialect::Full => Dialect::Full,
            WaveDialect::Sigrok => Dialect::Sigrok,
        }
    }
}

/// How to read a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum FileFormat {
    /// By its first bytes: a MIDI file or a SysEx file.
    Auto,
    /// A Standard MIDI File, bare or in a RIFF wrapper.
    Smf,
    /// SysEx messages one after the other. All bytes are due at the start.
    Syx,
    /// Bytes for the wire as they are. All bytes are due at the start.
    Raw,
}

impl From<FileFormat> for InputFormat {
    fn from(format: FileFormat) -> InputFormat {
        match format {
            FileFormat::Auto => InputFormat::Auto,
            FileFormat::Smf => InputFormat::Smf,
            FileFormat::Syx => InputFormat::Syx,
            FileFormat::Raw => InputFormat::Raw,
        }
    }
}

/// The format with which the application opens a pin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum PinFormatName {
    /// MIDI bytes, in KSMUSICFORMAT records.
    Midi,
    /// DirectMusic events, in DMUS_EVENTHEADER records.
    #[value(name = "directmusic")]
    DirectMusic,
}

impl From<PinFormatName> for PinFormat {
    fn from(name: PinFormatName) -> PinFormat {
        match name {
            PinFormatName::Midi => PinFormat::Midi,
            PinFormatName::DirectMusic => PinFormat::DirectMusic,
        }
    }
}

/// The unit of time of the waveforms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum WaveTick {
    /// 1 ns, the unit of the trace.
    #[value(name = "1ns")]
    Nanosecond,
    /// 100 ns. To read such a file takes sigrok five times as long as with 1us.
    #[value(name = "100ns")]
    HundredNanoseconds,
    /// 1 us.
    #[value(name = "1us")]
    Microsecond,
}

impl From<WaveTick> for Tick {
    fn from(tick: WaveTick) -> Tick {
        match tick {
            WaveTick::Nanosecond => Tick::Nanosecond,
            WaveTick::HundredNanoseconds => Tick::HundredNanoseconds,
            WaveTick::Microsecond => Tick::Microsecond,
        }
    }
}

/// Reads a card: the name of a built-in card, or a path that ends in .toml. Gives the names of the
/// built-in cards to the shell and the help.
#[derive(Clone)]
pub struct CardParser;

impl TypedValueParser for CardParser {
    type Value = CardChoice;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Self::Value, UsageError> {
        let path = Path::new(value);
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
            return Ok(CardChoice::File(path.to_owned()));
        }
        let find = |name: &str| -> Result<Self::Value, MachineError> {
            let name = name.to_ascii_lowercase();
            MachineBuilder::new().card(&name)?;
            Ok(CardChoice::BuiltIn(card(&name).expect("a card that the machine takes")))
        };
        find.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let known = cards().iter().chain(card("absent"));
        let values = known.map(|card| PossibleValue::new(&*card.name).help(&*card.title));
        Some(Box::new(values))
    }
}

/// Finds a rule by its name, and gives the names of all rules to the shell.
#[derive(Clone)]
pub struct RuleParser;

impl TypedValueParser for RuleParser {
    type Value = &'static Rule;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Self::Value, UsageError> {
        parse_rule.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(rules::all().map(|rule| PossibleValue::new(rule.id))))
    }
}

fn parse_rule(name: &str) -> Result<&'static Rule, String> {
    rules::find(name).ok_or_else(|| {
        let hint = match &rules::near_names(name)[..] {
            [] => "`rules` lists all".to_owned(),
            near => format!("did you mean {}?", near.join(" or ")),
        };
        format!("there is no rule '{name}'; {hint}")
    })
}

/// Reads a resource of the device.
pub fn parse_resource(text: &str) -> Result<CardResource, String> {
    text.parse::<CardResource>().map_err(|error| error.hint.to_owned())
}

/// Reads the name of an input; - is stdin.
pub fn input() -> impl TypedValueParser<Value = Input> {
    PathBufValueParser::new().map(|path: PathBuf| Input::from(path))
}

/// Reads the name of an output; - is stdout.
pub fn target() -> impl TypedValueParser<Value = Target> {
    PathBufValueParser::new().map(|path: PathBuf| Target::from(path))
}

/// Reads the address at which the program waits for gdb: a port of this machine, or an address
/// with a port.
pub fn parse_gdb_place(text: &str) -> Result<SocketAddr, String> {
    let loopback = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let bare = text.strip_prefix(':').unwrap_or(text);
    let local = text.strip_prefix("localhost:").unwrap_or(bare);
    let port = local.parse::<u16>().map(loopback).ok();
    port.or_else(|| text.parse().ok()).ok_or_else(|| {
        "give a port from 0 to 65535, or an address with one, as in 1234 or 127.0.0.1:1234"
            .to_owned()
    })
}

/// The edges of a histogram, in ns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bins(pub BinEdges);

impl Bins {
    /// The most edges that fit into a line.
    const MOST: usize = 12;

    /// Reads the edges.
    pub fn parse(text: &str) -> Result<Bins, String> {
        if text == "latencymon" {
            return Ok(Bins(latencymon_bins()));
        }
        let edges: Result<BinEdges, TimeError> = text.split(',').map(parse_ns).collect();
        let edges = edges.map_err(|error| error.to_string())?;
        match edges.is_sorted_by(|before, after| before < after) {
            false => Err("each time must be longer than the one before".to_owned()),
            true if edges.len() > Bins::MOST => Err(format!("at most {} times", Bins::MOST)),
            true => Ok(Bins(edges)),
        }
    }
}

/// Reads a budget: the name of a span and its longest time.
pub fn parse_budget(text: &str) -> Result<Budget, String> {
    let names = || Span::ALL.map(Span::name).join(", ");
    let (name, time) = text.split_once('=').ok_or("write SPAN=TIME, as in isr=25us")?;
    let span = Span::ALL.into_iter().find(|span| span.name() == name);
    let span = span.ok_or_else(|| format!("there is no span {name:?}; the spans: {}", names()))?;
    let limit_ns = parse_ns(time).map_err(|error| error.to_string())?;
    Ok(Budget { span, limit_ns })
}

/// The card or cards that one value of `--cards` chooses.
#[derive(Clone, Debug)]
pub enum CardsChoice {
    /// Every card.
    All,
    /// One card.
    Card(CardChoice),
}

/// Reads a card as [`CardParser`] does, or `all`.
#[derive(Clone, Debug)]
pub struct CardsParser;

impl TypedValueParser for CardsParser {
    type Value = CardsChoice;

    fn parse_ref(
        &self,
        command: &Command,
        option: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<CardsChoice, UsageError> {
        match value.to_str() {
            Some("all") => Ok(CardsChoice::All),
            _ => CardParser.parse_ref(command, option, value).map(CardsChoice::Card),
        }
    }
}
