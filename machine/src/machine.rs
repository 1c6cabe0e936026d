//! The machine and its life: load, start, run, sleep, wake, remove, unload.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

use hw_mpu401::{Counters, Mode};
use mpu401_card_bench::resources::CardResource;
use portcls_driver_file::symbols::Place;
use portcls_emulator::choice::Oracle;
use portcls_emulator::trace::TraceLog;
use portcls_emulator::{
    DeviceObject, DevicePowerState, DriverObject, Kernel, NtStatus, PnpRequest, PoolLeak,
    PowerAction, PowerState, Stop, SystemPowerState, Violation,
};
use portcls_report::Filter;
use portcls_report::text::{Header, print, print_first};

use portcls_guest::analysis::{self, Analysis, EVENTS_SHOWN, Watch};
use portcls_guest::{Guest, Leak, Left};
use portcls_inf_file::Installation;

use crate::cable::Cable;
use crate::card_faults::CardFaults;
use crate::device::{DeviceParts, MachineDevice};
use crate::driver::{Driver, DriverCode};
use crate::error::MachineError;
use crate::hints::Hint;
use crate::installation::{Installed, SERVICE};
use crate::pin_choice::PinChoice;
use crate::pin_format::PinFormat;
use crate::place_words::with_names;
use crate::refusals::likely_cause;
use crate::unmodelled::RangeFigures;

/// The least time from the return of StartDevice to the application's first pin, in ns. When
/// StartDevice returns, the card may still be busy entering UART mode.
pub const APPLICATION_DELAY_NS: u64 = 200_000_000;

pub(crate) struct Parts {
    pub kernel: Kernel,
    /// At least one.
    pub devices: Vec<DeviceParts>,
    pub driver: Driver,
    pub title: String,
    pub installed: Vec<Installed>,
    /// What the driver's INF says; `None` without an INF.
    pub inf: Option<Installation>,
    pub pin: Option<PinChoice>,
    pub pin_format: PinFormat,
}

/// A computer with one driver and one or several cards. Some methods are about a card or a device
/// but do not name it. Such a method is about the first card or device.
pub struct Machine {
    parts: Parts,
    devices: Vec<MachineDevice>,
    driver_object: Rc<DriverObject>,

    /// The guest of a `.sys` driver, until the driver is unloaded.
    guest: RefCell<Option<Guest>>,
    /// Watches for a failure and keeps the report of the failure.
    watch: RefCell<Watch>,
    started_ns: Cell<Option<u64>>,
    loaded: Cell<bool>,
}

impl Machine {
    /// # Errors
    /// [`MachineError::DriverFile`] when a driver's image does not fit into memory;
    /// [`MachineError::BadRegistryValue`] for a value that no registry can hold.
    pub(crate) fn new(mut parts: Parts) -> Result<Machine, MachineError> {
        let devices = std::mem::take(&mut parts.devices).into_iter().enumerate();
        let device = |(index, device)| MachineDevice::new(&parts.kernel, index, device);
        let devices: Vec<MachineDevice> = devices.map(device).collect();
        let guest = install(&devices, &parts).inspect_err(|_| end(&parts.kernel, &devices))?;
        let watch = watch(&parts.kernel, &parts.driver, guest.as_ref());
        Ok(Machine {
            devices,
            driver_object: DriverObject::new(&parts.driver.name),
            started_ns: Cell::new(None),
            guest: RefCell::new(guest),
            watch: RefCell::new(watch),
            loaded: Cell::new(false),
            parts,
        })
    }

