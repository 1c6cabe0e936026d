//! Which system thread goes on, and how its waits begin and end.
//!
//! The event loop has its turns while the thread of the event loop is idle, and during each nested
//! wait (see `wait.rs`). A turn lets a ready thread go on if no work item is queued. Threads do not
//! preempt each other.
//!
//! Assumed: the ready thread with the highest priority goes on first. Among threads of the same
//! priority, the thread that became ready first goes on first. The ready queues of Windows have the
//! same order. A thread that computes without a wait keeps the processor. Windows takes the
//! processor away at the end of a time slice, but no document promises where a time slice ends.
//! Work items come before threads, because the worker threads of Windows have higher priorities (12
//! and more) than a new system thread.

use std::rc::Rc;

use crate::clock::NEVER;
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::rules;
use crate::status::NtStatus;
use crate::wait::{Delay, Timeout, Waitable};

use super::{Standing, State, Step, Thread, WhenOver};

/// Why the wait of a thread may end now.
enum Wake {
    GotObject,
    TimeIsOver,
}

impl Kernel {
    /// Runs one ready thread until it waits or ends; false when no thread is ready.
    ///
    /// IRQL: below DISPATCH_LEVEL. The thread runs at its own level.
    #[inline]
    pub(crate) fn run_thread(&self) -> bool {
        self.state.threads.alive.get() != 0 && self.run_ready_thread()
    }

    /// Looks whether an object that was just signalled ends waits of system threads. A thread that
    /// has waited longer gets the object first. IRQL: any.
    ///
    /// Assumed: a system thread gets the object before a nested wait, because a nested wait looks
    /// at its object only after a turn of its event loop.
    #[inline]
    pub(crate) fn wake_threads(&self) {
        if self.state.threads.alive.get() != 0 {
            self.end_waits();
        }
    }

    #[inline(never)]
    fn end_waits(&self) {
        let waiting = self.state.threads.waiting.borrow().clone();
        for thread in waiting {
            self.try_wake(&thread, Wake::GotObject);
        }
    }

    /// Ends the wait of a thread whose time is over. If the thread can take the object now, the
    /// wait ends with the object and not with a time-out.
    pub(crate) fn time_out_thread(&self, thread: &Thread) {
        if !self.try_wake(thread, Wake::GotObject) {
            self.try_wake(thread, Wake::TimeIsOver);
        }
    }

    /// Tries to end the wait of a thread for the reason `wake`. With `GotObject` the wait ends only
    /// if the thread can take the object now. Returns whether this call ended the wait.
    fn try_wake(&self, thread: &Thread, wake: Wake) -> bool {
        let state = thread.0.state.borrow();
        let State::Waits(standing) = &*state else { return false };
        let Standing { object, since_ns, when_over, .. } = standing;
        let status = match wake {
            Wake::TimeIsOver => match *when_over {
                WhenOver::TimedOut => {
                    self.record_end_of_wait(&**object, *since_ns, NtStatus::TIMEOUT);
                    NtStatus::TIMEOUT
                }
                WhenOver::DelayEnded { time_100ns } => {
                    self.record_delay(time_100ns, *since_ns);
                    NtStatus::SUCCESS
                }
            },
            Wake::GotObject => {
                // A mutex takes the kernel's current thread as its owner. The owner must be the
                // thread that waits, so this thread is the current thread during `try_acquire`.
                let runs = self.state.thread.replace(thread.kernel_number());
                let is_acquired = object.try_acquire();
                self.state.thread.set(runs);
                if !is_acquired {
                    return false;
                }
                self.record_end_of_wait(&**object, *since_ns, NtStatus::SUCCESS);
                object.acquired_status()
            }
        };
        drop(state);
        let threads = &self.state.threads;
        threads.waiting.borrow_mut().retain(|other| !Rc::ptr_eq(&other.0, &thread.0));
        drop(thread.0.state.replace(State::Ready(status)));
        threads.ready.borrow_mut().push(thread.clone());
        true
    }

