//! The application: a client that opens MIDI pins and lists filters.

use std::rc::Rc;

use portcls_emulator::trace::{Layer, NameId};
use portcls_emulator::{Kernel, NtStatus};

use crate::error::{MachineError, list};
use crate::filters::{FilterView, add_openings, views};
use crate::ks_client::{FoundFilter, KsFile, PinPlace, find_filters};
use crate::machine::{APPLICATION_DELAY_NS, Machine};
use crate::midi_pin::{MidiPin, PinUse, midi_pins, obstacle, pins_with};
use crate::pin_choice::{PinChoice, pin_by_name};
use crate::pin_client::PinClient;
use crate::pin_format::PinFormat;
use crate::refusals::likely_cause;

/// An application on a machine.
pub struct Application<'m> {
    machine: &'m Machine,
    who: NameId,
    format: PinFormat,
    /// The only device whose pins the application opens; `None` for all devices.
    device: Option<usize>,
}

/// A pin that was opened, and its filter.
struct Opened {
    filter: KsFile,
    pin: KsFile,
    place: PinPlace,
}

impl<'m> Application<'m> {
    /// An application on a machine whose device was started. The application opens its pins with
    /// the format that [`MachineBuilder::pin_format`](crate::MachineBuilder::pin_format) chose.
    #[must_use]
    pub fn new(machine: &'m Machine) -> Application<'m> {
        let who = machine.kernel().trace().actor("app", Layer::Software);
        Application { machine, who, format: machine.pin_format(), device: None }
    }

    /// Chooses the format with which the application opens its pins from now on.
    #[must_use]
    pub fn pin_format(mut self, format: PinFormat) -> Application<'m> {
        self.format = format;
        self
    }

