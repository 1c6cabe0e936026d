//! What a client sees of a driver, and which pins the client can open.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use portcls_machine::{
    Application, ConnectionView, EndView, FilterView, FormatView, InstancesView, Machine,
    MachineError, MidiUseView, PinUse, PinView,
};
use serde::Serialize;

use crate::numbers::wrapped;

/// The version of the JSON.
const VERSION: u32 = 1;

const NAME: Style = Style::new().bold();
const LABEL: Style = AnsiColor::Cyan.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// Columns of a label, including the spaces before and after the label.
const LABEL_COLUMNS: usize = 15;
/// Columns of a line.
const COLUMNS: usize = 100;

/// The filters of a driver.
#[derive(Serialize, Debug)]
pub struct Filters {
    version: u32,
    driver: String,
    card: String,
    filters: Vec<FilterView>,
}

impl Filters {
    /// Starts the driver of a machine and asks for its filters. `card` is the name of the card.
    ///
    /// # Errors
    /// [`MachineError`]: the driver refuses to start, or the machine stopped before it could be
    /// asked.
    pub fn of(machine: &Machine, card: String) -> Result<Filters, MachineError> {
        machine.start()?;
        let filters = Application::new(machine).filters()?;
        let driver = machine.driver_name().to_owned();
        Ok(Filters { version: VERSION, driver, card, filters })
    }

    /// The filters as text for people.
    #[must_use]
    pub fn text(&self) -> String {
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

    /// Adds a line that says whether a verb can open a pin.
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
