//! What a debugger is to the guest: somebody who is asked at instruction boundaries.
//!
//! Positions are counts of retired instructions: the run is deterministic, so a count names the
//! same moment in every run of the same machine. That is how a debugger goes back: it abandons
//! the run, and whoever built the machine builds it anew and runs it to an earlier count.

use std::cell::RefCell;
use std::rc::Rc;

use cpu_x86::{Access, Cpu};

/// Answers a debugger's question about the machine around the processor: `irql`, `time`.
pub type Facts = Rc<dyn Fn(&str) -> Option<String>>;

/// Somebody who looks at the guest between two instructions.
///
/// The processor is never borrowed while one of these is called.
pub trait Debugger {
    /// A machine has been built and has not run yet.
    fn attach(&self, cpu: &Rc<RefCell<Cpu>>, facts: Facts);

    /// The count of retired instructions at which [`pause`](Debugger::pause) is to be called at
    /// the latest, `u64::MAX` for none. It may be in the past: then at once. It is asked for when
    /// the debugger is set and after each pause.
    fn next_pause(&self) -> u64;

    /// The guest has stopped for this reason; returns when it may go on.
    fn pause(&self, pause: Pause) -> Verdict;
}

/// Why the guest has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pause {
    /// The count that the debugger asked for is reached.
    Count,
    /// A breakpoint of the processor; RIP is at it.
    Breakpoint,
    /// A watchpoint of the processor; RIP is behind the instruction.
    Watchpoint {
        /// The first byte touched.
        address: u64,
        /// What was done.
        access: Access,
    },
    /// The driver has failed and nothing of it will run any more; RIP is where it did.
    Failed {
        /// What happened, in one line.
        message: String,
    },
    /// The run has come to its end.
    Ended,
}

/// What becomes of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    GoOn,
    /// It is given up: the debugger wants to be elsewhere, or nowhere.
    Abandon,
}