    /// Lets the application open pins of one device only. `index` is the index of the device in
    /// [`Machine::devices`]. If a [`PinChoice`] names a filter by its number, the number counts
    /// only the filters of this device.
    #[must_use]
    pub fn device(mut self, index: usize) -> Application<'m> {
        self.device = Some(index);
        self
    }

    /// Opens a pin that plays MIDI: the pin that
    /// [`MachineBuilder::pin`](crate::MachineBuilder::pin) chose. Without a choice, the application
    /// goes through the pins of all audio filters, and opens the first pin that can be opened.
    ///
    /// No pin opens earlier than 200 ms after StartDevice returned.
    ///
    /// # Errors
    /// - [`MachineError::NoPin`]: there is no pin that plays MIDI in the application's format.
    /// - [`MachineError::WrongPin`]: the pin that was chosen is not there, or does not play MIDI in
    ///   this format.
    /// - [`MachineError::Request`]: there are such pins, and none of them can be opened. The error
    ///   has the status of the first one. If a pin was chosen, it has the status of that pin or of
    ///   its filter.
    /// - [`MachineError::Stopped`]: the machine stopped.
    pub fn open_render(&self) -> Result<PinClient<'m>, MachineError> {
        self.open(PinUse::Render, self.machine.pin_choice())
    }

    /// Opens a pin that captures MIDI. In all else the call is like [`Application::open_render`].
    ///
    /// # Errors
    /// The errors of [`Application::open_render`].
    pub fn open_capture(&self) -> Result<PinClient<'m>, MachineError> {
        self.open(PinUse::Capture, self.machine.pin_choice())
    }

    /// Opens this pin, which plays MIDI. In all else the call is like [`Application::open_render`].
    ///
    /// # Errors
    /// The errors of [`Application::open_render`].
    pub fn open_render_at(&self, pin: &PinChoice) -> Result<PinClient<'m>, MachineError> {
        self.open(PinUse::Render, Some(pin))
    }

    /// Opens this pin, which captures MIDI. In all else the call is like
    /// [`Application::open_render`].
    ///
    /// # Errors
    /// The errors of [`Application::open_render`].
    pub fn open_capture_at(&self, pin: &PinChoice) -> Result<PinClient<'m>, MachineError> {
        self.open(PinUse::Capture, Some(pin))
    }

    /// Asks every filter of the machine about itself and its pins. Tries to open each pin for MIDI
    /// with each format that the pin has, and each pin for sound.
    ///
    /// A driver may stop the machine when a pin is opened. The result then says so for this pin and
    /// for the pins after it.
    ///
    /// # Errors
    /// [`MachineError::Stopped`] when the machine stopped before the first pin was opened.
    pub fn filters(&self) -> Result<Vec<FilterView>, MachineError> {
        let mut filters = self.machine.run(|kernel| {
            self.wait_until_ready(kernel);
            kernel.mark("app asks the filters");
            views(kernel)
        })?;
        add_openings(self.machine, &mut filters);
        Ok(filters)
    }

    fn wait_until_ready(&self, kernel: &Kernel) {
        kernel.run_until(self.machine.started_ns().unwrap_or(0) + APPLICATION_DELAY_NS);
    }

    fn open(
        &self,
        wanted: PinUse,
        choice: Option<&PinChoice>,
    ) -> Result<PinClient<'m>, MachineError> {
        let (machine, who) = (self.machine, self.who);
        machine.run(|kernel| {
            self.wait_until_ready(kernel);
            kernel.mark(&format!("app opens a {} pin", wanted.word()));
            let mut filters = find_filters(kernel);
            if let Some(index) = self.device {
                let physical = machine.devices()[index].pnp.physical();
                let is_of =
                    |found: &FoundFilter| Rc::ptr_eq(&found.interface.device.bottom(), physical);
                filters.retain(is_of);
            }
            let opened = match choice {
                None => self.open_first(kernel, &filters, wanted)?,
                Some(choice) => self.open_chosen(kernel, &filters, wanted, choice)?,
            };
            let Opened { filter, pin, place } = opened;
            let used = MidiPin { place, pin_use: wanted };
            let mut others = midi_pins(kernel);
            others.retain(|other| *other != used);
            Ok(PinClient::new(machine, who, self.format, filter, pin, used, others))
        })?
    }

    /// Goes through the audio filters, and opens the first pin that can be opened for this use.
    ///
    /// # Errors
    /// When there are pins for this use, the status of the first of them. Else
    /// [`MachineError::NoPin`].
    fn open_first(
        &self,
        kernel: &Kernel,
        filters: &[FoundFilter],
        wanted: PinUse,
    ) -> Result<Opened, MachineError> {
        let mut first_failure = None;
        for found in filters.iter().filter(|found| found.is_audio()) {
            match self.open_first_of(kernel, found, wanted) {
                Ok(Some(opened)) => return Ok(opened),
                Ok(None) => {}
                Err(status) => first_failure = first_failure.or(Some(status)),
            }
        }
        Err(match first_failure {
            Some(status) => MachineError::Request { request: "opening a pin", status },
            None => {
                let cause = likely_cause(&kernel.refused_calls(), None);
                let format = self.format;
                let others = pins_with(kernel, format.other());
                let has_other = others.iter().any(|pin| pin.pin_use == wanted);
                MachineError::NoPin { wanted: wanted.word(), format, has_other, cause }
            }
        })
    }

    /// Goes through the pins of a filter, and opens the first pin that can be opened for this use.
    /// Returns `None` when the filter has no pin for this use, or cannot be opened itself.
    ///
    /// # Errors
    /// When the filter has pins for this use and none could be opened, the status of the first such
    /// pin.
    fn open_first_of(
        &self,
        kernel: &Kernel,
        found: &FoundFilter,
        wanted: PinUse,
    ) -> Result<Option<Opened>, NtStatus> {
        let Ok(filter) = KsFile::open_filter(kernel, &found.interface) else { return Ok(None) };
        let mut first_failure = None;
        for pin_id in 0..filter.pin_count().unwrap_or(0) {
            if obstacle(&filter, pin_id, wanted, self.format).is_err() {
                continue;
            }
            let place = PinPlace { filter: found.interface.reference.clone(), pin_id };
            match self.open_pin(kernel, &filter, &place, wanted) {
                Ok(pin) => return Ok(Some(Opened { filter, pin, place })),
                Err(status) => first_failure = first_failure.or(Some(status)),
            }
        }
        first_failure.map_or(Ok(None), Err)
    }

    /// Opens the chosen pin. If only a filter was chosen, opens the first of its pins that can be
    /// opened for this use.
    fn open_chosen(
        &self,
        kernel: &Kernel,
        filters: &[FoundFilter],
        wanted: PinUse,
        choice: &PinChoice,
    ) -> Result<Opened, MachineError> {
        let failed = |status| MachineError::Request { request: "opening a pin", status };
        let (word, format) = (wanted.word(), self.format);
        let Some((found, pin)) = choice.filter(filters) else {
            let problem = format!("there is no filter for '{choice}'");
            return Err(MachineError::WrongPin { problem, known: known_filters(filters) });
        };
        let name = &found.interface.reference;
        let Some(pin) = pin else {
            let opened = self.open_first_of(kernel, found, wanted).map_err(failed)?;
            return opened.ok_or_else(|| {
                let problem = format!(
                    "the filter {name} has no {word} pin for {format} that a client can open"
                );
                MachineError::WrongPin { problem, known: known_midi_pins(kernel, format) }
            });
        };
        let filter = KsFile::open_filter(kernel, &found.interface);
        let filter = filter
            .map_err(|status| MachineError::Request { request: "opening the filter", status })?;
        let Some(pin_id) = pin_by_name(&filter, pin, wanted) else {
            let problem = format!("the filter {name} has no pin '{pin}'");
            return Err(MachineError::WrongPin { problem, known: known_pins(&filter) });
        };
        let place = PinPlace { filter: name.clone(), pin_id };
        if let Err(obstacle) = obstacle(&filter, pin_id, wanted, format) {
            let problem = format!("{place} is no {word} pin for {format}: {obstacle}");
            return Err(MachineError::WrongPin { problem, known: known_midi_pins(kernel, format) });
        }
        let pin = self.open_pin(kernel, &filter, &place, wanted).map_err(failed)?;
        Ok(Opened { filter, pin, place })
    }

    fn open_pin(
        &self,
        kernel: &Kernel,
        filter: &KsFile,
        place: &PinPlace,
        wanted: PinUse,
    ) -> Result<KsFile, NtStatus> {
        let PinPlace { filter: name, pin_id } = place;
        let with = match self.format {
            PinFormat::Midi => "",
            PinFormat::DirectMusic => " for DirectMusic",
        };
        let word = wanted.word();
        kernel.record_note(self.who, &format!("open {word} pin {pin_id} of {name}{with}"));
        let pin = filter.open_pin(&self.format.request(*pin_id));
        pin.inspect_err(|status| {
            kernel
                .record_note(self.who, &format!("pin {pin_id} of {name} does not open: {status}"));
        })
    }
}

