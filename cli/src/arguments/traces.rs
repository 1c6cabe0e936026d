//! The command lines of the verbs that read a trace.

use clap::{Args, ValueHint};
use portcls_machine::report::latency::Budget;
use portcls_machine::settings::parse_ns;

use super::values::{CardsParser, input, parse_budget, target};
use super::{Bins, CardsChoice, ExportForm, Format, Place, WaveDialect};
use crate::driver::DriverChoice;
use crate::input::Input;
use crate::output::Target;

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
    /// Compares from the first mark that begins with these words.
    #[arg(long, value_name = "MARK")]
    pub from: Option<String>,
    /// Compares up to the next mark that begins with these words.
    #[arg(long, value_name = "MARK")]
    pub to: Option<String>,
    /// How much the time from a cause to its event may differ.
    #[arg(long, value_name = "TIME", default_value = "0ns", value_parser = parse_ns)]
    pub tolerance: u64,
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
    /// For whom the waveforms are.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = WaveDialect::Full)]
    pub vcd_dialect: WaveDialect,
}

/// The command line of `explain`.
#[derive(Args, Debug)]
pub struct ExplainArguments {
    /// The trace; - is stdin
    #[arg(value_name = "TRACE", value_parser = input())]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Input,
    /// The time since power-on, as in 256.779ms: the last event up to it is explained.
    #[arg(long, value_name = "TIME", value_parser = parse_ns)]
    pub at: u64,
    /// How to show it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
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
    /// The edges of the histogram: times with commas between them, or latencymon for those of this
    /// program [default: 10us,25us,100us,250us,500us,1ms]
    #[arg(long, value_name = "TIMES", value_parser = Bins::parse)]
    pub bins: Option<Bins>,
    /// Measures from the first mark that begins with these words.
    #[arg(long, value_name = "MARK", conflicts_with = "cards")]
    pub from: Option<String>,
    /// Measures up to the next mark that begins with these words.
    #[arg(long, value_name = "MARK", conflicts_with = "cards")]
    pub to: Option<String>,
    /// How to show it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
}
