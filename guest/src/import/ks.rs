//! `ks.sys`: kernel streaming.
//!
//! A PortCls driver leaves kernel streaming to its port. Such a driver imports small things from
//! ks.sys: routines for a dispatch table, and workers. These routines are here. The rest of ks.sys,
//! with object headers, AVStream objects, clocks and allocators, is not emulated. When a driver
//! calls a routine of this rest, the run ends with the routine's name, and `portcls-emu imports`
//! lists the routine as missing.
//!
//! Source: ks.h of the public headers for the declarations; the import library of mingw-w64 for
//! the size of the arguments in words; WDK, the pages of the routines for the levels.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, Timeout, Waitable, WaitedFor, WorkItem};

use super::module::Module;
use super::ntoskrnl::requests::invalid_request;
use super::ntoskrnl::work_queue_items::routine_of_item;
use crate::guest::Guest;
use crate::routine::{Call, Out, Pointer, Routine, row};
use crate::rules;
use crate::tables::bindings::Bound;

/// The routines of kernel streaming.
pub(super) static MODULE: Module =
    Module { names: &["ks.sys"], routines: &[ROUTINES], variables: &[] };

static ROUTINES: &[Routine] = &[
    row!("KsDispatchInvalidDeviceRequest", UpTo(DISPATCH_LEVEL), invalid_request),
    row!("KsNullDriverUnload", UpTo(PASSIVE_LEVEL), null_driver_unload),
    row!("KsQueueWorkItem", UpTo(DISPATCH_LEVEL), queue_work_item),
    row!("KsRegisterWorker", UpTo(PASSIVE_LEVEL), register_worker),
    row!("KsUnregisterWorker", UpTo(PASSIVE_LEVEL), unregister_worker),
];

/// The number of the kernel's work queues: MaximumWorkQueue in wdm.h.
const QUEUES: u32 = 7;

/// `VOID KsNullDriverUnload(PDRIVER_OBJECT)`: the unload routine for a driver that has nothing to
/// do when it is unloaded.
fn null_driver_unload(_call: &Call<'_>, _driver: Pointer) {}

/// A worker: its work items run in a system thread. `waiting` counts the items that have not ended.
struct Worker {
    waiting: Rc<Cell<u32>>,
}

impl Bound for Worker {
    fn left(&self) -> Option<&'static str> {
        Some("KS workers")
    }
}

/// A worker is signalled while no work item of the worker waits or runs.
impl Waitable for Worker {
    fn try_acquire(&self) -> bool {
        self.can_acquire()
    }

    fn can_acquire(&self) -> bool {
        self.waiting.get() == 0
    }

    fn describe(&self) -> WaitedFor {
        WaitedFor::Words("the items of a KS worker")
    }
}

/// Size of a worker in bytes. Assumed: any size will do, because a driver does not look into it.
const WORKER_BYTES: usize = 64;

/// `NTSTATUS KsRegisterWorker(WORK_QUEUE_TYPE, PKSWORKER *)`
///
/// Assumed: the items of all workers run in one queue, whichever queue the driver names.
/// IoQueueWorkItem uses this queue, too.
fn register_worker(call: &Call<'_>, queue: u32, out: Out<Pointer>) -> NtStatus {
    if queue >= QUEUES {
        return NtStatus::INVALID_PARAMETER;
    }
    let guest = call.guest();
    let address = guest.new_object_block(&[0; WORKER_BYTES]);
    guest.bind(address, Rc::new(Worker { waiting: Rc::default() }));
    out.set(guest, Pointer(address));
    NtStatus::SUCCESS
}

/// `NTSTATUS KsQueueWorkItem(PKSWORKER, PWORK_QUEUE_ITEM)`
fn queue_work_item(call: &Call<'_>, worker: Pointer, item: Pointer) -> NtStatus {
    let guest = call.guest();
    let Some(worker) = worker_at(call, worker) else {
        return NtStatus::INVALID_PARAMETER;
    };
    let (routine, parameter) = routine_of_item(guest, item);
    worker.waiting.set(worker.waiting.get() + 1);
    let (caller, waiting) = (guest.clone(), Rc::clone(&worker.waiting));
    call.kernel().queue_work_item(&WorkItem::new(Rc::new(move |_: &Kernel| {
        run_item(&caller, &waiting, routine, parameter);
    })));
    NtStatus::SUCCESS
}

fn run_item(guest: &Guest, waiting: &Cell<u32>, routine: u64, parameter: u64) {
    guest.call_in_system_thread(routine, &[parameter]);
    waiting.set(waiting.get() - 1);
}

/// `VOID KsUnregisterWorker(PKSWORKER)`: waits until all of the worker's items have ended.
fn unregister_worker(call: &Call<'_>, address: Pointer) {
    let Some(worker) = worker_at(call, address) else { return };
    let (guest, kernel) = (call.guest(), call.kernel());
    if kernel.wait_for_single_object(&*worker, Timeout::Never) != NtStatus::SUCCESS {
        return;
    }
    guest.unbind(address.0);
    guest.free_object_block(address.0, WORKER_BYTES);
}

fn worker_at(call: &Call<'_>, address: Pointer) -> Option<Rc<Worker>> {
    let worker = call.guest().bound::<Worker>(address.0);
    if worker.is_none() {
        let message = format!("{} of {:#x}, which is no worker", call.routine().name, address.0);
        call.kernel().report_violation(&rules::NOT_A_WORKER, &message);
    }
    worker
}
