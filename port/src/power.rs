//! Power requests to an adapter: which objects get calls, and in which order.
//!
//! On the way down, each port pauses its streams. Then each port tells its streams and its
//! miniport. Then the adapter's object changes the state, and the request goes on to the bus. The
//! way up has the opposite order: the bus, the adapter's object, the miniport and the streams. In
//! D0 the streams then go on. A change from a deep sleep to a lighter sleep is a way up. Source:
//! WDK, IPowerNotify and IAdapterPowerManagement.
//!
//! PortCls owns the power policy of its devices: for each state of the system it requests the
//! matching state of the device. While the system works, an access of a client brings a sleeping
//! device to D0.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::trace::Argument;
use portcls_emulator::{
    DeviceCapabilities, DeviceObject, DevicePowerState, Event, EventKind, Irp, Irql, Kernel,
    NtStatus, Parameters, PnpRequest, PowerAction, PowerState, SystemPowerState, Timeout,
};

use crate::adapter::{AdapterDevice, PnpState};
use crate::com::{IUnknown, query};
use crate::interfaces::{
    IAdapterPowerManagement, IAdapterPowerManagement2, IAdapterPowerManagement3, PcExitLatency,
};
use crate::irp::{complete, pc_forward_irp_synchronous};
use crate::miniport_calls::Method;
use crate::rules::{self, require_irql_at_most};
use crate::subdevice::PowerDirection;

/// The power state of an adapter, and the driver's object that carries out its changes.
pub(crate) struct AdapterPower {
    interface: RefCell<Option<AdapterObject>>,
    since: Cell<Since>,
    phase: Cell<Since>,
    state: Cell<DevicePowerState>,
    system: Cell<SystemPowerState>,
    /// Whether a request for D0 is under way for which no code waits.
    is_waking: Cell<bool>,
    capabilities: Cell<DeviceCapabilities>,
}

/// The driver's object, seen through the newest version of the interface that the object has.
#[derive(Clone)]
enum AdapterObject {
    Version1(Rc<dyn IAdapterPowerManagement>),
    Version2(Rc<dyn IAdapterPowerManagement2>),
    Version3(Rc<dyn IAdapterPowerManagement3>),
}

impl AdapterObject {
    fn find(unknown: &Rc<dyn IUnknown>) -> Result<AdapterObject, NtStatus> {
        let third = || query::<dyn IAdapterPowerManagement3>(unknown).map(Self::Version3);
        let second = || query::<dyn IAdapterPowerManagement2>(unknown).map(Self::Version2);
        let first = || query::<dyn IAdapterPowerManagement>(unknown).map(Self::Version1);
        third().or_else(|_| second()).or_else(|_| first())
    }

    /// The methods that all versions have.
    fn common(&self) -> &dyn IAdapterPowerManagement {
        match self {
            AdapterObject::Version1(object) => &**object,
            AdapterObject::Version2(object) => &**object,
            AdapterObject::Version3(object) => &**object,
        }
    }

    /// Calls the method for a change of the state.
    fn change(&self, kernel: &Kernel, device: DevicePowerState, system: SystemPowerState) {
        match self {
            AdapterObject::Version1(object) => object.power_change_state(kernel, device),
            AdapterObject::Version2(object) => object.power_change_state_2(kernel, device, system),
            AdapterObject::Version3(object) => {
                let latency = PcExitLatency::Instant;
                object.power_change_state_3(kernel, device, system, latency);
            }
        }
    }

    fn change_method(&self) -> Method {
        match self {
            AdapterObject::Version1(_) => Method::PowerChangeState,
            AdapterObject::Version2(_) => Method::PowerChangeState2,
            AdapterObject::Version3(_) => Method::PowerChangeState3,
        }
    }
}

/// A phase in the life of a device; a registration belongs to the phase in which it was made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    /// The device is not started: from AddDevice on, after a stop, or after a failed start.
    NotStarted,
    /// StartDevice and later.
    Start,
}

impl AdapterPower {
    /// A device that is on.
    pub fn new() -> AdapterPower {
        AdapterPower {
            interface: RefCell::new(None),
            since: Cell::new(Since::NotStarted),
            phase: Cell::new(Since::NotStarted),
            state: Cell::new(DevicePowerState::D0),
            system: Cell::new(SystemPowerState::S0),
            is_waking: Cell::new(false),
            capabilities: Cell::new(DeviceCapabilities::default()),
        }
    }

