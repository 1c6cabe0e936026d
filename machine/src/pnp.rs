//! The Plug and Play manager: sends its requests to the device.
//!
//! The manager sends one request at a time, and tells the driver when the driver's card has
//! vanished.
//!
//! This file owns the known state of the device, and the two choices about the device: whether its
//! card vanishes and whether its power changes. This file never knows whether a driver is in Rust
//! or in a `.sys` file.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::choice::{Choice, Happens, Power};
use portcls_emulator::trace::{Argument, Layer, NameId};
use portcls_emulator::{
    DeviceObject, DevicePowerState, Dpc, Irp, Irql, Kernel, NtStatus, Parameters, PnpRequest,
    PowerAction, PowerState, Resource, ResourceRequirements, SystemPowerState, WorkItem,
};

use crate::power::send_power;
use crate::slot::Slot;

/// Whether the card is in its slot, and whether the driver knows that it is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum CardPlace {
    /// The card is in its slot.
    InSlot,
    /// The card is gone, and the driver does not know this yet.
    Gone,
    /// The card is gone, and the driver knows this.
    GoneAndTold,
}

/// The Plug and Play manager of one device of the machine.
pub(crate) struct PnpManager {
    physical: Rc<DeviceObject>,
    slot: Slot,
    who: NameId,

    is_started: Cell<bool>,
    /// A request is under way. Meanwhile the manager itself sends no surprise removal, and begins
    /// no change of the power.
    is_busy: Cell<bool>,
    card: Cell<CardPlace>,
    /// The oracle chose a change of the power, and the change is not complete.
    power_changes: Cell<bool>,
}

/// The trace's name for the DPC by which the bus notices an empty slot.
const SLOT_IS_EMPTY: &str = "slot is empty";

impl PnpManager {
    /// The manager of a physical device and of its card in the slot. From now on the manager asks
    /// the oracle at preemption points. `index` is the number of the device from 0.
    pub fn new(
        kernel: &Kernel,
        physical: Rc<DeviceObject>,
        slot: Slot,
        index: usize,
    ) -> Rc<PnpManager> {
        let name = match index {
            0 => "pnp".to_owned(),
            _ => format!("pnp{}", index + 1),
        };
        let manager = Rc::new(PnpManager {
            physical,
            slot,
            who: kernel.trace().actor(&name, Layer::Software),
            is_started: Cell::new(false),
            is_busy: Cell::new(false),
            card: Cell::new(CardPlace::InSlot),
            power_changes: Cell::new(false),
        });
        let asking = Rc::clone(&manager);
        kernel.ask_at_points(Rc::new(move |kernel| asking.ask(kernel)));
        manager
    }

    /// The physical device object, at the bottom of the stack.
    pub fn physical(&self) -> &Rc<DeviceObject> {
        &self.physical
    }

    /// Sends a request to the top of the stack, waits for the end of the request, and returns the
    /// status of the request.
    ///
    /// Before a start, the driver may filter the resources. After a start that succeeded, the
    /// manager sends the queries that Windows sends then. If the device is started and its card has
    /// vanished during the request, the manager sends a surprise removal at the end.
    /// IRQL: PASSIVE_LEVEL.
    pub fn send(self: &Rc<Self>, kernel: &Kernel, request: PnpRequest) -> NtStatus {
        match request {
            PnpRequest::SurpriseRemoval => self.card.set(CardPlace::GoneAndTold),
            PnpRequest::StopDevice | PnpRequest::RemoveDevice => self.is_started.set(false),
            _ => {}
        }
        let starts = matches!(request, PnpRequest::StartDevice { .. });
        let removes = matches!(request, PnpRequest::RemoveDevice);
        let name = request.minor().name();
        let outer = self.is_busy.replace(true);
        let request = match request {
            PnpRequest::StartDevice { translated, raw } => {
                self.filter_resources(kernel, translated, raw)
            }
            request => request,
        };
        let irp = Irp::new(Parameters::Pnp(request), None, Vec::new());
        let result = self.record_call(kernel, name, || {
            match kernel.send_request_and_wait(&self.physical.top(), &irp) {
                status if status.is_success() => Ok(()),
                status => Err(status),
            }
        });
        if starts && result.is_ok() {
            self.ask_driver(kernel, PnpRequest::QueryPnpDeviceState);
            self.ask_driver(kernel, PnpRequest::QueryDeviceRelations);
            self.ask_driver(kernel, PnpRequest::QueryInterface);
            self.is_started.set(true);
        }
        if removes && result.is_ok() {
            kernel.disable_interfaces_of_removed(&self.physical);
        }
        self.is_busy.set(outer);
        self.tell_of_removal(kernel);
        NtStatus::of(&result)
    }

