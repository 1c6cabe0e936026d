//! Semaphore objects.

use std::cell::Cell;
use std::rc::Rc;

use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::status::NtStatus;
use crate::wait::{Waitable, WaitedFor};

struct SemaphoreObject {
    count: Cell<i32>,
    limit: i32,
}

/// A semaphore object (KSEMAPHORE): each wait that the semaphore ends takes 1 from the count.
#[doc(alias = "KSEMAPHORE")]
#[derive(Clone)]
pub struct Semaphore(Rc<SemaphoreObject>);

impl Semaphore {
    /// A semaphore with a count, which never gets above the limit. IRQL: any.
    #[doc(alias = "KeInitializeSemaphore")]
    #[must_use]
    pub fn new(count: i32, limit: i32) -> Semaphore {
        Semaphore(Rc::new(SemaphoreObject { count: Cell::new(count), limit }))
    }

    /// The count. The semaphore is signalled while the count is not 0. IRQL: any.
    #[doc(alias = "KeReadStateSemaphore")]
    #[must_use]
    pub fn count(&self) -> i32 {
        self.0.count.get()
    }
}

impl Waitable for Semaphore {
    fn try_acquire(&self) -> bool {
        let count = self.0.count.get();
        if count > 0 {
            self.0.count.set(count - 1);
        }
        count > 0
    }

    fn can_acquire(&self) -> bool {
        self.0.count.get() > 0
    }

    fn describe(&self) -> WaitedFor {
        WaitedFor::Words("a semaphore")
    }
}

impl Kernel {
    /// Adds to the count of a semaphore; returns the count before.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    ///
    /// # Errors
    /// `STATUS_SEMAPHORE_LIMIT_EXCEEDED` when the count would get above its limit, or the
    /// adjustment is not positive. The count then stays as it is. `Assumed:` Windows raises an
    /// exception with this status. Here the caller of this method decides what to do.
    #[doc(alias = "KeReleaseSemaphore")]
    pub fn release_semaphore(
        &self,
        semaphore: &Semaphore,
        adjustment: i32,
    ) -> Result<i32, NtStatus> {
        if self.is_frozen() {
            return Err(NtStatus::UNSUCCESSFUL);
        }
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "KeReleaseSemaphore");
        let count = semaphore.0.count.get();
        let next = count.checked_add(adjustment).filter(|next| *next <= semaphore.0.limit);
        match next.filter(|_| adjustment > 0) {
            Some(next) => {
                let before = semaphore.0.count.replace(next);
                self.wake_threads();
                Ok(before)
            }
            None => Err(NtStatus::SEMAPHORE_LIMIT_EXCEEDED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::KernelConfig;
    use crate::wait::Timeout;

    #[test]
    fn a_semaphore_ends_as_many_waits_as_it_was_released_and_keeps_its_limit() {
        let kernel = Kernel::new(KernelConfig::default());
        let semaphore = Semaphore::new(0, 3);
        let look = || kernel.wait_for_single_object(&semaphore, Timeout::Relative(0));
        assert_eq!(look(), NtStatus::TIMEOUT);
        assert_eq!(kernel.release_semaphore(&semaphore, 2), Ok(0));
        let exceeded = Err(NtStatus(0xC000_0047));
        assert_eq!(kernel.release_semaphore(&semaphore, 2), exceeded);
        assert_eq!(kernel.release_semaphore(&semaphore, 0), exceeded);
        assert_eq!(kernel.release_semaphore(&semaphore, i32::MAX), exceeded);
        assert_eq!(
            [look(), look(), look()],
            [NtStatus::SUCCESS, NtStatus::SUCCESS, NtStatus::TIMEOUT]
        );
        assert_eq!(semaphore.count(), 0);
    }
}
