//! I/O timeouts: routines that PortCls calls about once a second.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::trace::Argument;
use portcls_emulator::{DeviceObject, Dpc, DueTime, Irql, Kernel, NtStatus, Timer, TimerKind};

use crate::adapter::{AdapterDevice, PnpState};
use crate::miniport_calls::Method;
use crate::rules::require_irql_at_most;

/// A routine of the driver, with its context. PortCls calls the routine while the device is
/// started.
///
/// IRQL: DISPATCH_LEVEL.
#[doc(alias = "PIO_TIMER_ROUTINE")]
pub type IoTimeoutRoutine = Rc<dyn Fn(&Kernel, &Rc<DeviceObject>)>;

/// The time between two calls in ms. Source: WDK, PcRegisterIoTimeout.
const PERIOD_MS: u32 = 1_000;

/// The greatest number of routines of one device. Assumed: this number, because no document gives
/// one.
const ROUTINES: usize = 64;

/// The routines of a device and the timer that calls them.
#[derive(Default)]
pub(crate) struct IoTimeouts {
    routines: RefCell<Vec<IoTimeoutRoutine>>,
    timer: RefCell<Option<(Timer, Dpc)>>,
}

impl IoTimeouts {
    /// Makes the timer, because the device was started. The timer is set only while there are
    /// routines.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn start(&self, kernel: &Kernel, device: &Rc<DeviceObject>) {
        let weak = Rc::downgrade(device);
        let call = move |kernel: &Kernel| {
            let Some(device) = weak.upgrade() else { return };
            if let Some(adapter) = device.extension::<AdapterDevice>() {
                adapter.call_io_timeouts(kernel, &device);
            }
        };
        let timer = Timer::new(TimerKind::Notification);
        let dpc = Dpc::new(kernel, "I/O timeout", Rc::new(call));
        *self.timer.borrow_mut() = Some((timer, dpc));
        self.keep_time(kernel);
    }

    /// Sets the timer when there are routines, and cancels the timer when there are no routines.
    /// While the device is not started there is no timer, and the call has no effect.
    fn keep_time(&self, kernel: &Kernel) {
        let timer = self.timer.borrow();
        let Some((timer, dpc)) = timer.as_ref() else { return };
        let wanted = !self.routines.borrow().is_empty();
        if wanted && !timer.is_set() {
            let due = DueTime::Relative(u64::from(PERIOD_MS) * 10_000);
            kernel.set_timer(timer, due, PERIOD_MS, Some(dpc));
        } else if !wanted {
            kernel.cancel_timer(timer);
            kernel.remove_queue_dpc(dpc);
        }
    }

    /// Stops the timer, because the device was stopped. The routines stay registered.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn stop(&self, kernel: &Kernel) {
        if let Some((timer, dpc)) = self.timer.borrow_mut().take() {
            kernel.cancel_timer(&timer);
            kernel.remove_queue_dpc(&dpc);
        }
    }

    /// Stops the timer and drops the routines, because the device is removed.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn release(&self, kernel: &Kernel) {
        self.stop(kernel);
        let routines = self.routines.take();
        drop(routines);
    }
}

impl AdapterDevice {
    /// Calls every routine, in the order in which they were registered. A routine that an earlier
    /// routine has unregistered is not called any more.
    fn call_io_timeouts(&self, kernel: &Kernel, device: &Rc<DeviceObject>) {
        let routines = self.timeouts.routines.borrow().clone();
        for routine in routines {
            let known = &self.timeouts.routines;
            if !known.borrow().iter().any(|other| Rc::ptr_eq(other, &routine)) {
                continue;
            }
            let call = || {
                routine(kernel, device);
                Ok(())
            };
            let none = Argument::None;
            let _ = self.calls.call(kernel, Method::IoTimeout, none, call, |()| none);
        }
    }
}

/// Registers a routine that PortCls calls about once a second while the device is started.
///
/// The port knows a routine by its `Rc`. In C, device, routine and context together name a routine.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcRegisterIoTimeout.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the device is not an adapter's.
/// - `STATUS_UNSUCCESSFUL`: the routine is registered already.
/// - `STATUS_INSUFFICIENT_RESOURCES`: the device has 64 routines already.
#[doc(alias = "PcRegisterIoTimeout")]
pub fn pc_register_io_timeout(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    routine: IoTimeoutRoutine,
) -> Result<(), NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcRegisterIoTimeout");
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_PARAMETER)?;
    let mut routines = adapter.timeouts.routines.borrow_mut();
    if routines.iter().any(|other| Rc::ptr_eq(other, &routine)) {
        return Err(NtStatus::UNSUCCESSFUL);
    }
    if routines.len() >= ROUTINES {
        return Err(NtStatus::INSUFFICIENT_RESOURCES);
    }
    routines.push(routine);
    drop(routines);
    if adapter.state.get() != PnpState::Removed {
        adapter.timeouts.keep_time(kernel);
    }
    Ok(())
}

/// Unregisters a routine. PortCls does not call the routine any more.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcUnregisterIoTimeout.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the device is not an adapter's.
/// - `STATUS_NOT_FOUND`: the routine is not registered.
#[doc(alias = "PcUnregisterIoTimeout")]
pub fn pc_unregister_io_timeout(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    routine: &IoTimeoutRoutine,
) -> Result<(), NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcUnregisterIoTimeout");
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_PARAMETER)?;
    let known = {
        let routines = adapter.timeouts.routines.borrow();
        routines.iter().position(|other| Rc::ptr_eq(other, routine))
    };
    let index = known.ok_or(NtStatus::NOT_FOUND)?;
    let gone = adapter.timeouts.routines.borrow_mut().remove(index);
    drop(gone);
    adapter.timeouts.keep_time(kernel);
    Ok(())
}
