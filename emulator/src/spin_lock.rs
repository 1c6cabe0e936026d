//! Spin locks with an owner.

use std::cell::Cell;
use std::rc::Rc;

use crate::bug_check::BugCheckCode;
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::rules;

/// A spin lock (KSPIN_LOCK). There is one processor, so only the owner can ask for an owned lock.
#[doc(alias = "KSPIN_LOCK")]
#[derive(Clone, Default)]
pub struct SpinLock(Rc<Cell<bool>>);

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
        if !lock.0.replace(false) && !self.is_frozen() {
            let code = BugCheckCode::SPIN_LOCK_NOT_OWNED;
            self.bug_check_with(code, [0; 4], "a spin lock was released that nobody owns");
        }
    }

    fn take_lock(&self, lock: &SpinLock) {
        if lock.0.replace(true) {
            let code = BugCheckCode::SPIN_LOCK_ALREADY_OWNED;
            self.bug_check_with(code, [0; 4], "a spin lock was acquired by its owner");
        }
    }
}
