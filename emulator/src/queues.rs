//! What waits in the kernel, in words: interrupts, DPCs, threads, locks.

use crate::inspection::{Inspection, Moment};
use crate::kernel::Kernel;

impl Kernel {
    /// Tells the IRQL, the code that runs now, the code that waits to run, the held locks, and the
    /// waits.
    ///
    /// A debugger and a report may call this function, also after a stop. The call takes no
    /// simulated time. It starts none of the waiting interrupts, DPCs and threads. It leaves no
    /// line in the trace. IRQL: any.
    #[must_use]
    pub fn inspect_queues(&self) -> Inspection {
        let irql = self.current_irql();
        let mut told = Inspection::new(format!("the kernel at {}", Moment(self.now_ns())));
        told.tell("IRQL", format_args!("{} ({irql})", irql.0));
        told.tell("running", self.describe_running(self.running()));
        told.tell_all("interrupts", self.describe_lines());
        told.tell_all("DPC queue", self.describe_queued_dpcs());
        told.tell_all("timers", self.describe_timers());
        told.tell_all("work items", self.describe_work_items());
        if let Some(threads) = self.describe_threads() {
            told.tell_all("threads", threads);
        }
        told.tell_all("spin locks", self.describe_held_locks());
        told.tell_all("waits", self.describe_waits());
        told
    }
}
