//! The JSON of each job.

use portcls_machine::midi_file::{Damage, InputFormat, ReadOptions};
use portcls_machine::report::Filter;
use portcls_machine::report::diff::Mode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The jobs.
pub const JOBS: [&str; 11] = [
    "catalog", "run", "filters", "imports", "view", "compare", "check", "save", "ops", "forget",
    "kept",
];

/// The key with the name of the job.
const JOB: &str = "job";

/// Reads a job: its name, and its other keys.
///
/// # Errors
/// [`Refusal`]: the text is not JSON, is not an object, or names no job.
pub fn read(text: &[u8]) -> Result<(String, Value), Refusal> {
    let job: Value = serde_json::from_slice(text)
        .map_err(|error| Refusal::job(format!("the job is no JSON: {error}")))?;
    let Value::Object(mut keys) = job else {
        return Err(Refusal::job("a job is an object, as in {\"job\": \"run\"}"));
    };
    match keys.remove(JOB) {
        Some(Value::String(name)) => Ok((name, Value::Object(keys))),
        _ => {
            let words = format!("a job has its name in \"job\": {}", JOBS.join(", "));
            Err(Refusal::job(words))
        }
    }
}

/// Reads the keys of a job.
///
/// # Errors
/// [`Refusal`] with the first key that is unknown, is missing or has an impossible value.
pub fn of<J: DeserializeOwned>(keys: Value) -> Result<J, Refusal> {
    serde_json::from_value(keys).map_err(|error| Refusal::job(format!("the job: {error}")))
}

/// Separates the wanted keys from the others, for a job that also has the keys of another job.
pub fn split(keys: Value, wanted: &[&str]) -> (Value, Value) {
    let Value::Object(keys) = keys else { return (keys, Value::Null) };
    let (taken, rest): (Map<_, _>, Map<_, _>) =
        keys.into_iter().partition(|(key, _)| wanted.contains(&key.as_str()));
    (Value::Object(taken), Value::Object(rest))
}

/// A job that has no key but its name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct None {}

/// Drops a kept trace.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forget {
    /// The name of the trace.
    pub keep: String,
}

/// The direction of the music in a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// A song goes out.
    #[default]
    Play,
    /// A song comes in.
    Capture,
    /// A song goes out while another one comes in.
    Both,
}

impl Verb {
    /// The verb as a word.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Play => "play",
            Verb::Capture => "capture",
            Verb::Both => "both",
        }
    }
}

/// A card or a driver: one that comes with the program, or one from a file.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Choice {
    /// The name of a thing that comes with the program.
    Name(String),
    /// The name of a file that the page gave.
    File(String),
}

/// Music: exactly one of `tune`, `file`, `notes` and `bytes`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SongChoice {
    /// True for the built-in tune.
    pub tune: Option<bool>,
    /// A file that the page gave.
    pub file: Option<String>,
    /// How to read the file.
    pub format: Format,
    /// What to do with a damaged part of the file.
    pub damage: DamageWord,
    /// Notes by their names.
    pub notes: Option<String>,
    /// Bytes in hexadecimal.
    pub bytes: Option<String>,
}

impl SongChoice {
    /// How to read a file.
    pub fn options(&self) -> ReadOptions {
        let format = match self.format {
            Format::Auto => InputFormat::Auto,
            Format::Smf => InputFormat::Smf,
            Format::Syx => InputFormat::Syx,
            Format::Raw => InputFormat::Raw,
        };
        let damage = match self.damage {
            DamageWord::LeaveOut => Damage::LeaveOut,
            DamageWord::Clip => Damage::Clip,
            DamageWord::Refuse => Damage::Refuse,
        };
        ReadOptions { format, damage }
    }
}

/// How to read a file: the values of the program's option `--input-format`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    #[default]
    Auto,
    Smf,
    Syx,
    Raw,
}

/// What to do with a damaged part of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DamageWord {
    #[default]
    LeaveOut,
    Clip,
    Refuse,
}

/// The format of a pin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinFormatWord {
    #[default]
    Midi,
    Directmusic,
}

/// Which events a trace shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilterWord {
    #[default]
    Full,
    Registers,
}

impl From<FilterWord> for Filter {
    fn from(word: FilterWord) -> Filter {
        match word {
            FilterWord::Full => Filter::Full,
            FilterWord::Registers => Filter::Registers,
        }
    }
}

/// How strictly two traces are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModeWord {
    #[default]
    Causal,
    Order,
    Exact,
}

impl From<ModeWord> for Mode {
    fn from(word: ModeWord) -> Mode {
        match word {
            ModeWord::Causal => Mode::Causal,
            ModeWord::Order => Mode::Order,
            ModeWord::Exact => Mode::Exact,
        }
    }
}

/// An INF.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InfChoice {
    /// A file that the page gave.
    pub file: String,
    /// What to take from the INF: a description of a model, a hardware identifier or an install
    /// section.
    pub model: Option<String>,
}

/// A run of a driver. The jobs `filters` and `imports` have the same keys.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    pub verb: Verb,
    pub driver: Option<Choice>,
    pub card: Option<Choice>,
    /// min, typ, max or seeded:N.
    pub timing: Option<String>,
    pub song: Option<SongChoice>,
    /// What comes in while a song goes out.
    pub input: Option<SongChoice>,
    pub pin: Option<String>,
    pub pin_format: PinFormatWord,
    /// Hexadecimal.
    pub port: Option<String>,
    pub irq: Option<u32>,
    pub resources: Vec<String>,
    pub registry: Vec<String>,
    pub registry_file: Option<String>,
    pub inf: Option<InfChoice>,
    pub instruction_time: Option<String>,
    pub call_budget: Option<u64>,
    pub until: Option<String>,
    pub trace_filter: FilterWord,
    pub keep: Option<String>,
    pub outputs: Option<Vec<String>>,
}

/// Views of a trace.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// A kept trace, or a file with the text of a trace.
    pub of: String,
    #[serde(default)]
    pub trace_filter: FilterWord,
    /// The moment to explain.
    pub at: Option<String>,
    pub outputs: Vec<String>,
}

/// A comparison of two traces.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// The trace that was expected: a kept one, or a file.
    pub first: String,
    /// The trace that is compared with the first one.
    pub second: String,
    #[serde(default)]
    pub mode: ModeWord,
    /// How much a local delay may differ.
    pub tolerance: Option<String>,
    pub outputs: Option<Vec<String>>,
}

/// A scenario in a file.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub file: String,
    /// The file of the golden.
    pub golden: Option<String>,
    /// The card whose run is shown, if the scenario is for several cards.
    pub card: Option<String>,
    #[serde(default)]
    pub trace_filter: FilterWord,
    pub keep: Option<String>,
    pub outputs: Option<Vec<String>>,
}

/// The names of a scenario that is saved.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    pub name: String,
    pub title: Option<String>,
    pub why: Option<String>,
}

/// A register script on cards.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ops {
    pub file: Option<String>,
    pub text: Option<String>,
    /// The built-in cards. Without this key and without card files, the script runs on the cards
    /// that it is for.
    pub cards: Option<Cards>,
    /// The names of card files that the page gave.
    pub card_files: Vec<String>,
    pub timing: Option<String>,
}

/// The built-in cards on which a script runs.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(untagged)]
pub enum Cards {
    /// The word `all`, or the name of one card.
    Word(String),
    /// The names of cards.
    Names(Vec<String>),
}
