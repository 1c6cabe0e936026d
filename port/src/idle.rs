//! Idle power: an adapter without accesses goes to a deeper power state.
//!
//! This file owns the settings in the registry, and the timer. `power.rs` brings the device back to
//! D0 when a client accesses it.
//!
//! Source: WDK, Audio Device Class Inactivity Timer Implementation; PortCls Registry Power
//! Settings; Immediate Idle Timeout Opt-in.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::registry::ValueType;
use portcls_emulator::{
    DeviceObject, DevicePowerState, Dpc, DueTime, Kernel, NtStatus, PowerAction, PowerSource,
    Timer, TimerKind,
};

use crate::adapter::AdapterDevice;

/// The subkey of the driver's software key.
const POWER_SETTINGS: &str = "PowerSettings";

/// The settings of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IdleSettings {
    /// Idle time on battery power, in seconds; 0 means that the device stays on.
    conservation_s: u32,
    /// Idle time on AC power, in seconds; 0 means that the device stays on.
    performance_s: u32,
    /// The state that an idle device goes to.
    state: DevicePowerState,
    /// Whether the device goes to its idle state as soon as no client needs the device. If so, the
    /// two times have no effect.
    immediate: bool,
}

impl Default for IdleSettings {
    /// A device that stays on.
    fn default() -> IdleSettings {
        let state = DevicePowerState::D3;
        IdleSettings { conservation_s: 0, performance_s: 0, state, immediate: false }
    }
}

impl IdleSettings {
    /// Reads the settings from the registry. A value is a number of 4 bytes, REG_BINARY or
    /// REG_DWORD: the pages have both. The default counts for a value that is missing or that
    /// cannot be used. `note` gets a sentence for each value that cannot be used.
    fn read(kernel: &Kernel, device: &Rc<DeviceObject>, note: impl Fn(&str)) -> IdleSettings {
        let defaults = IdleSettings::default();
        let Some(keys) = device.bottom().registry_keys() else { return defaults };
        let path = format!(r"{}\{POWER_SETTINGS}", keys.driver);
        let below = path.strip_prefix(r"\Registry").unwrap_or(&path);
        let Ok(key) = kernel.registry().open(below) else { return defaults };
        let number = |name: &str| {
            let value = key.value(name).ok()?;
            let is_number = [ValueType::BINARY, ValueType::DWORD].contains(&value.kind);
            match <[u8; 4]>::try_from(&value.data[..]) {
                Ok(bytes) if is_number => Some(u32::from_le_bytes(bytes)),
                _ => {
                    let want = "is no number of 4 bytes, REG_BINARY or REG_DWORD";
                    note(&format!(r"{POWER_SETTINGS}\{name} {want}; its default counts"));
                    None
                }
            }
        };
        let state = number("IdlePowerState").unwrap_or(3);
        let deepest = state.checked_add(1).and_then(DevicePowerState::from_number);
        if deepest.is_none() {
            let text = format!(r"{POWER_SETTINGS}\IdlePowerState is {state}; 0 to 3 are states");
            note(&text);
        }
        IdleSettings {
            conservation_s: number("ConservationIdleTime").unwrap_or(defaults.conservation_s),
            performance_s: number("PerformanceIdleTime").unwrap_or(defaults.performance_s),
            state: deepest.unwrap_or(defaults.state),
            immediate: number("ImmediateIdle").is_some_and(|value| value != 0),
        }
    }

    /// How long the device may be idle with this source of power before it goes to its idle state,
    /// in 100 ns; `None` when the device stays on.
    fn idle_time_100ns(&self, source: PowerSource) -> Option<u64> {
        let time_s = match source {
            PowerSource::Ac => self.performance_s,
            PowerSource::Battery => self.conservation_s,
        };
        match self.state {
            DevicePowerState::D0 => None,
            // Assumed: the device goes to its idle state at the next clock interrupt. The page says
            // "immediately". But the last client's request has to end first.
            _ if self.immediate => Some(0),
            _ if time_s == 0 => None,
            _ => Some(u64::from(time_s) * 10_000_000),
        }
    }
}

