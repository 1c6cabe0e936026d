//! The command line: verbs, options, and the help that people read.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, PossibleValue, TypedValueParser};
use clap::error::Error as UsageError;
use clap::{Arg, Args, Command, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use portcls_machine::chip::{CardProfile, card, cards};
use portcls_machine::emulator::trace::{Hold, TraceConfig};
use portcls_machine::midi_file::InputFormat;
use portcls_machine::report::Filter;
use portcls_machine::{Driver, Machine, MachineBuilder, MachineError};

use crate::failure::EXIT_CODES;
use crate::input::Source;
use crate::output::Target;
use crate::simulated_time::parse_ns;

const PROGRAM_EXAMPLES: &str = "\
Examples:
  portcls-emu play                          the built-in tune, and a summary of the run
  portcls-emu play song.mid --trace t.txt   every register access into t.txt
  portcls-emu capture song.mid              the other way: MIDI IN to the application
  portcls-emu cards                         the cards that can be chosen";

const PLAY_EXAMPLES: &str = "\
Examples:
  portcls-emu play                                   the built-in tune
  portcls-emu play song.mid --card sb16              a song on another card
  portcls-emu play song.mid --trace -                the whole trace, the summary on stderr
  portcls-emu play --trace t.txt --filter registers  only what the hardware sees
  portcls-emu play song.mid --midi-out wire.mid      what the wire carried, with its times
  portcls-emu play dump.syx --format json            figures for a program
  cat song.mid | portcls-emu play -                  a song from stdin";

const CAPTURE_EXAMPLES: &str = "\
Examples:
  portcls-emu capture song.mid                     send a song into MIDI IN
  portcls-emu capture song.mid --raw-out got.bin   keep the bytes that the application read
  portcls-emu capture song.mid --midi-out got.mid  the same with the times of the port
  portcls-emu capture song.mid --card clone-dumb --trace -";

const JSON_FORM: &str = "\
The JSON summary:
  One object with \"version\": 1. Names that end in _ns are whole ns of simulated time, those in
  _permille are 1/1000. Later programs may add names; a name that goes or changes its meaning
  raises the version.";

const ENVIRONMENT: &str = "\
Environment:
  PCLS_LOG   diagnostics on stderr: error, warn, info, debug or trace
  NO_COLOR   no colours, also on a terminal";

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
}

