//! Events of a miniport: rows of a table, requests, and enabled events.
//!
//! This file owns their types, and the way in which a client is told of an event. `event_list.rs`
//! keeps the enabled events of a port, and `client_events.rs` serves the clients that enable them.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use portcls_emulator::{Event, HandleTarget, Irp, Kernel, NtStatus, Semaphore};

use crate::automation::is_same_handler;
use crate::com::IUnknown;
use crate::event_list::EventList;
use crate::guid::Guid;
use crate::ks::{KsEventData, KsEventType, wire_enum};

/// The driver's routine that serves requests for an event.
///
/// For [`PcEventVerb::Add`] the routine has two choices. It adds the entry to the list of its port,
/// by [`IPortEvents`](crate::interfaces::IPortEvents), and answers `STATUS_SUCCESS`. Or it adds
/// nothing and answers a failure. For [`PcEventVerb::Support`] the routine answers whether there is
/// such an event. The handler must not answer `STATUS_PENDING`.
///
/// IRQL: PASSIVE_LEVEL; the code must not be pageable. Source: WDK, PCPFNEVENT_HANDLER.
#[doc(alias = "PCPFNEVENT_HANDLER")]
pub type EventHandler = Rc<dyn Fn(&Kernel, &PcEventRequest) -> NtStatus>;

/// One event of a miniport's table.
#[doc(alias = "PCEVENT_ITEM")]
#[derive(Clone)]
pub struct PcEventItem {
    /// The set.
    pub set: Guid,
    /// The member of the set.
    pub id: u32,
    /// The kinds of request that the handler serves: ENABLE, ONESHOT and BASICSUPPORT.
    pub flags: KsEventType,
    /// The handler. No client can enable an event without a handler.
    pub handler: Option<EventHandler>,
}

impl PartialEq for PcEventItem {
    fn eq(&self, other: &Self) -> bool {
        (self.set, self.id, self.flags) == (other.set, other.id, other.flags)
            && is_same_handler(self.handler.as_ref(), other.handler.as_ref())
    }
}

impl Eq for PcEventItem {}

impl fmt::Debug for PcEventItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {:?}.{} {:?}", self.set, self.id, self.flags)
    }
}

wire_enum! {
    /// What a handler is asked. Source: portcls.h, PCEVENT_VERB.
    pub enum PcEventVerb {
        /// Nothing. No handler gets this verb.
        #[doc(alias = "PCEVENT_VERB_NONE")]
        None = 0,
        /// A client enables the event.
        #[doc(alias = "PCEVENT_VERB_ADD")]
        Add = 1,
        /// The event was enabled and ends. It has already left the list.
        #[doc(alias = "PCEVENT_VERB_REMOVE")]
        Remove = 2,
        /// Whether there is such an event.
        #[doc(alias = "PCEVENT_VERB_SUPPORT")]
        Support = 4,
    }
}

/// A request for an event of the miniport.
#[doc(alias = "PCEVENT_REQUEST")]
pub struct PcEventRequest {
    /// The miniport.
    #[doc(alias = "MajorTarget")]
    pub major_target: Rc<dyn IUnknown>,
    /// The stream, when the request went to a pin.
    #[doc(alias = "MinorTarget")]
    pub minor_target: Option<Rc<dyn IUnknown>>,
    /// The node, or
    /// [`PcPropertyRequest::NO_NODE`](crate::automation::PcPropertyRequest::NO_NODE).
    pub node: u32,
    /// The entry of the table.
    #[doc(alias = "EventItem")]
    pub event_item: PcEventItem,
    /// The event that is enabled or disabled. The event is absent in a question for support.
    #[doc(alias = "EventEntry")]
    pub event_entry: Option<Rc<KsEventEntry>>,
    /// What is asked.
    pub verb: PcEventVerb,
    /// The client's request. The request is absent when the event ends because its file was closed.
    pub irp: Option<Irp>,
}

/// Whether an entry is in the list of its port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EntryState {
    /// The handler has the entry but has not added it to the list.
    New,
    /// The entry is in the list of its port.
    Listed,
    /// The entry has left the list, or was refused.
    Gone,
}

/// How a client is told that an event has happened.
pub(crate) enum Notification {
    Event(Event),
    Semaphore(Semaphore, i32),
}