    /// Takes the thread that goes on next, with the status of its wait.
    fn take_ready_thread(&self) -> Option<(Thread, NtStatus)> {
        let mut ready = self.state.threads.ready.borrow_mut();
        let highest = ready.iter().map(Thread::priority).max()?;
        let first = ready.iter().position(|thread| thread.priority() == highest)?;
        let thread = ready.remove(first);
        drop(ready);
        let state = thread.0.state.replace(State::Runs);
        let State::Ready(status) = state else { unreachable!("a thread in the list is ready") };
        Some((thread, status))
    }

    #[inline(never)]
    fn run_ready_thread(&self) -> bool {
        // An object of another room cannot call `wake_threads` when it is signalled. So the kernel
        // looks at all waits here.
        self.end_waits();
        let Some((thread, status)) = self.take_ready_thread() else { return false };
        if self.state.threads.repetition.is_endless(self.now_ns()) {
            self.hang("the clock to go on: a system thread wakes for ever and takes no time");
            return true;
        }
        let body = thread.0.body.borrow().clone();
        let Some(body) = body else { return true };
        let old_irql = self.current_irql();
        self.set_irql(thread.0.irql.get());
        let (running, number) = self.set_running_thread(&thread);
        let step = self.call_driver_code("a system thread", || body.resume(self, status));
        if !self.is_frozen() {
            self.take_step(&thread, step);
        }
        self.state.thread.set(number);
        self.set_running(running);
        self.set_irql(old_irql);
        true
    }

    /// Carries out a step of a thread. The thread must still be the current thread, because a mutex
    /// takes the current thread as its owner.
    fn take_step(&self, thread: &Thread, step: Step) {
        match step {
            Step::Waits(object, timeout) => {
                let only_looks = timeout == Timeout::Relative(0);
                if !only_looks && !self.may_wait("KeWaitForSingleObject", &*object) {
                    return;
                }
                if object.try_acquire() {
                    self.make_ready(thread, object.acquired_status());
                } else if only_looks {
                    self.make_ready(thread, NtStatus::TIMEOUT);
                } else {
                    let deadline_ns = self.wait_deadline_ns(timeout);
                    self.begin_wait(thread, object, deadline_ns, WhenOver::TimedOut);
                }
            }
            Step::Delays(time_100ns) => {
                if self.may_wait("KeDelayExecutionThread", &Delay) {
                    let deadline_ns = self.wait_deadline_ns(Timeout::Relative(time_100ns));
                    let when_over = WhenOver::DelayEnded { time_100ns };
                    self.begin_wait(thread, Rc::new(Delay), deadline_ns, when_over);
                }
            }
            Step::Ends(status) => self.end_thread(thread, status),
        }
    }

    fn make_ready(&self, thread: &Thread, status: NtStatus) {
        thread.0.irql.set(self.current_irql());
        drop(thread.0.state.replace(State::Ready(status)));
        self.state.threads.ready.borrow_mut().push(thread.clone());
    }

    fn begin_wait(
        &self,
        thread: &Thread,
        object: Rc<dyn Waitable>,
        deadline_ns: u64,
        when_over: WhenOver,
    ) {
        let number = thread.0.waits.get() + 1;
        thread.0.waits.set(number);
        thread.0.irql.set(self.current_irql());
        let standing = Standing { object, since_ns: self.now_ns(), deadline_ns, when_over };
        drop(thread.0.state.replace(State::Waits(standing)));
        self.state.threads.waiting.borrow_mut().push(thread.clone());
        if deadline_ns != NEVER {
            self.queue_wait(deadline_ns, thread, number);
        }
    }

    fn end_thread(&self, thread: &Thread, status: NtStatus) {
        if self.current_irql() != Irql::PASSIVE_LEVEL {
            let message = format!("a system thread ended at {}", self.current_irql());
            self.report_violation(&rules::IRQL_RETURN, &message);
        }
        let threads = &self.state.threads;
        drop(thread.0.state.replace(State::Ended(status)));
        drop(thread.0.body.take());
        threads.slots.borrow_mut()[thread.0.slot as usize] = None;
        threads.alive.set(threads.alive.get() - 1);
        self.note_of_thread(thread, &format!("ended with {status}"));
        self.wake_threads();
    }
}
