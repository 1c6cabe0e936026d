//! Events, timers and DPCs, which live in the driver's memory.
//!
//! The kernel's object is bound to the address of the driver's structure. The routines also write
//! fields that a driver may read. Source: wdm.h, the types of DISPATCHER_HEADER and KDPC.

use std::rc::Rc;

use portcls_emulator::{Dpc, DpcImportance, DueTime, Event, EventKind, Kernel, Timer, TimerKind};

use crate::guest::Guest;
use crate::routine::{Boolean, Call, Pointer, Routine, row};
use crate::rules;
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("KeCancelTimer", ByKernel, cancel_timer),
    row!("KeClearEvent", ByKernel, reset_event),
    row!("KeFlushQueuedDpcs", ByKernel, flush_queued_dpcs),
    row!("KeInitializeDpc", ByKernel, initialize_dpc),
    row!("KeInitializeEvent", ByKernel, initialize_event),
    row!("KeInitializeTimer", ByKernel, initialize_timer),
    row!("KeInitializeTimerEx", ByKernel, initialize_timer_ex),
    row!("KeInsertQueueDpc", ByKernel, insert_queue_dpc),
    row!("KeReadStateEvent", ByKernel, read_state_event),
    row!("KeRemoveQueueDpc", ByKernel, remove_queue_dpc),
    row!("KeResetEvent", ByKernel, reset_event),
    row!("KeSetEvent", ByKernel, set_event),
    row!("KeSetImportanceDpc", ByKernel, set_importance_dpc),
    row!("KeSetTimer", ByKernel, set_timer),
    row!("KeSetTimerEx", ByKernel, set_timer_ex),
];

/// `KDPC.Type`.
const DPC_OBJECT: u8 = 0x13;

/// `DISPATCHER_HEADER.Type` of a notification event and of a notification timer. The number of the
/// synchronization kind is higher by 1.
const EVENT_OBJECT: u8 = 0;
const TIMER_OBJECT: u8 = 8;

impl Bound for Event {}

impl Bound for Timer {
    fn pending(&self) -> Option<&'static str> {
        self.is_set().then_some("a timer that is set")
    }

    fn left(&self) -> Option<&'static str> {
        self.is_set().then_some("timers that are set")
    }
}

impl Bound for Dpc {
    fn pending(&self) -> Option<&'static str> {
        self.is_queued().then_some("a DPC that is queued")
    }

    fn left(&self) -> Option<&'static str> {
        self.is_queued().then_some("DPCs that are queued")
    }
}

/// Writes the DISPATCHER_HEADER of an object that a thread can wait for.
pub(super) fn write_header(
    guest: &Guest,
    object: Pointer,
    kind: u8,
    bytes: u32,
    is_signalled: bool,
) {
    let layout = &guest.layout().dispatcher_header;
    guest.store_u8(object.at(layout.type_), kind);
    guest.store_u8(object.at(layout.size), (bytes / 4) as u8);
    guest.store_u32(object.at(layout.signal_state), is_signalled.into());
    let list = object.at(layout.wait_list_head);
    guest.store_word(list, list);
    guest.store_word(list.wrapping_add(guest.pointer_bytes()), list);
}

fn note_signal(guest: &Guest, object: Pointer, is_signalled: bool) {
    let layout = &guest.layout().dispatcher_header;
    guest.store_u32(object.at(layout.signal_state), is_signalled.into());
}

/// The object at an address. If there is no object of this type, the driver made a mistake: the
/// routine reports a violation and does nothing else.
pub(super) fn found<T: Bound>(call: &Call<'_>, address: Pointer, what: &str) -> Option<Rc<T>> {
    let object = call.guest().bound::<T>(address.0);
    if object.is_none() {
        let message = format!("{} of {what} that was not initialised", call.routine().name);
        call.kernel().report_violation(&rules::UNINITIALISED_OBJECT, &message);
    }
    object
}

/// `VOID KeInitializeEvent(PRKEVENT, EVENT_TYPE, BOOLEAN)`
fn initialize_event(call: &Call<'_>, address: Pointer, kind: u32, is_signalled: Boolean) {
    let guest = call.guest();
    let kind = if kind == 0 { EventKind::Notification } else { EventKind::Synchronization };
    let event = Event::new(kind, "of the driver");
    if is_signalled.is_true() {
        call.kernel().set_event(&event);
    }
    let bytes = guest.layout().kevent.size_of;
    write_header(guest, address, EVENT_OBJECT + kind as u8, bytes, is_signalled.is_true());
    guest.bind(address.0, Rc::new(event));
}

/// `LONG KeSetEvent(PRKEVENT, KPRIORITY, BOOLEAN)`
fn set_event(call: &Call<'_>, address: Pointer, _increment: u32, _wait: Boolean) -> i32 {
    let Some(event) = found::<Event>(call, address, "an event") else { return 0 };
    i32::from(signal(call.guest(), address, &event))
}

/// Sets an event; returns whether the event was set before.
pub(super) fn signal(guest: &Guest, address: Pointer, event: &Event) -> bool {
    note_signal(guest, address, true);
    guest.kernel().set_event(event)
}

/// `LONG KeResetEvent(PRKEVENT)`, and `VOID KeClearEvent(PRKEVENT)`
fn reset_event(call: &Call<'_>, address: Pointer) -> i32 {
    let Some(event) = found::<Event>(call, address, "an event") else { return 0 };
    note_signal(call.guest(), address, false);
    i32::from(call.kernel().reset_event(&event))
}

