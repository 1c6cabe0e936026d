//! What the processor runs: a thread, a work item, a DPC, a service routine.

use std::fmt;

use crate::kernel::Kernel;
use crate::trace::NameId;

/// What the processor runs at this moment. When code is nested, the innermost code counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Running {
    /// The thread of the event loop.
    Thread,
    /// A work item, in a worker thread of the system.
    WorkItem,
    /// The system thread with this number.
    SystemThread(u32),
    /// A DPC of this name.
    Dpc(NameId),
    /// The service routines of this interrupt line.
    Interrupt(u8),
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Running::Thread => f.write_str("a thread"),
            Running::WorkItem => f.write_str("a work item"),
            Running::SystemThread(number) => write!(f, "system thread {number}"),
            Running::Dpc(_) => f.write_str("a DPC"),
            Running::Interrupt(line) => write!(f, "the service routine of irq {line}"),
        }
    }
}

impl Kernel {
    /// What runs now. After a stop inside [`Kernel::enter`]: what ran at the stop. IRQL: any.
    #[inline]
    #[must_use]
    pub fn running(&self) -> Running {
        self.state.running.get()
    }

    /// What runs or ran, in words. A DPC is shown with its name.
    #[must_use]
    pub fn describe_running(&self, running: Running) -> String {
        match running {
            Running::Dpc(name) => format!("the DPC '{}'", self.trace().name_text(name)),
            other => other.to_string(),
        }
    }

    /// Sets what runs from now on; returns what ran before, so that the caller can put it back.
    #[inline]
    pub(crate) fn set_running(&self, running: Running) -> Running {
        let before = self.state.running.replace(running);
        self.settle_level();
        before
    }
}
