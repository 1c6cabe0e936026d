//! How a run ends early: bug checks, hangs, driver failures, the time limit.
//!
//! A stop unwinds with a private payload to [`Kernel::enter`]. After it the kernel is frozen:
//! every routine answers at once without effect, so that destructors which run while the driver's
//! frames unwind are harmless. Only the clock goes on under a busy driver, or a destructor that
//! polls for a time would never end; when the run stopped is kept in the [`Stop`].

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::thread;

use crate::bug_check::BugCheck;
use crate::kernel::Kernel;

/// A wait or a loop that nothing can end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hang {
    /// What it waits for.
    pub waits_for: String,
    /// Simulated time in ns.
    pub time_ns: u64,
}

/// Why a run stopped before its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The driver or the kernel raised a bug check.
    BugCheck(BugCheck),
    /// Nothing can go on.
    Hang(Hang),
    /// A Rust driver panicked.
    DriverFailure {
        /// The call into the driver that did not return.
        function: String,
        /// The panic's message.
        message: String,
        /// Simulated time in ns.
        time_ns: u64,
    },
    /// The driver needs something that this kernel does not have: a routine, an instruction.
    Unsupported {
        /// What it is, and who asked for it.
        what: String,
        /// Simulated time in ns.
        time_ns: u64,
    },
    /// The time limit of the run was reached.
    TimeLimit {
        /// Simulated time in ns.
        time_ns: u64,
    },
    /// Whoever watches the run gave it up; nothing is wrong with the driver.
    Abandoned {
        /// Simulated time in ns.
        time_ns: u64,
    },
}

/// Who is told of a stop, see [`Kernel::observe_stop`].
pub type StopObserver = Rc<dyn Fn(&Kernel, &Stop)>;

impl Stop {
    /// When it happened, in ns of simulated time.
    #[must_use]
    pub fn time_ns(&self) -> u64 {
        match self {
            Stop::BugCheck(bug) => bug.time_ns,
            Stop::Hang(hang) => hang.time_ns,
            Stop::DriverFailure { time_ns, .. }
            | Stop::Unsupported { time_ns, .. }
            | Stop::TimeLimit { time_ns }
            | Stop::Abandoned { time_ns } => *time_ns,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::BugCheck(bug) => {
                let BugCheck { code, parameters: [a, b, c, d], irql, message, .. } = bug;
                write!(f, "{code}, parameters {a:X} {b:X} {c:X} {d:X}, at {irql}: {message}")
            }
            Stop::Hang(hang) => write!(f, "hang: nothing can end the wait for {}", hang.waits_for),
            Stop::DriverFailure { function, message, .. } => {
                write!(f, "the driver panicked in {function}: {message}")
            }
            Stop::Unsupported { what, .. } => write!(f, "not supported: {what}"),
            Stop::TimeLimit { time_ns } => {
                write!(
                    f,
                    "the time limit of {}.{:03} ms was reached",
                    time_ns / 1_000_000,
                    time_ns / 1_000 % 1_000
                )
            }
            Stop::Abandoned { .. } => write!(f, "the run was given up"),
        }
    }
}

impl std::error::Error for Stop {}

#[derive(Default)]
pub(crate) struct StopState {
    frozen: Cell<bool>,
    why: RefCell<Option<Stop>>,
    /// The reason came from a destructor that a driver's panic made run.
    came_after_panic: Cell<bool>,
    depth: Cell<u32>,
    observers: RefCell<Vec<StopObserver>>,
}

/// The payload of an unwinding stop; nothing else in the program makes one.
struct Unwinding;

impl Kernel {
    /// Runs `work` as the outermost frame of the simulation.
    ///
    /// A stop inside it ends here; on a frozen kernel `work` does not run. A call from inside
    /// another `enter` is a plain call.
    ///
    /// # Errors
    /// The stop, the same one at every later call.
    pub fn enter<R>(&self, work: impl FnOnce(&Kernel) -> R) -> Result<R, Stop> {
        let stop = &self.state.stop;
        if let Some(why) = self.stopped() {
            return Err(why);
        }
        if stop.depth.get() > 0 {
            return Ok(work(self));
        }
        stop.depth.set(1);
        let result = catch_unwind(AssertUnwindSafe(|| work(self)));
        stop.depth.set(0);
        match result {
            Ok(value) => match self.stopped() {
                None => Ok(value),
                Some(why) => Err(why),
            },
            Err(payload) if payload.is::<Unwinding>() => {
                Err(self.stopped().expect("a stop leaves its reason behind"))
            }
            Err(payload) => resume_unwind(payload),
        }
    }

