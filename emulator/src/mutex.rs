//! Mutexes: objects that one thread owns.
//!
//! An owner is the thread of the event loop, a system thread, or the thread of a work item. ISRs
//! and DPCs run in the thread that they interrupted, and they must not wait for a mutex.

use std::cell::Cell;
use std::rc::Rc;

use crate::bug_check::BugCheckCode;
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::wait::{Timeout, Waitable, WaitedFor};

/// STATUS_MUTANT_NOT_OWNED, the exception when a thread releases a mutex that it does not own.
const MUTANT_NOT_OWNED: u64 = 0xC000_0046;

struct MutexObject {
    kernel: Kernel,
    /// The thread that owns the mutex.
    owner: Cell<Option<u32>>,
    /// How many times the owner has taken the mutex.
    depth: Cell<u32>,
}

/// A mutex (KMUTEX). A new mutex is free. The owner of a mutex may take the mutex again.
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

    /// True while no thread owns the mutex.
    #[doc(alias = "KeReadStateMutex")]
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.0.owner.get().is_none()
    }
}

impl Waitable for Mutex {
    fn try_acquire(&self) -> bool {
        if !self.can_acquire() {
            return false;
        }
        self.0.owner.set(Some(self.0.kernel.current_thread()));
        self.0.depth.set(self.0.depth.get() + 1);
        true
    }

    fn can_acquire(&self) -> bool {
        let thread = self.0.kernel.current_thread();
        self.0.owner.get().is_none_or(|owner| owner == thread)
    }

    fn describe(&self) -> WaitedFor {
        WaitedFor::Words("a mutex")
    }
}

/// A fast mutex (FAST_MUTEX): no recursion, and the owner runs at APC_LEVEL.
#[doc(alias = "FAST_MUTEX")]
#[derive(Clone)]
pub struct FastMutex(Rc<FastMutexObject>);

struct FastMutexObject {
    owned: Cell<bool>,
    /// The IRQL of the owner before the owner took the mutex.
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

    /// True while the mutex is owned.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.0.owned.get()
    }
}

impl Waitable for FastMutex {
    fn try_acquire(&self) -> bool {
        !self.0.owned.replace(true)
    }

    fn can_acquire(&self) -> bool {
        !self.0.owned.get()
    }

    fn describe(&self) -> WaitedFor {
        WaitedFor::Words("a fast mutex")
    }
}

impl Kernel {
    /// Releases a mutex once; returns true when the thread still owns the mutex, because it took
    /// the mutex several times. IRQL: up to DISPATCH_LEVEL.
    ///
    /// On Windows, a release by a thread that does not own the mutex raises the exception
    /// STATUS_MUTANT_NOT_OWNED. If the driver does not handle the exception, Windows stops with bug
    /// check KMODE_EXCEPTION_NOT_HANDLED. This kernel raises that bug check at once.
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
            self.wake_threads();
        }
        still_owned
    }

    /// Takes a fast mutex and raises the IRQL to APC_LEVEL. IRQL: up to APC_LEVEL.
    ///
    /// An owner that takes the mutex again waits for itself. The kernel reports this as a hang.
    #[doc(alias = "ExAcquireFastMutex")]
    pub fn acquire_fast_mutex(&self, mutex: &FastMutex) {
        if self.is_frozen() {
            return;
        }
        self.require_irql_at_most(Irql::APC_LEVEL, "ExAcquireFastMutex");
        self.wait_for_single_object(mutex, Timeout::Never);
        self.own_fast_mutex(mutex);
    }

    /// Raises the IRQL for a fast mutex that a wait of this thread has taken. Outside this crate,
    /// only the code that runs compiled drivers calls this function, because their system threads
    /// wait for a fast mutex without nesting.
    /// IRQL: up to APC_LEVEL.
    pub fn own_fast_mutex(&self, mutex: &FastMutex) {
        let old = self.current_irql();
        mutex.0.old.set(old);
        if old < Irql::APC_LEVEL {
            self.raise_irql(Irql::APC_LEVEL);
        }
    }

    /// Releases a fast mutex and restores the IRQL from before. IRQL: APC_LEVEL.
    ///
    /// Releasing a mutex that is not owned is bug check DRIVER_VERIFIER_DETECTED_VIOLATION with
    /// subcode 34. A release at another IRQL is the same bug check.
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
        self.wake_threads();
        self.lower_irql(mutex.0.old.get());
    }
}
