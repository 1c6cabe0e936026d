//! `ks.sys`: kernel streaming.
//!
//! A PortCls driver leaves kernel streaming to its port; what it imports of ks.sys are small things:
//! routines for a dispatch table, and workers. Those are here. The rest, with its object headers,
//! AVStream objects, clocks and allocators, is not built: such a routine ends the run by its name
//! when it is called, and `portcls-emu imports` lists it as missing.
//!
//! Source: ks.h of the public headers for the declarations, the import library of mingw-w64 for
//! the words of arguments; WDK, the pages of the routines for the levels.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Irql, Kernel, NtStatus, Timeout, Waitable, WorkItem};

use super::Module;
use crate::binding::Bound;
use crate::guest::Guest;
use crate::routine::{Call, Routine, status};
use crate::rules;

/// The table.
pub(super) static MODULE: Module = Module {
    names: &["ks.sys"],
    routines: &[
        Routine::stdcall("KsDispatchInvalidDeviceRequest", 2, DISPATCH, invalid_device_request),
        Routine::stdcall("KsNullDriverUnload", 1, PASSIVE, null_driver_unload),
        Routine::stdcall("KsQueueWorkItem", 2, DISPATCH, queue_work_item),
        Routine::stdcall("KsRegisterWorker", 2, PASSIVE, register_worker),
        Routine::stdcall("KsUnregisterWorker", 1, PASSIVE, unregister_worker),
    ],
    variables: &[],
};

const PASSIVE: Irql = Irql::PASSIVE_LEVEL;

const DISPATCH: Irql = Irql::DISPATCH_LEVEL;

/// Queues of the kernel: MaximumWorkQueue in wdm.h.
const QUEUES: u32 = 7;

/// `NTSTATUS KsDispatchInvalidDeviceRequest(PDEVICE_OBJECT, PIRP)`
fn invalid_device_request(call: &Call<'_>) -> u64 {
    crate::driver::invalid_request(call)
}

/// `VOID KsNullDriverUnload(PDRIVER_OBJECT)`: an unload routine for a driver that has nothing to
/// do at its unload.
fn null_driver_unload(call: &Call<'_>) -> u64 {
    call.pointer();
    0
}

/// A worker: items that are queued through it run in a system thread.
struct Worker {
    waiting: Rc<Cell<u32>>,
}

impl Bound for Worker {
    fn left(&self) -> Option<&'static str> {
        Some("KS workers")
    }
}

/// It is signalled while nothing that was queued is left to run.
impl Waitable for Worker {
    fn try_acquire(&self) -> bool {
        self.waiting.get() == 0
    }

    fn describe(&self) -> String {
        "the items of a KS worker".to_owned()
    }
}

/// Bytes of a worker, which a driver does not look into. Assumed: any size will do.
const WORKER_BYTES: usize = 64;

/// `NTSTATUS KsRegisterWorker(WORK_QUEUE_TYPE, PKSWORKER *)`
///
/// Assumed: the queues are one, as those of work items are.
fn register_worker(call: &Call<'_>) -> u64 {
    let (queue, out) = (call.u32(), call.pointer());
    if queue >= QUEUES {
        return status(NtStatus::INVALID_PARAMETER);
    }
    let guest = call.guest();
    let address = guest.new_object_block(&[0; WORKER_BYTES]);
    guest.bind(address, Rc::new(Worker { waiting: Rc::default() }));
    guest.store_word(out, address);
    status(NtStatus::SUCCESS)
}

/// `NTSTATUS KsQueueWorkItem(PKSWORKER, PWORK_QUEUE_ITEM)`
fn queue_work_item(call: &Call<'_>) -> u64 {
    let (address, item) = (call.pointer(), call.pointer());
    let guest = call.guest();
    let Some(worker) = worker_at(call, address) else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    // A WORK_QUEUE_ITEM is a list entry, the routine and its parameter. Source: wdm.h.
    let word = guest.pointer_bytes();
    let routine = guest.load_word(item.wrapping_add(2 * word));
    let parameter = guest.load_word(item.wrapping_add(3 * word));
    worker.waiting.set(worker.waiting.get() + 1);
    let (caller, waiting) = (guest.clone(), Rc::clone(&worker.waiting));
    call.kernel().queue_work_item(&WorkItem::new(Rc::new(move |_: &Kernel| {
        run_item(&caller, &waiting, routine, parameter);
    })));
    status(NtStatus::SUCCESS)
}

fn run_item(guest: &Guest, waiting: &Cell<u32>, routine: u64, parameter: u64) {
    guest.call(routine, &[parameter]);
    waiting.set(waiting.get() - 1);
}

/// `VOID KsUnregisterWorker(PKSWORKER)`: returns when nothing that was queued is left to run.
fn unregister_worker(call: &Call<'_>) -> u64 {
    let address = call.pointer();
    let Some(worker) = worker_at(call, address) else { return 0 };
    let (guest, kernel) = (call.guest(), call.kernel());
    if kernel.wait_for_single_object(&*worker, Timeout::Never) != NtStatus::SUCCESS {
        return 0;
    }
    guest.unbind(address);
    guest.free_object_block(address, WORKER_BYTES);
    0
}

fn worker_at(call: &Call<'_>, address: u64) -> Option<Rc<Worker>> {
    let worker = call.guest().bound::<Worker>(address);
    if worker.is_none() {
        let message = format!("{} of {address:#x}, which is no worker", call.routine().name);
        call.kernel().report_violation(&rules::NOT_A_WORKER, &message);
    }
    worker
}
