//! Puts a machine together: card, port, interrupt line, driver, kernel.

use hw_mpu401::{CARD_NAMES, CardProfile, CardTiming, InitialState, card};
use mpu401_card_bench::nearest;
use mpu401_card_bench::resources::CardResource;
use portcls_emulator::registry::RegistryValue;
use portcls_emulator::trace::TraceConfig;
use portcls_emulator::{Kernel, KernelConfig};
use portcls_inf_file::Installation;
use portcls_miniport::SYSTEM_MINIPORTS;
use portcls_port::install_system_miniports;

use crate::card_device::CardSignals;
use crate::card_settings::{CardSettings, Placed, check_together};
use crate::driver::Driver;
use crate::error::{MachineError, list};
use crate::inf::{self, Places, Taken};
use crate::installation::{Installed, RegistryPlace};
use crate::machine::{Machine, Parts};
use crate::meter::Meter;
use crate::pin_choice::PinChoice;
use crate::pin_format::PinFormat;
use crate::registry_file::RegistrySetting;

/// Builds a machine. The defaults are a Roland MPU-401 at its usual port 330, irq 9, with the
/// driver `uart`. Methods that set the kind, the state or the place of a card, such as
/// [`MachineBuilder::port`], are about the first card.
#[derive(Clone, Debug)]
pub struct MachineBuilder {
    first: CardSettings,
    /// The cards beside the first one.
    more: Vec<CardSettings>,
    driver: Option<Driver>,
    signals: CardSignals,
    kernel: KernelConfig,
    installed: Vec<Installed>,
    pin: Option<PinChoice>,
    inf: Option<Installation>,
    pin_format: PinFormat,
    meter: Meter,
}

impl Default for MachineBuilder {
    fn default() -> Self {
        MachineBuilder::new()
    }
}

impl MachineBuilder {
    /// The default machine.
    #[must_use]
    pub fn new() -> MachineBuilder {
        let profile = card("roland-mpu401").expect("the first card of the table").clone();
        MachineBuilder {
            first: CardSettings::new(profile),
            more: Vec::new(),
            driver: None,
            signals: CardSignals::default(),
            kernel: KernelConfig::default(),
            installed: Vec::new(),
            pin: None,
            inf: None,
            pin_format: PinFormat::default(),
            meter: Meter::default(),
        }
    }

    /// Chooses a card by its name.
    ///
    /// # Errors
    /// [`MachineError::UnknownCard`] with the nearest name, or the names of all cards.
    pub fn card(mut self, name: &str) -> Result<MachineBuilder, MachineError> {
        self.first.profile = built_in_card(name)?.clone();
        Ok(self)
    }

    /// Chooses a card by its profile.
    #[must_use]
    pub fn card_profile(mut self, profile: CardProfile) -> MachineBuilder {
        self.first.profile = profile;
        self
    }

    /// Sets everything about the first card at once.
    #[must_use]
    pub fn first_card(mut self, card: CardSettings) -> MachineBuilder {
        self.first = card;
        self
    }

    /// Adds a card. The driver gets one more device, for this card. The machine numbers the cards
    /// in the order of these calls; see [`Machine::devices`].
    #[must_use]
    pub fn add_card(mut self, card: CardSettings) -> MachineBuilder {
        self.more.push(card);
        self
    }

    /// Sets the state of the card at the beginning of the run. Without this call the card begins at
    /// power-on.
    #[must_use]
    pub fn card_state(mut self, initial: InitialState) -> MachineBuilder {
        self.first.initial = initial;
        self
    }

    /// Chooses the card's latencies. Each latency has a range, and `timing` says which times of the
    /// range the card takes.
    #[must_use]
    pub fn card_timing(mut self, timing: CardTiming) -> MachineBuilder {
        self.first.timing = timing;
        self
    }

    /// Says whether the trace shows the state inside the card. Without this call the trace does not
    /// show this state.
    ///
    /// The run is the same in both cases: only the trace has more events, and polls with a change
    /// between them are no longer folded.
    #[must_use]
    pub fn card_signals(mut self, signals: CardSignals) -> MachineBuilder {
        self.signals = signals;
        self
    }

