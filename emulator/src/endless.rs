//! Whether the code that runs when the time limit is reached can ever end.
//!
//! This file asks the question and acts on the answer: the run ends as a hang or at its time limit.
//! The room that runs code outside this kernel, such as a compiled driver, gives the answer. This
//! file never knows what the code is.

use std::rc::Rc;

use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::stop::Stop;

/// What code that runs outside this kernel does now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Course {
    /// The code goes on, no such code runs now, or its course cannot be told.
    Open,
    /// The code repeats itself for ever, whatever other code does.
    Circle,
    /// The code repeats itself until other code changes the memory.
    CircleWhileMemoryStays,
}

/// A function that tells the course of code, see [`Kernel::judge_code_by`].
pub type CodeJudge = Rc<dyn Fn(&Kernel) -> Course>;

impl Kernel {
    /// Sets the function that tells the course of the code that runs outside this kernel. The
    /// kernel calls the function when the time limit of the run is reached.
    pub fn judge_code_by(&self, judge: CodeJudge) {
        *self.state.code_judge.borrow_mut() = Some(judge);
    }

    /// Ends the run at its time limit: as a hang if the code that runs now can never end, and
    /// otherwise as [`Stop::TimeLimit`].
    ///
    /// Assumed: a service routine does not change where the interrupted code goes on. So no
    /// interrupt can end a [`Course::Circle`].
    pub(crate) fn stop_at_time_limit(&self) {
        let judge = self.state.code_judge.borrow().clone();
        let is_endless = match judge.map_or(Course::Open, |judge| judge(self)) {
            Course::Open => false,
            Course::Circle => true,
            Course::CircleWhileMemoryStays => self.is_nothing_left_beside(),
        };
        if is_endless {
            self.hang("a call into the driver to return");
        } else {
            self.stop(Stop::TimeLimit { time_ns: self.now_ns() });
        }
    }

    /// True when no other code can run before the code that runs now ends. This needs that no
    /// interrupt or DPC that the IRQL lets through waits, and that no device and no callback can
    /// act later. Below DISPATCH_LEVEL, it also needs that no timer and no time-out is queued.
    /// While there is an oracle, the result is always false.
    fn is_nothing_left_beside(&self) -> bool {
        let deadlines = &self.state.deadlines;
        let is_quiet = !self.may_be_preempted() && deadlines.is_no_device_or_callback_left();
        is_quiet && (self.current_irql() >= Irql::DISPATCH_LEVEL || deadlines.is_nothing_queued())
    }
}
