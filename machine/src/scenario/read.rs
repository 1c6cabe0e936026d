//! Reads a scenario.
//!
//! Turns the keys of a file into a plan. Each error names the place of the mistake. `read_steps`
//! reads the steps, and this file reads the rest.

use hw_mpu401::{CARD_NAMES, InitialState};
use mpu401_card_bench::line_and_column;
use mpu401_card_bench::resources::CardResource;
use portcls_emulator::KernelConfig;
use portcls_emulator::trace::{Regions, TraceConfig};
use portcls_guest::GuestOptions;

use super::error::{Fault, Places, Way, advice};
use super::file::{
    CardStateWord, CardTable, CompareWord, ExpectTable, FilterWord, GoldenTable, LineWord,
    ScenarioFile, ShownWord, UndrivenWord,
};
use super::files::{Folder, ScenarioFiles, built_in_driver};
use super::golden::{Compare, GoldenSettings, Polls, Undriven};
use super::pattern::Pattern;
use super::plan::{Expect, PinName, Plan};
use super::read_steps::read_steps;
use crate::builder::MachineBuilder;
use crate::card_settings::{CardSettings, Connection};
use crate::error::MachineError;
use crate::registry_file::RegistrySetting;
use crate::rules;
use crate::settings::parse_timing;
use portcls_report::Filter;

/// The version of the file's form.
const VERSION: u32 = 1;

/// The longest text of a scenario in bytes.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// The word in `each-card` for every card.
const ALL_CARDS: &str = "all";

/// What the functions of the reader share: the text, its places, and the files that it names.
pub(super) struct Reader<'t> {
    pub text: &'t str,
    pub places: Places<'t>,
    pub folder: Folder<'t>,
}

