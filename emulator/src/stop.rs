//! How a run ends early: bug checks, hangs, driver failures, the time limit; and violations.
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

use crate::irql::Irql;
use crate::kernel::Kernel;

/// A bug check code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BugCheckCode(pub u32);

impl BugCheckCode {
    /// Pageable memory or a bad address at DISPATCH_LEVEL or above, by the kernel itself.
    pub const IRQL_NOT_LESS_OR_EQUAL: BugCheckCode = BugCheckCode(0x0A);
    /// Spin lock acquired by its owner.
    pub const SPIN_LOCK_ALREADY_OWNED: BugCheckCode = BugCheckCode(0x0F);
    /// Spin lock released by somebody who does not own it.
    pub const SPIN_LOCK_NOT_OWNED: BugCheckCode = BugCheckCode(0x10);
    /// An IRP was completed twice.
    pub const MULTIPLE_IRP_COMPLETE_REQUESTS: BugCheckCode = BugCheckCode(0x44);
    /// An exception that nothing handles, at DISPATCH_LEVEL or above.
    pub const KMODE_EXCEPTION_NOT_HANDLED: BugCheckCode = BugCheckCode(0x1E);
    /// A kernel address with nothing behind it.
    pub const PAGE_FAULT_IN_NONPAGED_AREA: BugCheckCode = BugCheckCode(0x50);
    /// An exception that nothing handles, in a system thread.
    pub const SYSTEM_THREAD_EXCEPTION_NOT_HANDLED: BugCheckCode = BugCheckCode(0x7E);
    /// A trap that the processor cannot pass on; the first parameter is its vector.
    pub const UNEXPECTED_KERNEL_MODE_TRAP: BugCheckCode = BugCheckCode(0x7F);
    /// A driver holds a power request; the first parameter says how it failed.
    pub const DRIVER_POWER_STATE_FAILURE: BugCheckCode = BugCheckCode(0x9F);
    /// A wait at DISPATCH_LEVEL or above.
    pub const ATTEMPTED_SWITCH_FROM_DPC: BugCheckCode = BugCheckCode(0xB8);
    /// Memory that may only be read was written.
    pub const ATTEMPTED_WRITE_TO_READONLY_MEMORY: BugCheckCode = BugCheckCode(0xBE);
    /// Bytes beside a guarded pool block were written.
    pub const SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION: BugCheckCode = BugCheckCode(0xC1);
    /// A pool routine was called with a block it does not own.
    pub const BAD_POOL_CALLER: BugCheckCode = BugCheckCode(0xC2);
    /// Driver Verifier found a mistake; the first parameter says which.
    pub const DRIVER_VERIFIER_DETECTED_VIOLATION: BugCheckCode = BugCheckCode(0xC4);
    /// Memory that holds a timer or a DPC that is still to come was freed.
    pub const TIMER_OR_DPC_INVALID: BugCheckCode = BugCheckCode(0xC7);
    /// A service routine returned at another IRQL than it was called at.
    pub const IRQL_UNEXPECTED_VALUE: BugCheckCode = BugCheckCode(0xC8);
    /// Pageable memory or a bad address at DISPATCH_LEVEL or above, by a driver.
    pub const DRIVER_IRQL_NOT_LESS_OR_EQUAL: BugCheckCode = BugCheckCode(0xD1);
    /// Pool was used after it was freed.
    pub const DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL: BugCheckCode = BugCheckCode(0xD5);
    /// Pool was used behind its end.
    pub const DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION: BugCheckCode = BugCheckCode(0xD6);
    /// Data was executed.
    pub const ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY: BugCheckCode = BugCheckCode(0xFC);
    /// A DPC, or code at DISPATCH_LEVEL, ran too long.
    pub const DPC_WATCHDOG_VIOLATION: BugCheckCode = BugCheckCode(0x133);
    /// A check that the compiler put into the driver failed: a fast fail.
    pub const KERNEL_SECURITY_CHECK_FAILURE: BugCheckCode = BugCheckCode(0x139);

