//! Waits for several objects at once.

use std::cell::Cell;
use std::rc::Rc;

use crate::kernel::Kernel;
use crate::status::NtStatus;
use crate::wait::{Timeout, Waitable, WaitedFor};

/// A wait has at most this number of objects. Source: wdm.h, MAXIMUM_WAIT_OBJECTS.
pub const WAIT_OBJECTS: usize = 64;

/// How many of several objects a wait needs.
#[doc(alias = "WAIT_TYPE")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitType {
    /// The wait needs all objects, and takes no object before all objects are signalled.
    All,
    /// The wait needs one object, and takes the first signalled object of the list. The index of
    /// this object is the status of the wait.
    Any,
}

/// Several objects, joined to a single object that a thread can wait for.
pub struct WaitSet {
    objects: Vec<Rc<dyn Waitable>>,
    kind: WaitType,
    /// The index of the object that the last wait of [`WaitType::Any`] took.
    taken: Cell<u32>,
}

impl WaitSet {
    /// A set of objects.
    #[must_use]
    pub fn new(objects: Vec<Rc<dyn Waitable>>, kind: WaitType) -> WaitSet {
        WaitSet { objects, kind, taken: Cell::new(0) }
    }
}

impl Waitable for WaitSet {
    fn try_acquire(&self) -> bool {
        match self.kind {
            WaitType::Any => {
                let taken = self.objects.iter().position(|object| object.try_acquire());
                self.taken.set(taken.map_or(0, |index| index as u32));
                taken.is_some()
            }
            WaitType::All => {
                self.can_acquire() && self.objects.iter().all(|object| object.try_acquire())
            }
        }
    }

    fn can_acquire(&self) -> bool {
        match self.kind {
            WaitType::Any => self.objects.iter().any(|object| object.can_acquire()),
            WaitType::All => self.objects.iter().all(|object| object.can_acquire()),
        }
    }

    fn acquired_status(&self) -> NtStatus {
        NtStatus(self.taken.get())
    }

    fn describe(&self) -> WaitedFor {
        WaitedFor::Words(match self.kind {
            WaitType::All => "all of several objects",
            WaitType::Any => "one of several objects",
        })
    }

    fn in_words(&self) -> String {
        let objects: Vec<String> = self.objects.iter().map(|object| object.in_words()).collect();
        let (how_many, last) = match self.kind {
            WaitType::All => ("all of", " and "),
            WaitType::Any => ("one of", " or "),
        };
        format!("{how_many} {}", objects.join(last))
    }
}

impl Kernel {
    /// Waits for several objects, as [`Kernel::wait_for_single_object`] waits for an object. If the
    /// wait took one object, the status is the index of this object. If it took all objects, the
    /// status is `SUCCESS`.
    #[doc(alias = "KeWaitForMultipleObjects")]
    pub fn wait_for_multiple_objects(&self, set: &WaitSet, timeout: Timeout) -> NtStatus {
        match self.wait_for_single_object(set, timeout) {
            NtStatus::SUCCESS => set.acquired_status(),
            status => status,
        }
    }
}
