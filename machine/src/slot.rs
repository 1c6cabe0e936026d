//! The card in its slot: all devices of the card on the bus.
//!
//! This file owns what happens to all these devices at once: they get and lose their power, and
//! they leave the bus.

use portcls_emulator::{DeviceId, Kernel};

use crate::card_device::{Card, CardPower};
use crate::unmodelled::{RangeFigures, UnmodelledRange};

/// The card and its devices on the bus; clones are the same card.
#[derive(Clone)]
pub(crate) struct Slot {
    pub card: Card,
    /// The MPU-401.
    pub device: DeviceId,
    /// The ports that are not modelled.
    ranges: Vec<(DeviceId, UnmodelledRange)>,
}

impl Slot {
    /// A card whose MPU-401 is on the bus already. This function puts the card's other ports on the
    /// bus.
    pub fn new(
        kernel: &Kernel,
        card: Card,
        device: DeviceId,
        ranges: Vec<UnmodelledRange>,
    ) -> Slot {
        let attach = |range: UnmodelledRange| (range.attach(kernel), range);
        Slot { card, device, ranges: ranges.into_iter().map(attach).collect() }
    }

    /// Takes the card off the bus.
    pub fn detach(&self, kernel: &Kernel) {
        kernel.detach_device(self.device);
        for (device, _) in &self.ranges {
            kernel.detach_device(*device);
        }
    }

    /// Takes the power away or gives it back.
    pub fn set_power(&self, kernel: &Kernel, power: CardPower) {
        self.card.borrow_mut().set_power(power, kernel.now_ns());
        kernel.touch_device(self.device);
        for (_, range) in &self.ranges {
            range.set_power(power);
        }
    }

    /// What was counted in the ports that are not modelled, in the order of the resources.
    pub fn range_figures(&self) -> Vec<RangeFigures> {
        self.ranges.iter().map(|(_, range)| range.figures()).collect()
    }
}