/// `LONG KeReadStateEvent(PRKEVENT)`
fn read_state_event(call: &Call<'_>, address: Pointer) -> i32 {
    let event = found::<Event>(call, address, "an event");
    i32::from(event.is_some_and(|event| event.is_signalled()))
}

/// `VOID KeInitializeTimer(PKTIMER)`
fn initialize_timer(call: &Call<'_>, address: Pointer) {
    new_timer(call.guest(), address, TimerKind::Notification);
}

/// `VOID KeInitializeTimerEx(PKTIMER, TIMER_TYPE)`
fn initialize_timer_ex(call: &Call<'_>, address: Pointer, kind: u32) {
    let kind = if kind == 0 { TimerKind::Notification } else { TimerKind::Synchronization };
    new_timer(call.guest(), address, kind);
}

fn new_timer(guest: &Guest, address: Pointer, kind: TimerKind) {
    let bytes = guest.layout().ktimer.size_of;
    write_header(guest, address, TIMER_OBJECT + kind as u8, bytes, false);
    guest.bind(address.0, Rc::new(Timer::new(kind)));
}

/// `BOOLEAN KeSetTimer(PKTIMER, LARGE_INTEGER, PKDPC)`
fn set_timer(call: &Call<'_>, timer: Pointer, due: i64, dpc: Pointer) -> bool {
    set_timer_ex(call, timer, due, 0, dpc)
}

/// `BOOLEAN KeSetTimerEx(PKTIMER, LARGE_INTEGER, LONG, PKDPC)`
fn set_timer_ex(call: &Call<'_>, timer: Pointer, due: i64, period_ms: u32, dpc: Pointer) -> bool {
    let Some(timer) = found::<Timer>(call, timer, "a timer") else { return false };
    let dpc = if dpc.is_null() { None } else { found::<Dpc>(call, dpc, "a DPC") };
    let due = match u64::try_from(due) {
        Ok(time) if time > 0 => DueTime::Absolute(time),
        _ => DueTime::Relative(due.unsigned_abs()),
    };
    call.kernel().set_timer(&timer, due, period_ms, dpc.as_deref())
}

/// `BOOLEAN KeCancelTimer(PKTIMER)`
fn cancel_timer(call: &Call<'_>, timer: Pointer) -> bool {
    let timer = found::<Timer>(call, timer, "a timer");
    timer.is_some_and(|timer| call.kernel().cancel_timer(&timer))
}

/// `VOID KeInitializeDpc(PRKDPC, PKDEFERRED_ROUTINE, PVOID)`
fn initialize_dpc(call: &Call<'_>, address: Pointer, routine: Pointer, context: Pointer) {
    let guest = call.guest();
    let layout = &guest.layout().kdpc;
    guest.store_u8(address.at(layout.type_), DPC_OBJECT);
    guest.store_u8(address.at(layout.importance), 1);
    guest.store_word(address.at(layout.deferred_routine), routine.0);
    guest.store_word(address.at(layout.deferred_context), context.0);
    let caller = guest.clone();
    let run = Rc::new(move |_: &Kernel| run_dpc(&caller, address));
    guest.bind(address.0, Rc::new(Dpc::new(call.kernel(), "a DPC of the driver", run)));
}

/// Calls the deferred routine with the values that are now in the KDPC.
fn run_dpc(guest: &Guest, address: Pointer) {
    let layout = &guest.layout().kdpc;
    let word = |offset| guest.load_word(address.at(offset));
    let routine = word(layout.deferred_routine);
    let context = word(layout.deferred_context);
    let (first, second) = (word(layout.system_argument1), word(layout.system_argument2));
    guest.call(routine, &[address.0, context, first, second]);
}

/// `BOOLEAN KeInsertQueueDpc(PRKDPC, PVOID, PVOID)`
fn insert_queue_dpc(call: &Call<'_>, address: Pointer, first: Pointer, second: Pointer) -> bool {
    let Some(dpc) = found::<Dpc>(call, address, "a DPC") else { return false };
    if dpc.is_queued() {
        return false;
    }
    // The fields must be written before the DPC is queued, because below DISPATCH_LEVEL the DPC
    // runs at once.
    let (guest, layout) = (call.guest(), &call.guest().layout().kdpc);
    guest.store_word(address.at(layout.system_argument1), first.0);
    guest.store_word(address.at(layout.system_argument2), second.0);
    call.kernel().insert_queue_dpc(&dpc)
}

/// `BOOLEAN KeRemoveQueueDpc(PRKDPC)`
fn remove_queue_dpc(call: &Call<'_>, dpc: Pointer) -> bool {
    let dpc = found::<Dpc>(call, dpc, "a DPC");
    dpc.is_some_and(|dpc| call.kernel().remove_queue_dpc(&dpc))
}

/// `VOID KeSetImportanceDpc(PRKDPC, KDPC_IMPORTANCE)`
fn set_importance_dpc(call: &Call<'_>, address: Pointer, importance: u32) {
    let Some(dpc) = found::<Dpc>(call, address, "a DPC") else { return };
    let layout = &call.guest().layout().kdpc;
    call.guest().store_u8(address.at(layout.importance), importance as u8);
    dpc.set_importance(match importance {
        0 => DpcImportance::Low,
        2 => DpcImportance::High,
        _ => DpcImportance::Medium,
    });
}

/// `VOID KeFlushQueuedDpcs(VOID)`
fn flush_queued_dpcs(call: &Call<'_>) {
    call.kernel().flush_queued_dpcs();
}
