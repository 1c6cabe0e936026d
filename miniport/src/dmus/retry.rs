//! A timer with a DPC that lets a stream go on a little later.

use std::rc::Rc;

use portcls_emulator::{Dpc, DueTime, Kernel, Timer, TimerKind};

/// The least time until a stream goes on, in 100 ns units: 1 ms. The DPC comes at the first clock
/// interrupt after this time.
const RETRY_100NS: u64 = 10_000;

/// The timer and the DPC of a stream.
///
/// When this object is dropped, it cancels the timer and waits for a queued DPC. The DPC must not
/// run after its memory is freed.
pub(super) struct Retry {
    kernel: Kernel,
    timer: Timer,
    dpc: Dpc,
}

impl Retry {
    /// Makes a timer that is not set. Its DPC calls `go_on` at DISPATCH_LEVEL.
    pub fn new(kernel: &Kernel, name: &str, go_on: impl Fn(&Kernel) + 'static) -> Retry {
        Retry {
            kernel: kernel.clone(),
            timer: Timer::new(TimerKind::Notification),
            dpc: Dpc::new(kernel, name, Rc::new(go_on)),
        }
    }

    /// Whether the timer is set, so that the stream goes on later. IRQL: up to DISPATCH_LEVEL.
    pub fn is_set(&self) -> bool {
        self.timer.is_set()
    }

    /// Sets the timer. IRQL: up to DISPATCH_LEVEL.
    pub fn set(&self) {
        let due = DueTime::Relative(RETRY_100NS);
        self.kernel.set_timer(&self.timer, due, 0, Some(&self.dpc));
    }

    /// Stops the timer. A DPC that is already queued still runs. IRQL: up to DISPATCH_LEVEL.
    pub fn cancel(&self) {
        self.kernel.cancel_timer(&self.timer);
    }
}

impl Drop for Retry {
    /// IRQL: PASSIVE_LEVEL.
    fn drop(&mut self) {
        self.cancel();
        self.kernel.flush_queued_dpcs();
    }
}