    /// The simulated kernel.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.parts.kernel
    }

    /// The guest that a `.sys` driver runs in, until the driver is unloaded; `None` for a driver in
    /// Rust.
    #[must_use]
    pub fn guest(&self) -> Option<Guest> {
        self.guest.borrow().clone()
    }

    /// The file from which a debugger reads the driver; `None` for a driver in Rust.
    pub(crate) fn file_for_debugger(&self) -> Option<PathBuf> {
        match &self.parts.driver.code {
            DriverCode::Sys(sys) => Some(sys.file_for_debugger()),
            DriverCode::Rust(_) => None,
        }
    }

    /// The devices, each with its card, in the order in which they were added.
    #[must_use]
    pub fn devices(&self) -> &[MachineDevice] {
        &self.devices
    }

    fn first(&self) -> &MachineDevice {
        &self.devices[0]
    }

    /// The cables at the card's sockets.
    #[must_use]
    pub fn cable(&self) -> &Cable {
        self.first().cable()
    }

    /// What the chip has counted since the card's power was last switched on.
    #[must_use]
    pub fn card_counters(&self) -> Counters {
        self.first().card_counters()
    }

    /// The port of the card's MPU-401.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.first().port()
    }

    /// The interrupt line of the card's MPU-401.
    #[must_use]
    pub fn irq(&self) -> u8 {
        self.first().irq()
    }

    /// The resources of the device, see [`MachineDevice::resources`].
    #[must_use]
    pub fn resources(&self) -> &[CardResource] {
        self.first().resources()
    }

    /// What the driver's INF says; `None` without an INF.
    #[must_use]
    pub fn inf(&self) -> Option<&Installation> {
        self.parts.inf.as_ref()
    }

    /// What drivers did in the ports of the device that are not modelled, see
    /// [`MachineDevice::range_figures`].
    #[must_use]
    pub fn range_figures(&self) -> Vec<RangeFigures> {
        self.first().range_figures()
    }

    /// When StartDevice last succeeded, in ns. `None` before the first start, and after an unload.
    #[must_use]
    pub fn started_ns(&self) -> Option<u64> {
        self.started_ns.get()
    }

    /// Sets the oracle for all choices: in the kernel, on the way to the card and around the
    /// machine. If the caller sets the oracle before [`Machine::start`], the answers in the trace
    /// of a run are enough to repeat the run, see [`portcls_emulator::choice`].
    pub fn set_oracle(&self, oracle: Rc<dyn Oracle>) {
        for device in &self.devices {
            device.slot().card.borrow_mut().faults = Some(CardFaults::new(self.kernel()));
        }
        self.kernel().set_oracle(oracle);
    }

    /// Simulated time in ns since power-on.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.kernel().now_ns()
    }

    /// Runs `work` as a thread at PASSIVE_LEVEL.
    ///
    /// # Errors
    /// [`MachineError::Stopped`] when the machine stops during the work or has stopped before.
    pub fn run<R>(&self, work: impl FnOnce(&Kernel) -> R) -> Result<R, MachineError> {
        Ok(self.kernel().enter(work)?)
    }

    /// Lets simulated time pass.
    ///
    /// # Errors
    /// [`MachineError::Stopped`] when the machine stops in this time or has stopped before.
    pub fn run_for_ns(&self, time_ns: u64) -> Result<(), MachineError> {
        self.run(|kernel| kernel.run_until(kernel.now_ns().saturating_add(time_ns)))
    }

    /// Loads the driver and starts every device: DriverEntry, AddDevice, IRP_MN_START_DEVICE.
    ///
    /// # Errors
    /// [`MachineError::DriverRefused`] with the stage and the status of the first refusal. If the
    /// driver does not start one device, the others are started nevertheless.
    /// [`MachineError::DriverFile`] when a driver that is loaded again does not fit into memory.
    /// [`MachineError::Stopped`].
    pub fn start(&self) -> Result<(), MachineError> {
        self.run(|kernel| {
            self.load(kernel)?;
            let starts = self.devices.iter().map(|device| self.start_on(kernel, device));
            // A `collect` into one `Result` would not start the devices after the first refusal.
            starts.fold(Ok(()), Result::and)
        })?
    }

    /// Loads the driver if it is not loaded, and starts one device.
    ///
    /// # Errors
    /// The errors of [`Machine::start`].
    pub fn start_device(&self, device: &MachineDevice) -> Result<(), MachineError> {
        self.run(|kernel| {
            self.load(kernel)?;
            self.start_on(kernel, device)
        })?
    }

    /// If the driver is not loaded yet: loads it, and lets it add a device for each card.
    fn load(&self, kernel: &Kernel) -> Result<(), MachineError> {
        if self.loaded.replace(true) {
            return Ok(());
        }
        let refused = self.refusals(kernel);
        kernel.mark("driver loads");
        if self.guest.borrow().is_none() {
            let guest = new_guest(kernel, &self.parts.driver)?;
            *self.watch.borrow_mut() = watch(kernel, &self.parts.driver, guest.as_ref());
            *self.guest.borrow_mut() = guest;
        }
        let object = &self.driver_object;
        let first = &self.first().pnp;
        first
            .record_call(kernel, "DriverEntry", || {
                kernel.call_driver_code("DriverEntry", || self.driver_entry(kernel))
            })
            .map_err(|status| refused("DriverEntry", status))?;
        let add_device = object.add_device().ok_or(MachineError::DriverRefused {
            stage: "DriverEntry (no AddDevice routine)",
            status: NtStatus::INVALID_DEVICE_REQUEST,
            cause: None,
            hint: None,
        })?;
        for MachineDevice { pnp, .. } in &self.devices {
            let call = || add_device(kernel, object, pnp.physical());
            pnp.record_call(kernel, "AddDevice", || kernel.call_driver_code("AddDevice", call))
                .map_err(|status| refused("AddDevice", status))?;
            // The Plug and Play manager sends this request after a driver added a device.
            pnp.ask_driver(kernel, PnpRequest::QueryCapabilities(Rc::default()));
        }
        Ok(())
    }

    fn start_on(&self, kernel: &Kernel, device: &MachineDevice) -> Result<(), MachineError> {
        let refused = self.refusals(kernel);
        match self.devices.iter().position(|other| std::ptr::eq(other, device)) {
            None | Some(0) => kernel.mark("device starts"),
            Some(index) => kernel.mark(&format!("device {} starts", index + 1)),
        }
        let status = device.pnp.send(kernel, device.start_request());
        if !status.is_success() {
            return Err(refused("StartDevice", status));
        }
        self.started_ns.set(Some(kernel.now_ns()));
        Ok(())
    }

    /// Returns a function that makes the error for a driver that did not start. The function looks
    /// for the likely cause among the calls of the driver that are refused from now on.
    fn refusals<'k>(
        &self,
        kernel: &'k Kernel,
    ) -> impl Fn(&'static str, NtStatus) -> MachineError + 'k {
        let told = kernel.refused_calls().len();
        move |stage, status| {
            let cause = likely_cause(&kernel.refused_calls()[told..], Some(status));
            let hint = Hint::of_unclaimed(kernel.unclaimed_accesses());
            MachineError::DriverRefused { stage, status, cause, hint }
        }
    }

    /// The pin that an application opens; `None` for the first pin that can be opened.
    pub(crate) fn pin_choice(&self) -> Option<&PinChoice> {
        self.parts.pin.as_ref()
    }

    /// The format with which an application opens its pins.
    pub(crate) fn pin_format(&self) -> PinFormat {
        self.parts.pin_format
    }

    /// The physical device object of the first device, at the bottom of the stack.
    pub(crate) fn physical(&self) -> &Rc<DeviceObject> {
        self.first().pnp.physical()
    }

    fn driver_entry(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        let object = &self.driver_object;
        match (&self.parts.driver.code, self.guest()) {
            (DriverCode::Rust(entry), _) => entry(kernel, object, SERVICE),
            (DriverCode::Sys(_), Some(guest)) => guest.run_entry(object, SERVICE),
            (DriverCode::Sys(_), None) => unreachable!("a guest was made for the driver"),
        }
    }

    /// Pulls the card, see [`MachineDevice::pull`].
    ///
    /// # Errors
    /// The errors of [`MachineDevice::pnp`].
    pub fn pull_card(&self) -> Result<(), MachineError> {
        self.first().pull()
    }

    /// Sends a Plug and Play request, see [`MachineDevice::pnp`].
    ///
    /// # Errors
    /// The errors of [`MachineDevice::pnp`].
    pub fn pnp(&self, request: PnpRequest) -> Result<(), MachineError> {
        self.first().pnp(request)
    }

    /// Puts the device into a state of power, see [`MachineDevice::set_power`].
    ///
    /// # Errors
    /// The errors of [`MachineDevice::set_power`].
    pub fn set_device_power(&self, state: DevicePowerState) -> Result<(), MachineError> {
        self.first().set_power(state)
    }

    /// Puts the whole machine to sleep: asks each device stack first, and enters the state if none
    /// refuses.
    ///
    /// # Errors
    /// [`MachineError::Request`] with the status of a refusal; [`MachineError::Stopped`].
    pub fn sleep(&self, state: SystemPowerState) -> Result<(), MachineError> {
        self.send_power(PowerAction::Query, PowerState::System(state))?;
        self.send_power(PowerAction::Set, PowerState::System(state))
    }

    /// Wakes the machine.
    ///
    /// # Errors
    /// [`MachineError::Request`] with the status of a failure; [`MachineError::Stopped`].
    pub fn wake(&self) -> Result<(), MachineError> {
        self.send_power(PowerAction::Set, PowerState::System(SystemPowerState::S0))
    }

    /// Sends a power request to every device, and ends at the first refusal.
    fn send_power(&self, action: PowerAction, state: PowerState) -> Result<(), MachineError> {
        self.devices.iter().try_for_each(|device| device.send_power(action, state))
    }

    /// Removes every device, unloads the driver, and returns what the driver left behind.
    ///
    /// # Errors
    /// [`MachineError::Request`] when the removal is refused; [`MachineError::Stopped`].
    pub fn unload(&self) -> Result<Vec<Leak>, MachineError> {
        self.run(|kernel| kernel.mark("device is removed"))?;
        self.devices.iter().try_for_each(|device| device.pnp(PnpRequest::RemoveDevice))?;
        self.run(|kernel| {
            if let Some(unload) = self.driver_object.unload() {
                let _ = self.first().pnp.record_call(kernel, "DriverUnload", || {
                    kernel.call_driver_code("DriverUnload", || unload(kernel, &self.driver_object));
                    Ok(())
                });
            }
            self.guest.borrow().iter().for_each(Guest::check_unload);
            let leaks = self.left_behind(kernel);
            self.driver_object.clear();
            self.loaded.set(false);
            self.started_ns.set(None);
            self.guest.take().iter().for_each(Guest::end);
            leaks
        })
    }

    /// What the driver still holds after its unload routine. It had to give this back.
    fn left_behind(&self, kernel: &Kernel) -> Vec<Leak> {
        let mut leaks = match (&self.parts.driver.code, self.guest.borrow().as_ref()) {
            (DriverCode::Sys(sys), Some(guest)) => guest.left_behind(|| sys.symbols()),
            _ => left_by_rust(kernel, &self.driver_object),
        };
        if kernel.has_connected_interrupt() {
            leaks.push(Leak::of("connected interrupts", 1));
        }
        leaks
    }

    /// Puts the names of places into the texts of a stop and of violations. Returns the names of
    /// the call sites of these violations, by offset in the driver's image.
    pub(crate) fn name_places(
        &self,
        stop: Option<&mut Stop>,
        violations: &mut [Violation],
    ) -> BTreeMap<u64, Place> {
        let DriverCode::Sys(sys) = &self.parts.driver.code else { return BTreeMap::new() };
        let mut texts: Vec<&mut String> = Vec::new();
        let mut offsets = BTreeSet::new();
        for violation in violations {
            offsets.extend(violation.call_site);
            texts.push(&mut violation.message);
        }
        match stop {
            Some(Stop::BugCheck(bug)) => texts.push(&mut bug.message),
            Some(Stop::Hang(hang)) => texts.push(&mut hang.waits_for),
            Some(Stop::Unsupported { what, .. }) => texts.push(what),
            _ => {}
        }
        if texts.is_empty() {
            // Reading symbols may take longer than the run.
            return BTreeMap::new();
        }
        let symbols = sys.symbols();
        for text in texts {
            *text = with_names(text, &sys.image, &symbols);
        }
        let place = |offset| symbols.place_of_return(&sys.image, offset as u32);
        offsets.into_iter().map(|offset| (offset, place(offset))).collect()
    }

    /// The card's mode: intelligent or UART.
    pub(crate) fn card_mode(&self) -> Mode {
        self.first().slot().card.borrow().chip.mode()
    }

    /// The report of the failure that ended the run, in the form of `!analyze -v`; `None` after a
    /// run that ended without a failure.
    #[must_use]
    pub fn analysis(&self) -> Option<Analysis> {
        let mut analysis = self.watch.borrow().analysis()?;
        let recent = self.kernel().trace().recent(EVENTS_SHOWN);
        let text = print_first(&recent, Filter::Full, usize::MAX);
        analysis.events = text.lines().map(str::to_owned).collect();
        Some(analysis)
    }

    /// The trace so far.
    #[must_use]
    pub fn trace_log(&self) -> TraceLog {
        self.kernel().trace().log()
    }

    /// The driver's name, as the trace's header shows it.
    #[must_use]
    pub fn driver_name(&self) -> &str {
        &self.parts.driver.name
    }

    /// What the head of a trace says about this machine.
    #[must_use]
    pub fn trace_header(&self) -> Header {
        Header { machine: self.parts.title.clone(), ..Header::default() }
    }

    /// The trace so far as golden text.
    #[must_use]
    pub fn trace_text(&self, filter: Filter) -> String {
        print(&self.trace_log(), &self.trace_header(), filter)
    }
}

