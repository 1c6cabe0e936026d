//! `filters`: what a client sees of a driver, and which pins it can open.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use portcls_machine::emulator::trace::Hold;
use portcls_machine::{
    Application, CardSignals, ConnectionView, EndView, FilterView, FormatView, InstancesView,
    Machine, MidiUseView, PinUse, PinView,
};
use serde::Serialize;

use crate::arguments::{FiltersArguments, Format};
use crate::console::{self, Console};
use crate::failure::{Exit, Failure};
use crate::figures::wrapped;
use crate::summary::json;

/// The version of the JSON.
const VERSION: u32 = 1;

/// Events that the trace holds. No code of this verb reads them.
const HELD_EVENTS: usize = 256;

const NAME: Style = Style::new().bold();
const LABEL: Style = AnsiColor::Cyan.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// Columns of a label, including the spaces before and after the label.
const LABEL_COLUMNS: usize = 15;
/// Columns of a line.
const COLUMNS: usize = 100;

/// All facts that the verb prints.
#[derive(Serialize, Debug)]
struct Filters {
    version: u32,
    driver: String,
    card: String,
    filters: Vec<FilterView>,
}

/// Starts the driver and lists its filters.
///
/// # Errors
/// [`Failure`]: a file is not usable, the driver refuses to start, or stdout cannot be written.
pub fn run(arguments: &FiltersArguments) -> Result<Exit, Failure> {
    let card = arguments.machine.card.load()?;
    let hold = Hold::First(HELD_EVENTS);
    let machine = arguments.machine.builder(&card, hold, CardSignals::Hidden)?.build()?;
    let filters = ask(&machine).map_err(Failure::Filters)?;
    let driver = machine.driver_name().to_owned();
    let filters =
        Filters { version: VERSION, driver, card: card.profile.name.to_string(), filters };
    let text = match arguments.format {
        Format::Text => filters.text(),
        Format::Json => json(&filters),
    };
    Console::Stdout.print(&text)?;
    match machine.kernel().stopped() {
        None => Ok(Exit::Good),
        Some(stop) => {
            console::error(&stop);
            Ok(Exit::DriverDied)
        }
    }
}

fn ask(machine: &Machine) -> Result<Vec<FilterView>, portcls_machine::MachineError> {
    machine.start()?;
    Application::new(machine).filters()
}

impl Filters {
    fn text(&self) -> String {
        let mut page = Page::default();
        for filter in &self.filters {
            page.filter(filter);
        }
        if self.filters.is_empty() {
            page.text.push_str("the driver has registered no filter\n");
        }
        page.text.push('\n');
        for (verb, pin_use) in [("play", PinUse::Render), ("capture", PinUse::Capture)] {
            page.paragraph(verb, Style::new(), &self.usual_pin(pin_use));
        }
        page.text
    }

    /// The pin that a verb opens when the user names no pin.
    fn usual_pin(&self, pin_use: PinUse) -> String {
        let is_audio = |filter: &&FilterView| {
            filter.interfaces.iter().any(|category| category == "KSCATEGORY_AUDIO")
        };
        let pins = self.filters.iter().filter(is_audio).flat_map(|filter| {
            filter.pins.iter().map(move |pin| (&filter.reference, pin.pin_id, &pin.midi))
        });
        let usual = pins.into_iter().find(|(_, _, midi)| {
            midi.as_ref().is_some_and(|midi| midi.pin_use == pin_use && midi.obstacle.is_none())
        });
        match usual {
            Some((filter, pin_id, _)) => format!("opens {filter}:{pin_id}"),
            None => "finds no pin that it can open".to_owned(),
        }
    }
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    /// Adds text beside a label. Only the first line has the label before it.
    fn paragraph(&mut self, label: &str, style: Style, text: &str) {
        let mut label = label;
        for line in wrapped(text, COLUMNS - LABEL_COLUMNS) {
            let columns = LABEL_COLUMNS - 2;
            // A write to a String never fails.
            let _ =
                writeln!(self.text, "  {LABEL}{label:<columns$}{LABEL:#}{style}{line}{style:#}");
            label = "";
        }
    }

