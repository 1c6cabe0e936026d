//! The questions at a preemption point: what begins, and events from outside.
//!
//! This file owns the questions for `preempt.rs`. Without an oracle it asks nothing. Code that
//! builds a machine asks about the things outside this kernel through a [`PointQuestion`].

use std::rc::Rc;

use super::{Begin, Cancel, Choice, Happens};
use crate::irp::{Irp, Parameters};
use crate::irql::Irql;
use crate::kernel::Kernel;

/// Asks at a preemption point about something outside this kernel.
///
/// IRQL: any. The IRQL is the IRQL of the interrupted code. The question may change devices and
/// queue DPCs. At DISPATCH_LEVEL and below, the question may also queue work items. The question
/// must not call drivers.
pub type PointQuestion = Rc<dyn Fn(&Kernel)>;

/// When a waiting interrupt or DPC begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    /// At this preemption point, now.
    Here,
    /// Not yet: time has passed, and now another interrupt or DPC may wait.
    TimePassed,
    /// At a later preemption point.
    AtAnotherPoint,
}

/// How many times in a row an oracle can put off interrupts and DPCs. After that many delays, the
/// next interrupt or DPC that can begin does begin, without a question.
/// Assumed: after this many delays no driver can tell a late interrupt from a lost interrupt.
const PUT_OFF_IN_A_ROW: u32 = 1_000;

/// The kernel keeps a list of the requests that an oracle may cancel. This is the largest number of
/// requests in the list. A request that is sent while the list is full does not get into it.
const FOLLOWED_REQUESTS: usize = 4_096;

/// The level of the clock interrupt. Source: CLOCK_LEVEL of x64 in wdm.h.
const CLOCK_LEVEL: Irql = Irql(13);

impl Kernel {
    /// Registers `question`. While there is an oracle, the kernel calls `question` at each
    /// preemption point. It does so after its own questions about events from outside, and before
    /// it asks whether a waiting interrupt or DPC begins.
    pub fn ask_at_points(&self, question: PointQuestion) {
        self.state.choices.point_questions.borrow_mut().push(question);
    }

    /// Asks, at this preemption point, about the events from outside.
    #[inline]
    pub(crate) fn ask_at_point(&self) {
        if self.has_oracle() {
            self.ask_from_outside();
        }
    }

    /// Asks when a waiting interrupt or DPC begins. The caller has checked that the interrupt or
    /// DPC could begin at this preemption point.
    #[inline]
    pub(crate) fn when_to_begin(&self, choice: Choice) -> When {
        if self.has_oracle() { self.ask_begin(choice) } else { When::Here }
    }

    /// Notes a control request that was sent. Until the request is complete, the oracle may cancel
    /// it. The function ignores requests of other kinds.
    #[inline]
    pub(crate) fn follow_request(&self, irp: &Irp) {
        if self.has_oracle() && matches!(irp.parameters(), Parameters::DeviceControl { .. }) {
            let mut requests = self.state.choices.requests.borrow_mut();
            if requests.len() < FOLLOWED_REQUESTS {
                requests.push(irp.clone());
            }
        }
    }

    /// Notes that a request is complete.
    #[inline]
    pub(crate) fn leave_request(&self, irp: &Irp) {
        if self.has_oracle() {
            self.state.choices.requests.borrow_mut().retain(|other| !other.is(irp));
        }
    }

    #[cold]
    fn ask_from_outside(&self) {
        self.ask_clock();
        self.ask_spurious();
        self.ask_cancel();
        let mut index = 0;
        while !self.is_frozen() {
            let question = self.state.choices.point_questions.borrow().get(index).cloned();
            let Some(question) = question else { return };
            index += 1;
            question(self);
        }
    }

    #[cold]
    fn ask_begin(&self, choice: Choice) -> When {
        let put_off = &self.state.choices.put_off;
        let in_a_row = put_off.replace(put_off.get() + 1);
        let answer = if in_a_row < PUT_OFF_IN_A_ROW { self.choose(choice) } else { Begin::Now };
        match answer {
            Begin::Now => {
                put_off.set(0);
                When::Here
            }
            Begin::Later => When::AtAnotherPoint,
            Begin::After25Us => self.hold_processor(25_000),
            Begin::After350Us => self.hold_processor(350_000),
            Begin::After1500Us => self.hold_processor(1_500_000),
        }
    }

    /// Keeps the processor busy at HIGH_LEVEL for `time_ns`, as other work would.
    fn hold_processor(&self, time_ns: u64) -> When {
        let old = self.current_irql();
        self.set_irql(Irql::HIGH_LEVEL);
        self.pass_time(self.now_ns().saturating_add(time_ns));
        self.set_irql(old);
        When::TimePassed
    }

    /// Asks whether the clock interrupt comes now for the timers that wait for it.
    fn ask_clock(&self) {
        if self.current_irql() >= CLOCK_LEVEL {
            return;
        }
        let timers = self.timers_before_tick();
        if !timers.is_empty() && self.choose::<Happens>(Choice::Clock) == Happens::Now {
            timers.iter().for_each(|timer| self.expire_timer(timer));
        }
    }

    /// Asks whether the routines of a line are called although the line does not ask for service.
    fn ask_spurious(&self) {
        for line in self.quiet_lines() {
            let is_let_through = Irql::of_line(line) > self.current_irql();
            if is_let_through && self.choose::<Happens>(Choice::Spurious) == Happens::Now {
                self.service_quiet_line(line);
            }
        }
    }

    /// Asks whether a request that is not complete is cancelled.
    fn ask_cancel(&self) {
        if self.current_irql() >= Irql::DISPATCH_LEVEL || self.is_frozen() {
            return;
        }
        let is_open = |irp: &&Irp| !irp.is_cancelled();
        let (oldest, newest) = {
            let requests = self.state.choices.requests.borrow();
            let oldest = requests.iter().find(is_open).cloned();
            (oldest, requests.iter().rfind(is_open).cloned())
        };
        let (Some(oldest), Some(newest)) = (oldest, newest) else { return };
        match self.choose(Choice::Cancel) {
            Cancel::None => {}
            Cancel::Oldest => {
                self.cancel_request(&oldest);
            }
            Cancel::Newest => {
                self.cancel_request(&newest);
            }
        }
    }
}
