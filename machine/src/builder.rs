//! Puts a machine together: card, port, interrupt line, driver, kernel.

use std::cell::RefCell;
use std::rc::Rc;

use hw_mpu401::{CARD_NAMES, CardProfile, CardTiming, InitialState, InterruptKind, Mpu401, card};
use mpu401_card_bench::nearest;
use mpu401_card_bench::resources::CardResource;
use portcls_emulator::registry::RegistryValue;
use portcls_emulator::trace::TraceConfig;
use portcls_emulator::{Kernel, KernelConfig, Share, TriggerMode};
use portcls_inf_file::Installation;
use portcls_miniport::SYSTEM_MINIPORTS;
use portcls_port::install_system_miniports;

use crate::card_device::{Card, CardDevice, CardPower, CardSignals, CardState};
use crate::driver::Driver;
use crate::error::{MachineError, list};
use crate::granted::{Granted, OwnLine};
use crate::inf::{self, Places, Taken};
use crate::installation::{Installed, RegistryPlace};
use crate::machine::{Machine, Parts};
use crate::meter::Meter;
use crate::pin_choice::PinChoice;
use crate::pin_format::PinFormat;
use crate::sent::SentBytes;
use crate::slot::Slot;
use crate::unmodelled::UnmodelledRange;

/// The default interrupt line.
const DEFAULT_IRQ: u8 = 9;

