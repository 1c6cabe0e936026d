//! Events, timers and DPCs, which live in the driver's memory.
//!
//! The kernel's object is bound to the address; the fields that a driver may look at are written
//! too. Source: wdm.h, the types of DISPATCHER_HEADER and KDPC.

use std::rc::Rc;

use portcls_emulator::{Dpc, DpcImportance, DueTime, Event, EventKind, Kernel, Timer, TimerKind};

use crate::binding::Bound;
use crate::guest::Guest;
use crate::routine::Call;
use crate::rules;

/// `KDPC.Type`.
const DPC_OBJECT: u8 = 0x13;

/// `DISPATCHER_HEADER.Type` of the first kind of event and of timer; the second is one more.
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

fn field(address: u64, offset: u32) -> u64 {
    address.wrapping_add(offset.into())
}

/// Writes the head of an object that can be waited for.
pub(super) fn write_header(guest: &Guest, address: u64, kind: u8, bytes: u32, is_signalled: bool) {
    let layout = &guest.layout().dispatcher_header;
    guest.store_u8(field(address, layout.type_), kind);
    guest.store_u8(field(address, layout.size), (bytes / 4) as u8);
    guest.store_u32(field(address, layout.signal_state), is_signalled.into());
    let list = field(address, layout.wait_list_head);
    guest.store_word(list, list);
    guest.store_word(list.wrapping_add(guest.pointer_bytes()), list);
}

fn note_signal(guest: &Guest, address: u64, is_signalled: bool) {
    let layout = &guest.layout().dispatcher_header;
    guest.store_u32(field(address, layout.signal_state), is_signalled.into());
}

/// The object at an address; one of these routines with another thing there is the driver's
/// mistake, which is reported, and nothing else happens.
pub(super) fn found<T: Bound>(call: &Call<'_>, address: u64, what: &str) -> Option<Rc<T>> {
    let object = call.guest().bound::<T>(address);
    if object.is_none() {
        let message = format!("{} of {what} that was not initialised", call.routine().name);
        call.kernel().report_violation(&rules::UNINITIALISED_OBJECT, &message);
    }
    object
}

/// `VOID KeInitializeEvent(PRKEVENT, EVENT_TYPE, BOOLEAN)`
pub(super) fn initialize_event(call: &Call<'_>) -> u64 {
    let (address, kind, is_signalled) = (call.pointer(), call.u32(), call.u8() != 0);
    let guest = call.guest();
    let kind = if kind == 0 { EventKind::Notification } else { EventKind::Synchronization };
    let event = Event::new(kind, "of the driver");
    if is_signalled {
        call.kernel().set_event(&event);
    }
    let bytes = guest.layout().kevent.size_of;
    write_header(guest, address, EVENT_OBJECT + kind as u8, bytes, is_signalled);
    guest.bind(address, Rc::new(event));
    0
}

/// `LONG KeSetEvent(PRKEVENT, KPRIORITY, BOOLEAN)`
pub(super) fn set_event(call: &Call<'_>) -> u64 {
    let (address, _increment, _wait) = (call.pointer(), call.u32(), call.u8());
    let Some(event) = found::<Event>(call, address, "an event") else { return 0 };
    note_signal(call.guest(), address, true);
    u64::from(call.kernel().set_event(&event))
}

/// `LONG KeResetEvent(PRKEVENT)`, and `VOID KeClearEvent(PRKEVENT)`
pub(super) fn reset_event(call: &Call<'_>) -> u64 {
    let address = call.pointer();
    let Some(event) = found::<Event>(call, address, "an event") else { return 0 };
    note_signal(call.guest(), address, false);
    u64::from(call.kernel().reset_event(&event))
}

/// `LONG KeReadStateEvent(PRKEVENT)`
pub(super) fn read_state_event(call: &Call<'_>) -> u64 {
    let event = found::<Event>(call, call.pointer(), "an event");
    u64::from(event.is_some_and(|event| event.is_signalled()))
}

/// `VOID KeInitializeTimer(PKTIMER)`
pub(super) fn initialize_timer(call: &Call<'_>) -> u64 {
    new_timer(call.guest(), call.pointer(), TimerKind::Notification);
    0
}

/// `VOID KeInitializeTimerEx(PKTIMER, TIMER_TYPE)`
pub(super) fn initialize_timer_ex(call: &Call<'_>) -> u64 {
    let (address, kind) = (call.pointer(), call.u32());
    let kind = if kind == 0 { TimerKind::Notification } else { TimerKind::Synchronization };
    new_timer(call.guest(), address, kind);
    0
}

fn new_timer(guest: &Guest, address: u64, kind: TimerKind) {
    let bytes = guest.layout().ktimer.size_of;
    write_header(guest, address, TIMER_OBJECT + kind as u8, bytes, false);
    guest.bind(address, Rc::new(Timer::new(kind)));
}

