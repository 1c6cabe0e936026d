//! A device of the machine.
//!
//! A device is a card in its slot, with the cables of the card, and with a Plug and Play manager of
//! its own.

use std::rc::Rc;

use hw_mpu401::{Counters, Fault};
use mpu401_card_bench::resources::CardResource;
use portcls_emulator::{
    DeviceObject, DevicePowerState, Kernel, PnpRequest, PowerAction, PowerState, Resource,
};

use crate::cable::Cable;
use crate::error::MachineError;
use crate::installation::{Installed, install};
use crate::pnp::PnpManager;
use crate::power::{bus_driver, send_power};
use crate::slot::Slot;
use crate::unmodelled::RangeFigures;

/// What a device has after its card was put on the bus.
pub(crate) struct DeviceParts {
    pub slot: Slot,
    pub port: u16,
    pub irq: u8,
    /// The resources that the user or an INF named. If none were named, the list is empty and the
    /// device has the ports and the line of the MPU-401.
    pub resources: Vec<CardResource>,
    pub translated: Vec<Resource>,
    pub raw: Vec<Resource>,
}

/// A device of the machine, see [`Machine::devices`](crate::Machine::devices).
pub struct MachineDevice {
    kernel: Kernel,
    parts: DeviceParts,
    cable: Cable,
    pub(crate) pnp: Rc<PnpManager>,
}

impl MachineDevice {
    /// A device that is not installed yet. `index` is the number of the device from 0.
    pub(crate) fn new(kernel: &Kernel, index: usize, parts: DeviceParts) -> MachineDevice {
        let physical = DeviceObject::new(&bus_driver(&parts.slot));
        MachineDevice {
            kernel: kernel.clone(),
            cable: Cable::new(kernel, &parts.slot.card, parts.slot.device),
            pnp: PnpManager::new(kernel, physical, parts.slot.clone(), index),
            parts,
        }
    }

    /// Installs the device with these registry values. `index` is the number of the device from 0.
    ///
    /// # Errors
    /// [`MachineError::BadRegistryValue`] for a value that no registry can hold.
    pub(crate) fn install(&self, index: usize, values: &[Installed]) -> Result<(), MachineError> {
        install(&self.kernel, self.pnp.physical(), index, values)
    }

    /// Breaks two circles of references: the physical device and the bus driver hold each other,
    /// and so do the kernel and the card while there is an oracle.
    pub(crate) fn end(&self) {
        self.pnp.physical().driver().clear();
        self.slot().card.borrow_mut().faults = None;
    }

    /// The cables at the card's sockets.
    #[must_use]
    pub fn cable(&self) -> &Cable {
        &self.cable
    }

    /// What the chip has counted since the card's power was last switched on.
    #[must_use]
    pub fn card_counters(&self) -> Counters {
        self.parts.slot.card.borrow().chip.counters()
    }

    /// The base port of the card's MPU-401.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.parts.port
    }

    /// The interrupt line of the card's MPU-401.
    #[must_use]
    pub fn irq(&self) -> u8 {
        self.parts.irq
    }

    /// The resources that the user or an INF named for the device. If none were named, the list is
    /// empty and the device has the ports and the line of the MPU-401.
    #[must_use]
    pub fn resources(&self) -> &[CardResource] {
        &self.parts.resources
    }

    /// What drivers did since the machine was built in the ports of the device that are not
    /// modelled. The list has an entry for each range, in the order of the resources.
    #[must_use]
    pub fn range_figures(&self) -> Vec<RangeFigures> {
        self.parts.slot.range_figures()
    }

    /// Injects a fault into the card. The fault hits the next `bytes` bytes of the kind that this
    /// fault can hit. With 0 the fault ends. Any card can be given any fault.
    pub fn inject(&self, fault: Fault, bytes: u32) {
        let mut card = self.parts.slot.card.borrow_mut();
        card.chip.advance(self.kernel.now_ns());
        card.chip.inject(fault, bytes);
        drop(card);
        self.kernel.touch_device(self.parts.slot.device);
    }

    /// Pulls the card out of the running machine, as a user may do, and sends a surprise removal.
    /// From now on the card's ports read FF. The caller must still remove the device, see
    /// [`Machine::unload`](crate::Machine::unload).
    ///
    /// # Errors
    /// The errors of [`MachineDevice::pnp`].
    pub fn pull(&self) -> Result<(), MachineError> {
        self.kernel.enter(|kernel| {
            kernel.mark("the card is pulled");
            self.parts.slot.detach(kernel);
        })?;
        self.pnp(PnpRequest::SurpriseRemoval)
    }

    /// Lets the card vanish at this time on the clock, even in the middle of the driver's work.
    /// The bus then notices the empty slot, and the Plug and Play manager tells the driver. A time
    /// in the past means now.
    pub fn vanish_at_ns(&self, time_ns: u64) {
        let pnp = Rc::clone(&self.pnp);
        self.kernel.at(time_ns, move |kernel| pnp.card_vanishes(kernel));
    }

    /// Sends a Plug and Play request, such as a stop or a removal, to the top of the device stack.
    ///
    /// # Errors
    /// [`MachineError::Request`] with the status of a refusal; [`MachineError::Stopped`].
    pub fn pnp(&self, request: PnpRequest) -> Result<(), MachineError> {
        let status = self.kernel.enter(|kernel| self.pnp.send(kernel, request))?;
        if status.is_success() {
            return Ok(());
        }
        Err(MachineError::Request { request: "the Plug and Play request", status })
    }

    /// Lets the power manager put the device into a state, while the system goes on working. The
    /// power manager treats an idle device in this way.
    ///
    /// # Errors
    /// [`MachineError::Request`] with the status of a refusal; [`MachineError::Stopped`].
    pub fn set_power(&self, state: DevicePowerState) -> Result<(), MachineError> {
        self.send_power(PowerAction::Set, PowerState::Device(state))
    }

    /// Sends a power request to the top of the stack and waits until it is complete.
    pub(crate) fn send_power(
        &self,
        action: PowerAction,
        state: PowerState,
    ) -> Result<(), MachineError> {
        let physical = self.pnp.physical();
        let status = self.kernel.enter(|kernel| send_power(kernel, physical, action, state))?;
        if status.is_success() {
            return Ok(());
        }
        Err(MachineError::Request { request: "the power request", status })
    }

    /// The request that starts the device.
    pub(crate) fn start_request(&self) -> PnpRequest {
        let DeviceParts { translated, raw, .. } = &self.parts;
        PnpRequest::StartDevice { translated: translated.clone(), raw: raw.clone() }
    }

    pub(crate) fn slot(&self) -> &Slot {
        &self.parts.slot
    }
}
