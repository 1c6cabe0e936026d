//! The settings of one card, and the way of the card onto the bus.
//!
//! This file also checks that the cards of one machine fit together.

use std::cell::RefCell;
use std::rc::Rc;

use hw_mpu401::{CardProfile, CardTiming, InitialState, InterruptKind, Mpu401};
use mpu401_card_bench::resources::CardResource;
use portcls_emulator::{Kernel, Share, TriggerMode};

use crate::card_device::{Card, CardDevice, CardPower, CardSignals, CardState, WIRES};
use crate::device::DeviceParts;
use crate::error::MachineError;
use crate::granted::{Granted, OwnLine};
use crate::inf::{Places, Taken};
use crate::meter::Meter;
use crate::sent::SentBytes;
use crate::slot::Slot;
use crate::unmodelled::UnmodelledRange;

const DEFAULT_IRQ: u8 = 9;

/// What can be chosen about a card.
#[derive(Clone, Debug)]
pub struct CardSettings {
    /// What the card does.
    pub profile: CardProfile,
    /// The base port. `None` for the usual port of the card, unless the driver's INF gives another.
    pub port: Option<u16>,
    /// The interrupt line, 3 to 15. `None` for 9, unless the driver's INF gives another.
    pub irq: Option<u8>,
    /// The state of the card at the beginning of the run.
    pub initial: InitialState,
    /// Which time the card takes from the range of each of its latencies.
    pub timing: CardTiming,
    /// Whether the card's interrupt line is connected.
    pub connection: Connection,
    /// All resources of the device. If the list is empty, the device has the MPU-401's ports and
    /// line; but the driver's INF, if there is one, gives the resources of the first card.
    pub resources: Vec<CardResource>,
}

/// Whether the interrupt output of a card is connected to the line that the driver gets as a
/// resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Connection {
    /// Yes.
    #[default]
    Connected,
    /// No: a jumper is wrong, or a pin is broken. No interrupt comes.
    Cut,
}

impl CardSettings {
    /// A card at its usual place, fresh from power-on.
    #[must_use]
    pub fn new(profile: CardProfile) -> CardSettings {
        CardSettings {
            profile,
            port: None,
            irq: None,
            initial: InitialState::PowerOn,
            timing: CardTiming::Typical,
            connection: Connection::Connected,
            resources: Vec::new(),
        }
    }

    /// The places of the MPU-401 that the user chose, and the default places.
    pub(crate) fn places(&self) -> Places {
        Places {
            port: self.port,
            usual_port: self.profile.behaviour.usual_port,
            irq: self.irq,
            usual_irq: DEFAULT_IRQ,
            status_offset: self.profile.behaviour.status_offset,
        }
    }
}

/// A card whose place and resources are known.
pub(crate) struct Placed {
    card: CardSettings,
    taken: Taken,
    granted: Granted,
    trigger: TriggerMode,
}

impl Placed {
    /// # Errors
    /// [`MachineError::BadPort`] and [`MachineError::BadResource`].
    pub fn new(card: CardSettings, taken: Taken) -> Result<Placed, MachineError> {
        let behaviour = &card.profile.behaviour;
        let (trigger, share) = match behaviour.interrupt {
            InterruptKind::LatchEdge => (TriggerMode::Latched, Share::Exclusive),
            InterruptKind::Level => (TriggerMode::Level, Share::Shared),
        };
        let line = OwnLine { number: taken.irq, trigger, share };
        let offset = behaviour.status_offset;
        let granted = Granted::new(&taken.resources, taken.port, offset, line)?;
        Ok(Placed { card, taken, granted, trigger })
    }

    /// What the head of a trace says of the card.
    pub fn words(&self) -> String {
        let Taken { port, irq, resources } = &self.taken;
        let name = &self.card.profile.name;
        let mut words = format!(", card {name}, port {port:X}, irq {irq}");
        words.extend(resources.iter().map(|one| format!(", {one}")));
        words
    }

    /// Wires the lines of the device, and puts the card on the bus. `index` is the number of the
    /// device from 0.
    pub fn attach(
        self,
        kernel: &Kernel,
        index: usize,
        signals: CardSignals,
        meter: &Meter,
    ) -> DeviceParts {
        let Placed { card: settings, taken, granted, .. } = self;
        granted.lines.iter().for_each(|line| kernel.wire_line(*line));
        let ports = settings.profile.behaviour.ports();
        let card: Card = Rc::new(RefCell::new(CardState {
            name: settings.profile.name.to_string(),
            wire: WIRES[index],
            signals,
            power: CardPower::On,
            chip: Mpu401::with_timing(&settings.profile, settings.initial, settings.timing),
            sent: SentBytes::default(),
            meter: meter.clone(),
            out_idle_since_ns: 0,
            faults: None,
        }));
        let line = match settings.connection {
            Connection::Connected => Some(taken.irq),
            Connection::Cut => None,
        };
        let shell = Box::new(CardDevice(Rc::clone(&card)));
        let device = kernel.attach_device(taken.port, ports, line, shell);
        let ranges = granted.ranges.iter().map(UnmodelledRange::new).collect();
        DeviceParts {
            slot: Slot::new(kernel, card, device, ranges),
            port: taken.port,
            irq: taken.irq,
            resources: taken.resources,
            translated: granted.translated,
            raw: granted.raw,
        }
    }

    fn ports(&self) -> std::ops::RangeInclusive<u16> {
        let last = self.taken.port.saturating_add(self.card.profile.behaviour.ports() - 1);
        self.taken.port..=last
    }
}

/// Checks that the cards can be in one machine: their number, the ports of their MPU-401s and the
/// triggers of their lines.
///
/// # Errors
/// [`MachineError::CardsClash`].
pub(crate) fn check_together(cards: &[Placed]) -> Result<(), MachineError> {
    let clash =
        |what: String, hint: &str| Err(MachineError::CardsClash { what, hint: hint.to_owned() });
    if cards.len() > WIRES.len() {
        let what = format!("{} cards are too many", cards.len());
        return clash(what, &format!("a machine has at most {}", WIRES.len()));
    }
    for (index, card) in cards.iter().enumerate() {
        for other in &cards[..index] {
            let (mine, theirs) = (card.ports(), other.ports());
            if mine.start() <= theirs.end() && theirs.start() <= mine.end() {
                let what = format!("two cards are at port {:X}", mine.start().max(theirs.start()));
                return clash(what, "give each card ports of its own");
            }
            if card.taken.irq == other.taken.irq && card.trigger != other.trigger {
                let what = format!("one card has irq {} by edge, another by level", card.taken.irq);
                return clash(what, "give each card a line of its own");
            }
        }
    }
    Ok(())
}