    /// Notes that the device is about to be started.
    pub fn begin_start(&self) {
        self.phase.set(Since::Start);
    }

    /// Notes that the device was stopped, or that its start failed. The stop or the failure ends a
    /// registration from StartDevice or later; a registration from AddDevice stays until removal.
    ///
    /// Assumed: the stop ends a registration from StartDevice, because StartDevice runs again after
    /// a stop and the driver registers again there. Drivers for versions before Windows 7 register
    /// in StartDevice, as the page Implementing IAdapterPowerManagement says, and cannot
    /// unregister.
    pub fn end_start(&self) {
        self.phase.set(Since::NotStarted);
        if self.since.get() == Since::Start {
            self.release();
        }
    }

    /// Releases the adapter's object. The removal of the device also calls this function.
    pub fn release(&self) {
        let interface = self.interface.borrow_mut().take();
        drop(interface);
    }

    fn interface(&self) -> Option<AdapterObject> {
        self.interface.borrow().clone()
    }

    /// Whether the device is in D0.
    pub fn is_awake(&self) -> bool {
        self.state.get() == DevicePowerState::D0
    }
}

/// Registers the adapter's object that PortCls calls when the power state changes.
///
/// A registration from StartDevice or later ends when the device stops or when its start fails. A
/// registration from AddDevice ends when the device is removed. A second registration while the
/// first one lasts replaces the first, and is a violation of the rule PcRegisterAdapterPower.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcRegisterAdapterPowerManagement.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the device does not belong to an adapter driver, or the object
///   does not have `IAdapterPowerManagement` (Assumed: this status, because the page names none).
#[doc(alias = "PcRegisterAdapterPowerManagement")]
pub fn pc_register_adapter_power_management(
    kernel: &Kernel,
    unknown: Rc<dyn IUnknown>,
    device: &Rc<DeviceObject>,
) -> Result<(), NtStatus> {
    const NAME: &str = "PcRegisterAdapterPowerManagement";
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, NAME);
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_PARAMETER)?;
    let interface = AdapterObject::find(&unknown).map_err(|_| NtStatus::INVALID_PARAMETER)?;
    if adapter.power.interface().is_some() {
        let message = "registered a second time without PcUnregisterAdapterPowerManagement";
        kernel.report_violation(&rules::PC_REGISTER_ADAPTER_POWER, message);
    }
    let first = adapter.power.interface.borrow_mut().replace(interface);
    drop(first);
    adapter.power.since.set(adapter.power.phase.get());
    Ok(())
}

/// Ends the registration of the adapter's object. PortCls does not call the object any more.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcUnregisterAdapterPowerManagement.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the device is not an adapter's.
/// - `STATUS_INVALID_DEVICE_REQUEST`: no object is registered; this is also a violation of the
///   rule PcRegisterAdapterPower.
#[doc(alias = "PcUnregisterAdapterPowerManagement")]
pub fn pc_unregister_adapter_power_management(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
) -> Result<(), NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcUnregisterAdapterPowerManagement");
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_PARAMETER)?;
    if adapter.power.interface().is_none() {
        let message = "unregistered without a registration";
        kernel.report_violation(&rules::PC_REGISTER_ADAPTER_POWER, message);
        return Err(NtStatus::INVALID_DEVICE_REQUEST);
    }
    adapter.power.release();
    Ok(())
}

/// Asks the power manager to put a device into a state and waits until it is in that state.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcRequestNewPowerState. Assumed: the routine waits. The page
/// does not say so, but the success of the routine means that the device has the new state.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the device is not an adapter's.
/// - The status with which the power request ended.
#[doc(alias = "PcRequestNewPowerState")]
pub fn pc_request_new_power_state(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    state: DevicePowerState,
) -> Result<(), NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcRequestNewPowerState");
    device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_PARAMETER)?;
    let status = request_and_wait(kernel, device, PowerAction::Set, state);
    if status.is_success() { Ok(()) } else { Err(status) }
}