/// What a driver in Rust left behind: memory from the pool, listed by tag, and the driver's
/// devices.
fn left_by_rust(kernel: &Kernel, driver: &DriverObject) -> Vec<Leak> {
    let pool = kernel.pool_in_use().into_iter().map(|PoolLeak { tag, blocks, bytes }| {
        let what = Left::Pool { tag, bytes };
        Leak { what, count: blocks, origin: None }
    });
    let devices = driver.devices().len() as u64;
    let devices = (devices > 0).then(|| Leak::of("device objects", devices));
    pool.chain(devices).collect()
}

/// Installs the devices, and loads a `.sys` driver into memory.
fn install(devices: &[MachineDevice], parts: &Parts) -> Result<Option<Guest>, MachineError> {
    for (index, device) in devices.iter().enumerate() {
        device.install(index, &parts.installed)?;
    }
    new_guest(&parts.kernel, &parts.driver)
}

/// Breaks the references between the kernel, its devices and their drivers. These hold each other,
/// so the memory of a machine would otherwise never be free again.
fn end(kernel: &Kernel, devices: &[MachineDevice]) {
    devices.iter().for_each(MachineDevice::end);
    kernel.end();
}

/// The guest of a `.sys` driver: loaded, but not run yet.
fn new_guest(kernel: &Kernel, driver: &Driver) -> Result<Option<Guest>, MachineError> {
    let DriverCode::Sys(sys) = &driver.code else { return Ok(None) };
    let guest = Guest::new(kernel, &sys.image, sys.options.clone());
    guest.map(Some).map_err(|error| MachineError::DriverFile {
        name: driver.name.clone(),
        reason: error.to_string(),
    })
}

/// Watches for a failure of the driver.
fn watch(kernel: &Kernel, driver: &Driver, guest: Option<&Guest>) -> Watch {
    match (&driver.code, guest) {
        (DriverCode::Sys(sys), Some(guest)) => {
            let sys = sys.clone();
            analysis::watch_guest(guest, move || sys.symbols())
        }
        _ => analysis::watch_native(kernel, &driver.name),
    }
}

impl Drop for Machine {
    /// Ends the driver, then breaks the references that would keep the memory of the machine.
    fn drop(&mut self) {
        if self.run(|_| self.driver_object.clear()).is_err() {
            // On a stopped kernel no code of the driver runs, and the calls of its destructors
            // have no effect.
            self.driver_object.clear();
        }
        self.guest.take().iter().for_each(Guest::end);
        end(self.kernel(), &self.devices);
    }
}
