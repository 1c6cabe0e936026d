//! Writes a run as a scenario: its text, and the files that it names.

use std::collections::BTreeMap;
use std::fmt::Write;

use portcls_machine::emulator::Stop;
use portcls_machine::midi_file::{Song, write_smf};
use portcls_machine::scenario::Outcome;
use portcls_machine::{RegistrySetting, read_registry};
use portcls_results::numbers::counted;

use crate::choice::choose;
use crate::files::{Files, bare_name, stem};
use crate::job::{Choice, InfChoice, PinFormatWord, Run, Verb};
use crate::refusal::Refusal;
use crate::song::{self, Music, Origin};

/// An expectation writes out music of at most this many bytes. For longer music it has the number
/// of bytes.
const WRITTEN_OUT_BYTES: usize = 256;

/// How long a step that waits for the music may take, in s, beyond the length of the music and the
/// time that the bytes need on the wire.
const PATIENCE_S: u64 = 60;

/// A run as a scenario.
pub struct Recipe {
    /// The text before `[expect]`.
    head: String,
    /// The expectations when all goes well.
    intended: String,
    /// The text before `[expect]` for a driver that refuses to start. This text has no steps.
    refused_head: String,
    /// The files that the scenario names.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What was odd in the music.
    pub notes: Vec<String>,
}

/// The words of a scenario.
pub struct Title<'a> {
    /// The name of the scenario. The names of its golden and of its music files begin with this
    /// name.
    pub name: &'a str,
    /// What the scenario shows.
    pub title: &'a str,
    /// Why the scenario expects what its `[expect]` says.
    pub why: Option<&'a str>,
}

impl Recipe {
    /// Writes a run as a scenario.
    ///
    /// # Errors
    /// [`Refusal`]: a file cannot be used, a setting is not possible, or the chosen music cannot be
    /// read or written.
    pub fn new(files: &Files, job: &Run, title: &Title<'_>) -> Result<Recipe, Refusal> {
        // This call checks the settings. So an error about a wrong setting has the words of the
        // job, and not those of the reader of scenarios.
        choose(files, job)?;
        let mut named = BTreeMap::new();
        let head = machine(files, job, title, &mut named)?;
        let (steps, intended, notes) = steps(files, job, title, &mut named)?;
        Ok(Recipe {
            refused_head: head.clone(),
            head: head + &steps,
            intended,
            files: named,
            notes,
        })
    }

    /// The scenario that expects that all goes well, with a golden or without.
    pub fn intended(&self, golden: Golden) -> String {
        format!("{}\n[expect]\n{}{}", self.head, self.intended, golden.text())
    }

    /// The scenario that expects the end that the run had: a refused start, broken rules, a bug
    /// check, a hang or leaks. Its `[expect]` says nothing of the bytes.
    pub fn observed(&self, outcome: &Outcome, golden: Golden) -> String {
        let head = match outcome.refused {
            Some(_) => &self.refused_head,
            None => &self.head,
        };
        format!("{head}\n[expect]\n{}{}", observed(outcome), golden.text())
    }
}

/// Whether a scenario has a golden.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Golden {
    /// It has the whole trace as its golden.
    Whole,
    /// It has no golden.
    None,
}

impl Golden {
    fn text(self) -> &'static str {
        match self {
            Golden::Whole => "\n[golden]\n",
            Golden::None => "",
        }
    }
}

/// A text in quotes, as TOML writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

/// A line with a key and a text.
fn line(key: &str, text: &str) -> String {
    format!("{key} = {}\n", quoted(text))
}

