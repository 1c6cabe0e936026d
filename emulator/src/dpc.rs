//! Deferred procedure calls: the objects, the queue, and running the queue.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use crate::inspection::Moment;
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::rules;
use crate::running::Running;
use crate::trace::{Argument, DpcChange, Event, NameId};
use crate::warning::Advice;

/// Where a DPC goes in the queue.
#[doc(alias = "KDPC_IMPORTANCE")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DpcImportance {
    /// At the end.
    Low,
    /// At the end.
    #[default]
    Medium,
    /// At the front.
    High,
}

/// A deferred routine. IRQL: DISPATCH_LEVEL. A deferred routine must not wait.
#[doc(alias = "PKDEFERRED_ROUTINE")]
pub type DpcRoutine = Rc<dyn Fn(&Kernel)>;

struct DpcObject {
    name: NameId,
    routine: DpcRoutine,
    importance: Cell<DpcImportance>,
    queued: Cell<bool>,
    /// When the DPC was queued last, in ns.
    queued_ns: Cell<u64>,
}

/// A DPC object (KDPC). The queue keeps a queued DPC alive.
#[doc(alias = "KDPC")]
#[derive(Clone)]
pub struct Dpc(Rc<DpcObject>);

/// If this many DPCs run in a row and the interrupted thread never goes on, the run of DPCs counts
/// as endless.
/// Assumed: a queue of real DPCs holds far fewer, and an endless run reaches this number quickly.
const DPCS_IN_A_ROW: u32 = 100_000;

/// The DPC queue of the only processor.
#[derive(Default)]
pub(crate) struct DpcQueue {
    queue: RefCell<VecDeque<Dpc>>,
}

impl DpcQueue {
    /// Drops every queued DPC.
    pub fn clear(&self) {
        drop(self.queue.take());
    }
}

impl Dpc {
    /// A DPC of medium importance; `name` is its name in a trace. IRQL: any.
    #[doc(alias = "KeInitializeDpc")]
    #[must_use]
    pub fn new(kernel: &Kernel, name: &str, routine: DpcRoutine) -> Dpc {
        Dpc(Rc::new(DpcObject {
            name: kernel.trace().name(name),
            routine,
            importance: Cell::new(DpcImportance::Medium),
            queued: Cell::new(false),
            queued_ns: Cell::new(0),
        }))
    }

    /// Sets where the DPC goes in the queue the next time it is queued. IRQL: any.
    #[doc(alias = "KeSetImportanceDpc")]
    pub fn set_importance(&self, importance: DpcImportance) {
        self.0.importance.set(importance);
    }

    /// True while the DPC waits in the queue.
    #[must_use]
    pub fn is_queued(&self) -> bool {
        self.0.queued.get()
    }

    /// The name of the DPC, which a trace shows.
    pub(crate) fn name(&self) -> NameId {
        self.0.name
    }
}

impl Kernel {
    /// Queues a DPC. Returns false when the DPC is queued already and keeps its place. IRQL: any.
    ///
    /// Below DISPATCH_LEVEL the DPC has run when this function returns, unless an oracle puts the
    /// DPC off. At DISPATCH_LEVEL or above the DPC runs when the IRQL falls below DISPATCH_LEVEL.
    #[doc(alias = "KeInsertQueueDpc")]
    pub fn insert_queue_dpc(&self, dpc: &Dpc) -> bool {
        let queued = self.queue_dpc(dpc);
        self.record_dpc(dpc, if queued { DpcChange::Queued } else { DpcChange::AlreadyQueued });
        self.preemption_point();
        queued
    }

    /// Records what a request to queue or remove a DPC did.
    pub(crate) fn record_dpc(&self, dpc: &Dpc, change: DpcChange) {
        self.record(self.state.names.kernel, Event::Dpc { dpc: dpc.0.name, change });
    }