/// What the program can do.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Plays a MIDI file out through the driver, and says how it went.
    ///
    /// The stream is closed once MIDI OUT has been idle for 100 ms. The outputs hold everything
    /// that MIDI OUT carried since power-on, with what a card sends by itself after a reset.
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
    /// Lists the cards with their main figures and where these come from.
    Cards {
        /// How to list them.
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
        format: Format,
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

/// The command line of `play`.
#[derive(Args, Debug)]
pub struct PlayArguments {
    /// The MIDI file (.mid, .rmi) or SysEx file (.syx); - is stdin [default: a built-in tune]
    #[arg(value_name = "FILE", value_parser = PathBufValueParser::new().map(Source::from))]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<Source>,
    #[command(flatten)]
    pub song: SongArguments,
    #[command(flatten)]
    pub machine: MachineArguments,
    #[command(flatten)]
    pub report: ReportArguments,
    /// Writes the bytes of MIDI OUT, since power-on.
    #[arg(long, value_name = "FILE", value_parser = target(), help_heading = "Outputs")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub wire_out: Option<Target>,
    /// Writes the same as a MIDI file with the times of the wire, in ticks of 10 us.
    #[arg(long, value_name = "FILE", value_parser = target(), help_heading = "Outputs")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub midi_out: Option<Target>,
}

/// The command line of `capture`.
#[derive(Args, Debug)]
pub struct CaptureArguments {
    /// The MIDI file (.mid, .rmi) or SysEx file (.syx); - is stdin
    #[arg(value_name = "FILE", value_parser = PathBufValueParser::new().map(Source::from))]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Source,
    #[command(flatten)]
    pub song: SongArguments,
    #[command(flatten)]
    pub machine: MachineArguments,
    #[command(flatten)]
    pub report: ReportArguments,
    /// Writes the bytes that the application read.
    #[arg(long, value_name = "FILE", value_parser = target(), help_heading = "Outputs")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub raw_out: Option<Target>,
    /// Writes the same as a MIDI file with the times that the port stamped, in ticks of 10 us.
    #[arg(long, value_name = "FILE", value_parser = target(), help_heading = "Outputs")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub midi_out: Option<Target>,
}

/// How to read the input.
#[derive(Args, Debug)]
pub struct SongArguments {
    /// How to read the file.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = FileFormat::Auto)]
    pub input_format: FileFormat,
}

/// The machine.
#[derive(Args, Debug)]
#[command(next_help_heading = "Machine")]
pub struct MachineArguments {
    /// The card.
    #[arg(long, value_name = "NAME", default_value = "roland-mpu401", value_parser = CardParser)]
    pub card: &'static CardProfile,
    /// The driver.
    #[arg(long, value_name = "NAME", default_value = "uart", value_parser = Driver::named)]
    pub driver: Driver,
    /// Where the card sits, in hexadecimal, at most FFFE.
    #[arg(long, value_name = "HEX", default_value = "330", value_parser = parse_port)]
    pub port: u16,
    /// Its interrupt line, 2 to 15; 2 means 9, as on a PC.
    #[arg(long, value_name = "NUMBER", default_value = "9", value_parser = parse_irq)]
    pub irq: u8,
    /// Stops at this simulated time since power-on, as in 250ms, 1.5s, 800us or 2m.
    #[arg(long, value_name = "TIME", value_parser = parse_ns)]
    pub until: Option<u64>,
}

impl MachineArguments {
    /// Builds the machine, whose trace holds what `hold` says.
    pub fn build(&self, hold: Hold) -> Result<Machine, MachineError> {
        MachineBuilder::new()
            .card_profile(self.card.clone())
            .driver(self.driver.clone())
            .port(self.port.into())?
            .irq(self.irq.into())?
            .trace(TraceConfig { hold, ..TraceConfig::default() })
            .until_ns(self.until)
            .build()
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
    /// The form of the summary.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub format: Format,
}

/// The form of what goes to stdout.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
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

/// How to read a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum FileFormat {
    /// By its first bytes: a MIDI file or a SysEx file.
    Auto,
    /// A Standard MIDI File, bare or in a RIFF wrapper.
    Smf,
    /// SysEx messages one after the other, all due at once.
    Syx,
    /// Bytes for the wire as they are, all due at once.
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

/// Finds a card by its name, and tells the shell and the help the names that there are.
#[derive(Clone)]
struct CardParser;

impl TypedValueParser for CardParser {
    type Value = &'static CardProfile;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Self::Value, UsageError> {
        let find = |name: &str| -> Result<Self::Value, MachineError> {
            let name = name.to_ascii_lowercase();
            MachineBuilder::new().card(&name)?;
            Ok(card(&name).expect("a card that the machine takes"))
        };
        find.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values = cards().iter().map(|card| PossibleValue::new(card.name).help(card.title));
        Some(Box::new(values))
    }
}

/// Reads a base port: hexadecimal digits, with or without 0x.
fn parse_port(text: &str) -> Result<u16, String> {
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X")).unwrap_or(text);
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let port = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex);
    let port = port.ok_or("use 0 to FFFE, in hexadecimal, with or without 0x")?;
    MachineBuilder::new().port(port).map_err(|error| error.to_string())?;
    Ok(port as u16)
}

/// Reads an interrupt line; 2 is 9.
fn parse_irq(text: &str) -> Result<u8, String> {
    let irq: u32 = text.parse().map_err(|_| "use 2 to 15 (2 means 9, as on a PC)")?;
    MachineBuilder::new().irq(irq).map_err(|error| error.to_string())?;
    Ok(if irq == 2 { 9 } else { irq as u8 })
}

/// Reads the name of an output; - is stdout.
fn target() -> impl TypedValueParser<Value = Target> {
    PathBufValueParser::new().map(|path: PathBuf| Target::from(path))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_port_is_hexadecimal_with_or_without_0x() {
        assert_eq!(parse_port("330"), Ok(0x330));
        assert_eq!(parse_port("0x330"), Ok(0x330));
        assert_eq!(parse_port("0XfFfE"), Ok(0xFFFE));
        assert_eq!(parse_port("0"), Ok(0));
        for text in ["", "0x", "+330", "330h", "-1", "FFFF", "10330", "FFFFFFFFFFFFFFFFF"] {
            assert!(parse_port(text).is_err(), "{text}");
        }
    }

    #[test]
    fn line_2_is_line_9() {
        assert_eq!(parse_irq("2"), Ok(9));
        assert_eq!(parse_irq("15"), Ok(15));
        for text in ["", "1", "16", "-3", "five", "4294967305"] {
            assert!(parse_irq(text).is_err(), "{text}");
        }
    }
}
