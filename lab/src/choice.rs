//! The machine that the page chose: card, driver, settings.

use std::sync::Arc;

use portcls_machine::card_bench::card_file::CardFile;
use portcls_machine::chip::CardTiming;
use portcls_machine::driver_file::image::{FILE_LIMIT, Image};
use portcls_machine::emulator::trace::{Hold, TraceConfig};
use portcls_machine::inf_file::{Installation, read_inf};
use portcls_machine::settings::{parse_ns, parse_port, parse_timing};
use portcls_machine::{
    CardResource, Driver, GuestOptions, MachineBuilder, PinChoice, PinFormat, RegistrySetting,
    read_registry,
};
use portcls_results::file_kind::Wanted;

use crate::files::Files;
use crate::job::{Choice, InfChoice, PinFormatWord, Run};
use crate::refusal::Refusal;

/// The most events that a trace holds here.
/// Assumed: a page shows no more events, because a longer text is too long for a browser.
pub const MOST_EVENTS: usize = 2_000_000;

/// The card of a machine if the page names none.
pub const USUAL_CARD: &str = "roland-mpu401";
/// The driver of a machine if the page names none.
pub const USUAL_DRIVER: &str = "uart";

/// The choices of the page, read and checked.
pub struct Chosen {
    /// The builder of the machine.
    pub builder: MachineBuilder,
    /// The card.
    pub card: CardFile,
    /// The name of the driver for people.
    pub driver: String,
    /// Who named the resources, in words. `None` if the resources come from the INF or are the
    /// usual ones.
    pub named_resources: Option<&'static str>,
}

/// Reads the part of a job that chooses a machine.
///
/// # Errors
/// [`Refusal`]: a file cannot be used, or a setting is not possible.
pub fn choose(files: &Files, job: &Run) -> Result<Chosen, Refusal> {
    let card = read_card(files, job.card.as_ref())?;
    let driver = read_driver(files, job)?;
    let driver_name = driver.name.clone();
    let mut builder = MachineBuilder::new();
    if let Some(port) = &job.port {
        let port = parse_port(port).map_err(|hint| setting("port", port, &hint))?;
        builder = builder.port(port.into())?;
    }
    if let Some(irq) = job.irq {
        builder = builder.irq(irq).map_err(|error| Refusal::job(error.to_string()))?;
    }
    if let Some(inf) = &job.inf {
        builder = builder.inf(&read_inf_file(files, inf, &driver)?);
    }
    if let Some(name) = &job.registry_file {
        builder = builder.registry_settings(&read_registry_file(files, name)?);
    }
    let registry: Result<Vec<RegistrySetting>, Refusal> =
        job.registry.iter().map(|text| read_registry_value(text)).collect();
    let resources = read_resources(job)?;
    let named_resources = match (resources.is_empty(), card.resources.is_empty()) {
        (false, _) => Some("the job"),
        (true, false) => Some("the card's file"),
        (true, true) => None,
    };
    let resources = if resources.is_empty() { card.resources.clone() } else { resources };
    let until = job.until.as_ref().map(|text| time("until", text)).transpose()?;
    let pin = job.pin.as_ref().map(|text| read_pin(text)).transpose()?;
    let hold = Hold::First(MOST_EVENTS);
    let builder = builder
        .registry_settings(&registry?)
        .card_profile(card.profile.clone())
        .resources(resources)
        .card_timing(read_timing(job.timing.as_deref())?)
        .driver(driver)
        .trace(TraceConfig { hold, ..TraceConfig::default() })
        .until_ns(until)
        .pin(pin)
        .pin_format(match job.pin_format {
            PinFormatWord::Midi => PinFormat::Midi,
            PinFormatWord::Directmusic => PinFormat::DirectMusic,
        });
    Ok(Chosen { builder, card, driver: driver_name, named_resources })
}

/// The refusal of a setting.
fn setting(key: &str, text: &str, hint: &str) -> Refusal {
    Refusal::job(format!("{key}: '{text}' is not possible; {hint}"))
}

/// Reads a time.
///
/// # Errors
/// [`Refusal`] that names the key.
pub fn time(key: &str, text: &str) -> Result<u64, Refusal> {
    parse_ns(text).map_err(|error| setting(key, text, &error.to_string()))
}

/// Reads the choice of a card's latencies. Without a text, the latencies are the typical ones.
///
/// # Errors
/// [`Refusal`]: the text is not such a choice.
pub fn read_timing(text: Option<&str>) -> Result<CardTiming, Refusal> {
    let text = text.unwrap_or("typ");
    parse_timing(text).map_err(|hint| setting("timing", text, &hint))
}

