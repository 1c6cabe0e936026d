//! Timers: one-shot and periodic, with an optional DPC.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::dpc::Dpc;
use crate::inspection::Moment;
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::trace::{DpcChange, Event, Level, TimerChange};
use crate::wait::{Waitable, WaitedFor};

/// Whether one wait or all waits end when the timer expires.
#[doc(alias = "TIMER_TYPE")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimerKind {
    /// The timer stays signalled until code sets it again.
    Notification,
    /// The timer ends one wait.
    Synchronization,
}

/// When a timer expires, in 100 ns units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DueTime {
    /// After this time from now on.
    Relative(u64),
    /// At this system time (since 1601).
    Absolute(u64),
}

struct TimerObject {
    kind: TimerKind,
    signalled: Cell<bool>,
    /// 0 while the timer is not set. Otherwise the value that `settings` got when the timer was set
    /// last. Each deadline of a timer in the queue has such a value too. The kernel ignores a
    /// deadline whose value is not this one.
    armed: Cell<u64>,
    /// How many times the timer was set. Each new period of a periodic timer counts as well.
    settings: Cell<u64>,
    period_ms: Cell<u32>,
    due_ns: Cell<u64>,
    dpc: RefCell<Option<Dpc>>,
}

/// A timer object (KTIMER).
#[doc(alias = "KTIMER")]
#[derive(Clone)]
pub struct Timer(Rc<TimerObject>);

impl Timer {
    /// A new timer, not set and not signalled. IRQL: any.
    #[doc(alias = "KeInitializeTimerEx")]
    #[must_use]
    pub fn new(kind: TimerKind) -> Timer {
        Timer(Rc::new(TimerObject {
            kind,
            signalled: Cell::new(false),
            armed: Cell::new(0),
            settings: Cell::new(0),
            period_ms: Cell::new(0),
            due_ns: Cell::new(0),
            dpc: RefCell::new(None),
        }))
    }

    /// True while the timer is set and has not expired.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.armed.get() != 0
    }

    pub(crate) fn is_armed_as(&self, setting: u64) -> bool {
        self.0.armed.get() == setting
    }

    /// The time at which the timer is due, in ns, before it is rounded up to a clock interrupt.
    pub(crate) fn due_ns(&self) -> u64 {
        self.0.due_ns.get()
    }

    fn arm(&self, due_ns: u64) -> u64 {
        let setting = self.0.settings.get() + 1;
        self.0.settings.set(setting);
        self.0.armed.set(setting);
        self.0.due_ns.set(due_ns);
        setting
    }
}

impl Waitable for Timer {
    fn try_acquire(&self) -> bool {
        let signalled = self.0.signalled.get();
        if signalled && self.0.kind == TimerKind::Synchronization {
            self.0.signalled.set(false);
        }
        signalled
    }

    fn can_acquire(&self) -> bool {
        self.0.signalled.get()
    }

    fn describe(&self) -> WaitedFor {
        WaitedFor::Words("a timer")
    }
}

impl Kernel {
    /// Sets a timer; returns true when the timer was set already. A timer that was set already gets
    /// the new time.
    /// IRQL: up to DISPATCH_LEVEL.
    ///
    /// The timer expires at the first clock interrupt at or after its due time. The period is in
    /// ms, 0 for a single expiry. At expiry the timer is signalled and `dpc` is queued.
    #[doc(alias = "KeSetTimerEx")]
    pub fn set_timer(
        &self,
        timer: &Timer,
        due: DueTime,
        period_ms: u32,
        dpc: Option<&Dpc>,
    ) -> bool {
        if self.is_frozen() {
            return false;
        }
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "KeSetTimer");
        let was_set = timer.is_set();
        let due_ns = match due {
            DueTime::Relative(time_100ns) => {
                self.now_ns().saturating_add(time_100ns.saturating_mul(100))
            }
            DueTime::Absolute(time_100ns) => {
                time_100ns.saturating_sub(self.state.config.boot_time_100ns).saturating_mul(100)
            }
        };
        timer.0.signalled.set(false);
        timer.0.period_ms.set(period_ms);
        timer.0.dpc.replace(dpc.cloned());
        let (due_ns, tick_ns) = self.queue_expiry(timer, due_ns);
        let now_ns = self.now_ns();
        let change = TimerChange::Set { due_in_ns: due_ns - now_ns, tick_in_ns: tick_ns - now_ns };
        self.record(self.state.names.kernel, self.timer_event(timer, change));
        was_set
    }

    /// Cancels a timer; returns true when the timer was set. If the timer's DPC runs or waits in
    /// the queue, the DPC goes on unchanged. IRQL: up to DISPATCH_LEVEL.
    #[doc(alias = "KeCancelTimer")]
    pub fn cancel_timer(&self, timer: &Timer) -> bool {
        if self.is_frozen() {
            return false;
        }
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "KeCancelTimer");
        let was_set = timer.0.armed.replace(0) != 0;
        if was_set {
            let event = self.timer_event(timer, TimerChange::Cancelled);
            self.record(self.state.names.kernel, event);
        }
        was_set
    }

    fn timer_event(&self, timer: &Timer, change: TimerChange) -> Event {
        let dpc = timer.0.dpc.borrow();
        let timer = dpc.as_ref().map_or(self.state.names.no_dpc, Dpc::name);
        Event::Timer { timer, change }
    }

    /// The timers that are set, in words, in the order of their expiry.
    pub(crate) fn describe_timers(&self) -> Vec<String> {
        let describe = |(tick_ns, timer): (u64, Timer)| {
            let due = Moment(timer.due_ns());
            let period = match timer.0.period_ms.get() {
                0 => "once".to_owned(),
                period_ms => format!("every {period_ms} ms"),
            };
            let action = match &*timer.0.dpc.borrow() {
                Some(dpc) => format!("the DPC '{}'", self.trace().name_text(dpc.name())),
                None => "no DPC".to_owned(),
            };
            let tick = Moment(tick_ns);
            format!("due at {due}, clock interrupt at {tick}, {period}, {action}")
        };
        self.set_timers().into_iter().map(describe).collect()
    }

    /// Puts the expiry of a timer into the queue of deadlines. Returns the due time and the time of
    /// the clock interrupt at which the timer expires, in ns.
    fn queue_expiry(&self, timer: &Timer, due_ns: u64) -> (u64, u64) {
        let interval_ns = self.state.config.clock_interval_ns.max(1);
        let due_ns = due_ns.max(self.now_ns());
        let tick_ns = due_ns.div_ceil(interval_ns).saturating_mul(interval_ns);
        let setting = timer.arm(due_ns);
        self.queue_timer(tick_ns, timer, setting);
        (due_ns, tick_ns)
    }

    pub(crate) fn expire_timer(&self, timer: &Timer) {
        timer.0.armed.set(0);
        timer.0.signalled.set(true);
        let names = &self.state.names;
        let expired = self.timer_event(timer, TimerChange::Expired);
        self.trace().record(self.now_ns(), Level::Hardware, names.kernel, expired);
        let period_ns = u64::from(timer.0.period_ms.get()) * 1_000_000;
        if period_ns != 0 {
            self.queue_expiry(timer, timer.0.due_ns.get().saturating_add(period_ns));
        }
        let dpc = timer.0.dpc.borrow().clone();
        if let Some(dpc) = dpc
            && !self.queue_dpc(&dpc)
        {
            self.record_dpc(&dpc, DpcChange::AlreadyQueued);
        }
        self.wake_threads();
    }
}
