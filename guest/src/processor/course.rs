//! Tells the kernel at the time limit whether the driver's code loops forever.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use cpu_x86::{Cpu, Repetition};
use portcls_emulator::{CodeJudge, Course, Irql, Kernel, Running};

/// The longest circle of instructions that the search finds. Assumed: a loop that waits for
/// something has some dozens of instructions.
const LONGEST_CIRCLE: u64 = 4_096;

/// The code on the processor, and its level.
type RunningCode = (Running, Irql);

/// The code whose instructions make the time pass now; `None` while a routine makes the time pass.
pub(super) type Spender = Rc<Cell<Option<RunningCode>>>;

/// What runs now.
#[inline]
pub(super) fn running_code(kernel: &Kernel) -> RunningCode {
    (kernel.running(), kernel.current_irql())
}

/// Makes the function that tells the kernel the course of the driver's code. The course is open if
/// the driver's code runs in no circle that the search finds. It is also open if other code
/// interrupts the driver's code, or if the driver's code is in a call of a routine. The
/// interrupting code or the routine may still change anything.
pub(super) fn judge(cpu: &Rc<RefCell<Cpu>>, spender: &Spender) -> CodeJudge {
    let (cpu, spender) = (Rc::clone(cpu), Rc::clone(spender));
    Rc::new(move |kernel| {
        if spender.get() != Some(running_code(kernel)) {
            return Course::Open;
        }
        match cpu.borrow_mut().repetition(LONGEST_CIRCLE) {
            Repetition::Unknown => Course::Open,
            Repetition::Forever => Course::Circle,
            Repetition::WhileMemoryStays => Course::CircleWhileMemoryStays,
        }
    })
}