    fn plain(&mut self, label: &str, text: &str) {
        self.paragraph(label, Style::new(), text);
    }

    fn filter(&mut self, filter: &FilterView) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let (name, number) = (&filter.reference, filter.number);
        let _ = writeln!(self.text, "{NAME}{name}{NAME:#}  filter {number}");
        self.plain("found as", &filter.interfaces.join(", "));
        self.plain("categories", &filter.categories.join(", "));
        if let Some(problem) = &filter.problem {
            self.paragraph("problem", BAD, problem);
        }
        for pin in &filter.pins {
            self.pin(pin);
        }
        for (number, node) in filter.nodes.iter().enumerate() {
            self.plain(&format!("node {number}"), node);
        }
        let connections: Vec<String> = filter.connections.iter().map(connection).collect();
        self.plain("connections", &connections.join(", "));
    }

    fn pin(&mut self, pin: &PinView) {
        let mut words = Vec::new();
        words.extend(pin.name.clone());
        words.extend(pin.data_flow.map(|flow| format!("data flows {flow}")));
        words.extend(pin.communication.clone());
        words.extend(pin.category.clone());
        self.plain(&format!("pin {}", pin.pin_id), &words.join(", "));
        for format in &pin.formats {
            self.plain("", &format_words(format));
        }
        let instances = [
            pin.instances.map(|counts| format!("{} on this filter", counted(counts))),
            pin.global_instances.map(|counts| format!("{} on all", counted(counts))),
            pin.necessary_instances.map(|count| format!("{count} needed")),
        ];
        let instances: Vec<String> = instances.into_iter().flatten().collect();
        if !instances.is_empty() {
            self.plain("", &format!("instances: {}", instances.join(", ")));
        }
        if let Some(wire) = &pin.wired_to {
            self.plain("", &format!("wired to {}:{}", wire.filter, wire.pin_id));
        }
        if let Some(midi) = &pin.midi {
            self.midi(midi);
        }
        if let Some(sound) = &pin.sound {
            match &sound.obstacle {
                None => self.plain("", "a client can open it for sound"),
                Some(obstacle) => {
                    self.paragraph("", BAD, &format!("cannot be opened: {obstacle}"));
                }
            }
        }
    }

    fn midi(&mut self, midi: &MidiUseView) {
        let verb = match midi.pin_use {
            PinUse::Render => "play",
            PinUse::Capture => "capture",
        };
        self.opening(verb, midi.obstacle.as_deref());
        if let Some(directmusic) = &midi.directmusic {
            let verb = format!("{verb} --pin-format directmusic");
            self.opening(&verb, directmusic.obstacle.as_deref());
        }
    }

    /// Whether a verb can open a pin.
    fn opening(&mut self, verb: &str, obstacle: Option<&str>) {
        match obstacle {
            None => self.plain("", &format!("{verb} can open it")),
            Some(obstacle) => {
                self.paragraph("", BAD, &format!("{verb} cannot open it: {obstacle}"));
            }
        }
    }
}

/// A format in words: its three C names, without the beginning that the three names have in common.
fn format_words(format: &FormatView) -> String {
    let FormatView { major_format, sub_format, specifier } = format;
    let short = |name: &String| name.strip_prefix("KSDATAFORMAT_").unwrap_or(name).to_owned();
    [major_format, sub_format, specifier].map(short).join(", ")
}

fn counted(counts: InstancesView) -> String {
    match counts.possible {
        Some(possible) => format!("{} of {possible}", counts.current),
        None => format!("{} of any number", counts.current),
    }
}

fn connection(connection: &ConnectionView) -> String {
    let end = |end: &EndView| match end.node {
        None => format!("pin {}", end.pin),
        Some(node) => format!("node {node} pin {}", end.pin),
    };
    format!("{} -> {}", end(&connection.from), end(&connection.to))
}
