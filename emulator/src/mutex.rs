//! Mutexes: objects that one thread owns.
//!
//! A thread here is what waits and runs at PASSIVE_LEVEL: the thread of the event loop, and the
//! system thread while it runs a work item below somebody's wait. ISRs and DPCs borrow the thread
//! that they interrupted and may not wait.

use std::cell::Cell;
use std::rc::Rc;

use crate::bug_check::BugCheckCode;
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::wait::{Timeout, Waitable};

/// STATUS_MUTANT_NOT_OWNED, the exception of a release by somebody else.
const MUTANT_NOT_OWNED: u64 = 0xC000_0046;

struct MutexObject {
    kernel: Kernel,
    /// The thread that owns it.
    owner: Cell<Option<u32>>,
    /// How often the owner has it.
    depth: Cell<u32>,
}

/// A mutex (KMUTEX), free at birth. Its owner may take it again.
#[doc(alias = "KMUTEX")]
#[derive(Clone)]
pub struct Mutex(Rc<MutexObject>);

impl Mutex {
    /// A free mutex. IRQL: any.
    #[doc(alias = "KeInitializeMutex")]
    #[must_use]
    pub fn new(kernel: &Kernel) -> Mutex {
        Mutex(Rc::new(MutexObject {
            kernel: kernel.clone(),
            owner: Cell::new(None),
            depth: Cell::new(0),
        }))
    }

    /// True while nobody owns it.
    #[doc(alias = "KeReadStateMutex")]
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.0.owner.get().is_none()
    }
}

impl Waitable for Mutex {
    fn try_acquire(&self) -> bool {
        let thread = self.0.kernel.current_thread();
        if self.0.owner.get().is_some_and(|owner| owner != thread) {
            return false;
        }
        self.0.owner.set(Some(thread));
        self.0.depth.set(self.0.depth.get() + 1);
        true
    }

    fn describe(&self) -> String {
        "a mutex".to_owned()
    }
}

/// A fast mutex (FAST_MUTEX): no recursion, and the owner runs at APC_LEVEL.
#[doc(alias = "FAST_MUTEX")]
#[derive(Clone)]
pub struct FastMutex(Rc<FastMutexObject>);

struct FastMutexObject {
    owned: Cell<bool>,
    /// The IRQL of the owner before it took the mutex.
    old: Cell<Irql>,
}

impl Default for FastMutex {
    fn default() -> Self {
        FastMutex::new()
    }
}

impl FastMutex {
    /// A free fast mutex. IRQL: any.
    #[doc(alias = "ExInitializeFastMutex")]
    #[must_use]
    pub fn new() -> FastMutex {
        let object = FastMutexObject { owned: Cell::new(false), old: Cell::new(Irql(0)) };
        FastMutex(Rc::new(object))
    }

    /// True while somebody owns it.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.0.owned.get()
    }
}

impl Waitable for FastMutex {
    fn try_acquire(&self) -> bool {
        !self.0.owned.replace(true)
    }

    fn describe(&self) -> String {
        "a fast mutex".to_owned()
    }
}

impl Kernel {
    /// Gives a mutex back; true while its owner still has it. IRQL: up to DISPATCH_LEVEL.
    ///
    /// A release by another thread is the exception STATUS_MUTANT_NOT_OWNED, which a driver that
    /// does not expect it does not handle: bug check KMODE_EXCEPTION_NOT_HANDLED.
    #[doc(alias = "KeReleaseMutex")]
    pub fn release_mutex(&self, mutex: &Mutex) -> bool {
        if self.is_frozen() {
            return false;
        }
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "KeReleaseMutex");
        if mutex.0.owner.get() != Some(self.current_thread()) {
            let code = BugCheckCode::KMODE_EXCEPTION_NOT_HANDLED;
            let message = "a mutex was released by a thread that does not own it";
            self.bug_check_with(code, [MUTANT_NOT_OWNED, 0, 0, 0], message);
            return false;
        }
        mutex.0.depth.set(mutex.0.depth.get() - 1);
        let still_owned = mutex.0.depth.get() > 0;
        if !still_owned {
            mutex.0.owner.set(None);
        }
        still_owned
    }

    /// Takes a fast mutex and raises to APC_LEVEL. IRQL: up to APC_LEVEL.
    ///
    /// Its owner that takes it again waits for itself, which is reported as a hang.
    #[doc(alias = "ExAcquireFastMutex")]
    pub fn acquire_fast_mutex(&self, mutex: &FastMutex) {
        if self.is_frozen() {
            return;
        }
        self.require_irql_at_most(Irql::APC_LEVEL, "ExAcquireFastMutex");
        self.wait_for_single_object(mutex, Timeout::Never);
        let old = self.current_irql();
        mutex.0.old.set(old);
        if old < Irql::APC_LEVEL {
            self.raise_irql(Irql::APC_LEVEL);
        }
    }

    /// Gives a fast mutex back and lowers the IRQL to what it was. IRQL: APC_LEVEL.
    ///
    /// Giving back one that nobody owns is bug check DRIVER_VERIFIER_DETECTED_VIOLATION, 34.
    #[doc(alias = "ExReleaseFastMutex")]
    pub fn release_fast_mutex(&self, mutex: &FastMutex) {
        if self.is_frozen() {
            return;
        }
        let irql = self.current_irql();
        if !mutex.0.owned.replace(false) || irql != Irql::APC_LEVEL {
            let code = BugCheckCode::DRIVER_VERIFIER_DETECTED_VIOLATION;
            let message = format!("ExReleaseFastMutex at {irql} of a mutex that is not held so");
            self.bug_check_with(code, [0x34, u64::from(irql.0), 0, 0], &message);
            return;
        }
        self.lower_irql(mutex.0.old.get());
    }
}
