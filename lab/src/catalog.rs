//! The catalog: all choices that the controls of a page offer.
//!
//! The page has no list of its own.

use portcls_machine::card_bench::card_file::MAX_CARD_FILE_BYTES;
use portcls_machine::card_bench::ops::{Script, actions};
use portcls_machine::chip::conformance::SCRIPTS;
use portcls_machine::chip::{CardProfile, cards};
use portcls_machine::driver_file::image::FILE_LIMIT;
use portcls_machine::midi_file::{MAX_FILE_BYTES, default_tune};
use portcls_machine::report::html;
use portcls_machine::scenario::MAX_SCENARIO_BYTES;
use portcls_machine::{GuestOptions, drivers, rules};
use portcls_results::cards::{CardFacts, figures};
use portcls_results::{Exit, json};
use serde::Serialize;

use crate::answer::{Answer, Output};
use crate::choice::{MOST_EVENTS, USUAL_CARD, USUAL_DRIVER};
use crate::files::MOST_FILE_BYTES;
use crate::refusal::Refusal;
use crate::run::{OUTPUTS, usual_outputs};
use crate::view::VIEWS;
use crate::{MOST_KEPT, job};

/// The version of the catalog.
const VERSION: u32 = 1;

/// The interrupt lines of a PC that a card may have. Line 2 means line 9.
const IRQS: [u32; 14] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

#[derive(Serialize)]
struct Catalog {
    version: u32,
    program_version: &'static str,
    cards: Vec<CardEntry>,
    drivers: Vec<Named>,
    timings: Vec<Timing>,
    verbs: Vec<Verb>,
    trace_filters: Vec<Word>,
    pin_formats: Vec<Word>,
    song_formats: Vec<Word>,
    damages: Vec<Word>,
    compare_modes: Vec<Word>,
    outputs: Vec<OutputEntry>,
    irqs: [u32; 14],
    default: Default,
    limits: Limits,
    tune: Tune,
    words: Words,
    rules: Vec<RuleEntry>,
    scripts: Vec<ScriptEntry>,
    script_words: Vec<Form>,
}

#[derive(Serialize)]
struct CardEntry {
    #[serde(flatten)]
    facts: CardFacts<'static>,
    figures: Vec<Figure>,
}

#[derive(Serialize)]
struct Figure {
    label: &'static str,
    words: String,
}

#[derive(Serialize)]
struct Named {
    name: &'static str,
    words: &'static str,
}

/// A value of a key, and what it means.
#[derive(Serialize)]
struct Word {
    value: &'static str,
    words: &'static str,
}

#[derive(Serialize)]
struct Timing {
    #[serde(flatten)]
    word: Word,
    /// True if the value has a colon and a whole number after it.
    takes_seed: bool,
}

#[derive(Serialize)]
struct Verb {
    #[serde(flatten)]
    word: Word,
    takes_song: bool,
    takes_input: bool,
}

#[derive(Serialize)]
struct OutputEntry {
    name: &'static str,
    words: &'static str,
    r#type: &'static str,
    /// True for a view of a kept trace.
    is_view: bool,
    /// True for an output that a run makes if its job names no outputs.
    is_usual: bool,
}

#[derive(Serialize)]
struct Default {
    card: &'static str,
    driver: &'static str,
    timing: &'static str,
    verb: &'static str,
    trace_filter: &'static str,
    pin_format: &'static str,
    irq: u32,
    instruction_time: String,
    call_budget: u64,
}

#[derive(Serialize)]
struct Limits {
    file_bytes: usize,
    driver_bytes: usize,
    midi_bytes: usize,
    card_bytes: usize,
    scenario_bytes: usize,
    trace_events: usize,
    page_events: usize,
    kept_traces: usize,
}

#[derive(Serialize)]
struct Tune {
    messages: usize,
    bytes: usize,
    duration_ns: u64,
}

/// How a user types each kind of text, for the hints beside the inputs.
#[derive(Serialize)]
struct Words {
    notes: &'static str,
    bytes: &'static str,
    registry: &'static str,
    resources: &'static str,
    time: &'static str,
    port: &'static str,
    pin: &'static str,
}

#[derive(Serialize)]
struct RuleEntry {
    id: &'static str,
    meaning: &'static str,
    source: &'static str,
}

#[derive(Serialize)]
struct ScriptEntry {
    name: &'static str,
    title: String,
    text: &'static str,
}

#[derive(Serialize)]
struct Form {
    form: &'static str,
    words: &'static str,
}

