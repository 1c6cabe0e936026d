//! Power: states of the system and of a device, and the power manager.
//!
//! The power manager sends a request for a device's power state to the top of the device's stack.
//! Each stack gets one such request at a time; the others wait. From Windows Vista on the power
//! manager keeps this order by itself, so `PoStartNextPowerIrp` has nothing to do.
//! Source: public driver documentation of that routine.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use crate::bug_check::BugCheckCode;
use crate::device_object::DeviceObject;
use crate::dpc::Dpc;
use crate::irp::{Irp, Parameters};
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::numbered::numbered;
use crate::status::NtStatus;
use crate::timer::{DueTime, Timer, TimerKind};
use crate::work_item::WorkItem;

numbered! {
    /// A power state of a device; a deeper state has a greater number. Source: wdm.h.
    #[doc(alias = "DEVICE_POWER_STATE")]
    pub enum DevicePowerState: u32 {
        /// On.
        #[doc(alias = "PowerDeviceD0")]
        D0 = 1 "D0",
        /// Light sleep.
        #[doc(alias = "PowerDeviceD1")]
        D1 = 2 "D1",
        /// Deeper sleep.
        #[doc(alias = "PowerDeviceD2")]
        D2 = 3 "D2",
        /// Off.
        #[doc(alias = "PowerDeviceD3")]
        D3 = 4 "D3",
    }
}

numbered! {
    /// A power state of the whole system; a deeper state has a greater number. Source: wdm.h.
    #[doc(alias = "SYSTEM_POWER_STATE")]
    pub enum SystemPowerState: u32 {
        /// On.
        #[doc(alias = "PowerSystemWorking")]
        S0 = 1 "S0",
        /// The lightest sleep.
        #[doc(alias = "PowerSystemSleeping1")]
        S1 = 2 "S1",
        /// Deeper than S1.
        #[doc(alias = "PowerSystemSleeping2")]
        S2 = 3 "S2",
        /// Suspended to memory.
        #[doc(alias = "PowerSystemSleeping3")]
        S3 = 4 "S3",
        /// Hibernated.
        #[doc(alias = "PowerSystemHibernate")]
        S4 = 5 "S4",
        /// Off.
        #[doc(alias = "PowerSystemShutdown")]
        S5 = 6 "S5",
    }
}

/// The system's source of power. A driver is not told the source. The driver sees only the effect,
/// such as another idle time before the device is turned off.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum PowerSource {
    /// The mains: the system runs in performance mode.
    #[default]
    Ac,
    /// A battery: the system runs in conservation mode.
    Battery,
}

numbered! {
    /// Whether a power state belongs to the system or to a device. Source: wdm.h.
    #[doc(alias = "POWER_STATE_TYPE")]
    pub enum PowerStateType: u32 {
        /// The system.
        System = 0 "SystemPowerState",
        /// One device.
        Device = 1 "DevicePowerState",
    }
}

/// A power state of the system or of a device.
#[doc(alias = "POWER_STATE")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PowerState {
    /// A state of the system.
    System(SystemPowerState),
    /// A state of one device.
    Device(DevicePowerState),
}

impl PowerState {
    /// The state with this number of this type, `None` when there is none.
    #[must_use]
    pub fn from_number(kind: PowerStateType, number: u32) -> Option<PowerState> {
        match kind {
            PowerStateType::System => SystemPowerState::from_number(number).map(Self::System),
            PowerStateType::Device => DevicePowerState::from_number(number).map(Self::Device),
        }
    }

    /// Whether this is a state of the system or of a device.
    #[must_use]
    pub fn kind(self) -> PowerStateType {
        match self {
            PowerState::System(_) => PowerStateType::System,
            PowerState::Device(_) => PowerStateType::Device,
        }
    }

    /// The number of the state among the states of its type.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            PowerState::System(state) => state.number(),
            PowerState::Device(state) => state.number(),
        }
    }

    /// The name that a trace shows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PowerState::System(state) => state.name(),
            PowerState::Device(state) => state.name(),
        }
    }
}

numbered! {
    /// What a power request asks for: a minor function of IRP_MJ_POWER. Source: wdm.h.
    pub enum PowerAction: u8 {
        /// Enter the state. A driver cannot refuse this request.
        Set = 0x02 "IRP_MN_SET_POWER",
        /// Ask whether the state may be entered.
        Query = 0x03 "IRP_MN_QUERY_POWER",
    }
}

