//! Clock routines, and routines by which a thread waits.

use std::rc::Rc;

use cpu_x86::Mode;
use portcls_emulator::{Event, Kernel, Mutex, NtStatus, Timeout, Timer};

use crate::guest::Guest;
use crate::routine::{Boolean, Call, Out, Pointer, Routine, row};
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("ExSetTimerResolution", UpTo(APC_LEVEL), set_timer_resolution),
    row!("KeDelayExecutionThread", ByKernel, delay_execution_thread),
    row!("KeQueryInterruptTime", ByKernel, query_interrupt_time),
    row!("KeQueryPerformanceCounter", ByKernel, query_performance_counter),
    row!("KeQuerySystemTime", ByKernel, query_system_time),
    row!("KeQueryTimeIncrement", ByKernel, query_time_increment),
    row!("KeWaitForSingleObject", ByKernel, wait_for_single_object),
];

/// `LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER)`
fn query_performance_counter(call: &Call<'_>, frequency: Out<u64>) -> u64 {
    let (count, frequency_hz) = call.kernel().performance_counter();
    frequency.set_if_given(call.guest(), frequency_hz);
    count
}

/// `VOID KeQuerySystemTime(PLARGE_INTEGER)`
fn query_system_time(call: &Call<'_>, time: Out<u64>) {
    time.set(call.guest(), call.kernel().system_time_100ns());
}

/// `ULONGLONG KeQueryInterruptTime(VOID)`
fn query_interrupt_time(call: &Call<'_>) -> u64 {
    call.kernel().interrupt_time_100ns()
}

/// `ULONG KeQueryTimeIncrement(VOID)`
fn query_time_increment(call: &Call<'_>) -> u32 {
    call.kernel().time_increment_100ns()
}

/// The address to which the driver's own setting of the resolution is bound. No memory is there.
const RESOLUTION: u64 = 1;

/// The driver has set the resolution of the clock, and has to restore it.
struct SetResolution;

impl Bound for SetResolution {
    fn left(&self) -> Option<&'static str> {
        Some("settings of the timer resolution")
    }
}

/// `ULONG ExSetTimerResolution(ULONG DesiredTime, BOOLEAN SetResolution)`: returns the resolution
/// in 100 ns units.
///
/// Assumed: the clock of the machine has its finest resolution already, because an application for
/// MIDI asks for it. So no driver makes it finer, and none makes it coarser by restoring it.
fn set_timer_resolution(call: &Call<'_>, _desired_100ns: u32, set: Boolean) -> u32 {
    let guest = call.guest();
    if set.is_true() {
        guest.bind(RESOLUTION, Rc::new(SetResolution));
    } else if guest.bound::<SetResolution>(RESOLUTION).is_some() {
        guest.unbind(RESOLUTION);
    }
    call.kernel().time_increment_100ns()
}

/// `NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER)`
fn delay_execution_thread(
    call: &Call<'_>,
    _mode: u8,
    _alertable: Boolean,
    interval: Pointer,
) -> NtStatus {
    let interval = call.guest().load_u64(interval.0) as i64;
    call.kernel().delay_execution_thread(from_now_100ns(call.kernel(), interval));
    NtStatus::SUCCESS
}

/// `NTSTATUS KeWaitForSingleObject(PVOID, KWAIT_REASON, KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER)`
fn wait_for_single_object(
    call: &Call<'_>,
    Pointer(object): Pointer,
    _reason: u32,
    _mode: u8,
    _alertable: Boolean,
    limit: Pointer,
) -> NtStatus {
    let (guest, kernel) = (call.guest(), call.kernel());
    let timeout = if limit.is_null() {
        Timeout::Never
    } else {
        Timeout::Relative(from_now_100ns(kernel, guest.load_u64(limit.0) as i64))
    };
    if let Some(event) = guest.bound::<Event>(object) {
        return kernel.wait_for_single_object(&*event, timeout);
    }
    if let Some(timer) = guest.bound::<Timer>(object) {
        return kernel.wait_for_single_object(&*timer, timeout);
    }
    if let Some(mutex) = guest.bound::<Mutex>(object) {
        return kernel.wait_for_single_object(&*mutex, timeout);
    }
    kernel.unsupported(&unknown_object(guest, object));
    NtStatus::UNSUCCESSFUL
}

fn unknown_object(guest: &Guest, object: u64) -> String {
    let width = if guest.mode() == Mode::Bits64 { 16 } else { 8 };
    format!("a wait for the object at {object:0width$x}, which no routine here initialised")
}

/// The LARGE_INTEGER of a wait as 100 ns units from now. A negative value counts from now; any
/// other value is a system time.
fn from_now_100ns(kernel: &Kernel, due: i64) -> u64 {
    match u64::try_from(due) {
        Ok(0) => 0,
        Ok(absolute) => absolute.saturating_sub(kernel.system_time_100ns()),
        Err(_) => due.unsigned_abs(),
    }
}
