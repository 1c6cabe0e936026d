//! The options of a machine and of the pin that the application opens.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use portcls_machine::card_bench::card_file::CardFile;
use portcls_machine::chip::CardTiming;
use portcls_machine::emulator::trace::{Hold, TraceConfig};
use portcls_machine::settings::{parse_irq, parse_ns, parse_port, parse_timing};
use portcls_machine::{
    CardResource, CardSignals, GuestOptions, MachineBuilder, PinChoice, RegistrySetting,
};

use super::PinFormatName;
use super::values::{CardParser, parse_resource};
use crate::card::CardChoice;
use crate::driver::{DriverChoice, read_registry_file};
use crate::failure::Failure;
use crate::inf::InfChoice;

/// The pin.
#[derive(Args, Debug)]
#[command(next_help_heading = "Machine")]
pub struct PinArguments {
    /// The filter that the application opens and, after a colon, its pin: each by the name or the
    /// number that `filters` shows [default: the first pin that can be opened].
    #[arg(long, value_name = "FILTER[:PIN]")]
    pub pin: Option<PinChoice>,
    /// The format with which the application opens the pin; `filters` shows the formats of each
    /// pin.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = PinFormatName::Midi)]
    pub pin_format: PinFormatName,
}

/// The machine.
#[derive(Args, Debug)]
#[command(next_help_heading = "Machine")]
pub struct MachineArguments {
    /// The card: a name that `cards` lists, or a card file that ends in .toml.
    #[arg(long, value_name = "CARD", default_value = "roland-mpu401", value_parser = CardParser)]
    pub card: CardChoice,
    /// The card's latencies within their ranges: min, typ, max, or seeded:N for random ones.
    #[arg(long, value_name = "POINT", default_value = "typ", value_parser = parse_timing)]
    pub card_timing: CardTiming,
    /// The driver: one that is built in, or the path of a Windows driver's .sys file; - is stdin.
    #[arg(long, value_name = "DRIVER", default_value = "uart")]
    #[arg(value_parser = DriverChoice::parse, value_hint = ValueHint::FilePath)]
    pub driver: DriverChoice,
    /// Puts a value into the driver's registry key: NAME=dword:1, NAME=string:TEXT or
    /// NAME=binary:0A1B.
    ///
    /// SUBKEY\NAME puts it into a key below that key. A word before the name chooses the key:
    /// service: is the key whose path DriverEntry gets, device: is the hardware key, and driver: is
    /// the driver's key, as without a word.
    #[arg(long, value_name = "VALUE")]
    pub registry: Vec<RegistrySetting>,
    /// Reads values in the form of --registry from a file, one on each line; # begins a remark.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub registry_file: Option<PathBuf>,
    /// Installs what the driver's INF says: its registry values, and its resources if no --resource
    /// and no card file names them.
    ///
    /// MODEL is a description, a hardware identifier or an install section of the INF [default: the
    /// first model]. The summary says which parts of the INF were not used.
    #[arg(long, value_name = "FILE[:MODEL]", value_parser = InfChoice::parse)]
    #[arg(value_hint = ValueHint::FilePath)]
    pub inf: Option<InfChoice>,
    /// Time that one instruction of a .sys driver takes, as in 1ns or 0ns.
    #[arg(long, value_name = "TIME", default_value = "1ns", value_parser = parse_ns)]
    pub instruction_time: u64,
    /// The most instructions of one call into a .sys driver; more are reported as a hang. Each call
    /// of a routine that takes no time, such as DbgPrint, counts as 250 instructions.
    #[arg(long, value_name = "NUMBER", default_value = "100000000")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub call_budget: u64,
    /// The base port of the card, in hexadecimal, at most FFFE [default: the card's usual port, 330
    /// for nearly all, or what the INF names].
    #[arg(long, value_name = "HEX", value_parser = parse_port)]
    pub port: Option<u16>,
    /// The card's interrupt line, 2 to 15; 2 means 9, as on a PC [default: 9, or what the INF
    /// names].
    #[arg(long, value_name = "NUMBER", value_parser = parse_irq)]
    pub irq: Option<u8>,
    /// A resource of the device: mpu401, port:START+LENGTH, irq, irq:LINE, dma:CHANNEL or
    /// memory:START+LENGTH [default: mpu401 and irq].
    ///
    /// The driver gets the resources in the order of the options. mpu401 stands for the ports of
    /// the MPU-401, irq for its line. Other ports are not modelled: a read gives FF, a write is
    /// lost, and the summary counts both. START is hexadecimal. In port:220+16,sb-dsp the DSP of a
    /// Sound Blaster answers a reset and tells its version.
    #[arg(long, value_name = "RESOURCE", value_parser = parse_resource)]
    pub resource: Vec<CardResource>,
    /// Stops at this simulated time since power-on, as in 250ms, 1.5s, 800us or 2m.
    #[arg(long, value_name = "TIME", value_parser = parse_ns)]
    pub until: Option<u64>,
}

impl MachineArguments {
    /// Prepares the machine with this card. `hold` says how many events the trace holds, and
    /// `signals` whether the trace shows the state inside the card.
    ///
    /// # Errors
    /// [`Failure`]: the driver's file, the INF or the file of registry values cannot be used.
    pub fn builder(
        &self,
        card: &CardFile,
        hold: Hold,
        signals: CardSignals,
    ) -> Result<MachineBuilder, Failure> {
        let mut builder = MachineBuilder::new();
        if let Some(port) = self.port {
            builder = builder.port(port.into())?;
        }
        if let Some(irq) = self.irq {
            builder = builder.irq(irq.into())?;
        }
        let driver = self.driver.load(self.guest_options())?;
        log::info!("the card is {}, the driver {}", card.profile.name, self.driver.name());
        if let Some(inf) = &self.inf {
            builder = builder.inf(&inf.read(driver.architecture())?);
        }
        if let Some(path) = &self.registry_file {
            builder = builder.registry_settings(&read_registry_file(path)?);
        }
        let builder = builder
            .registry_settings(&self.registry)
            .card_profile(card.profile.clone())
            .resources(self.resources(card).to_vec())
            .card_timing(self.card_timing)
            .card_signals(signals)
            .driver(driver)
            .trace(TraceConfig { hold, ..TraceConfig::default() })
            .until_ns(self.until);
        Ok(builder)
    }

    /// The files that the options name.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let inf = self.inf.as_ref().map(InfChoice::path);
        let files = [self.card.path(), self.driver.file(), self.registry_file.as_deref(), inf];
        files.into_iter().flatten()
    }

    /// The resources from the command line, or else from the card's file.
    pub fn resources<'a>(&'a self, card: &'a CardFile) -> &'a [CardResource] {
        if self.resource.is_empty() { &card.resources } else { &self.resource }
    }

    /// Who named the resources; `None` if they come from the INF or are the usual ones.
    pub fn names_resources(&self, card: &CardFile) -> Option<&'static str> {
        match (self.resource.is_empty(), card.resources.is_empty()) {
            (false, _) => Some("--resource"),
            (true, false) => Some("the card's file"),
            (true, true) => None,
        }
    }

    /// The options for the run of a driver's file.
    fn guest_options(&self) -> GuestOptions {
        GuestOptions {
            instruction_ns: self.instruction_time,
            call_budget: self.call_budget,
            ..GuestOptions::default()
        }
    }
}