/// Reads a card.
///
/// # Errors
/// [`Refusal`]: there is no such card or file, or the file is not a card.
pub fn read_card(files: &Files, choice: Option<&Choice>) -> Result<CardFile, Refusal> {
    match choice {
        Some(Choice::File(name)) => read_card_file(files, name),
        Some(Choice::Name(name)) => built_in_card(name),
        None => built_in_card(USUAL_CARD),
    }
}

/// A built-in card by its name.
///
/// # Errors
/// [`Refusal`]: there is no such card.
pub fn built_in_card(name: &str) -> Result<CardFile, Refusal> {
    let profile = portcls_machine::built_in_card(name);
    let profile = profile.map_err(|error| Refusal::job(error.to_string()))?.clone();
    Ok(CardFile { profile, based_on: None, resources: Vec::new() })
}

/// Reads a card file.
///
/// # Errors
/// [`Refusal`]: there is no such file, or it is not a card.
pub fn read_card_file(files: &Files, name: &str) -> Result<CardFile, Refusal> {
    let bytes = files.text(name)?;
    CardFile::from_bytes(name, &bytes)
        .map_err(|error| Refusal::from(error).or_other_kind(name, &bytes, Wanted::Card))
}

fn read_driver(files: &Files, job: &Run) -> Result<Driver, Refusal> {
    let usual = GuestOptions::default();
    let instruction = job.instruction_time.as_ref();
    let instruction_ns = match instruction.map(|text| time("instruction_time", text)) {
        None => usual.instruction_ns,
        Some(time_ns) => time_ns?,
    };
    let call_budget = job.call_budget.unwrap_or(usual.call_budget);
    if call_budget == 0 {
        return Err(Refusal::job("call_budget: a call needs an instruction; give a number from 1"));
    }
    let options = GuestOptions { instruction_ns, call_budget, ..usual };
    match &job.driver {
        Some(Choice::File(name)) => {
            let (image, bytes) = read_image(files, name)?;
            let driver = Driver::from_image(name.as_ref(), image, &bytes, options);
            Ok(driver.beside(files.beside()))
        }
        Some(Choice::Name(name)) => {
            Driver::named(name).map_err(|error| Refusal::job(error.to_string()))
        }
        None => Ok(Driver::named(USUAL_DRIVER)?),
    }
}

/// Reads a driver's file. Returns the image and the bytes of the file.
///
/// # Errors
/// [`Refusal`]: there is no such file, the file is too long, or it is not a driver that can run
/// here.
pub fn read_image(files: &Files, name: &str) -> Result<(Image, Arc<[u8]>), Refusal> {
    let bytes = files.get(name)?;
    if bytes.len() > FILE_LIMIT {
        let words = format!("the file has {} bytes, the limit is {FILE_LIMIT}", bytes.len());
        return Err(Refusal::file(name, words));
    }
    let image = Image::parse(&bytes)
        .map_err(|error| Refusal::file(name, error).or_other_kind(name, &bytes, Wanted::Driver))?;
    Ok((image, bytes))
}

fn read_inf_file(
    files: &Files,
    choice: &InfChoice,
    driver: &Driver,
) -> Result<Installation, Refusal> {
    let InfChoice { file, model } = choice;
    let bytes = files.get(file)?;
    read_inf(file, &bytes, model.as_deref(), driver.architecture())
        .map_err(|error| Refusal::from(error).or_other_kind(file, &bytes, Wanted::Inf))
}

fn read_registry_file(files: &Files, name: &str) -> Result<Vec<RegistrySetting>, Refusal> {
    let bytes = files.text(name)?;
    read_registry(&bytes).map_err(|error| {
        let mut refusal = Refusal::file(name, &error);
        refusal.line = Some(error.line);
        refusal.or_other_kind(name, &bytes, Wanted::Registry)
    })
}

fn read_registry_value(text: &str) -> Result<RegistrySetting, Refusal> {
    text.parse::<RegistrySetting>().map_err(|error| setting("registry", text, &error.to_string()))
}

fn read_resources(job: &Run) -> Result<Vec<CardResource>, Refusal> {
    let read = |text: &String| {
        text.parse::<CardResource>().map_err(|error| setting("resources", text, error.hint))
    };
    job.resources.iter().map(read).collect()
}

fn read_pin(text: &str) -> Result<PinChoice, Refusal> {
    text.parse::<PinChoice>().map_err(|error| setting("pin", text, &error.to_string()))
}