fn known_filters(filters: &[FoundFilter]) -> String {
    let names = filters.iter().enumerate();
    let names: Vec<String> =
        names.map(|(number, found)| format!("{} ({number})", found.interface.reference)).collect();
    match names.len() {
        0 => "the driver has registered none".to_owned(),
        1 => format!("the only filter is {}", names[0]),
        _ => format!("the filters are {}", list(names.iter().map(String::as_str))),
    }
}

fn known_pins(filter: &KsFile) -> String {
    let pin = |pin_id| match filter.data_flow(pin_id) {
        Ok(flow) => format!("{pin_id} ({})", PinUse::of(flow).word()),
        Err(_) => pin_id.to_string(),
    };
    let pins: Vec<String> = (0..filter.pin_count().unwrap_or(0)).map(pin).collect();
    match pins.len() {
        0 => "it has no pins".to_owned(),
        1 => format!("its only pin is {}", pins[0]),
        _ => format!("its pins are {}", list(pins.iter().map(String::as_str))),
    }
}

fn known_midi_pins(kernel: &Kernel, format: PinFormat) -> String {
    let pins: Vec<String> = pins_with(kernel, format).iter().map(MidiPin::to_string).collect();
    match pins.len() {
        0 => format!("no pin of the driver is for {format}"),
        1 => format!("the only pin for {format} is {}", pins[0]),
        _ => format!("the pins for {format} are {}", list(pins.iter().map(String::as_str))),
    }
}
