//! Waiting: a nested event loop on the stack of the waiting thread.
//!
//! Three kinds of code wait in this way: the thread of the event loop, work items, and code that a
//! system thread calls by way of the port. The code of a system thread itself waits without
//! nesting, see `thread.rs`.

use std::cell::RefCell;
use std::fmt;

use crate::bug_check::BugCheckCode;
use crate::clock::{NEVER, Progress};
use crate::device_object::MajorFunction;
use crate::inspection::Moment;

use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::status::NtStatus;
use crate::stop::time_in_words;
use crate::trace::WaitEnd;

/// An object that a thread can wait for.
pub trait Waitable {
    /// Takes the object if it is signalled; returns whether the object was signalled.
    fn try_acquire(&self) -> bool;

    /// Whether `try_acquire` would take the object now; changes nothing.
    fn can_acquire(&self) -> bool;

    /// The status of a wait that took the object. If the wait was for one of several objects, the
    /// status is the index of the object that the wait took.
    fn acquired_status(&self) -> NtStatus {
        NtStatus::SUCCESS
    }

    /// What the object is, for reports and for the trace.
    fn describe(&self) -> WaitedFor;

    /// What the object is, in words. If the object is made of other objects, the words name these
    /// objects too.
    fn in_words(&self) -> String {
        self.describe().to_string()
    }
}

/// What a thread waits for. `Display` gives the words for a report or a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitedFor {
    /// An object without a name, in words.
    Words(&'static str),
    /// The event with this name.
    Event(&'static str),
    /// The completion of a request.
    Completion(MajorFunction),
    /// The end of the system thread with this number.
    EndOfThread(u32),
}

impl fmt::Display for WaitedFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => f.write_str(words),
            Self::Event(name) => write!(f, "the event '{name}'"),
            Self::Completion(major) => write!(f, "the completion of a {major:?} request"),
            Self::EndOfThread(number) => write!(f, "the end of system thread {number}"),
        }
    }
}

/// How long a wait may last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timeout {
    /// Until the object is signalled.
    Never,
    /// At most this long, in 100 ns units. With 0 the call does not wait: it only takes the object
    /// if the object is signalled.
    Relative(u64),
}

/// The object of a delay: it is never signalled.
pub(crate) struct Delay;

impl Waitable for Delay {
    fn try_acquire(&self) -> bool {
        false
    }

    fn can_acquire(&self) -> bool {
        false
    }

    fn describe(&self) -> WaitedFor {
        WaitedFor::Words("the end of a delay")
    }
}

/// At most this number of waits may be nested.
const NESTED_WAITS: usize = 64;

/// The waits that have begun and not ended, the outermost first.
#[derive(Default)]
pub(crate) struct StandingWaits(RefCell<Vec<StandingWait>>);

struct StandingWait {
    object: WaitedFor,
    since_ns: u64,
    deadline_ns: u64,
}

/// A wait that has not ended, in words.
pub(crate) fn wait_in_words(object: &str, since_ns: u64, deadline_ns: u64) -> String {
    let since = Moment(since_ns);
    match deadline_ns {
        NEVER => format!("for {object}, since {since}"),
        end_ns => format!("for {object}, since {since}, at most until {}", Moment(end_ns)),
    }
}

impl Kernel {
    /// Waits for an object: `SUCCESS` when the wait took the object, `TIMEOUT` when the time was
    /// over, `UNSUCCESSFUL` when the run has stopped.
    ///
    /// IRQL: up to APC_LEVEL; up to DISPATCH_LEVEL with a time-out of zero. A wait with another
    /// time-out at DISPATCH_LEVEL or above is bug check ATTEMPTED_SWITCH_FROM_DPC. A wait that
    /// nothing can end is reported as a hang. A time-out ends at the first clock interrupt at or
    /// after its time. With a time-out of zero, the kernel looks at the object, serves the
    /// interrupts and DPCs that wait, and looks again.
    #[doc(alias = "KeWaitForSingleObject")]
    pub fn wait_for_single_object(&self, object: &dyn Waitable, timeout: Timeout) -> NtStatus {
        if self.is_frozen() {
            return NtStatus::UNSUCCESSFUL;
        }
        let (deadline_ns, only_look) = match timeout {
            Timeout::Never => (NEVER, false),
            Timeout::Relative(time_100ns) => (self.clock_interrupt_ns(time_100ns), time_100ns == 0),
        };
        if !only_look && !self.may_wait("KeWaitForSingleObject", object) {
            return NtStatus::UNSUCCESSFUL;
        }
        if object.try_acquire() {
            return NtStatus::SUCCESS;
        }
        if only_look {
            self.preemption_point();
            return if object.try_acquire() { NtStatus::SUCCESS } else { NtStatus::TIMEOUT };
        }
        let since_ns = self.now_ns();
        self.enter_wait(object, deadline_ns);
        let status = self.wait_loop(object, deadline_ns);
        self.leave_wait();
        self.record_end_of_wait(object, since_ns, status);
        status
    }

