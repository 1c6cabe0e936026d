//! Work items that lie in the driver's own memory: WORK_QUEUE_ITEM.
//!
//! Source: WDK, ExQueueWorkItem; wdm.h, ExInitializeWorkItem.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::rules::WORK_ITEM_QUEUED_TWICE;
use portcls_emulator::{Kernel, WorkItem};

use crate::guest::Guest;
use crate::routine::{Call, Pointer, Routine, row};
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[row!("ExQueueWorkItem", ByKernel, queue_work_item)];

/// An item that was queued at least once. The value says whether the item is in the queue now.
struct QueuedItem(Cell<bool>);

impl Bound for QueuedItem {
    fn pending(&self) -> Option<&'static str> {
        self.0.get().then_some("a work item that is queued")
    }

    fn left(&self) -> Option<&'static str> {
        self.0.get().then_some("work items that are queued")
    }
}

/// The routine and the parameter in a WORK_QUEUE_ITEM.
pub(in crate::import) fn routine_of_item(guest: &Guest, item: Pointer) -> (u64, u64) {
    let fields = &guest.layout().work_queue_item;
    let word = |offset| guest.load_word(item.at(offset));
    (word(fields.worker_routine), word(fields.parameter))
}

/// `VOID ExQueueWorkItem(PWORK_QUEUE_ITEM, WORK_QUEUE_TYPE)`
///
/// When the routine of the item begins, the item is out of the queue: the routine may free the item
/// or queue it again.
/// Assumed: all items run in one queue, whichever queue the driver names. IoQueueWorkItem uses this
/// queue, too.
fn queue_work_item(call: &Call<'_>, item: Pointer, _queue: u32) {
    let guest = call.guest();
    let (routine, parameter) = routine_of_item(guest, item);
    if guest.bound::<QueuedItem>(item.0).is_some_and(|item| item.0.get()) {
        let message = "ExQueueWorkItem for an item that is queued";
        call.kernel().report_violation(&WORK_ITEM_QUEUED_TWICE, message);
        return;
    }
    let waits = Rc::new(QueuedItem(Cell::new(true)));
    guest.bind(item.0, Rc::clone(&waits) as Rc<dyn Bound>);
    let caller = guest.clone();
    call.kernel().queue_work_item(&WorkItem::new(Rc::new(move |_: &Kernel| {
        waits.0.set(false);
        caller.call_in_system_thread(routine, &[parameter]);
    })));
}