/// The parameters of IRP_MJ_POWER.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PowerRequest {
    /// Query or set.
    pub action: PowerAction,
    /// The state.
    pub state: PowerState,
}

/// The power part of the capabilities that a bus driver reports for a device. The members about
/// removal and addresses are left out. Source: wdm.h.
#[doc(alias = "DEVICE_CAPABILITIES")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceCapabilities {
    /// The shallowest device state that is allowed in each system state, S0 to S5.
    #[doc(alias = "DeviceState")]
    pub device_states: [DevicePowerState; 6],
    /// The deepest state from which the device can wake the system.
    #[doc(alias = "DeviceWake")]
    pub device_wake: Option<DevicePowerState>,
    /// Time from D1 to D0, in units of 100 µs.
    #[doc(alias = "D1Latency")]
    pub d1_latency_100us: u32,
    /// Time from D2 to D0, in units of 100 µs.
    #[doc(alias = "D2Latency")]
    pub d2_latency_100us: u32,
    /// Time from D3 to D0, in units of 100 µs.
    #[doc(alias = "D3Latency")]
    pub d3_latency_100us: u32,
}

impl Default for DeviceCapabilities {
    /// A device that is on while the system is on, and off in every other state of the system.
    fn default() -> Self {
        let mut device_states = [DevicePowerState::D3; 6];
        device_states[0] = DevicePowerState::D0;
        DeviceCapabilities {
            device_states,
            device_wake: None,
            d1_latency_100us: 0,
            d2_latency_100us: 0,
            d3_latency_100us: 0,
        }
    }
}

impl DeviceCapabilities {
    /// The state that the device takes while the system is in `system`.
    #[must_use]
    pub fn device_state(&self, system: SystemPowerState) -> DevicePowerState {
        self.device_states[system.number() as usize - 1]
    }
}

/// A function that is called with the status of a power request when the request is complete.
/// IRQL: up to DISPATCH_LEVEL.
#[doc(alias = "PREQUEST_POWER_COMPLETE")]
pub type PowerCompletion = Box<dyn FnOnce(&Kernel, NtStatus)>;

/// Longest time for which a driver may hold a power request, in ns.
/// Assumed: two minutes, because the page of bug check 9F gives no number.
const LONGEST_POWER_REQUEST_NS: u64 = 120_000_000_000;

/// At most this number of power requests wait, for the stacks of all devices together.
const WAITING_REQUESTS: usize = 1_024;

struct Wanted {
    device: Rc<DeviceObject>,
    request: PowerRequest,
    completion: Option<PowerCompletion>,
}

/// The stacks with a request under way, the requests that wait, and the source of power.
#[derive(Default)]
pub(crate) struct PowerManager {
    /// The bottom device of each stack that has a request under way.
    busy: RefCell<Vec<Rc<DeviceObject>>>,
    waiting: RefCell<VecDeque<Wanted>>,
    source: Cell<PowerSource>,
}

impl PowerManager {
    /// Drops every request.
    pub fn clear(&self) {
        drop((self.busy.take(), self.waiting.take()));
    }
}

impl Kernel {
    /// The source of the system's power. At power-on the source is the mains.
    #[must_use]
    pub fn power_source(&self) -> PowerSource {
        self.state.power.source.get()
    }

    /// Changes what the system draws its power from.
    pub fn set_power_source(&self, source: PowerSource) {
        self.state.power.source.set(source);
    }