    /// Queues a DPC without a preemption point. A clock interrupt queues DPCs in this way.
    pub(crate) fn queue_dpc(&self, dpc: &Dpc) -> bool {
        if self.is_frozen() || dpc.0.queued.replace(true) {
            return false;
        }
        dpc.0.queued_ns.set(self.now_ns());
        let mut queue = self.state.dpcs.queue.borrow_mut();
        match dpc.0.importance.get() {
            DpcImportance::High => queue.push_front(dpc.clone()),
            DpcImportance::Low | DpcImportance::Medium => queue.push_back(dpc.clone()),
        }
        drop(queue);
        self.want_attention(Irql::DISPATCH_LEVEL);
        true
    }

    /// Takes a DPC out of the queue; false when the DPC was not queued. IRQL: any.
    #[doc(alias = "KeRemoveQueueDpc")]
    pub fn remove_queue_dpc(&self, dpc: &Dpc) -> bool {
        if self.is_frozen() || !dpc.0.queued.replace(false) {
            return false;
        }
        self.state.dpcs.queue.borrow_mut().retain(|other| !Rc::ptr_eq(&other.0, &dpc.0));
        self.record_dpc(dpc, DpcChange::Removed);
        true
    }

    /// Waits until every queued DPC has run. IRQL: PASSIVE_LEVEL.
    #[doc(alias = "KeFlushQueuedDpcs")]
    pub fn flush_queued_dpcs(&self) {
        self.require_irql_at_most(Irql::PASSIVE_LEVEL, "KeFlushQueuedDpcs");
        self.preemption_point();
        while !self.is_frozen() && self.has_dpc_let_through() {
            // An oracle put the DPCs off. An oracle can put them off only a limited number of times
            // in a row.
            self.preemption_point();
        }
    }

    #[inline]
    pub(crate) fn has_queued_dpc(&self) -> bool {
        !self.state.dpcs.queue.borrow().is_empty()
    }

    /// The queued DPCs in words, the next DPC first.
    pub(crate) fn describe_queued_dpcs(&self) -> Vec<String> {
        let describe = |dpc: &Dpc| {
            let name = self.trace().name_text(dpc.0.name);
            let importance = match dpc.0.importance.get() {
                DpcImportance::Low => "low",
                DpcImportance::Medium => "medium",
                DpcImportance::High => "high",
            };
            let since = Moment(dpc.0.queued_ns.get());
            format!("'{name}', {importance} importance, queued at {since}")
        };
        self.state.dpcs.queue.borrow().iter().map(describe).collect()
    }

    /// Runs DPCs at DISPATCH_LEVEL until the queue is empty. A DPC leaves the queue before its
    /// routine runs, so the routine can queue the DPC again.
    pub(crate) fn drain_dpcs(&self) {
        let old = self.current_irql();
        self.set_irql(Irql::DISPATCH_LEVEL);
        let mut ran = 0;
        loop {
            let next = self.state.dpcs.queue.borrow_mut().pop_front();
            let Some(dpc) = next else { break };
            dpc.0.queued.set(false);
            self.run_dpc(&dpc);
            ran += 1;
            if ran == DPCS_IN_A_ROW {
                let name = self.trace().name_text(dpc.0.name);
                self.hang(&format!("the DPC queue to get empty: '{name}' comes back for ever"));
            }
            if self.is_frozen() {
                break;
            }
            // The watchdog measures each DPC alone, so the next DPC gets the full time.
            self.restart_watchdog();
        }
        self.set_irql(old);
    }

    fn run_dpc(&self, dpc: &Dpc) {
        let began_ns = self.now_ns();
        let who = self.state.names.dpc;
        self.record_call(who, dpc.0.name, Argument::None);
        let outer = self.set_running(Running::Dpc(dpc.0.name));
        (dpc.0.routine)(self);
        self.set_running(outer);
        self.record_return(who, dpc.0.name, crate::NtStatus::SUCCESS, Argument::None);
        if self.current_irql() != Irql::DISPATCH_LEVEL && !self.is_frozen() {
            let message = format!("a DPC returned at {}", self.current_irql());
            self.report_violation(&rules::IRQL_RETURN, &message);
            self.set_irql(Irql::DISPATCH_LEVEL);
        }
        let took_ns = self.now_ns() - began_ns;
        self.advise(Advice::Dpc, took_ns);
        self.count(|counters| {
            counters.dpcs += 1;
            counters.longest_dpc_ns = counters.longest_dpc_ns.max(took_ns);
        });
    }
}
