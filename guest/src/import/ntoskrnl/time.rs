//! Clock routines.

use std::rc::Rc;

use crate::routine::{Boolean, Call, Out, Routine, row};
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("ExSetTimerResolution", UpTo(APC_LEVEL), set_timer_resolution),
    row!("KeQueryInterruptTime", ByKernel, query_interrupt_time),
    row!("KeQueryPerformanceCounter", ByKernel, query_performance_counter),
    row!("KeQuerySystemTime", ByKernel, query_system_time),
    row!("KeQueryTimeIncrement", ByKernel, query_time_increment),
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

/// The address to which the driver's own setting of the resolution is bound. There is no memory at
/// this address.
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
/// MIDI asks for the finest resolution. So a driver cannot make the resolution finer. When the
/// driver restores the resolution, the clock keeps the resolution that the application wants.
fn set_timer_resolution(call: &Call<'_>, _desired_100ns: u32, set: Boolean) -> u32 {
    let guest = call.guest();
    if set.is_true() {
        guest.bind(RESOLUTION, Rc::new(SetResolution));
    } else if guest.bound::<SetResolution>(RESOLUTION).is_some() {
        guest.unbind(RESOLUTION);
    }
    call.kernel().time_increment_100ns()
}