    /// Records the end of a wait that began at `since_ns`.
    pub(crate) fn record_end_of_wait(
        &self,
        object: &dyn Waitable,
        since_ns: u64,
        status: NtStatus,
    ) {
        let (end, counted_ns) = match status {
            NtStatus::TIMEOUT => (WaitEnd::TimedOut, self.now_ns() - since_ns),
            _ => (WaitEnd::Over, 0),
        };
        if !self.is_frozen() {
            self.record_wait(self.state.names.kernel, &object.in_words(), end, counted_ns);
        }
    }

    /// Delays the thread for a time in 100 ns units, rounded up to the next clock interrupt.
    ///
    /// IRQL: up to APC_LEVEL.
    #[doc(alias = "KeDelayExecutionThread")]
    pub fn delay_execution_thread(&self, time_100ns: u64) {
        let tick_ns = self.clock_interrupt_ns(time_100ns);
        if self.is_frozen() {
            self.pass_time(tick_ns);
            return;
        }
        if !self.may_wait("KeDelayExecutionThread", &Delay) {
            return;
        }
        let since_ns = self.now_ns();
        self.enter_wait(&Delay, tick_ns);
        let _ = self.wait_loop(&Delay, tick_ns);
        self.leave_wait();
        self.record_delay(time_100ns, since_ns);
    }

    /// The time, in ns, of the first clock interrupt that comes `time_100ns` from now or later.
    pub(crate) fn clock_interrupt_ns(&self, time_100ns: u64) -> u64 {
        let interval_ns = self.config().clock_interval_ns.max(1);
        let end_ns = self.now_ns().saturating_add(time_100ns.saturating_mul(100));
        end_ns.div_ceil(interval_ns).saturating_mul(interval_ns)
    }

    pub(crate) fn may_wait(&self, routine: &str, object: &dyn Waitable) -> bool {
        if self.current_irql() < Irql::DISPATCH_LEVEL {
            return true;
        }
        let message = format!("{routine} for {} at {}", object.describe(), self.current_irql());
        self.bug_check_with(BugCheckCode::ATTEMPTED_SWITCH_FROM_DPC, [0; 4], &message);
        false
    }

    fn enter_wait(&self, object: &dyn Waitable, deadline_ns: u64) {
        let wait = StandingWait { object: object.describe(), since_ns: self.now_ns(), deadline_ns };
        let mut waits = self.state.waits.0.borrow_mut();
        waits.push(wait);
        let depth = waits.len();
        drop(waits);
        if depth > NESTED_WAITS {
            self.hang(&format!("{}: {NESTED_WAITS} waits stand on each other", object.describe()));
        }
    }

    fn leave_wait(&self) {
        self.state.waits.0.borrow_mut().pop();
    }

    /// The waits that have not ended, in words, the innermost first. The innermost wait has to end
    /// before an outer wait can end.
    pub(crate) fn describe_waits(&self) -> Vec<String> {
        let describe = |wait: &StandingWait| {
            wait_in_words(&wait.object.to_string(), wait.since_ns, wait.deadline_ns)
        };
        self.state.waits.0.borrow().iter().rev().map(describe).collect()
    }

    fn wait_loop(&self, object: &dyn Waitable, deadline_ns: u64) -> NtStatus {
        let longest_ns = self.now_ns().saturating_add(self.config().longest_wait_ns);
        loop {
            if object.try_acquire() {
                return NtStatus::SUCCESS;
            }
            if self.now_ns() >= deadline_ns {
                return NtStatus::TIMEOUT;
            }
            let progress = self.turn(deadline_ns);
            if self.is_frozen() {
                return NtStatus::UNSUCCESSFUL;
            }
            let too_long = deadline_ns == NEVER && self.now_ns() >= longest_ns;
            if progress == Progress::Idle && object.try_acquire() {
                return NtStatus::SUCCESS;
            }
            if progress == Progress::Idle {
                self.hang(&self.describe_wait(object));
                return NtStatus::UNSUCCESSFUL;
            }
            if too_long {
                let time = time_in_words(self.config().longest_wait_ns);
                let limit = format!("{time}, the limit of a wait without a time-out");
                self.hang_at_limit(&self.describe_wait(object), &limit);
                return NtStatus::UNSUCCESSFUL;
            }
        }
    }

    /// Describes a wait that does not end. On Windows each outer wait would be in another thread.
    /// That thread would go on at the end of the outer wait, and could then end the inner wait.
    /// This kernel can end an outer wait only after the inner wait, so the text tells how many
    /// outer waits there are.
    fn describe_wait(&self, object: &dyn Waitable) -> String {
        let what = object.in_words() + &self.describe_thread_waits();
        match self.state.waits.0.borrow().len() {
            0 | 1 => what,
            2 => format!("{what}, with 1 outer wait that can end only after it"),
            depth => format!("{what}, with {} outer waits that can end only after it", depth - 1),
        }
    }
}
