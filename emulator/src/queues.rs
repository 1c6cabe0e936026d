//! What waits in the kernel, in words: interrupts, DPCs, timers, locks, waits.

use crate::inspection::{Inspection, Moment};
use crate::kernel::Kernel;

impl Kernel {
    /// The level, what runs, and all that waits to run or holds something up.
    ///
    /// For a debugger and a report, also after a stop: it takes no time, serves nothing and is in
    /// no trace. IRQL: any.
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
        told.tell_all("spin locks", self.describe_held_locks());
        told.tell_all("waits", self.describe_waits());
        told
    }
}