/// Builds a machine. The defaults are a Roland MPU-401 at its usual port 330, irq 9, with the
/// driver `uart`.
#[derive(Clone, Debug)]
pub struct MachineBuilder {
    profile: CardProfile,
    driver: Option<Driver>,
    port: Option<u16>,
    irq: Option<u8>,
    initial: InitialState,
    timing: CardTiming,
    signals: CardSignals,
    kernel: KernelConfig,
    installed: Vec<Installed>,
    pin: Option<PinChoice>,
    resources: Vec<CardResource>,
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
            profile,
            driver: None,
            port: None,
            irq: None,
            initial: InitialState::PowerOn,
            timing: CardTiming::Typical,
            signals: CardSignals::default(),
            kernel: KernelConfig::default(),
            installed: Vec::new(),
            pin: None,
            resources: Vec::new(),
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
        let found = card(&name.to_ascii_lowercase());
        let profile = found.ok_or_else(|| MachineError::UnknownCard {
            name: name.to_owned(),
            hint: match nearest(name, CARD_NAMES) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("the cards are {}", list(CARD_NAMES.into_iter())),
            },
        })?;
        self.profile = profile.clone();
        Ok(self)
    }

    /// Chooses a card by its profile.
    #[must_use]
    pub fn card_profile(mut self, profile: CardProfile) -> MachineBuilder {
        self.profile = profile;
        self
    }

    /// Sets the state of the card at the beginning of the run. Without this call the card begins at
    /// power-on.
    #[must_use]
    pub fn card_state(mut self, initial: InitialState) -> MachineBuilder {
        self.initial = initial;
        self
    }

    /// Sets the point in their ranges at which the card's latencies lie.
    #[must_use]
    pub fn card_timing(mut self, timing: CardTiming) -> MachineBuilder {
        self.timing = timing;
        self
    }

    /// Says whether the trace shows the state inside the card. Without this call the trace does not
    /// show it.
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

    /// Puts the card at a base port that is not the card's usual port.
    ///
    /// # Errors
    /// [`MachineError::BadPort`] above FFFE.
    pub fn port(mut self, port: u32) -> Result<MachineBuilder, MachineError> {
        let fits = u16::try_from(port).ok().filter(|port| *port < u16::MAX);
        self.port = Some(fits.ok_or(MachineError::BadPort { port })?);
        Ok(self)
    }

    /// Puts the card on another interrupt line; 2 means 9.
    ///
    /// # Errors
    /// [`MachineError::BadIrq`] outside 2 to 15.
    pub fn irq(mut self, irq: u32) -> Result<MachineBuilder, MachineError> {
        self.irq = Some(match irq {
            2 => 9,
            3..=15 => irq as u8,
            _ => return Err(MachineError::BadIrq { irq }),
        });
        Ok(self)
    }

    /// Sets all resources of the device in their order. Without this call the resources are the
    /// ports and the line of the MPU-401. What is not the MPU-401's is not modelled: reads give FF,
    /// writes are lost, and [`Machine::range_figures`] counts both.
    #[must_use]
    pub fn resources(mut self, resources: Vec<CardResource>) -> MachineBuilder {
        self.resources = resources;
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
    /// driver's keys, or into a new key below that key. The empty path is the key itself.
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
    /// builder builds several machines, all of them count.
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

    /// Sets everything else about the kernel. The card still decides the cost of a port access.
    #[must_use]
    pub fn kernel(mut self, config: KernelConfig) -> MachineBuilder {
        self.kernel = config;
        self
    }

    /// Builds the machine at power-on: the card is on the bus, no driver is loaded.
    ///
    /// # Errors
    /// [`MachineError::UnknownDriver`] when the default driver is not in the table;
    /// [`MachineError::BadPort`] when a register of the card would lie above FFFF;
    /// [`MachineError::BadResource`] for a list of resources that cannot be;
    /// [`MachineError::InfResources`] when no configuration of an INF fits the card;
    /// [`MachineError::BadRegistryValue`] for a value that no registry can hold;
    /// [`MachineError::DriverFile`] when a `.sys` driver does not fit into memory.
    pub fn build(self) -> Result<Machine, MachineError> {
        let driver = match self.driver {
            Some(driver) => driver,
            None => Driver::named("uart")?,
        };
        let Taken { resources, port, irq } = taken(
            self.resources,
            self.inf.as_ref(),
            Places {
                port: self.port,
                usual_port: self.profile.behaviour.usual_port,
                irq: self.irq,
                usual_irq: DEFAULT_IRQ,
                status_offset: self.profile.behaviour.status_offset,
            },
        )?;
        let config =
            KernelConfig { port_access_ns: self.profile.behaviour.access_ns, ..self.kernel };
        let (trigger, share) = match self.profile.behaviour.interrupt {
            InterruptKind::LatchEdge => (TriggerMode::Latched, Share::Exclusive),
            InterruptKind::Level => (TriggerMode::Level, Share::Shared),
        };
        let line = OwnLine { number: irq, trigger, share };
        let status_offset = self.profile.behaviour.status_offset;
        let granted = Granted::new(&resources, port, status_offset, line)?;
        let kernel = Kernel::new(config);
        install_system_miniports(&kernel, SYSTEM_MINIPORTS);
        granted.lines.iter().for_each(|line| kernel.wire_line(*line));
        let card: Card = Rc::new(RefCell::new(CardState {
            name: self.profile.name.to_string(),
            signals: self.signals,
            power: CardPower::On,
            chip: Mpu401::with_timing(&self.profile, self.initial, self.timing),
            sent: SentBytes::default(),
            meter: self.meter,
            out_idle_since_ns: 0,
            faults: None,
        }));
        let shell = Box::new(CardDevice(Rc::clone(&card)));
        let device = kernel.attach_device(port, self.profile.behaviour.ports(), Some(irq), shell);
        let ranges = granted.ranges.iter().map(UnmodelledRange::new).collect();
        let slot = Slot::new(&kernel, card, device, ranges);
        let card = &self.profile.name;
        let mut title = format!("driver {}, card {card}, port {port:X}, irq {irq}", driver.name);
        title.extend(resources.iter().map(|one| format!(", {one}")));
        Machine::new(Parts {
            kernel,
            slot,
            port,
            irq,
            resources,
            driver,
            title,
            translated: granted.translated,
            raw: granted.raw,
            installed: self.installed,
            inf: self.inf,
            pin: self.pin,
            pin_format: self.pin_format,
        })
    }
}

/// Returns the resources of the device, and where its MPU-401 is. If no resources were named, the
/// INF gives the resources.
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
    Ok(Taken {
        resources: named,
        port: places.port.unwrap_or(places.usual_port),
        irq: places.irq.unwrap_or(places.usual_irq),
    })
}