/// Brings a sleeping device to D0 while the system works, because a client accesses the device.
///
/// Nothing happens while the system sleeps, or when the device is not started: the client's request
/// then finds the device in its present state. At PASSIVE_LEVEL this function waits for D0. Above
/// PASSIVE_LEVEL it cannot wait, so a work item brings the device to D0 later. At these levels only
/// a request for data can come, and this request waits in the queue of its pin.
///
/// IRQL: up to DISPATCH_LEVEL. Source: WDK, Audio Device Class Inactivity Timer Implementation: an
/// access is a request for data or for a property. Assumed: the opening of a filter is an access
/// too.
///
/// # Errors
/// The status of the power request.
pub(crate) fn wake_for_access(kernel: &Kernel, device: &Rc<DeviceObject>) -> Result<(), NtStatus> {
    match device.read_extension(sleeps_alone) {
        Some(true) => wake(kernel, device),
        _ => Ok(()),
    }
}

/// True for a started device that sleeps while the system works.
fn sleeps_alone(adapter: &AdapterDevice) -> bool {
    let power = &adapter.power;
    !power.is_awake()
        && power.system.get() == SystemPowerState::S0
        && adapter.state.get() == PnpState::Started
}

/// Brings a sleeping device to D0: at PASSIVE_LEVEL at once, and at a higher IRQL later.
fn wake(kernel: &Kernel, device: &Rc<DeviceObject>) -> Result<(), NtStatus> {
    let Some(adapter) = device.extension::<AdapterDevice>() else { return Ok(()) };
    let power = &adapter.power;
    if kernel.current_irql() == Irql::PASSIVE_LEVEL {
        return pc_request_new_power_state(kernel, device, DevicePowerState::D0);
    }
    if power.is_waking.replace(true) {
        return Ok(());
    }
    let this = Rc::downgrade(&adapter);
    let completion = move |_: &Kernel, _: NtStatus| {
        if let Some(adapter) = this.upgrade() {
            adapter.power.is_waking.set(false);
        }
    };
    let (action, state) = (PowerAction::Set, DevicePowerState::D0);
    match kernel.request_power_irp(device, action, state, Some(Box::new(completion))) {
        NtStatus::PENDING => Ok(()),
        status => {
            power.is_waking.set(false);
            Err(status)
        }
    }
}

/// Brings a sleeping device to D0 while the system works, because a client opens a pin.
///
/// IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// - `STATUS_INVALID_DEVICE_STATE`: the device is not an adapter's.
/// - `STATUS_DEVICE_NOT_READY`: the device and the system sleep.
/// - The status with which the power request ended.
pub(crate) fn bring_to_d0(kernel: &Kernel, device: &Rc<DeviceObject>) -> Result<(), NtStatus> {
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
    if adapter.power.state.get() == DevicePowerState::D0 {
        return Ok(());
    }
    if adapter.power.system.get() != SystemPowerState::S0 {
        return Err(NtStatus::DEVICE_NOT_READY);
    }
    pc_request_new_power_state(kernel, device, DevicePowerState::D0)
}

/// Asks the power manager to send a device power request to the top of the stack, and waits for its
/// completion.
fn request_and_wait(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    action: PowerAction,
    state: DevicePowerState,
) -> NtStatus {
    let done = Event::new(EventKind::Notification, "completion of a power request");
    let result = Rc::new(Cell::new(NtStatus::PENDING));
    let (signal, answer) = (done.clone(), Rc::clone(&result));
    let completion = move |kernel: &Kernel, status: NtStatus| {
        answer.set(status);
        kernel.set_event(&signal);
    };
    let sent = kernel.request_power_irp(device, action, state, Some(Box::new(completion)));
    if sent != NtStatus::PENDING {
        return sent;
    }
    kernel.wait_for_single_object(&done, Timeout::Never);
    result.get()
}

