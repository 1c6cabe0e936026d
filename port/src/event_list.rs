//! The list of a port: the events that clients have enabled.
//!
//! This file decides which clients are told when the miniport tells of an event. It knows neither
//! the files of the clients nor the handlers of the miniport.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::{Dpc, Irql, Kernel, NtStatus};

use crate::event::{EntryState, KsEventEntry};
use crate::guid::Guid;
use crate::miniport_calls::MiniportCalls;
use crate::rules;

/// One port has at most this number of enabled events. Assumed: this number, because no document
/// gives one.
const ENABLED_EVENTS: usize = 4_096;

/// Which events a miniport tells of. Without a set in the query, events of every set fit. The same
/// holds for the pin and for the node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventQuery {
    pub set: Option<Guid>,
    pub id: u32,
    pub pin: Option<u32>,
    pub node: Option<u32>,
}

impl EventQuery {
    fn fits(&self, entry: &KsEventEntry) -> bool {
        let fits = |wanted: Option<u32>, has: Option<u32>| wanted.is_none() || wanted == has;
        self.set.is_none_or(|set| set == entry.item.set)
            && self.id == entry.item.id
            && fits(self.pin, entry.pin)
            && fits(self.node, entry.node)
    }
}

/// The enabled events of one port, in the order in which they were added.
pub(crate) struct EventList {
    calls: Rc<MiniportCalls>,
    this: Weak<EventList>,

    entries: RefCell<Vec<Rc<KsEventEntry>>>,
    clients: Cell<u64>,
    /// The DPC that tells the clients after a call of `generate` above DISPATCH_LEVEL. `deferred`
    /// has the parameters of that call.
    dpc: RefCell<Option<Dpc>>,
    deferred: Cell<Option<EventQuery>>,
}

impl EventList {
    pub fn new(calls: &Rc<MiniportCalls>) -> Rc<EventList> {
        Rc::new_cyclic(|this| EventList {
            calls: Rc::clone(calls),
            this: Weak::clone(this),
            entries: RefCell::default(),
            clients: Cell::new(0),
            dpc: RefCell::new(None),
            deferred: Cell::new(None),
        })
    }

    /// A number for one more client.
    pub fn new_client(&self) -> u64 {
        let number = self.clients.get();
        self.clients.set(number + 1);
        number
    }

    /// Refuses one more event when there are too many.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn require_room(&self) -> Result<(), NtStatus> {
        let is_full = self.entries.borrow().len() >= ENABLED_EVENTS;
        if is_full { Err(NtStatus::INSUFFICIENT_RESOURCES) } else { Ok(()) }
    }

    /// Adds an event to the list. The miniport's handler asks for this when it accepts the event.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn add(&self, kernel: &Kernel, entry: Rc<KsEventEntry>) {
        let is_own = entry.list.ptr_eq(&self.this);
        if !is_own || entry.state.get() != EntryState::New {
            let why =
                if is_own { "it was added or refused before" } else { "it is another port's" };
            let message = format!("AddEventToEventList with an entry of {}: {why}", entry.name());
            kernel.report_violation(&rules::EVENT_ENTRY, &message);
            return;
        }
        entry.state.set(EntryState::Listed);
        self.entries.borrow_mut().push(entry);
    }

    /// Takes an event out of the list; false when it is not there. An entry that was never in the
    /// list can no longer be added after this call.
    pub fn take(&self, entry: &Rc<KsEventEntry>) -> bool {
        let was_listed = entry.state.replace(EntryState::Gone) == EntryState::Listed;
        let mut entries = self.entries.borrow_mut();
        let position = entries.iter().position(|other| Rc::ptr_eq(other, entry));
        let gone = position.map(|position| entries.remove(position));
        drop(entries);
        drop(gone);
        was_listed
    }

    /// The events of one client.
    pub fn of_client(&self, client: u64) -> Vec<Rc<KsEventEntry>> {
        let entries = self.entries.borrow();
        entries.iter().filter(|entry| entry.client == client).cloned().collect()
    }

    /// Forgets all events, because the port was released.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn clear(&self, kernel: &Kernel) {
        let dpc = self.dpc.take();
        if let Some(dpc) = dpc {
            kernel.remove_queue_dpc(&dpc);
        }
        let entries = self.entries.take();
        entries.iter().for_each(|entry| entry.state.set(EntryState::Gone));
    }

    /// Tells each client that has enabled an event that fits the query.
    ///
    /// IRQL: any. Above DISPATCH_LEVEL the call only queues a DPC, and the DPC tells the clients.
    /// The DPC has the parameters of one call. Source: WDK, IPortEvents::GenerateEventList,
    /// Remarks. Assumed: of several calls before the DPC runs, the last one counts.
    pub fn generate(&self, kernel: &Kernel, query: EventQuery) {
        if kernel.current_irql() > Irql::DISPATCH_LEVEL {
            self.deferred.set(Some(query));
            let dpc = self.dpc.borrow_mut().get_or_insert_with(|| self.new_dpc(kernel)).clone();
            kernel.insert_queue_dpc(&dpc);
            return;
        }
        let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
        self.signal(kernel, &query);
        kernel.lower_irql(old);
    }

    fn new_dpc(&self, kernel: &Kernel) -> Dpc {
        let this = Weak::clone(&self.this);
        let serve = move |kernel: &Kernel| {
            let Some(list) = this.upgrade() else { return };
            if let Some(query) = list.deferred.take() {
                list.signal(kernel, &query);
            }
        };
        Dpc::new(kernel, "events", Rc::new(serve))
    }

    /// Tells the clients. An event that was enabled for one notice leaves the list, and its client
    /// does not disable it. Source: WDK, KSEVENT. Assumed: the handler of this event is not called
    /// with the verb Remove.
    fn signal(&self, kernel: &Kernel, query: &EventQuery) {
        let mut told: Vec<Rc<KsEventEntry>> = self.entries.borrow().clone();
        told.retain(|entry| query.fits(entry));
        for entry in &told {
            if entry.one_shot {
                self.take(entry);
            }
            if let Err(status) = entry.notification.tell(kernel) {
                let text = format!("a client was not told of {}: {status}", entry.name());
                self.calls.note(kernel, &text);
            }
        }
        if let Some(first) = told.first() {
            let (name, count) = (first.name(), told.len());
            self.calls.note(kernel, &format!("{name} happened; clients told: {count}"));
        }
    }
}
