//! `IInterruptSync` as a driver sees it.

use std::rc::Rc;

use portcls_emulator::{Interrupt, Kernel, NtStatus};
use portcls_port::guid::iid;
use portcls_port::interfaces::{IInterruptSync, RoutinePosition};

use crate::com::family::Family;
use crate::com::this::This;
use crate::routine::{Boolean, Call, Pointer, row};
use crate::tables::bindings::Bound;

pub(super) static FAMILY: Family = Family {
    name: "IInterruptSync",
    iid: iid::INTERRUPT_SYNC,
    bases: &[],
    methods: &[
        row!("IInterruptSync::CallSynchronizedRoutine", ByKernel, call_synchronized_routine),
        row!("IInterruptSync::GetKInterrupt", ByKernel, get_kinterrupt),
        row!("IInterruptSync::Connect", ByKernel, connect),
        row!("IInterruptSync::Disconnect", ByKernel, disconnect),
        row!("IInterruptSync::RegisterServiceRoutine", ByKernel, register_service_routine),
    ],
};

/// The object behind a PKINTERRUPT.
impl Bound for Interrupt {}

/// Size of a KINTERRUPT in bytes. Assumed: any size will do, because drivers do not look into it.
const INTERRUPT_BYTES: usize = 64;

/// The key under which the KINTERRUPT is attached to its sync object.
const INTERRUPT_KEY: u64 = 0;

/// `NTSTATUS CallSynchronizedRoutine(PINTERRUPTSYNCROUTINE, PVOID)`
fn call_synchronized_routine(
    call: &Call<'_>,
    sync: This<dyn IInterruptSync>,
    routine: Pointer,
    context: Pointer,
) -> NtStatus {
    let words = [sync.address, context.0];
    let mut run = |_kernel: &Kernel| NtStatus(call.guest().call(routine.0, &words) as u32);
    sync.call_synchronized_routine(call.kernel(), &mut run)
}

/// `PKINTERRUPT GetKInterrupt()`
fn get_kinterrupt(call: &Call<'_>, sync: This<dyn IInterruptSync>) -> Pointer {
    let Some(interrupt) = sync.get_kinterrupt() else { return Pointer::NULL };
    let guest = call.guest();
    let block = guest.attachment(sync.address, INTERRUPT_KEY, || vec![0; INTERRUPT_BYTES]);
    guest.bind(block, Rc::new(interrupt));
    Pointer(block)
}

/// `NTSTATUS Connect()`
fn connect(call: &Call<'_>, sync: This<dyn IInterruptSync>) -> Result<(), NtStatus> {
    sync.connect(call.kernel())
}

/// `VOID Disconnect()`
fn disconnect(call: &Call<'_>, sync: This<dyn IInterruptSync>) {
    sync.disconnect(call.kernel());
}

/// `NTSTATUS RegisterServiceRoutine(PINTERRUPTSYNCROUTINE, PVOID, BOOLEAN First)`
fn register_service_routine(
    call: &Call<'_>,
    sync: This<dyn IInterruptSync>,
    routine: Pointer,
    context: Pointer,
    first: Boolean,
) -> Result<(), NtStatus> {
    let (guest, words) = (call.guest().clone(), [sync.address, context.0]);
    let position = if first.is_true() { RoutinePosition::Head } else { RoutinePosition::Tail };
    let serve = move |_kernel: &Kernel| NtStatus(guest.call(routine.0, &words) as u32);
    sync.register_service_routine(call.kernel(), Rc::new(serve), position)
}
