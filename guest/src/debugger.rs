//! The interface of a debugger: the guest asks it between instructions.
//!
//! A moment of the run is named by the count of the instructions that have retired. The run is
//! deterministic, so a count names the same moment in every run of the same machine. So a debugger
//! can go back: it abandons the run, and the caller that built the machine builds the machine again
//! and runs it to an earlier count.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use cpu_x86::{Access, Cpu};

/// Answers a debugger's question about the machine around the processor. The question is the text
/// of a monitor command, such as `irql` or `trace 20`. The answer is `None` for an unknown
/// question.
pub type Facts = Rc<dyn Fn(&str) -> Option<String>>;

/// The parts that a debugger gets of a machine that has been built.
#[derive(Clone)]
pub struct Debuggee {
    /// The processor.
    pub cpu: Rc<RefCell<Cpu>>,
    /// What the machine around the processor answers.
    pub facts: Facts,
    /// The driver's image, by which a debugger finds the symbols.
    pub image: LoadedImage,
}

/// A driver's image in memory, and the file that it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedImage {
    /// The path of the file on the host.
    pub path: PathBuf,
    /// The address of the first byte of its headers.
    pub base: u64,
    /// The address for which the file was linked.
    pub preferred_base: u64,
    /// The address of its first section.
    pub first_section: u64,
}

/// A debugger, which may look at the guest between two instructions.
///
/// The processor is never borrowed while one of these functions is called.
pub trait Debugger {
    /// Tells the debugger that a machine has been built and has not run yet.
    fn attach(&self, debuggee: Debuggee);

    /// A count of retired instructions. When the run has reached or passed this count, the guest
    /// calls [`pause`](Debugger::pause) before the driver's next instruction. The value is
    /// `u64::MAX` when the debugger asks for no count. The guest reads this value when the debugger
    /// is set, and after each of its calls of `pause`.
    fn next_pause(&self) -> u64;

    /// Tells the debugger why the guest has stopped. The run goes on or ends when this function
    /// returns.
    fn pause(&self, pause: Pause) -> Verdict;
}

/// Why the guest has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pause {
    /// The run has reached the count that the debugger asked for.
    Count,
    /// The run has reached a breakpoint of the processor; RIP is at the breakpoint.
    Breakpoint,
    /// An instruction has touched a watchpoint of the processor; RIP is after the instruction.
    Watchpoint {
        /// The first byte of the watched range that the instruction touched.
        address: u64,
        /// The kind of access.
        access: Access,
    },
    /// The run has stopped with a failure, such as a bug check or a hang. No more of the driver's
    /// code will run.
    Failed {
        /// The failure in one line.
        message: String,
    },
    /// The run has come to its end.
    Ended,
}

/// What the debugger wants to do with the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The run goes on.
    GoOn,
    /// The run is abandoned: the debugger wants to go back, or to end.
    Abandon,
}