fn machine(
    files: &Files,
    job: &Run,
    title: &Title<'_>,
    named: &mut BTreeMap<String, Vec<u8>>,
) -> Result<String, Refusal> {
    let mut text = format!("version = 1\n{}", line("title", title.title));
    text.extend(title.why.map(|why| line("why", why)));
    text.push_str("\n[machine]\n");
    match &job.card {
        Some(Choice::Name(name)) => text.push_str(&line("card", name)),
        Some(Choice::File(name)) => {
            let mut file = bare_name(name).to_owned();
            // A scenario takes a word for a card file only if the word ends in `.toml`.
            if !file.to_ascii_lowercase().ends_with(".toml") {
                file.push_str(".toml");
            }
            // The card's file must not have the name of the scenario's own file.
            if stem(&file) == title.name {
                file = format!("card-{file}");
            }
            text.push_str(&line("card", &file));
            named.insert(file, files.get(name)?.to_vec());
        }
        None => {}
    }
    let texts = [("port", &job.port), ("timing", &job.timing), ("until", &job.until)];
    text.extend(texts.iter().filter_map(|(key, value)| Some(line(key, value.as_ref()?))));
    text.extend(job.irq.map(|irq| format!("irq = {irq}\n")));
    if !job.resources.is_empty() {
        let resources: Vec<String> = job.resources.iter().map(|text| quoted(text)).collect();
        let _ = writeln!(text, "resources = [{}]", resources.join(", "));
    }
    text.push_str("\n[driver]\n");
    match &job.driver {
        Some(Choice::File(name)) => {
            let file = bare_name(name).to_owned();
            text.push_str(&line("path", &file));
            named.insert(file, files.get(name)?.to_vec());
        }
        Some(Choice::Name(name)) => text.push_str(&line("name", name)),
        None => text.push_str(&line("name", crate::choice::USUAL_DRIVER)),
    }
    if let Some(InfChoice { file: name, model }) = &job.inf {
        let mut file = bare_name(name).to_owned();
        // In a scenario, the name of a model can follow only a name that ends in `.inf`.
        if !file.to_ascii_lowercase().ends_with(".inf") {
            file.push_str(".inf");
        }
        let model = model.as_ref().map_or(String::new(), |model| format!(":{model}"));
        text.push_str(&line("inf", &format!("{file}{model}")));
        named.insert(file, files.get(name)?.to_vec());
    }
    text.extend(job.instruction_time.as_ref().map(|time| line("instruction-time", time)));
    text.extend(job.call_budget.map(|budget| format!("call-budget = {budget}\n")));
    text.push_str(&registry(files, job)?);
    Ok(text)
}

fn registry(files: &Files, job: &Run) -> Result<String, Refusal> {
    let mut values = Vec::new();
    if let Some(name) = &job.registry_file {
        let bytes = files.text(name)?;
        // This call refuses a file with a wrong line. So each line below is a value, a remark or
        // empty.
        read_registry(&bytes).map_err(|error| Refusal::file(name, error))?;
        let lines = String::from_utf8_lossy(&bytes).into_owned();
        let lines = lines.lines().map(|line| line.trim_end_matches('\r'));
        let is_value = |line: &&str| line.parse::<RegistrySetting>().is_ok();
        values.extend(lines.filter(is_value).map(str::to_owned));
    }
    values.extend(job.registry.iter().cloned());
    let pairs: BTreeMap<&str, &str> =
        values.iter().filter_map(|value| value.split_once('=')).collect();
    if pairs.is_empty() {
        return Ok(String::new());
    }
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{} = {}", quoted(name), quoted(value))).collect();
    Ok(format!("registry = {{ {} }}\n", pairs.join(", ")))
}

/// A step with these keys and their values.
fn step(keys: &[(&str, String)]) -> String {
    let lines: String = keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    format!("\n[[step]]\n{lines}")
}

/// The steps, the expectations when all goes well, and what was odd in the music.
fn steps(
    files: &Files,
    job: &Run,
    title: &Title<'_>,
    named: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(String, String, Vec<String>), Refusal> {
    let (out, input) = match job.verb {
        Verb::Play => (Some(song::read(files, job.song.as_ref())?), None),
        Verb::Capture => (None, Some(song::read(files, job.song.as_ref())?)),
        Verb::Both => {
            let input = job.input.as_ref().or(job.song.as_ref());
            let song = song::read(files, job.song.as_ref())?;
            (Some(song), Some(song::read(files, input)?))
        }
    };
    let mut text = String::new();
    let mut intended = String::new();
    for (pin, _) in pins(&out, &input) {
        text.push_str(&opening(job, pin));
    }
    if input.is_some() {
        let pin = ("pin", quoted("capture"));
        let state = ("state", quoted("run"));
        text.push_str(&step(&[state, pin.clone()]));
        text.push_str(&step(&[("requests", "4".to_owned()), ("refill", "true".to_owned()), pin]));
    }
    if out.is_some() {
        text.push_str(&step(&[("state", quoted("run")), ("pin", quoted("render"))]));
    }
    text.push_str(&step(&[("mark", quoted("the music begins"))]));
    let mut longest_ns = 0;
    for (music, direction) in [(&input, Direction::In), (&out, Direction::Out)] {
        let Some(music) = music else { continue };
        longest_ns = longest_ns.max(music.song.duration_ns());
        text.push_str(&music_step(music, direction, title, named)?);
        intended.push_str(&intention(&music.song, direction));
    }
    // A wire carries a byte in 320 us, so 3,125 bytes a second. The limit allows a second for
    // 2,000 bytes.
    let bytes: usize = pins(&out, &input).map(|(_, music)| music.song.byte_count()).sum();
    let within_s = longest_ns / 1_000_000_000 + bytes as u64 / 2_000 + PATIENCE_S;
    let within = ("within", quoted(&format!("{within_s}s")));
    if out.is_some() {
        text.push_str(&step(&[("wait", quoted("silence")), within.clone()]));
    }
    if input.is_some() {
        text.push_str(&step(&[("wait", quoted("input")), within]));
        text.push_str(&step(&[("wait", quoted("100ms"))]));
    }
    let closing: Vec<&str> = pins(&out, &input).map(|(pin, _)| pin).collect();
    for pin in closing {
        text.push_str(&step(&[("close", quoted(pin))]));
    }
    text.push_str(&step(&[("pnp", quoted("unload"))]));
    let notes = [out, input].into_iter().flatten().flat_map(|music| music.notes).collect();
    Ok((text, intended, notes))
}

/// The pins that have music, each with its music: first render, then capture.
fn pins<'m>(
    out: &'m Option<Music>,
    input: &'m Option<Music>,
) -> impl Iterator<Item = (&'static str, &'m Music)> {
    let out = out.iter().map(|music| ("render", music));
    out.chain(input.iter().map(|music| ("capture", music)))
}

