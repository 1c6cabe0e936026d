//! How a run ends early: by a bug check, a hang, its time limit and so on.
//!
//! A stop unwinds to [`Kernel::enter`] with a private payload. After the stop the kernel is frozen:
//! its routines return at once and do nothing. So destructors that run while the driver's frames
//! unwind do no harm. Only the clock goes on while a driver is busy. If the clock stood still, a
//! destructor that polls until a certain time would never end. The [`Stop`] keeps the time at which
//! the run stopped.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::thread;

use crate::bug_check::BugCheck;
use crate::clock::LONGEST_RUN_NS;
use crate::kernel::Kernel;

/// A wait or a loop that nothing can end, or that passed its limit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hang {
    /// What the code waits for.
    pub waits_for: String,
    /// The limit that was passed, with its name: `60 s, the limit of ...`. `None` when nothing can
    /// end the wait.
    pub limit: Option<String>,
    /// Simulated time in ns.
    pub time_ns: u64,
}

/// Why a run stopped before its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The driver or the kernel raised a bug check.
    BugCheck(BugCheck),
    /// Nothing can end a wait or a loop, or the wait or loop passed its limit.
    Hang(Hang),
    /// A Rust driver panicked.
    DriverFailure {
        /// The call into the driver that panicked.
        function: String,
        /// The panic's message.
        message: String,
        /// Simulated time in ns.
        time_ns: u64,
    },
    /// The driver needs something that this kernel does not have: a routine, an instruction.
    Unsupported {
        /// What is missing, and which code asked for it.
        what: String,
        /// Simulated time in ns.
        time_ns: u64,
    },
    /// The time limit of the run was reached.
    TimeLimit {
        /// Simulated time in ns.
        time_ns: u64,
    },
    /// The program that watches the run ended the run. Nothing is wrong with the driver.
    Abandoned {
        /// Simulated time in ns.
        time_ns: u64,
    },
}

/// A function that the kernel calls at a stop, see [`Kernel::observe_stop`].
pub type StopObserver = Rc<dyn Fn(&Kernel, &Stop)>;

impl Stop {
    /// True if the run came to [`LONGEST_RUN_NS`]. A time limit of its own stops a run earlier.
    #[must_use]
    pub fn is_end_of_longest_run(&self) -> bool {
        matches!(self, Stop::TimeLimit { time_ns } if *time_ns >= LONGEST_RUN_NS)
    }

    /// The simulated time of the stop, in ns.
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
            Stop::Hang(Hang { waits_for, limit: None, .. }) => {
                write!(f, "hang: nothing can end the wait for {waits_for}")
            }
            Stop::Hang(Hang { waits_for, limit: Some(limit), .. }) => {
                write!(f, "hang: the wait for {waits_for} passed {limit}")
            }
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
    /// True when the stop came from a destructor that ran because a driver panicked.
    came_after_panic: Cell<bool>,
    depth: Cell<u32>,
    observers: RefCell<Vec<StopObserver>>,
}

/// The payload of an unwinding stop. No other code makes such a payload.
struct Unwinding;

impl Kernel {
    /// Runs `work` as the outermost frame of the simulation.
    ///
    /// A stop inside `work` ends here. On a frozen kernel `work` does not run. A call from inside
    /// another `enter` is a plain call.
    ///
    /// # Errors
    /// The stop; every later call returns the same stop.
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

    /// Calls into a driver. A panic of the driver's own code becomes [`Stop::DriverFailure`]. A
    /// call that does not return within [`KernelConfig::longest_call_ns`] becomes a hang. During a
    /// nested call only the limit of the nested call counts; the limit of the outer call is
    /// checked when the nested call returns.
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
                    self.hang_in_call(outer.1);
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
        self.stop_as_hang(waits_for, None);
    }

    /// Reports that a wait passed its limit. `limit` is a number and the name of the limit, as in
    /// `60 s, the limit of ...`. Returns only on a frozen kernel.
    pub fn hang_at_limit(&self, waits_for: &str, limit: &str) {
        self.stop_as_hang(waits_for, Some(limit.to_owned()));
    }

    /// Reports that a call into a driver took too long.
    pub(crate) fn hang_in_call(&self, function: &str) {
        let time = time_in_words(self.config().longest_call_ns);
        let limit = format!("{time}, the limit of a call into a driver");
        self.hang_at_limit(&format!("{function} to return"), &limit);
    }

    fn stop_as_hang(&self, waits_for: &str, limit: Option<String>) {
        let (waits_for, time_ns) = (waits_for.to_owned(), self.now_ns());
        self.stop(Stop::Hang(Hang { waits_for, limit, time_ns }));
    }

    /// Ends the run because the driver needs something that does not exist here. Returns only on a
    /// frozen kernel.
    pub fn unsupported(&self, what: &str) {
        self.stop(Stop::Unsupported { what: what.to_owned(), time_ns: self.now_ns() });
    }

    /// Ends the run without a failure of the driver; returns only on a frozen kernel.
    pub fn abandon(&self) {
        self.stop(Stop::Abandoned { time_ns: self.now_ns() });
    }

    /// Registers `observer`. The kernel calls it at the stop of this run, while the frames of the
    /// driver are still on the stack. A report or a debugger can then read these frames. The kernel
    /// calls several observers in the order of their registration.
    ///
    /// At that time the kernel is already frozen, so an observer can look at the kernel but cannot
    /// make it go on. When a Rust driver panics, its frames are unwound before the observers are
    /// called.
    pub fn observe_stop(&self, observer: StopObserver) {
        self.state.stop.observers.borrow_mut().push(observer);
    }

    /// Ends the run; returns only on a frozen kernel.
    pub(crate) fn stop(&self, why: Stop) {
        if self.is_frozen() {
            return;
        }
        self.freeze(why);
        // Outside `enter` there is no frame to unwind to. In a destructor that runs because the
        // driver panicked, a second unwinding would abort the program. In both cases the kernel is
        // only frozen.
        if thread::panicking() {
            self.state.stop.came_after_panic.set(true);
        } else if self.state.stop.depth.get() > 0 {
            resume_unwind(Box::new(Unwinding));
        }
    }

    /// Writes a last note into the trace, freezes the kernel, and calls the observers. Does nothing
    /// on a frozen kernel.
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

    /// True after a stop: the kernel's routines return at once and do nothing.
    #[inline]
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.state.stop.frozen.get()
    }

    /// The reason why the machine stopped, if it did.
    #[must_use]
    pub fn stopped(&self) -> Option<Stop> {
        self.state.stop.why.borrow().clone()
    }
}

/// The time of a limit: whole seconds, or else milliseconds.
pub(crate) fn time_in_words(time_ns: u64) -> String {
    match (time_ns / 1_000_000_000, time_ns % 1_000_000_000) {
        (seconds, 0) => format!("{seconds} s"),
        _ => format!("{} ms", time_ns / 1_000_000),
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