    /// Asks the power manager to send a request for a device's power state to the top of the
    /// device's stack. The kernel calls `completion` when the request is complete. Returns
    /// `STATUS_PENDING`.
    ///
    /// IRQL: up to DISPATCH_LEVEL. At PASSIVE_LEVEL the power manager sends the request before this
    /// function returns, if the stack has no other request under way. Above that level a work item
    /// sends the request.
    ///
    /// Limits: at most 1024 requests wait. A driver that holds a request for two minutes causes bug
    /// check DRIVER_POWER_STATE_FAILURE with 3 as its first parameter.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when too many requests wait.
    #[doc(alias = "PoRequestPowerIrp")]
    pub fn request_power_irp(
        &self,
        device: &Rc<DeviceObject>,
        action: PowerAction,
        state: DevicePowerState,
        completion: Option<PowerCompletion>,
    ) -> NtStatus {
        if self.is_frozen() {
            return NtStatus::UNSUCCESSFUL;
        }
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "PoRequestPowerIrp");
        let request = PowerRequest { action, state: PowerState::Device(state) };
        let wanted = Wanted { device: Rc::clone(device), request, completion };
        let power = &self.state.power;
        if power.waiting.borrow().len() >= WAITING_REQUESTS {
            return NtStatus::INSUFFICIENT_RESOURCES;
        }
        power.waiting.borrow_mut().push_back(wanted);
        if self.current_irql() == Irql::PASSIVE_LEVEL {
            self.send_power_requests();
        } else {
            self.queue_work_item(&WorkItem::new(Rc::new(|kernel| kernel.send_power_requests())));
        }
        NtStatus::PENDING
    }

    /// Sends, in order, every waiting request whose stack has no request under way.
    fn send_power_requests(&self) {
        let power = &self.state.power;
        while !self.is_frozen() {
            let next = {
                let busy = power.busy.borrow();
                let is_free = |wanted: &Wanted| {
                    let bottom = wanted.device.bottom();
                    !busy.iter().any(|other| Rc::ptr_eq(other, &bottom))
                };
                power.waiting.borrow().iter().position(is_free)
            };
            let Some(index) = next else { return };
            let Some(wanted) = power.waiting.borrow_mut().remove(index) else { return };
            self.send_power_request(wanted);
        }
    }

    fn send_power_request(&self, wanted: Wanted) {
        let bottom = wanted.device.bottom();
        self.state.power.busy.borrow_mut().push(Rc::clone(&bottom));
        let irp = Irp::new(Parameters::Power(wanted.request), None, Vec::new());
        let watch = self.watch_power_request(wanted.request);
        let completion = wanted.completion;
        irp.set_completion_routine(Box::new(move |kernel, irp| {
            kernel.cancel_timer(&watch);
            let busy = &kernel.state.power.busy;
            busy.borrow_mut().retain(|other| !Rc::ptr_eq(other, &bottom));
            if let Some(completion) = completion {
                completion(kernel, irp.status());
            }
            if !kernel.state.power.waiting.borrow().is_empty() {
                let send = WorkItem::new(Rc::new(|kernel: &Kernel| kernel.send_power_requests()));
                kernel.queue_work_item(&send);
            }
        }));
        self.send_request(&wanted.device.top(), &irp);
    }

    /// Starts the timer that limits how long a driver may hold a power request.
    fn watch_power_request(&self, request: PowerRequest) -> Timer {
        let timer = Timer::new(TimerKind::Notification);
        let late = Dpc::new(
            self,
            "power watchdog",
            Rc::new(move |kernel| {
                let message = format!("a driver holds a power request: {request:?}");
                let code = BugCheckCode::DRIVER_POWER_STATE_FAILURE;
                kernel.bug_check_with(code, [3, 0, 0, 0], &message);
            }),
        );
        let due = DueTime::Relative(LONGEST_POWER_REQUEST_NS / 100);
        self.set_timer(&timer, due, 0, Some(&late));
        timer
    }

    /// Sends a power request to the next lower driver. From Windows Vista on, this routine does the
    /// same as [`Kernel::call_driver`]. IRQL: up to DISPATCH_LEVEL.
    #[doc(alias = "PoCallDriver")]
    pub fn call_power_driver(&self, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "PoCallDriver");
        self.call_driver(device, irp)
    }

    /// Says that the driver is ready for the next power request. The call only checks the IRQL,
    /// because the power manager waits for nothing but the completion of a request. IRQL: up to
    /// DISPATCH_LEVEL.
    #[doc(alias = "PoStartNextPowerIrp")]
    pub fn start_next_power_irp(&self, _irp: &Irp) {
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "PoStartNextPowerIrp");
    }

    /// Tells the power manager the present power state of a device. Returns the earlier state. The
    /// first state is D0. IRQL: up to DISPATCH_LEVEL.
    #[doc(alias = "PoSetPowerState")]
    pub fn set_power_state(
        &self,
        device: &DeviceObject,
        state: DevicePowerState,
    ) -> DevicePowerState {
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "PoSetPowerState");
        device.replace_power_state(state)
    }
}
