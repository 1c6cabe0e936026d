//! Clocks and waits of a thread.

use cpu_x86::Mode;
use portcls_emulator::{Event, Kernel, Mutex, NtStatus, Timeout, Timer};

use crate::guest::Guest;
use crate::routine::{Call, status};

/// `LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER)`
pub(super) fn query_performance_counter(call: &Call<'_>) -> u64 {
    let frequency_at = call.pointer();
    let (count, frequency_hz) = call.kernel().performance_counter();
    if frequency_at != 0 {
        call.guest().store_u64(frequency_at, frequency_hz);
    }
    count
}

/// `VOID KeQuerySystemTime(PLARGE_INTEGER)`
pub(super) fn query_system_time(call: &Call<'_>) -> u64 {
    call.guest().store_u64(call.pointer(), call.kernel().system_time_100ns());
    0
}

/// `ULONGLONG KeQueryInterruptTime(VOID)`
pub(super) fn query_interrupt_time(call: &Call<'_>) -> u64 {
    call.kernel().interrupt_time_100ns()
}

/// `ULONG KeQueryTimeIncrement(VOID)`
pub(super) fn query_time_increment(call: &Call<'_>) -> u64 {
    call.kernel().time_increment_100ns().into()
}

/// `NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER)`
pub(super) fn delay_execution_thread(call: &Call<'_>) -> u64 {
    let (_mode, _alertable, interval) = (call.u8(), call.u8(), call.pointer());
    let interval = call.guest().load_u64(interval) as i64;
    call.kernel().delay_execution_thread(from_now_100ns(call.kernel(), interval));
    status(NtStatus::SUCCESS)
}

/// `NTSTATUS KeWaitForSingleObject(PVOID, KWAIT_REASON, KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER)`
pub(super) fn wait_for_single_object(call: &Call<'_>) -> u64 {
    let (object, _reason) = (call.pointer(), call.u32());
    let (_mode, _alertable, limit) = (call.u8(), call.u8(), call.pointer());
    let timeout = match limit {
        0 => Timeout::Never,
        limit => {
            let limit = call.guest().load_u64(limit) as i64;
            Timeout::Relative(from_now_100ns(call.kernel(), limit))
        }
    };
    let (guest, kernel) = (call.guest(), call.kernel());
    if let Some(event) = guest.bound::<Event>(object) {
        return status(kernel.wait_for_single_object(&*event, timeout));
    }
    if let Some(timer) = guest.bound::<Timer>(object) {
        return status(kernel.wait_for_single_object(&*timer, timeout));
    }
    if let Some(mutex) = guest.bound::<Mutex>(object) {
        return status(kernel.wait_for_single_object(&*mutex, timeout));
    }
    kernel.unsupported(&unknown_object(guest, object));
    status(NtStatus::UNSUCCESSFUL)
}

fn unknown_object(guest: &Guest, object: u64) -> String {
    let width = if guest.mode() == Mode::Bits64 { 16 } else { 8 };
    format!("a wait for the object at {object:0width$x}, which no routine here initialised")
}

/// A LARGE_INTEGER of a wait as 100 ns units from now: negative ones are that already, others
/// are a system time.
pub(super) fn from_now_100ns(kernel: &Kernel, due: i64) -> u64 {
    match u64::try_from(due) {
        Ok(0) => 0,
        Ok(absolute) => absolute.saturating_sub(kernel.system_time_100ns()),
        Err(_) => due.unsigned_abs(),
    }
}