/// `BOOLEAN KeSetTimer(PKTIMER, LARGE_INTEGER, PKDPC)`
pub(super) fn set_timer(call: &Call<'_>) -> u64 {
    let (timer, due) = (call.pointer(), call.u64());
    start_timer(call, timer, due as i64, 0)
}

/// `BOOLEAN KeSetTimerEx(PKTIMER, LARGE_INTEGER, LONG, PKDPC)`
pub(super) fn set_timer_ex(call: &Call<'_>) -> u64 {
    let (timer, due, period_ms) = (call.pointer(), call.u64(), call.u32());
    start_timer(call, timer, due as i64, period_ms)
}

/// Takes the DPC, the last argument of both.
fn start_timer(call: &Call<'_>, timer: u64, due: i64, period_ms: u32) -> u64 {
    let dpc_at = call.pointer();
    let Some(timer) = found::<Timer>(call, timer, "a timer") else { return 0 };
    let dpc = match dpc_at {
        0 => None,
        dpc_at => found::<Dpc>(call, dpc_at, "a DPC"),
    };
    let due = match u64::try_from(due) {
        Ok(time) if time > 0 => DueTime::Absolute(time),
        _ => DueTime::Relative(due.unsigned_abs()),
    };
    u64::from(call.kernel().set_timer(&timer, due, period_ms, dpc.as_deref()))
}

/// `BOOLEAN KeCancelTimer(PKTIMER)`
pub(super) fn cancel_timer(call: &Call<'_>) -> u64 {
    let timer = found::<Timer>(call, call.pointer(), "a timer");
    u64::from(timer.is_some_and(|timer| call.kernel().cancel_timer(&timer)))
}

/// `VOID KeInitializeDpc(PRKDPC, PKDEFERRED_ROUTINE, PVOID)`
pub(super) fn initialize_dpc(call: &Call<'_>) -> u64 {
    let (address, routine, context) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest();
    let layout = &guest.layout().kdpc;
    guest.store_u8(field(address, layout.type_), DPC_OBJECT);
    guest.store_u8(field(address, layout.importance), 1);
    guest.store_word(field(address, layout.deferred_routine), routine);
    guest.store_word(field(address, layout.deferred_context), context);
    let caller = guest.clone();
    let run = Rc::new(move |_: &Kernel| run_dpc(&caller, address));
    guest.bind(address, Rc::new(Dpc::new(call.kernel(), "a DPC of the driver", run)));
    0
}

/// Calls the deferred routine with what lies in the KDPC now.
fn run_dpc(guest: &Guest, address: u64) {
    let layout = &guest.layout().kdpc;
    let word = |offset| guest.load_word(field(address, offset));
    let routine = word(layout.deferred_routine);
    let context = word(layout.deferred_context);
    let (first, second) = (word(layout.system_argument1), word(layout.system_argument2));
    guest.call(routine, &[address, context, first, second]);
}

/// `BOOLEAN KeInsertQueueDpc(PRKDPC, PVOID, PVOID)`
pub(super) fn insert_queue_dpc(call: &Call<'_>) -> u64 {
    let (address, first, second) = (call.pointer(), call.pointer(), call.pointer());
    let Some(dpc) = found::<Dpc>(call, address, "a DPC") else { return 0 };
    if dpc.is_queued() {
        return 0;
    }
    // Before it is queued, for below DISPATCH_LEVEL it runs at once.
    let (guest, layout) = (call.guest(), &call.guest().layout().kdpc);
    guest.store_word(field(address, layout.system_argument1), first);
    guest.store_word(field(address, layout.system_argument2), second);
    u64::from(call.kernel().insert_queue_dpc(&dpc))
}

/// `BOOLEAN KeRemoveQueueDpc(PRKDPC)`
pub(super) fn remove_queue_dpc(call: &Call<'_>) -> u64 {
    let dpc = found::<Dpc>(call, call.pointer(), "a DPC");
    u64::from(dpc.is_some_and(|dpc| call.kernel().remove_queue_dpc(&dpc)))
}

/// `VOID KeSetImportanceDpc(PRKDPC, KDPC_IMPORTANCE)`
pub(super) fn set_importance_dpc(call: &Call<'_>) -> u64 {
    let (address, importance) = (call.pointer(), call.u32());
    let Some(dpc) = found::<Dpc>(call, address, "a DPC") else { return 0 };
    let layout = &call.guest().layout().kdpc;
    call.guest().store_u8(field(address, layout.importance), importance as u8);
    dpc.set_importance(match importance {
        0 => DpcImportance::Low,
        2 => DpcImportance::High,
        _ => DpcImportance::Medium,
    });
    0
}

/// `VOID KeFlushQueuedDpcs(VOID)`
pub(super) fn flush_queued_dpcs(call: &Call<'_>) -> u64 {
    call.kernel().flush_queued_dpcs();
    0
}