impl Notification {
    /// Finds the object by which the client wants to be told.
    ///
    /// # Errors
    /// - `STATUS_INVALID_HANDLE`: no such handle is open.
    /// - `STATUS_OBJECT_TYPE_MISMATCH`: the client asked for an event and gave the handle of a
    ///   semaphore, or the other way round.
    /// - `STATUS_INVALID_PARAMETER`: the client asked for a kind of notice that only clients in the
    ///   kernel may ask for, or for no kind, or for a semaphore whose count would not grow.
    ///   Assumed: the status is this one, because the pages name none.
    pub fn open(kernel: &Kernel, data: &KsEventData) -> Result<Notification, NtStatus> {
        let target = || kernel.handle_target(data.handle);
        match data.notification_type {
            KsEventData::EVENT_HANDLE => match target()? {
                HandleTarget::Event(event) => Ok(Notification::Event(event)),
                HandleTarget::Semaphore(_) => Err(NtStatus::OBJECT_TYPE_MISMATCH),
            },
            KsEventData::SEMAPHORE_HANDLE if data.adjustment > 0 => match target()? {
                HandleTarget::Semaphore(semaphore) => {
                    Ok(Notification::Semaphore(semaphore, data.adjustment))
                }
                HandleTarget::Event(_) => Err(NtStatus::OBJECT_TYPE_MISMATCH),
            },
            _ => Err(NtStatus::INVALID_PARAMETER),
        }
    }

    /// Tells the client. IRQL: up to DISPATCH_LEVEL.
    ///
    /// # Errors
    /// `STATUS_SEMAPHORE_LIMIT_EXCEEDED` when the client's semaphore is full. The semaphore does
    /// not change.
    pub fn tell(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        match self {
            Notification::Event(event) => {
                kernel.set_event(event);
                Ok(())
            }
            Notification::Semaphore(semaphore, adjustment) => {
                kernel.release_semaphore(semaphore, *adjustment).map(drop)
            }
        }
    }
}

/// An enabled event of one client. A driver passes the entry on but does not look into it.
#[doc(alias = "KSEVENT_ENTRY")]
pub struct KsEventEntry {
    pub(crate) item: PcEventItem,
    /// The pin and the node that the event was enabled for.
    pub(crate) pin: Option<u32>,
    pub(crate) node: Option<u32>,
    pub(crate) client: u64,
    pub(crate) data: KsEventData,
    pub(crate) one_shot: bool,
    pub(crate) notification: Notification,

    pub(crate) list: Weak<EventList>,

    pub(crate) state: Cell<EntryState>,
    attachment: RefCell<Option<Rc<dyn Any>>>,
}

/// What a client asked for when it enabled an event.
pub(crate) struct EventWish<'a> {
    pub item: &'a PcEventItem,
    pub pin: Option<u32>,
    pub node: Option<u32>,
    pub client: u64,
    pub data: KsEventData,
    pub one_shot: bool,
}

impl KsEventEntry {
    pub(crate) fn new(
        list: &Rc<EventList>,
        wish: EventWish<'_>,
        notification: Notification,
    ) -> Rc<KsEventEntry> {
        let EventWish { item, pin, node, client, data, one_shot } = wish;
        Rc::new(KsEventEntry {
            item: item.clone(),
            pin,
            node,
            client,
            data,
            one_shot,
            notification,
            list: Rc::downgrade(list),
            state: Cell::new(EntryState::New),
            attachment: RefCell::new(None),
        })
    }

    /// How the client wants to be told.
    #[must_use]
    pub fn data(&self) -> &KsEventData {
        &self.data
    }

    /// Whether the client is told only once: the event leaves the list when the client is told.
    #[must_use]
    pub fn is_one_shot(&self) -> bool {
        self.one_shot
    }

    /// What the event is, in words: `KSEVENTSETID_AudioControlChange.0`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{:?}.{}", self.item.set, self.item.id)
    }

    /// Keeps an object as long as the entry lives. The code that shows the entry to a driver stores
    /// here what it needs for the entry.
    pub fn attach(&self, object: Rc<dyn Any>) {
        *self.attachment.borrow_mut() = Some(object);
    }

    /// The object that was attached.
    pub fn attachment(&self) -> Option<Rc<dyn Any>> {
        self.attachment.borrow().clone()
    }
}