    /// Chooses a driver.
    #[must_use]
    pub fn driver(mut self, driver: Driver) -> MachineBuilder {
        self.driver = Some(driver);
        self
    }

    /// Sets the base port of the card. Without this call the card is at its usual port, or at a
    /// port that an INF names.
    ///
    /// # Errors
    /// [`MachineError::BadPort`] above FFFE.
    pub fn port(mut self, port: u32) -> Result<MachineBuilder, MachineError> {
        let fits = u16::try_from(port).ok().filter(|port| *port < u16::MAX);
        self.first.port = Some(fits.ok_or(MachineError::BadPort { port })?);
        Ok(self)
    }

    /// Sets the interrupt line of the card. Without this call it is line 9, or a line that an INF
    /// names. Line 2 means line 9.
    ///
    /// # Errors
    /// [`MachineError::BadIrq`] outside 2 to 15.
    pub fn irq(mut self, irq: u32) -> Result<MachineBuilder, MachineError> {
        self.first.irq = Some(match irq {
            2 => 9,
            3..=15 => irq as u8,
            _ => return Err(MachineError::BadIrq { irq }),
        });
        Ok(self)
    }

    /// Sets all resources of the device in their order. Without this call, or with an empty list,
    /// an INF gives the resources. Without an INF the resources are the ports and the line of the
    /// MPU-401. Ports that are not the MPU-401's are not modelled: a read gives FF, except for a
    /// few modelled answers, and a write is lost. [`Machine::range_figures`] counts both.
    #[must_use]
    pub fn resources(mut self, resources: Vec<CardResource>) -> MachineBuilder {
        self.first.resources = resources;
        self
    }

    /// Chooses the pin that an application opens. Without this call the application opens the first
    /// pin that can be opened.
    #[must_use]
    pub fn pin(mut self, pin: Option<PinChoice>) -> MachineBuilder {
        self.pin = pin;
        self
    }

    /// Chooses the format with which an application opens its pins. Without this call the format is
    /// [`PinFormat::Midi`].
    #[must_use]
    pub fn pin_format(mut self, format: PinFormat) -> MachineBuilder {
        self.pin_format = format;
        self
    }

    /// Puts a value into the registry before the driver is loaded. The value goes into one of the
    /// driver's keys, or into a new key below that key. An empty `subkey` is the key itself.
    #[must_use]
    pub fn registry_value(
        mut self,
        place: RegistryPlace,
        subkey: &str,
        value: RegistryValue,
    ) -> MachineBuilder {
        self.installed.push(Installed { place, subkey: subkey.to_owned(), value: Some(value) });
        self
    }

    /// Puts registry values into the registry, see [`MachineBuilder::registry_value`].
    #[must_use]
    pub fn registry_settings(self, settings: &[RegistrySetting]) -> MachineBuilder {
        settings.iter().fold(self, |builder, setting| {
            builder.registry_value(setting.place, &setting.subkey, setting.value.clone())
        })
    }

    /// Installs what an INF says. The registry values of the INF go in now, before the values of
    /// later calls of [`MachineBuilder::registry_value`]. The first configuration of the INF with
    /// room for the MPU-401 gives the resources, unless [`MachineBuilder::resources`] names the
    /// resources.
    #[must_use]
    pub fn inf(mut self, installation: &Installation) -> MachineBuilder {
        self.installed.extend(inf::installed(installation));
        self.inf = Some(installation.clone());
        self
    }

    /// Sets how much the trace holds and whether it folds polls.
    #[must_use]
    pub fn trace(mut self, trace: TraceConfig) -> MachineBuilder {
        self.kernel.trace = trace;
        self
    }

    /// Counts the bytes on the MIDI lines for a watcher, which may be another thread. If this
    /// builder builds several machines, the meter counts the bytes of all of them.
    #[must_use]
    pub fn meter(mut self, meter: &Meter) -> MachineBuilder {
        self.meter = meter.clone();
        self
    }