/// Serves IRP_MJ_POWER.
///
/// IRQL: PASSIVE_LEVEL.
pub(crate) fn dispatch_power(kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
    let Some(adapter) = device.extension::<AdapterDevice>() else {
        return complete(kernel, irp, NtStatus::NO_SUCH_DEVICE);
    };
    let Parameters::Power(request) = irp.parameters() else {
        return complete(kernel, irp, NtStatus::INVALID_PARAMETER);
    };
    let status = match (request.action, request.state) {
        _ if adapter.is_removed() => pc_forward_irp_synchronous(kernel, device, irp),
        (PowerAction::Query, PowerState::Device(state)) => match adapter.ask(kernel, state) {
            Ok(()) => pc_forward_irp_synchronous(kernel, device, irp),
            Err(veto) => veto,
        },
        (PowerAction::Set, PowerState::Device(state)) => {
            adapter.set_device(kernel, device, irp, state)
        }
        (PowerAction::Query, PowerState::System(system)) => {
            let state = adapter.power.capabilities.get().device_state(system);
            match request_and_wait(kernel, device, PowerAction::Query, state) {
                status if status.is_success() => pc_forward_irp_synchronous(kernel, device, irp),
                veto => veto,
            }
        }
        (PowerAction::Set, PowerState::System(system)) => {
            adapter.power.system.set(system);
            let forwarded = pc_forward_irp_synchronous(kernel, device, irp);
            let state = adapter.power.capabilities.get().device_state(system);
            request_and_wait(kernel, device, PowerAction::Set, state);
            forwarded
        }
    };
    kernel.start_next_power_irp(irp);
    complete(kernel, irp, status)
}

impl AdapterDevice {
    /// Asks the adapter whether the device could go to a state.
    fn ask(&self, kernel: &Kernel, state: DevicePowerState) -> Result<(), NtStatus> {
        let Some(adapter) = self.power.interface() else { return Ok(()) };
        let question = || adapter.common().query_power_change_state(kernel, state);
        let (method, argument) = (Method::QueryPowerChangeState, self.calls.power(state));
        self.calls.call(kernel, method, argument, question, |()| Argument::None)
    }

    fn set_device(
        &self,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        irp: &Irp,
        state: DevicePowerState,
    ) -> NtStatus {
        let old = self.power.state.get();
        if state == old {
            return pc_forward_irp_synchronous(kernel, device, irp);
        }
        if state > old {
            self.ports().iter().for_each(|port| port.suspend(kernel));
            let down = PowerDirection::Down;
            self.ports().iter().for_each(|port| port.notify_power(kernel, state, down));
            self.change(kernel, device, state);
            return pc_forward_irp_synchronous(kernel, device, irp);
        }
        let status = pc_forward_irp_synchronous(kernel, device, irp);
        if !status.is_success() {
            return status;
        }
        self.change(kernel, device, state);
        let up = PowerDirection::Up;
        self.ports().iter().for_each(|port| port.notify_power(kernel, state, up));
        if state == DevicePowerState::D0 {
            self.ports().iter().for_each(|port| port.resume(kernel));
            self.note_access(kernel);
        }
        status
    }

    /// Calls the adapter's method that changes the state, and tells the power manager the new
    /// state.
    fn change(&self, kernel: &Kernel, device: &Rc<DeviceObject>, state: DevicePowerState) {
        self.power.state.set(state);
        if let Some(adapter) = self.power.interface() {
            let change = || {
                adapter.change(kernel, state, self.power.system.get());
                Ok(())
            };
            let (method, argument) = (adapter.change_method(), self.calls.power(state));
            let _ = self.calls.call(kernel, method, argument, change, |()| Argument::None);
        }
        kernel.set_power_state(device, state);
    }

    /// Serves IRP_MN_QUERY_CAPABILITIES: gets the capabilities that the bus reports, and lets the
    /// adapter change them.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub(crate) fn query_capabilities(
        &self,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        irp: &Irp,
    ) -> NtStatus {
        let status = pc_forward_irp_synchronous(kernel, device, irp);
        let Parameters::Pnp(PnpRequest::QueryCapabilities(shared)) = irp.parameters() else {
            return NtStatus::INVALID_PARAMETER;
        };
        if !status.is_success() {
            return status;
        }
        let mut capabilities = *shared.borrow();
        if let Some(adapter) = self.power.interface() {
            let ask = || adapter.common().query_device_capabilities(kernel, &mut capabilities);
            let (method, none) = (Method::QueryDeviceCapabilities, Argument::None);
            if self.calls.call(kernel, method, none, ask, |()| none).is_ok() {
                *shared.borrow_mut() = capabilities;
            }
        }
        self.power.capabilities.set(*shared.borrow());
        status
    }
}
