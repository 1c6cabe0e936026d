//! Event objects.

use std::cell::Cell;
use std::rc::Rc;

use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::wait::{Waitable, WaitedFor};

/// Whether one wait or all waits end when the event is set.
#[doc(alias = "EVENT_TYPE")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventKind {
    /// The event stays signalled until code clears it.
    Notification,
    /// The event ends one wait and clears itself.
    Synchronization,
}

struct EventObject {
    kind: EventKind,
    name: &'static str,
    signalled: Cell<bool>,
}

/// An event object (KEVENT). A new event object is not signalled.
#[doc(alias = "KEVENT")]
#[derive(Clone)]
pub struct Event(Rc<EventObject>);

impl Event {
    /// A new event; `name` is its name in a trace and in reports. IRQL: any.
    #[doc(alias = "KeInitializeEvent")]
    #[must_use]
    pub fn new(kind: EventKind, name: &'static str) -> Event {
        Event(Rc::new(EventObject { kind, name, signalled: Cell::new(false) }))
    }

    /// True while the event is signalled. IRQL: any.
    #[doc(alias = "KeReadStateEvent")]
    #[must_use]
    pub fn is_signalled(&self) -> bool {
        self.0.signalled.get()
    }
}

impl Waitable for Event {
    fn try_acquire(&self) -> bool {
        let signalled = self.0.signalled.get();
        if signalled && self.0.kind == EventKind::Synchronization {
            self.0.signalled.set(false);
        }
        signalled
    }

    fn can_acquire(&self) -> bool {
        self.0.signalled.get()
    }

    fn describe(&self) -> WaitedFor {
        WaitedFor::Event(self.0.name)
    }
}

impl Kernel {
    /// Signals an event; returns true when the event was signalled already. IRQL: up to
    /// DISPATCH_LEVEL.
    #[doc(alias = "KeSetEvent")]
    pub fn set_event(&self, event: &Event) -> bool {
        if self.is_frozen() {
            return false;
        }
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "KeSetEvent");
        let was_signalled = event.0.signalled.replace(true);
        self.wake_threads();
        was_signalled
    }

    /// Clears an event; returns true when the event was signalled. IRQL: up to DISPATCH_LEVEL.
    #[doc(alias = "KeResetEvent")]
    #[doc(alias = "KeClearEvent")]
    pub fn reset_event(&self, event: &Event) -> bool {
        if self.is_frozen() {
            return false;
        }
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "KeResetEvent");
        event.0.signalled.replace(false)
    }
}