    /// Calls into a driver: a panic of its own code becomes [`Stop::DriverFailure`], a call that
    /// does not come back in [`KernelConfig::longest_call_ns`] a hang. While a call inside it
    /// runs, only that call's limit counts; the outer one is looked at when it returns.
    ///
    /// [`KernelConfig::longest_call_ns`]: crate::KernelConfig::longest_call_ns
    pub fn call_driver_code<R>(&self, function: &'static str, code: impl FnOnce() -> R) -> R {
        let deadlines = &self.state.deadlines;
        let limit_ns = self.now_ns().saturating_add(self.config().longest_call_ns);
        let outer = deadlines.set_call((limit_ns, function));
        match catch_unwind(AssertUnwindSafe(code)) {
            Ok(value) => {
                deadlines.set_call(outer);
                if self.now_ns() >= outer.0 {
                    self.hang(&format!("{} to return", outer.1));
                }
                value
            }
            Err(payload) if payload.is::<Unwinding>() => resume_unwind(payload),
            Err(payload) => {
                let stop = Stop::DriverFailure {
                    function: function.to_owned(),
                    message: panic_message(payload.as_ref()),
                    time_ns: self.now_ns(),
                };
                if self.state.stop.came_after_panic.replace(false) {
                    *self.state.stop.why.borrow_mut() = Some(stop);
                } else {
                    self.freeze(stop);
                }
                resume_unwind(Box::new(Unwinding));
            }
        }
    }

    /// Reports that nothing can end a wait; returns only on a frozen kernel.
    pub fn hang(&self, waits_for: &str) {
        self.stop(Stop::Hang(Hang { waits_for: waits_for.to_owned(), time_ns: self.now_ns() }));
    }

    /// Ends the run because a driver needs something that is not there; returns only on a frozen
    /// kernel. For whoever runs compiled drivers.
    pub fn unsupported(&self, what: &str) {
        self.stop(Stop::Unsupported { what: what.to_owned(), time_ns: self.now_ns() });
    }

    /// Gives the run up; returns only on a frozen kernel.
    pub fn abandon(&self) {
        self.stop(Stop::Abandoned { time_ns: self.now_ns() });
    }

    /// Tells `observer` of the stop that will end this run, while the frames of the driver still
    /// stand: a report is made of them then, and a debugger looks at them. Several observers are
    /// told in the order in which they came.
    ///
    /// The kernel is frozen already, and what an observer does to it has no effect. A panic of a
    /// Rust driver has unwound its frames before anybody is told.
    pub fn observe_stop(&self, observer: StopObserver) {
        self.state.stop.observers.borrow_mut().push(observer);
    }

    /// Ends the run; returns only on a frozen kernel.
    pub(crate) fn stop(&self, why: Stop) {
        if self.is_frozen() {
            return;
        }
        self.freeze(why);
        // Outside `enter` there is no frame to unwind to, and in a destructor that runs because
        // the driver panicked a second unwinding would abort: there the freeze alone has to do.
        if thread::panicking() {
            self.state.stop.came_after_panic.set(true);
        } else if self.state.stop.depth.get() > 0 {
            resume_unwind(Box::new(Unwinding));
        }
    }

    /// Freezes the kernel, with a last word in the trace; of several reasons the first one stays.
    fn freeze(&self, why: Stop) {
        if self.is_frozen() {
            return;
        }
        self.record_note(self.state.names.kernel, &format!("stop: {why}"));
        self.state.stop.frozen.set(true);
        *self.state.stop.why.borrow_mut() = Some(why.clone());
        for observer in self.state.stop.observers.take() {
            observer(self, &why);
        }
    }

    /// True after a stop: routines answer at once without effect.
    #[inline]
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.state.stop.frozen.get()
    }

    /// Why the machine stopped, if it did.
    #[must_use]
    pub fn stopped(&self) -> Option<Stop> {
        self.state.stop.why.borrow().clone()
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "no message".to_owned()
    }
}