/// The catalog.
///
/// # Errors
/// None. The function returns a [`Result`] because the functions of all jobs do.
pub fn catalog(_: job::None) -> Result<Answer, Refusal> {
    let usual = GuestOptions::default();
    let tune = default_tune();
    let catalog = Catalog {
        version: VERSION,
        program_version: env!("CARGO_PKG_VERSION"),
        cards: cards().iter().map(card).collect(),
        drivers: drivers().iter().map(|one| Named { name: one.name, words: one.title }).collect(),
        timings: timings(),
        verbs: verbs(),
        trace_filters: words(&[
            ("full", "every event"),
            ("registers", "the bus, the interrupt line and the wires: what the hardware sees"),
        ]),
        pin_formats: words(&[
            ("midi", "MIDI bytes, in KSMUSICFORMAT records"),
            ("directmusic", "DirectMusic events, in DMUS_EVENTHEADER records"),
        ]),
        song_formats: words(&[
            ("auto", "by its first bytes: a MIDI file or a SysEx file"),
            ("smf", "a Standard MIDI File, bare or in a RIFF wrapper"),
            ("syx", "SysEx messages one after the other; all bytes are due at the start"),
            ("raw", "bytes for the wire as they are; all bytes are due at the start"),
        ]),
        damages: words(&[
            ("leave-out", "a damaged part of a file is left out"),
            ("clip", "a data byte above 127 counts as 127"),
            ("refuse", "a file of which something would be left out is refused"),
        ]),
        compare_modes: words(&[
            ("causal", "each event with its cause, and with its time after this cause"),
            ("order", "each event with its cause, without times: for a driver compiled anew"),
            ("exact", "event for event, time to the ns"),
        ]),
        outputs: outputs(),
        irqs: IRQS,
        default: Default {
            card: USUAL_CARD,
            driver: USUAL_DRIVER,
            timing: "typ",
            verb: "play",
            trace_filter: "full",
            pin_format: "midi",
            irq: 9,
            instruction_time: format!("{}ns", usual.instruction_ns),
            call_budget: usual.call_budget,
        },
        limits: Limits {
            file_bytes: MOST_FILE_BYTES,
            driver_bytes: FILE_LIMIT,
            midi_bytes: MAX_FILE_BYTES,
            card_bytes: MAX_CARD_FILE_BYTES,
            scenario_bytes: MAX_SCENARIO_BYTES,
            trace_events: MOST_EVENTS,
            page_events: html::MOST_EVENTS,
            kept_traces: MOST_KEPT,
        },
        tune: Tune {
            messages: tune.len(),
            bytes: tune.byte_count(),
            duration_ns: tune.duration_ns(),
        },
        words: typed(),
        rules: rules::all().map(rule).collect(),
        scripts: SCRIPTS.iter().map(script).collect(),
        script_words: actions().map(|(form, words)| Form { form, words }).collect(),
    };
    Ok(Answer::new(Exit::Good).with([Output::json("catalog", "catalog.json", json(&catalog))]))
}

fn card(card: &'static CardProfile) -> CardEntry {
    let figures = figures(&card.behaviour).into_iter();
    CardEntry {
        facts: CardFacts::new(card),
        figures: figures.map(|(label, words)| Figure { label, words }).collect(),
    }
}

fn words(table: &[(&'static str, &'static str)]) -> Vec<Word> {
    table.iter().map(|&(value, words)| Word { value, words }).collect()
}

fn timings() -> Vec<Timing> {
    let timing = |value, words, takes_seed| Timing { word: Word { value, words }, takes_seed };
    vec![
        timing("typ", "the card's latencies are the typical ones", false),
        timing("min", "the card is as quick as it can be", false),
        timing("max", "the card is as slow as it can be", false),
        timing(
            "seeded",
            "each latency is drawn from its range, the same for the same number",
            true,
        ),
    ]
}

fn verbs() -> Vec<Verb> {
    let verb = |value, words, takes_song, takes_input| Verb {
        word: Word { value, words },
        takes_song,
        takes_input,
    };
    vec![
        verb("play", "the song goes out through the driver", true, false),
        verb("capture", "the song comes in on MIDI IN, and the application reads it", true, false),
        verb("both", "the song goes out while the input comes in", true, true),
    ]
}

fn outputs() -> Vec<OutputEntry> {
    let usual = usual_outputs();
    let own = OUTPUTS.iter().map(|&(name, words, media)| (name, words, media, false));
    let views = VIEWS.iter().map(|view| (view.name, view.words, view.media, true));
    let entry = |(name, words, media, is_view): (&'static str, _, _, bool)| OutputEntry {
        name,
        words,
        r#type: media,
        is_view,
        is_usual: usual.iter().any(|usual| usual == name),
    };
    own.chain(views).map(entry).collect()
}

fn typed() -> Words {
    Words {
        notes: "notes by their names, as in C4 E4 G#4 @64; C4 is the middle C, the last word is \
                the velocity",
        bytes: "two hexadecimal digits a byte and spaces between, as in 90 3C 40",
        registry: "NAME=dword:NUMBER, NAME=string:TEXT or NAME=binary:HEX",
        resources: "mpu401, port:START+LENGTH, irq, irq:LINE, dma:CHANNEL or memory:START+LENGTH",
        time: "a number and a unit, as in 250ms, 1.5s, 800us or 2m",
        port: "0 to FFFE, in hexadecimal; without it the card's usual place",
        pin: "a filter and a pin, as in Uart:0; without it the first one that can be opened",
    }
}

fn rule(rule: &'static portcls_machine::emulator::Rule) -> RuleEntry {
    RuleEntry { id: rule.id, meaning: rule.meaning, source: rule.source }
}

fn script(&(name, text): &(&'static str, &'static str)) -> ScriptEntry {
    ScriptEntry { name, title: Script::first_title(text).unwrap_or_default(), text }
}