    /// The symbolic name, if the code is one that this kernel raises.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::IRQL_NOT_LESS_OR_EQUAL => "IRQL_NOT_LESS_OR_EQUAL",
            Self::SPIN_LOCK_ALREADY_OWNED => "SPIN_LOCK_ALREADY_OWNED",
            Self::SPIN_LOCK_NOT_OWNED => "SPIN_LOCK_NOT_OWNED",
            Self::MULTIPLE_IRP_COMPLETE_REQUESTS => "MULTIPLE_IRP_COMPLETE_REQUESTS",
            Self::KMODE_EXCEPTION_NOT_HANDLED => "KMODE_EXCEPTION_NOT_HANDLED",
            Self::PAGE_FAULT_IN_NONPAGED_AREA => "PAGE_FAULT_IN_NONPAGED_AREA",
            Self::SYSTEM_THREAD_EXCEPTION_NOT_HANDLED => "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED",
            Self::UNEXPECTED_KERNEL_MODE_TRAP => "UNEXPECTED_KERNEL_MODE_TRAP",
            Self::DRIVER_POWER_STATE_FAILURE => "DRIVER_POWER_STATE_FAILURE",
            Self::ATTEMPTED_SWITCH_FROM_DPC => "ATTEMPTED_SWITCH_FROM_DPC",
            Self::ATTEMPTED_WRITE_TO_READONLY_MEMORY => "ATTEMPTED_WRITE_TO_READONLY_MEMORY",
            Self::SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION => {
                "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION"
            }
            Self::BAD_POOL_CALLER => "BAD_POOL_CALLER",
            Self::DRIVER_VERIFIER_DETECTED_VIOLATION => "DRIVER_VERIFIER_DETECTED_VIOLATION",
            Self::TIMER_OR_DPC_INVALID => "TIMER_OR_DPC_INVALID",
            Self::IRQL_UNEXPECTED_VALUE => "IRQL_UNEXPECTED_VALUE",
            Self::DRIVER_IRQL_NOT_LESS_OR_EQUAL => "DRIVER_IRQL_NOT_LESS_OR_EQUAL",
            Self::DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL => {
                "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL"
            }
            Self::DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION => {
                "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION"
            }
            Self::ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY => "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY",
            Self::DPC_WATCHDOG_VIOLATION => "DPC_WATCHDOG_VIOLATION",
            Self::KERNEL_SECURITY_CHECK_FAILURE => "KERNEL_SECURITY_CHECK_FAILURE",
            _ => return None,
        })
    }
}

/// A bug check that was raised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BugCheck {
    /// Its code.
    pub code: BugCheckCode,
    /// Its four parameters, as Windows would give them.
    pub parameters: [u64; 4],
    /// What happened, in words.
    pub message: String,
    /// The IRQL at that moment.
    pub irql: Irql,
    /// Simulated time in ns.
    pub time_ns: u64,
}

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
                let name = bug.code.name().unwrap_or("bug check");
                let [a, b, c, d] = bug.parameters;
                write!(
                    f,
                    "{name} ({:X}), parameters {a:X} {b:X} {c:X} {d:X}, at {}: {}",
                    bug.code.0, bug.irql, bug.message
                )
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

/// A breach of a documented rule that Windows would survive; the run goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The rule.
    pub rule: &'static str,
    /// What was done, where, and what is allowed.
    pub message: String,
    /// Simulated time in ns.
    pub time_ns: u64,
}

/// The most violations that are kept in words; further ones are only counted.
pub(crate) const KEPT_VIOLATIONS: usize = 1_000;

#[derive(Default)]
pub(crate) struct StopState {
    frozen: Cell<bool>,
    why: RefCell<Option<Stop>>,
    /// The reason came from a destructor that a driver's panic made run.
    came_after_panic: Cell<bool>,
    depth: Cell<u32>,
    violations: RefCell<Vec<Violation>>,
    violation_count: Cell<u64>,
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

    /// Stops the machine with a code and four parameters; does not return, except on a kernel
    /// that is frozen already. IRQL: any.
    #[doc(alias = "KeBugCheckEx")]
    pub fn bug_check(&self, code: BugCheckCode, parameters: [u64; 4]) {
        self.bug_check_with(code, parameters, "the driver called KeBugCheckEx");
    }

    /// As [`Kernel::bug_check`], with a sentence for the report.
    pub fn bug_check_with(&self, code: BugCheckCode, parameters: [u64; 4], message: &str) {
        self.stop(Stop::BugCheck(BugCheck {
            code,
            parameters,
            message: message.to_owned(),
            irql: self.current_irql(),
            time_ns: self.now_ns(),
        }));
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

    /// Notes a breach of a documented rule in the trace and in the list of violations.
    pub fn report_violation(&self, rule: &'static str, message: &str) {
        if self.is_frozen() {
            return;
        }
        self.record_note(self.state.names.kernel, &format!("violation {rule}: {message}"));
        let stop = &self.state.stop;
        stop.violation_count.set(stop.violation_count.get() + 1);
        let mut violations = stop.violations.borrow_mut();
        if violations.len() < KEPT_VIOLATIONS {
            let message = message.to_owned();
            violations.push(Violation { rule, message, time_ns: self.now_ns() });
        }
    }

    /// The violations so far, at most the first 1 000 of them.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.state.stop.violations.borrow().clone()
    }

    /// How many violations there were, kept or not.
    #[must_use]
    pub fn violation_count(&self) -> u64 {
        self.state.stop.violation_count.get()
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
