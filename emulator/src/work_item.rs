//! Work items: routines that a system thread runs at PASSIVE_LEVEL.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use crate::irql::Irql;
use crate::kernel::Kernel;

struct WorkItemObject {
    routine: Rc<dyn Fn(&Kernel)>,
    queued: Cell<bool>,
}

/// A work item (IO_WORKITEM). A queued item keeps itself alive.
#[doc(alias = "IO_WORKITEM")]
#[derive(Clone)]
pub struct WorkItem(Rc<WorkItemObject>);

impl WorkItem {
    /// A work item; `routine` runs at PASSIVE_LEVEL and may wait.
    #[doc(alias = "IoAllocateWorkItem")]
    #[must_use]
    pub fn new(routine: Rc<dyn Fn(&Kernel)>) -> WorkItem {
        WorkItem(Rc::new(WorkItemObject { routine, queued: Cell::new(false) }))
    }
}

#[derive(Default)]
pub(crate) struct WorkQueue(RefCell<VecDeque<WorkItem>>);

impl Kernel {
    /// Queues a work item; it runs when a thread at PASSIVE_LEVEL waits or is idle.
    ///
    /// IRQL: up to DISPATCH_LEVEL. Queueing an item that is queued is a violation.
    #[doc(alias = "IoQueueWorkItem")]
    pub fn queue_work_item(&self, item: &WorkItem) {
        if self.is_frozen() {
            return;
        }
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "IoQueueWorkItem");
        if item.0.queued.replace(true) {
            self.report_violation("WorkItem", "IoQueueWorkItem for an item that is queued");
            return;
        }
        self.state.work.0.borrow_mut().push_back(item.clone());
    }

    pub(crate) fn run_work_item(&self) -> bool {
        let next = self.state.work.0.borrow_mut().pop_front();
        let Some(item) = next else { return false };
        item.0.queued.set(false);
        (item.0.routine)(self);
        true
    }
}