fn opening(job: &Run, pin: &str) -> String {
    let mut keys = vec![("open", quoted(pin))];
    // With both directions, the chosen pin is the one for the music that goes out.
    if let Some(choice) = &job.pin
        && (job.verb != Verb::Both || pin == "render")
    {
        keys.push(("filter", quoted(choice)));
    }
    if job.pin_format == PinFormatWord::Directmusic {
        keys.push(("format", quoted("directmusic")));
    }
    step(&keys)
}

/// The direction of music.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Out,
    In,
}

fn music_step(
    music: &Music,
    direction: Direction,
    title: &Title<'_>,
    named: &mut BTreeMap<String, Vec<u8>>,
) -> Result<String, Refusal> {
    let (notes, bytes, file) = match direction {
        Direction::Out => ("notes", "write", "file"),
        Direction::In => ("cable-notes", "cable", "cable-file"),
    };
    Ok(match &music.origin {
        Origin::Notes(text) => step(&[(notes, quoted(text))]),
        Origin::Bytes(text) => step(&[(bytes, quoted(text))]),
        Origin::File | Origin::Tune => {
            let word = if direction == Direction::Out { "song" } else { "input" };
            let name = format!("{}-{word}.mid", title.name);
            // A scenario refuses a damaged file. So the recipe writes a new file with the music
            // that could be read.
            let whole =
                write_smf(music.song.iter()).map_err(|error| Refusal::file(&music.name, error))?;
            let text = step(&[(file, quoted(&name))]);
            named.insert(name, whole);
            text
        }
    })
}

/// The expectations for music when all goes well.
fn intention(song: &Song, direction: Direction) -> String {
    let (key, count_key) = match direction {
        Direction::Out => ("wire-out", "wire-out-count"),
        Direction::In => ("read", "read-count"),
    };
    if song.byte_count() > WRITTEN_OUT_BYTES {
        return format!("{count_key} = {}\n", song.byte_count());
    }
    let bytes = song.iter().flat_map(|message| message.bytes.to_vec());
    let bytes: Vec<String> = bytes.map(|byte| format!("{byte:02X}")).collect();
    line(key, &bytes.join(" "))
}

/// The expectations for the end that a run had.
fn observed(outcome: &Outcome) -> String {
    let mut text = String::new();
    if let Some(status) = outcome.refused {
        text.push_str(&line("refused", &status.to_string()));
    }
    let mut rules: Vec<String> =
        outcome.violations.iter().map(|violation| quoted(violation.rule.id)).collect();
    rules.sort_unstable();
    rules.dedup();
    if !rules.is_empty() {
        let _ = writeln!(text, "violations = [{}]", rules.join(", "));
    }
    match &outcome.stop {
        Some(Stop::BugCheck(bug)) => {
            text.push_str(&line("bug-check", &format!("0x{:X}", bug.code.number())));
        }
        Some(Stop::Hang(hang)) => text.push_str(&line("hang", &hang.waits_for)),
        _ => {}
    }
    let leaks = outcome.leaks.as_ref().map_or(0, Vec::len);
    if leaks > 0 {
        let _ = writeln!(text, "leaks = {leaks}");
    }
    text
}

/// A note: the run did not go well, so the scenario expects what the run did.
pub fn not_as_intended(failed: u64) -> String {
    let expectations = counted(failed, "expectation");
    format!(
        "the run does not go well: {expectations} would fail, so the scenario expects the end that \
         the run had"
    )
}
