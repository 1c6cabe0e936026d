//! `IInterruptSync` as a driver sees it.

use std::rc::Rc;

use portcls_emulator::{Interrupt, Irql, Kernel, NtStatus};
use portcls_port::guid::iid;
use portcls_port::interfaces::{IInterruptSync, RoutinePosition};

use crate::com::family::Family;
use crate::com::this::this;
use crate::guest::Guest;
use crate::routine::{Call, Routine, status, status_of};
use crate::tables::bindings::Bound;

pub(super) static FAMILY: Family = Family {
    name: "IInterruptSync",
    iid: iid::INTERRUPT_SYNC,
    bases: &[],
    methods: &[
        Routine::stdcall(
            "IInterruptSync::CallSynchronizedRoutine",
            3,
            Irql::HIGH_LEVEL,
            call_synchronized_routine,
        ),
        Routine::stdcall("IInterruptSync::GetKInterrupt", 1, Irql::HIGH_LEVEL, get_kinterrupt),
        Routine::stdcall("IInterruptSync::Connect", 1, Irql::HIGH_LEVEL, connect),
        Routine::stdcall("IInterruptSync::Disconnect", 1, Irql::HIGH_LEVEL, disconnect),
        Routine::stdcall(
            "IInterruptSync::RegisterServiceRoutine",
            4,
            Irql::HIGH_LEVEL,
            register_service_routine,
        ),
    ],
};

/// The object behind a PKINTERRUPT.
impl Bound for Interrupt {}

/// Bytes of a KINTERRUPT, which a driver does not look into. Assumed: any size will do.
const INTERRUPT_BYTES: usize = 64;

/// The attachment of a sync object that stands for its interrupt.
const INTERRUPT_KEY: u64 = 0;

/// `NTSTATUS CallSynchronizedRoutine(PINTERRUPTSYNCROUTINE, PVOID)`
fn call_synchronized_routine(call: &Call<'_>) -> u64 {
    let (guest, address) = (call.guest(), call.pointer());
    let (routine, context) = (call.pointer(), call.pointer());
    let Some(sync) = sync_at(guest, address) else { return 0 };
    let mut run = |_kernel: &Kernel| NtStatus(guest.call(routine, &[address, context]) as u32);
    status(sync.call_synchronized_routine(call.kernel(), &mut run))
}

fn sync_at(guest: &Guest, address: u64) -> Option<Rc<dyn IInterruptSync>> {
    let object = guest.port_object(address)?;
    portcls_port::com::query::<dyn IInterruptSync>(&object).ok()
}

/// `PKINTERRUPT GetKInterrupt()`
fn get_kinterrupt(call: &Call<'_>) -> u64 {
    let (guest, address) = (call.guest(), call.pointer());
    let Some(interrupt) = sync_at(guest, address).and_then(|sync| sync.get_kinterrupt()) else {
        return 0;
    };
    let block = guest.attachment(address, INTERRUPT_KEY, || vec![0; INTERRUPT_BYTES]);
    guest.bind(block, Rc::new(interrupt));
    block
}

/// `NTSTATUS Connect()`
fn connect(call: &Call<'_>) -> u64 {
    match this::<dyn IInterruptSync>(call) {
        Some(sync) => status_of(&sync.connect(call.kernel())),
        None => 0,
    }
}

/// `VOID Disconnect()`
fn disconnect(call: &Call<'_>) -> u64 {
    if let Some(sync) = this::<dyn IInterruptSync>(call) {
        sync.disconnect(call.kernel());
    }
    0
}

/// `NTSTATUS RegisterServiceRoutine(PINTERRUPTSYNCROUTINE, PVOID, BOOLEAN First)`
fn register_service_routine(call: &Call<'_>) -> u64 {
    let (guest, address) = (call.guest().clone(), call.pointer());
    let (routine, context, first) = (call.pointer(), call.pointer(), call.u8());
    let Some(sync) = sync_at(&guest, address) else { return 0 };
    let position = if first == 0 { RoutinePosition::Tail } else { RoutinePosition::Head };
    let serve = move |_kernel: &Kernel| NtStatus(guest.call(routine, &[address, context]) as u32);
    status_of(&sync.register_service_routine(call.kernel(), Rc::new(serve), position))
}
