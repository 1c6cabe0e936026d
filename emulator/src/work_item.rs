//! Work items: routines that a worker thread runs at PASSIVE_LEVEL.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::repetition::Repetition;
use crate::rules;
use crate::running::Running;

struct WorkItemObject {
    routine: Rc<dyn Fn(&Kernel)>,
    queued: Cell<bool>,
}

/// A work item (IO_WORKITEM). The queue keeps a queued item alive.
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

/// The work items that wait for the worker thread of the system.
#[derive(Default)]
pub(crate) struct WorkQueue {
    queue: RefCell<VecDeque<WorkItem>>,
    /// How many items have begun and not ended. Each item after the first runs inside a wait of the
    /// item before it.
    depth: Cell<u32>,
    repetition: Repetition,
}

impl WorkQueue {
    /// Drops every queued item.
    pub fn clear(&self) {
        drop(self.queue.take());
    }
}

impl Kernel {
    /// Queues a work item. The item runs when a thread below DISPATCH_LEVEL waits or is idle.
    ///
    /// IRQL: up to DISPATCH_LEVEL. A caller that queues an item that is queued already causes a
    /// violation.
    #[doc(alias = "IoQueueWorkItem")]
    pub fn queue_work_item(&self, item: &WorkItem) {
        if self.is_frozen() {
            return;
        }
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "IoQueueWorkItem");
        if item.0.queued.replace(true) {
            let message = "IoQueueWorkItem for an item that is queued";
            self.report_violation(&rules::WORK_ITEM_QUEUED_TWICE, message);
            return;
        }
        self.state.work.queue.borrow_mut().push_back(item.clone());
    }

    /// How many work items wait, in words.
    pub(crate) fn describe_work_items(&self) -> Option<String> {
        match self.state.work.queue.borrow().len() {
            0 => None,
            count => Some(format!("{count} queued")),
        }
    }

    /// Runs the first work item, as the worker thread of the system would; false when there is
    /// none.
    ///
    /// IRQL: below DISPATCH_LEVEL. The item runs at PASSIVE_LEVEL, also when the thread whose wait
    /// runs the item is at APC_LEVEL.
    pub(crate) fn run_work_item(&self) -> bool {
        let work = &self.state.work;
        let next = work.queue.borrow_mut().pop_front();
        let Some(item) = next else { return false };
        if work.repetition.is_endless(self.now_ns()) {
            self.hang("the clock to go on: a work item queues itself for ever and takes no time");
            return true;
        }
        item.0.queued.set(false);
        let old = self.current_irql();
        self.set_irql(Irql::PASSIVE_LEVEL);
        let outer = self.set_running(Running::WorkItem);
        let depth = work.depth.get() + 1;
        work.depth.set(depth);
        let thread = self.state.thread.replace(depth);
        (item.0.routine)(self);
        self.state.thread.set(thread);
        work.depth.set(depth - 1);
        self.set_running(outer);
        if self.current_irql() != Irql::PASSIVE_LEVEL && !self.is_frozen() {
            let message = format!("a work item returned at {}", self.current_irql());
            self.report_violation(&rules::IRQL_RETURN, &message);
        }
        self.set_irql(old);
        true
    }
}