    /// Stops the run at this simulated time.
    #[must_use]
    pub fn until_ns(mut self, until_ns: Option<u64>) -> MachineBuilder {
        self.kernel.until_ns = until_ns;
        self
    }

    /// Sets all about the kernel at once, also what [`MachineBuilder::trace`] and
    /// [`MachineBuilder::until_ns`] set. Only the cost of a port access comes from the first card.
    #[must_use]
    pub fn kernel(mut self, config: KernelConfig) -> MachineBuilder {
        self.kernel = config;
        self
    }

    /// Builds the machine at power-on: the cards are on the bus, no driver is loaded.
    ///
    /// # Errors
    /// [`MachineError::UnknownDriver`] when the default driver is not in the table;
    /// [`MachineError::BadPort`] when a register of a card would lie above FFFF;
    /// [`MachineError::BadResource`] for a list of resources that no device can have;
    /// [`MachineError::InfResources`] when no configuration of the INF has room for the MPU-401;
    /// [`MachineError::BadRegistryValue`] for a value that no registry can hold;
    /// [`MachineError::CardsClash`] for cards that cannot be in one machine;
    /// [`MachineError::DriverFile`] when a `.sys` driver does not fit into memory.
    pub fn build(mut self) -> Result<Machine, MachineError> {
        let driver = match self.driver {
            Some(driver) => driver,
            None => Driver::named("uart")?,
        };
        let access_ns = self.first.profile.behaviour.access_ns;
        let config = KernelConfig { port_access_ns: access_ns, ..self.kernel };
        let places = self.first.places();
        let resources = std::mem::take(&mut self.first.resources);
        let taken = taken(resources, self.inf.as_ref(), places)?;
        let mut placed = vec![Placed::new(self.first, taken)?];
        for mut card in self.more {
            let places = card.places();
            let resources = std::mem::take(&mut card.resources);
            placed.push(Placed::new(card, taken_from(resources, places))?);
        }
        check_together(&placed)?;
        let kernel = Kernel::new(config);
        install_system_miniports(&kernel, SYSTEM_MINIPORTS);
        let mut title = format!("driver {}", driver.name);
        let attach = |(index, placed): (usize, Placed)| {
            title.push_str(&placed.words());
            placed.attach(&kernel, index, self.signals, &self.meter)
        };
        let devices = placed.into_iter().enumerate().map(attach).collect();
        Machine::new(Parts {
            kernel,
            devices,
            driver,
            title,
            installed: self.installed,
            inf: self.inf,
            pin: self.pin,
            pin_format: self.pin_format,
        })
    }
}

/// A built-in card by its name, in capitals or not.
///
/// # Errors
/// [`MachineError::UnknownCard`] with the nearest name, or the names of all cards.
pub fn built_in_card(name: &str) -> Result<&'static CardProfile, MachineError> {
    card(&name.to_ascii_lowercase()).ok_or_else(|| MachineError::UnknownCard {
        name: name.to_owned(),
        hint: match nearest(name, CARD_NAMES) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("the cards are {}", list(CARD_NAMES.into_iter())),
        },
    })
}

/// Returns the resources of the first device, and where its MPU-401 is. If no resources were named
/// and there is an INF with configurations, the INF gives the resources.
fn taken(
    named: Vec<CardResource>,
    inf: Option<&Installation>,
    places: Places,
) -> Result<Taken, MachineError> {
    if let (true, Some(inf)) = (named.is_empty(), inf)
        && let Some(taken) = inf::take(&inf.configurations, places)?
    {
        return Ok(taken);
    }
    Ok(taken_from(named, places))
}

fn taken_from(named: Vec<CardResource>, places: Places) -> Taken {
    Taken {
        resources: named,
        port: places.port.unwrap_or(places.usual_port),
        irq: places.irq.unwrap_or(places.usual_irq),
    }
}