/// The idle detection of one adapter, at work while the device is started.
#[derive(Default)]
pub(crate) struct IdleDetection {
    settings: Cell<IdleSettings>,
    timer: RefCell<Option<(Timer, Dpc)>>,
    last_access_ns: Cell<u64>,
}

impl IdleDetection {
    /// Stops the detection, because the device was stopped or removed.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn stop(&self, kernel: &Kernel) {
        if let Some((timer, dpc)) = self.timer.take() {
            kernel.cancel_timer(&timer);
            kernel.remove_queue_dpc(&dpc);
        }
    }
}

impl AdapterDevice {
    /// Reads the settings and begins to count the idle time, because the device was started.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub(crate) fn start_idle_detection(&self, kernel: &Kernel, device: &Rc<DeviceObject>) {
        let note = |text: &str| self.calls.note(kernel, text);
        let settings = IdleSettings::read(kernel, device, note);
        self.idle.settings.set(settings);
        let stays_on = |source| settings.idle_time_100ns(source).is_none();
        if stays_on(PowerSource::Ac) && stays_on(PowerSource::Battery) {
            return;
        }
        let weak = Rc::downgrade(device);
        let expired = move |kernel: &Kernel| {
            let Some(device) = weak.upgrade() else { return };
            if let Some(adapter) = device.extension::<AdapterDevice>() {
                adapter.idle_time_is_over(kernel, &device);
            }
        };
        let timer = Timer::new(TimerKind::Notification);
        let dpc = Dpc::new(kernel, "idle detection", Rc::new(expired));
        *self.idle.timer.borrow_mut() = Some((timer, dpc));
        self.note_access(kernel);
    }

    /// Begins to count the idle time anew, because a client has accessed the device. While a stream
    /// is in RUN the device is not idle; the request that stops the stream is an access.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    pub(crate) fn note_access(&self, kernel: &Kernel) {
        let timer = self.idle.timer.borrow();
        let Some((timer, dpc)) = timer.as_ref() else { return };
        self.idle.last_access_ns.set(kernel.now_ns());
        if timer.is_set() || self.has_running_stream() {
            return;
        }
        let settings = self.idle.settings.get();
        if let Some(time_100ns) = settings.idle_time_100ns(kernel.power_source()) {
            kernel.set_timer(timer, DueTime::Relative(time_100ns), 0, Some(dpc));
        }
    }

    fn has_running_stream(&self) -> bool {
        self.ports().iter().any(|port| port.is_running())
    }

    /// Serves the timer, which has expired. When the idle time has passed since the last access,
    /// the device goes to its idle state. Otherwise the timer is set for the rest of the idle time.
    /// Nothing happens while a stream is in RUN, or when the device is not in D0.
    fn idle_time_is_over(&self, kernel: &Kernel, device: &Rc<DeviceObject>) {
        let settings = self.idle.settings.get();
        let is_wanted = self.power.is_awake() && !self.has_running_stream();
        let Some(time_100ns) = settings.idle_time_100ns(kernel.power_source()) else { return };
        if !is_wanted {
            return;
        }
        let due_ns = self.idle.last_access_ns.get() + time_100ns * 100;
        let left_100ns = due_ns.saturating_sub(kernel.now_ns()).div_ceil(100);
        if left_100ns == 0 {
            let (action, state) = (PowerAction::Set, settings.state);
            let sent = kernel.request_power_irp(device, action, state, None);
            if sent != NtStatus::PENDING {
                self.calls.note(kernel, &format!("no request for {}: {sent}", state.name()));
            }
        } else if let Some((timer, dpc)) = self.idle.timer.borrow().as_ref() {
            kernel.set_timer(timer, DueTime::Relative(left_100ns), 0, Some(dpc));
        }
    }
}