impl Reader<'_> {
    /// A fault at a value. The words have the mistake and, after a semicolon, the advice.
    pub fn fault(&self, way: &[Way<'_>], words: &str) -> Fault {
        let (what, hint) = words.split_once("; ").unwrap_or((words, "see the page on scenarios"));
        Fault::new(self.places.at(way), what, hint)
    }

    /// The line of a value, from 1.
    pub fn line(&self, way: &[Way<'_>]) -> usize {
        line_and_column(self.text.as_bytes(), self.places.at(way)).0
    }
}

/// A scenario, read for one of its cards.
pub(super) struct Read {
    pub title: String,
    pub why: Option<String>,
    /// The card out of `each-card`; `None` if the file has no such key.
    pub card: Option<String>,
    pub plan: Plan,
}

/// Reads a scenario for each of its cards.
pub(super) fn read(text: &str, files: &dyn ScenarioFiles) -> Result<Vec<Read>, Fault> {
    if text.len() > MAX_BYTES {
        let what = format!("the file has {} bytes, the limit is {MAX_BYTES}", text.len());
        return Err(Fault::new(0, what, "leave out what is no key"));
    }
    let file: ScenarioFile = toml::from_str(text).map_err(|error| Fault::of_toml(&error))?;
    let reader = Reader { text, places: Places::new(text), folder: Folder(files) };
    if file.version != VERSION {
        let words = format!("this program reads no version {}; write version = 1", file.version);
        return Err(reader.fault(&[Way::Key("version")], &words));
    }
    let cards = cards(&reader, &file)?;
    let read_one = |card: &Option<String>| read_on(&reader, &file, card.as_deref());
    cards.iter().map(read_one).collect()
}

/// The cards of `each-card`. Without this key the list has one `None`, for the card that
/// `[machine]` names.
fn cards(reader: &Reader<'_>, file: &ScenarioFile) -> Result<Vec<Option<String>>, Fault> {
    let Some(each) = &file.machine.each_card else { return Ok(vec![None]) };
    let way = [Way::Key("machine"), Way::Key("each-card")];
    if file.machine.card.is_some() {
        let words = "card and each-card exclude each other; leave out one of them";
        return Err(reader.fault(&way, words));
    }
    match &each[..] {
        [] => Err(reader.fault(&way, "each-card names no card; write names, or \"all\"")),
        [only] if only == ALL_CARDS => {
            Ok(CARD_NAMES.iter().map(|name| Some((*name).to_owned())).collect())
        }
        names => Ok(names.iter().cloned().map(Some).collect()),
    }
}

fn read_on(reader: &Reader<'_>, file: &ScenarioFile, card: Option<&str>) -> Result<Read, Fault> {
    let builder = read_machine(reader, file, card)?;
    let cards = 1 + file.machine.cards.as_ref().map_or(0, Vec::len);
    let (start, steps, pins) = read_steps(reader, &file.step, cards)?;
    let expect = read_expect(reader, &file.expect, cards, &pins)?;
    let golden = file.golden.as_ref().map(golden_settings);
    Ok(Read {
        title: file.title.clone(),
        why: file.why.clone(),
        card: card.map(str::to_owned),
        plan: Plan { builder, start, steps, pins, expect, golden },
    })
}

fn read_machine(
    reader: &Reader<'_>,
    file: &ScenarioFile,
    card: Option<&str>,
) -> Result<MachineBuilder, Fault> {
    let machine = &file.machine;
    let first = CardTable {
        card: card.or(machine.card.as_deref()).unwrap_or("roland-mpu401").to_owned(),
        port: machine.port.clone(),
        irq: machine.irq,
        timing: machine.timing.clone(),
        state: machine.state,
        stale: machine.stale,
        line: machine.line,
        resources: machine.resources.clone(),
    };
    let way = [Way::Key("machine")];
    let mut kernel = KernelConfig {
        until_ns: machine.until.as_ref().map(|time| time.0),
        ..KernelConfig::default()
    };
    if let Some(clock) = &machine.clock {
        if clock.0 == 0 {
            let way = [way[0], Way::Key("clock")];
            return Err(reader.fault(&way, "a clock needs a time; write 1ms or another time"));
        }
        kernel.clock_interval_ns = clock.0;
    }
    if machine.regions == Some(ShownWord::Shown) {
        kernel.trace = TraceConfig { regions: Regions::Shown, ..TraceConfig::default() };
    }
    let mut settings = read_card(reader, &first, &way)?;
    if let Some(access) = &machine.access {
        settings.profile.behaviour.access_ns = access.0;
    }
    let mut builder = MachineBuilder::new().kernel(kernel).first_card(settings);
    for (index, table) in machine.cards.iter().flatten().enumerate() {
        let way = [way[0], Way::Key("cards"), Way::Index(index)];
        builder = builder.add_card(read_card(reader, table, &way)?);
    }
    let builder = read_driver(reader, file, builder)?;
    // Building the machine costs little, and finds settings that do not fit together.
    let built = builder.clone().build();
    built.map_err(|error| {
        let of_inf = [Way::Key("driver"), Way::Key("inf")];
        match error {
            MachineError::InfResources { remedy, .. } => {
                let keys = remedy.keys();
                reader.fault(&of_inf, &format!("{error}: {keys} in [machine]"))
            }
            _ => reader.fault(&way, &error.to_string()),
        }
    })?;
    Ok(builder)
}

fn read_card(
    reader: &Reader<'_>,
    table: &CardTable,
    way: &[Way<'_>],
) -> Result<CardSettings, Fault> {
    let fault = |key: &'static str, words: &str| {
        let way: Vec<Way<'_>> = way.iter().copied().chain([Way::Key(key)]).collect();
        reader.fault(&way, words)
    };
    let (profile, listed) =
        reader.folder.card(&table.card).map_err(|words| fault("card", &words))?;
    let mut card = CardSettings::new(profile);
    card.port = table.port.as_ref().map(|port| port.0);
    card.irq = table.irq.map(|line| line.0);
    if let Some(timing) = &table.timing {
        let timing = parse_timing(timing).map_err(|hint| {
            fault("timing", &format!("'{timing}' is no choice of latencies; {hint}"))
        });
        card.timing = timing?;
    }
    card.initial = match (table.state, table.stale) {
        (None | Some(CardStateWord::PowerOn), None) => InitialState::PowerOn,
        (Some(CardStateWord::Uart), stale) => {
            InitialState::Uart { stale: stale.map_or(0xFE, |byte| byte.0) }
        }
        (_, Some(_)) => {
            let words = "a card at power-on has no stale byte; write state = \"uart\" too";
            return Err(fault("stale", words));
        }
    };
    if table.line == Some(LineWord::Cut) {
        card.connection = Connection::Cut;
    }
    card.resources = match &table.resources {
        None => listed,
        Some(words) => {
            let read = |word: &String| {
                word.parse::<CardResource>().map_err(|error| {
                    fault("resources", &format!("'{word}' is no resource; {}", error.hint))
                })
            };
            words.iter().map(read).collect::<Result<_, _>>()?
        }
    };
    Ok(card)
}

fn read_driver(
    reader: &Reader<'_>,
    file: &ScenarioFile,
    mut builder: MachineBuilder,
) -> Result<MachineBuilder, Fault> {
    let table = &file.driver;
    let way = |key: &'static str| [Way::Key("driver"), Way::Key(key)];
    let usual = GuestOptions::default();
    let options = GuestOptions {
        instruction_ns: table.instruction_time.as_ref().map_or(usual.instruction_ns, |time| time.0),
        call_budget: table.call_budget.unwrap_or(usual.call_budget),
        ..usual
    };
    if options.call_budget == 0 {
        let words = "a call needs an instruction; write a number from 1";
        return Err(reader.fault(&way("call-budget"), words));
    }
    let driver = match (&table.name, &table.path) {
        (Some(_), Some(_)) => {
            Err(("path", "name and path exclude each other; leave out one".to_owned()))
        }
        (None, Some(path)) => reader.folder.driver(path, options).map_err(|words| ("path", words)),
        (name, None) => {
            built_in_driver(name.as_deref().unwrap_or("uart")).map_err(|words| ("name", words))
        }
    };
    let driver = driver.map_err(|(key, words)| reader.fault(&way(key), &words))?;
    if let Some(inf) = &table.inf {
        let installation = reader.folder.inf(inf, &driver);
        let installation = installation.map_err(|words| reader.fault(&way("inf"), &words))?;
        builder = builder.inf(&installation);
    }
    builder = builder.driver(driver);
    for (name, value) in &table.registry {
        let setting = format!("{name}={value}").parse::<RegistrySetting>().map_err(|error| {
            let way = [Way::Key("driver"), Way::Key("registry"), Way::Key(name)];
            reader.fault(&way, &format!("'{name} = {value}' is no registry value; {error}"))
        })?;
        builder = builder.registry_settings(&[setting]);
    }
    Ok(builder)
}

fn read_expect(
    reader: &Reader<'_>,
    table: &ExpectTable,
    cards: usize,
    pins: &[PinName],
) -> Result<Expect, Fault> {
    let expect = Way::Key("expect");
    let pattern = |key: &'static str, index: usize, text: &str| {
        Pattern::parse(text)
            .map_err(|words| reader.fault(&[expect, Way::Key(key), Way::Index(index)], &words))
    };
    let patterns = |key: &'static str, texts: &[String]| -> Result<Vec<Pattern>, Fault> {
        texts.iter().enumerate().map(|(index, text)| pattern(key, index, text)).collect()
    };
    for (index, id) in table.violations.iter().enumerate() {
        if rules::find(id).is_none() {
            let near = rules::near_names(id);
            let advice =
                if near.is_empty() { "`rules` lists all".to_owned() } else { advice(id, &near) };
            let way = [expect, Way::Key("violations"), Way::Index(index)];
            return Err(reader.fault(&way, &format!("there is no rule '{id}'; {advice}")));
        }
    }
    for (index, card) in table.card.iter().enumerate() {
        if card.number == 0 || card.number as usize > cards {
            let way = [expect, Way::Key("card"), Way::Index(index), Way::Key("number")];
            let words = format!("there is no card {}; the machine has {cards}", card.number);
            return Err(reader.fault(&way, &words));
        }
    }
    for (index, pin) in table.pin.iter().enumerate() {
        if !pins.iter().any(|known| known.id == pin.name) {
            let names: Vec<&str> = pins.iter().map(|pin| &*pin.id).collect();
            let way = [expect, Way::Key("pin"), Way::Index(index), Way::Key("name")];
            let words =
                format!("no step opens a pin '{}'; {}", pin.name, advice(&pin.name, &names));
            return Err(reader.fault(&way, &words));
        }
    }
    let events: Vec<String> = table.times.iter().map(|time| time.event.clone()).collect();
    Ok(Expect {
        order: patterns("order", table.order.as_deref().unwrap_or_default())?,
        never: patterns("never", &table.never)?,
        times: patterns("times", &events)?,
        table: table.clone(),
    })
}

fn golden_settings(table: &GoldenTable) -> GoldenSettings {
    GoldenSettings {
        filter: match table.filter {
            FilterWord::Registers => Filter::Registers,
            FilterWord::Full => Filter::Full,
        },
        from: table.from.clone(),
        to: table.to.clone(),
        compare: match table.compare {
            CompareWord::Exact => Compare::Exact,
            CompareWord::Causal => Compare::Causal,
            CompareWord::Order => Compare::Order,
        },
        time: table.time.as_ref().map(|time| time.0).unwrap_or_default(),
        polls: table.polls.as_ref().map_or(Polls::Exact, |polls| polls.0),
        undriven: match table.undriven {
            UndrivenWord::Exact => Undriven::Exact,
            UndrivenWord::Ignore => Undriven::Ignore,
        },
        unordered: table.unordered.clone(),
    }
}
