//! Spin locks, and the list of the locks that are held.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use crate::bug_check::BugCheckCode;
use crate::inspection::Moment;
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::rules;
use crate::running::Running;

/// A spin lock (KSPIN_LOCK). There is one processor, so code that spun on an owned lock would spin
/// for ever: the owner could not go on and release the lock.
#[doc(alias = "KSPIN_LOCK")]
#[derive(Clone, Default)]
pub struct SpinLock(Rc<Cell<bool>>);

/// The locks that are held, in the order in which they were taken, for a debugger or a report.
#[derive(Default)]
pub(crate) struct HeldLocks(RefCell<Vec<HeldLock>>);

struct HeldLock {
    lock: Weak<Cell<bool>>,
    since_ns: u64,
    owner: Running,
}

impl HeldLocks {
    fn push(&self, lock: &SpinLock, since_ns: u64, owner: Running) {
        let mut held = self.0.borrow_mut();
        // A lock can be dropped while a caller holds it. The entries of such locks are removed
        // here.
        held.retain(|other| other.lock.strong_count() > 0);
        held.push(HeldLock { lock: Rc::downgrade(&lock.0), since_ns, owner });
    }

    fn remove(&self, lock: &SpinLock) {
        self.0.borrow_mut().retain(|held| held.lock.as_ptr() != Rc::as_ptr(&lock.0));
    }
}

impl SpinLock {
    /// A free lock. IRQL: any.
    #[doc(alias = "KeInitializeSpinLock")]
    #[must_use]
    pub fn new() -> SpinLock {
        SpinLock::default()
    }

    /// True while the lock is owned.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.0.get()
    }
}

impl Kernel {
    /// Raises to DISPATCH_LEVEL, takes the lock and returns the old IRQL.
    ///
    /// IRQL: up to DISPATCH_LEVEL. Taking an owned lock is bug check SPIN_LOCK_ALREADY_OWNED.
    #[doc(alias = "KeAcquireSpinLock")]
    pub fn acquire_spin_lock(&self, lock: &SpinLock) -> Irql {
        let old = self.current_irql();
        if self.is_frozen() {
            return old;
        }
        if old > Irql::DISPATCH_LEVEL {
            self.require_irql_at_most(Irql::DISPATCH_LEVEL, "KeAcquireSpinLock");
        } else {
            self.set_irql(Irql::DISPATCH_LEVEL);
        }
        self.take_lock(lock);
        old
    }

    /// Frees the lock and lowers the IRQL to `old`. Interrupts and DPCs that waited are then
    /// served.
    ///
    /// IRQL: DISPATCH_LEVEL. Freeing a free lock is bug check SPIN_LOCK_NOT_OWNED.
    #[doc(alias = "KeReleaseSpinLock")]
    pub fn release_spin_lock(&self, lock: &SpinLock, old: Irql) {
        self.release_spin_lock_from_dpc_level(lock);
        self.lower_irql(old);
    }

    /// Takes the lock at DISPATCH_LEVEL or above without changing the IRQL.
    #[doc(alias = "KeAcquireSpinLockAtDpcLevel")]
    pub fn acquire_spin_lock_at_dpc_level(&self, lock: &SpinLock) {
        if self.is_frozen() {
            return;
        }
        if self.current_irql() < Irql::DISPATCH_LEVEL {
            let message = format!("KeAcquireSpinLockAtDpcLevel at {}", self.current_irql());
            self.report_violation(&rules::DPC_LEVEL_LOCK_BELOW_DISPATCH, &message);
        }
        self.take_lock(lock);
    }

    /// Frees the lock without changing the IRQL.
    #[doc(alias = "KeReleaseSpinLockFromDpcLevel")]
    pub fn release_spin_lock_from_dpc_level(&self, lock: &SpinLock) {
        if lock.0.replace(false) {
            self.state.locks.remove(lock);
        } else if !self.is_frozen() {
            let code = BugCheckCode::SPIN_LOCK_NOT_OWNED;
            self.bug_check_with(code, [0; 4], "a spin lock was released that nobody owns");
        }
    }

    fn take_lock(&self, lock: &SpinLock) {
        if lock.0.replace(true) {
            let code = BugCheckCode::SPIN_LOCK_ALREADY_OWNED;
            self.bug_check_with(code, [0; 4], "a spin lock was acquired by its owner");
            return;
        }
        self.state.locks.push(lock, self.now_ns(), self.running());
    }

    /// The locks that are held, in words, in the order in which they were taken.
    pub(crate) fn describe_held_locks(&self) -> Vec<String> {
        let held = self.state.locks.0.borrow();
        let known = held.iter().filter(|held| held.lock.strong_count() > 0);
        let describe = |held: &HeldLock| {
            let owner = self.describe_running(held.owner);
            format!("one held since {} by {owner}", Moment(held.since_ns))
        };
        known.map(describe).collect()
    }
}