    /// Lets the driver change the list of resources that its device needs. Returns the start
    /// request with the resources that the device then gets.
    ///
    /// Assumed: the machine has given the device all resources that the machine has. So the manager
    /// takes a list that drops or reorders resources. Any other list asks for resources that do not
    /// exist. The manager does not take such a list, and a note of the trace says this.
    fn filter_resources(
        &self,
        kernel: &Kernel,
        translated: Vec<Resource>,
        raw: Vec<Resource>,
    ) -> PnpRequest {
        let given = ResourceRequirements::of(&raw);
        let list = Rc::new(RefCell::new(given.clone()));
        self.ask_driver(kernel, PnpRequest::FilterResourceRequirements(Rc::clone(&list)));
        let wanted = list.borrow().clone();
        if wanted == given {
            return PnpRequest::StartDevice { translated, raw };
        }
        match wanted.order_in(&given) {
            Some(order) if translated.len() == raw.len() => {
                let (kept, all) = (order.len(), raw.len());
                let note = format!("the driver's list of requirements is taken: {kept} of {all}");
                kernel.record_note(self.who, &note);
                PnpRequest::StartDevice {
                    translated: order.iter().map(|&index| translated[index]).collect(),
                    raw: order.iter().map(|&index| raw[index]).collect(),
                }
            }
            _ => {
                let note = "the driver's list of requirements is not used: it asks for more";
                kernel.record_note(self.who, note);
                PnpRequest::StartDevice { translated, raw }
            }
        }
    }

    /// Sends a question to the top of the stack. The status of the answer is ignored. The question
    /// is not in the trace, because a driver of a MIDI card only passes it on.
    pub fn ask_driver(&self, kernel: &Kernel, request: PnpRequest) {
        let irp = Irp::new(Parameters::Pnp(request), None, Vec::new());
        kernel.send_request_and_wait(&self.physical.top(), &irp);
    }

    /// Records a call into the driver, and its result.
    pub fn record_call(
        &self,
        kernel: &Kernel,
        name: &str,
        call: impl FnOnce() -> Result<(), NtStatus>,
    ) -> Result<(), NtStatus> {
        let name = kernel.trace().name(name);
        kernel.record_call(self.who, name, Argument::None);
        let result = call();
        kernel.record_return(self.who, name, NtStatus::of(&result), Argument::None);
        result
    }

    /// Asks the oracle what happens to the device at a preemption point.
    fn ask(self: &Rc<Self>, kernel: &Kernel) {
        let has_driver = !Rc::ptr_eq(&self.physical.top(), &self.physical);
        if self.card.get() != CardPlace::InSlot || !has_driver {
            return;
        }
        if kernel.choose::<Happens>(Choice::Removal) == Happens::Now {
            self.card_vanishes(kernel);
            return;
        }
        let may_change = self.is_started.get() && !self.is_busy.get() && !self.power_changes.get();
        if may_change && kernel.current_irql() == Irql::PASSIVE_LEVEL {
            match kernel.choose(Choice::Power) {
                Power::Stays => {}
                change => self.change_power(kernel, change),
            }
        }
    }

    /// Takes the card off the bus at once. A DPC of the bus notices this, and a work item then
    /// tells the driver. IRQL: any.
    pub fn card_vanishes(self: &Rc<Self>, kernel: &Kernel) {
        if self.card.get() != CardPlace::InSlot {
            return;
        }
        self.card.set(CardPlace::Gone);
        kernel.record_hardware_note("the card is gone");
        self.slot.detach(kernel);
        let manager = Rc::clone(self);
        let tell = WorkItem::new(Rc::new(move |kernel| manager.tell_of_removal(kernel)));
        let notice = Rc::new(move |kernel: &Kernel| kernel.queue_work_item(&tell));
        kernel.insert_queue_dpc(&Dpc::new(kernel, SLOT_IS_EMPTY, notice));
    }

    /// Tells the driver that its card is gone, if the driver does not know yet. While a request is
    /// under way, this function does nothing; [`PnpManager::send`] calls it again after the
    /// request.
    ///
    /// Assumed: the driver of a device that is not started need not know, because the removal
    /// follows anyway.
    fn tell_of_removal(self: &Rc<Self>, kernel: &Kernel) {
        if self.card.get() == CardPlace::Gone && self.is_started.get() && !self.is_busy.get() {
            self.send(kernel, PnpRequest::SurpriseRemoval);
        }
    }

    /// Queues a work item that changes the power and then changes it back, if the device is still
    /// started by then.
    fn change_power(self: &Rc<Self>, kernel: &Kernel, change: Power) {
        self.power_changes.set(true);
        let manager = Rc::clone(self);
        kernel.queue_work_item(&WorkItem::new(Rc::new(move |kernel| {
            if manager.is_started.get() {
                manager.walk_power(kernel, change);
            }
            manager.power_changes.set(false);
        })));
    }

    fn walk_power(&self, kernel: &Kernel, change: Power) {
        let set = |state| send_power(kernel, &self.physical, PowerAction::Set, state);
        match change {
            Power::Stays => {}
            Power::DeviceOffAndOn => {
                set(PowerState::Device(DevicePowerState::D3));
                set(PowerState::Device(DevicePowerState::D0));
            }
            Power::SleepAndWake => {
                let sleep = PowerState::System(SystemPowerState::S3);
                let answer = send_power(kernel, &self.physical, PowerAction::Query, sleep);
                if answer.is_success() {
                    set(sleep);
                    set(PowerState::System(SystemPowerState::S0));
                }
            }
        }
    }
}
