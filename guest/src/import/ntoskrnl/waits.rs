//! Routines by which a thread waits.
//!
//! The code of a system thread leaves the processor to others when it waits. All other code waits
//! in an event loop on the host's stack: the code of other threads and of work items, and code that
//! a system thread reaches through the kernel or the port.
//!
//! Source: WDK, the pages of the routines; wdm.h for the numbers.

use std::rc::Rc;

use cpu_x86::Mode;
use portcls_emulator::{
    BugCheckCode, Event, Irql, Kernel, Mutex, NtStatus, Step, Timeout, Timer, WAIT_OBJECTS,
    WaitSet, WaitType, Waitable,
};

use super::system_threads::SystemThread;
use crate::guest::{Guest, LeftStep};
use crate::routine::{Boolean, Call, Pointer, Routine, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("KeDelayExecutionThread", ByKernel, delay_execution_thread),
    row!("KeWaitForMultipleObjects", ByKernel, wait_for_multiple_objects),
    row!("KeWaitForSingleObject", ByKernel, wait_for_single_object),
];

/// The thread itself has wait blocks for a wait with at most this number of objects. Source: wdm.h,
/// THREAD_WAIT_OBJECTS.
const OBJECTS_WITHOUT_BLOCKS: u32 = 3;

/// `NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER)`
fn delay_execution_thread(
    call: &Call<'_>,
    _mode: u8,
    _alertable: Boolean,
    interval: Pointer,
) -> NtStatus {
    let (guest, kernel) = (call.guest(), call.kernel());
    let interval = guest.load_u64(interval.0) as i64;
    let time_100ns = from_now_100ns(kernel, interval);
    if can_leave(guest) {
        leave(guest, Step::Delays(time_100ns));
    } else {
        kernel.delay_execution_thread(time_100ns);
    }
    NtStatus::SUCCESS
}

/// `NTSTATUS KeWaitForSingleObject(PVOID, KWAIT_REASON, KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER)`
fn wait_for_single_object(
    call: &Call<'_>,
    object: Pointer,
    _reason: u32,
    _mode: u8,
    _alertable: Boolean,
    limit: Pointer,
) -> NtStatus {
    match object_at(call.guest(), object.0) {
        Some(object) => wait(call, object, limit),
        None => NtStatus::UNSUCCESSFUL,
    }
}

/// `NTSTATUS KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE, KWAIT_REASON,
/// KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER, PKWAIT_BLOCK)`
fn wait_for_multiple_objects(
    call: &Call<'_>,
    count: u32,
    array: Pointer,
    kind: u32,
    _reason: u32,
    _mode: u8,
    _alertable: Boolean,
    limit: Pointer,
    blocks: Pointer,
) -> NtStatus {
    let guest = call.guest();
    let most = if blocks.is_null() { OBJECTS_WITHOUT_BLOCKS } else { WAIT_OBJECTS as u32 };
    if count > most {
        let message = format!("KeWaitForMultipleObjects of {count} objects, with room for {most}");
        let code = BugCheckCode::MAXIMUM_WAIT_OBJECTS_EXCEEDED;
        call.kernel().bug_check_with(code, [0; 4], &message);
        return NtStatus::UNSUCCESSFUL;
    }
    let width = guest.pointer_bytes();
    let places = (0..u64::from(count)).map(|index| array.0.wrapping_add(index * width));
    let objects = places.map(|place| object_at(guest, guest.load_word(place)));
    let Some(objects) = objects.collect::<Option<Vec<_>>>() else { return NtStatus::UNSUCCESSFUL };
    let kind = if kind == 0 { WaitType::All } else { WaitType::Any };
    wait(call, Rc::new(WaitSet::new(objects, kind)), limit)
}

/// Waits for an object. When the thread leaves the processor, the status that this function returns
/// does not count. The thread gets the status of the wait when it goes on.
fn wait(call: &Call<'_>, object: Rc<dyn Waitable>, limit: Pointer) -> NtStatus {
    let (guest, kernel) = (call.guest(), call.kernel());
    let timeout = if limit.is_null() {
        Timeout::Never
    } else {
        Timeout::Relative(from_now_100ns(kernel, guest.load_u64(limit.0) as i64))
    };
    if can_leave(guest) && timeout != Timeout::Relative(0) {
        if object.try_acquire() {
            return object.acquired_status();
        }
        leave(guest, Step::Waits(object, timeout));
        return NtStatus::SUCCESS;
    }
    match kernel.wait_for_single_object(&*object, timeout) {
        NtStatus::SUCCESS => object.acquired_status(),
        status => status,
    }
}

/// Whether a system thread can leave the processor when the routine waits: the thread's own code
/// called the routine, at a level at which a thread may wait.
pub(super) fn can_leave(guest: &Guest) -> bool {
    guest.0.vm.may_leave()
        && guest.kernel().current_irql() < Irql::DISPATCH_LEVEL
        && !guest.kernel().is_frozen()
}

/// Lets the system thread leave the processor with this step when the routine returns.
pub(super) fn leave(guest: &Guest, step: Step) {
    guest.0.left_step.replace(Some(LeftStep { step, then: None }));
    guest.0.vm.leave_thread();
}

/// Lets the system thread leave the processor to wait for an object. `then` runs at the end of the
/// wait, before the thread's own code goes on.
pub(super) fn leave_until(guest: &Guest, object: Rc<dyn Waitable>, then: Box<dyn FnOnce()>) {
    let step = Step::Waits(object, Timeout::Never);
    guest.0.left_step.replace(Some(LeftStep { step, then: Some(then) }));
    guest.0.vm.leave_thread();
}

/// The object at an address, for a wait. When no routine here initialised the object, the run ends
/// and the result is `None`.
fn object_at(guest: &Guest, address: u64) -> Option<Rc<dyn Waitable>> {
    if let Some(event) = guest.bound::<Event>(address) {
        return Some(event);
    }
    if let Some(timer) = guest.bound::<Timer>(address) {
        return Some(timer);
    }
    if let Some(mutex) = guest.bound::<Mutex>(address) {
        return Some(mutex);
    }
    if let Some(thread) = guest.bound::<SystemThread>(address) {
        return Some(Rc::new(thread.thread().clone()));
    }
    let width = if guest.mode() == Mode::Bits64 { 16 } else { 8 };
    let what =
        format!("a wait for the object at {address:#0width$x}, which no routine here initialised");
    guest.kernel().unsupported(&what);
    None
}

/// The LARGE_INTEGER of a wait as 100 ns units from now. A negative value counts from now. Any
/// other value is a system time.
fn from_now_100ns(kernel: &Kernel, due: i64) -> u64 {
    match u64::try_from(due) {
        Ok(0) => 0,
        Ok(absolute) => absolute.saturating_sub(kernel.system_time_100ns()),
        Err(_) => due.unsigned_abs(),
    }
}
