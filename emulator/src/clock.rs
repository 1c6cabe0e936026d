//! The clock and the queue of deadlines: how time passes.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::bug_check::BugCheckCode;
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::thread::Thread;
use crate::timer::Timer;
use crate::warning::Advice;

/// The time of a deadline that is not set.
pub(crate) const NEVER: u64 = u64::MAX;

/// The longest run in ns: 100 years of 365 days. At this time each run stops as at a time limit, so
/// the sum of a few times fits into 63 bits.
pub const LONGEST_RUN_NS: u64 = 100 * 365 * 24 * 3_600_000_000_000;

/// What a turn of the event loop did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// The turn served something or moved the clock on, or the next turn must ask the oracle again.
    Moved,
    /// The turn had nothing to do: nothing can happen any more without outside help, the limit of
    /// the clock is reached, or the kernel has stopped.
    Idle,
}

type Callback = Box<dyn FnOnce(&Kernel)>;

enum Due {
    Timer {
        timer: Timer,
        armed: u64,
    },
    Callback(Callback),
    /// The timeout of a thread's wait. Each wait of a thread has a number of its own.
    Wait {
        thread: Thread,
        number: u64,
    },
}

struct Entry {
    time_ns: u64,
    order: u64,
    due: Due,
}

impl Entry {
    /// True for the entry of a timer that was cancelled or set again, and of a wait that has ended.
    fn is_stale(&self) -> bool {
        match &self.due {
            Due::Timer { timer, armed } => !timer.is_armed_as(*armed),
            Due::Wait { thread, number } => !thread.stands_in_wait(*number),
            Due::Callback(_) => false,
        }
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// The queue gives out its greatest entry first, so the entry with the earliest time must
    /// compare as the greatest. Of entries with equal times, the entry that was pushed first is the
    /// greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.time_ns, other.order).cmp(&(self.time_ns, self.order))
    }
}

/// While the queue has at most this length, a new entry does not start a search for stale entries.
const LEAST_CROWDED: usize = 64;

/// All deadlines: every event that has a time.
pub(crate) struct Deadlines {
    until_ns: u64,
    /// The earliest of all deadlines in this table. The stored time may be too early, but never too
    /// late.
    next_ns: Cell<u64>,
    queue: RefCell<BinaryHeap<Entry>>,
    /// Length of the queue above which stale entries of timers and waits are thrown out.
    crowded: Cell<usize>,
    devices_ns: Cell<u64>,
    watchdog_ns: Cell<u64>,
    call_ns: Cell<u64>,
    call: Cell<&'static str>,
    order: Cell<u64>,
}

impl Deadlines {
    /// Drops every event of the queue.
    pub fn clear(&self) {
        drop(self.queue.take());
    }

    pub fn new(until_ns: Option<u64>) -> Self {
        let until_ns = until_ns.map_or(LONGEST_RUN_NS, |until_ns| until_ns.min(LONGEST_RUN_NS));
        Deadlines {
            until_ns,
            next_ns: Cell::new(until_ns),
            queue: RefCell::new(BinaryHeap::new()),
            crowded: Cell::new(LEAST_CROWDED),
            devices_ns: Cell::new(NEVER),
            watchdog_ns: Cell::new(NEVER),
            call_ns: Cell::new(NEVER),
            call: Cell::new(""),
            order: Cell::new(0),
        }
    }

    fn push(&self, time_ns: u64, due: Due) {
        let order = self.order.get();
        self.order.set(order + 1);
        let mut queue = self.queue.borrow_mut();
        queue.push(Entry { time_ns, order, due });
        if queue.len() > self.crowded.get() {
            queue.retain(|entry| !entry.is_stale());
            self.crowded.set(LEAST_CROWDED.max(2 * queue.len()));
        }
        drop(queue);
        self.hurry(time_ns);
    }

    #[inline]
    fn hurry(&self, time_ns: u64) {
        if time_ns < self.next_ns.get() {
            self.next_ns.set(time_ns);
        }
    }

    /// Sets the earliest deadline of all devices.
    #[inline]
    pub fn set_devices(&self, time_ns: u64) {
        self.devices_ns.set(time_ns);
        self.hurry(time_ns);
    }

    /// Starts, moves or (with `NEVER`) stops the DPC watchdog.
    #[inline]
    pub fn set_watchdog(&self, time_ns: u64) {
        self.watchdog_ns.set(time_ns);
        self.hurry(time_ns);
    }

    /// Sets the time by which a call into a driver must return; returns the limit that was set
    /// before.
    #[inline]
    pub fn set_call(&self, (time_ns, function): (u64, &'static str)) -> (u64, &'static str) {
        self.hurry(time_ns);
        (self.call_ns.replace(time_ns), self.call.replace(function))
    }

    /// Earliest deadline in the queue, without timers that were cancelled or set again, and without
    /// waits that are over.
    fn queued_ns(&self) -> u64 {
        let mut queue = self.queue.borrow_mut();
        while let Some(entry) = queue.peek() {
            if !entry.is_stale() {
                return entry.time_ns;
            }
            queue.pop();
        }
        NEVER
    }

    /// The timers that are due and wait for the clock interrupt, in the order in which they
    /// expire.
    fn timers_before_tick(&self, now_ns: u64) -> Vec<Timer> {
        let queue = self.queue.borrow();
        let mut found: Vec<(u64, u64, &Timer)> = queue
            .iter()
            .filter(|entry| !entry.is_stale() && entry.time_ns > now_ns)
            .filter_map(|entry| match &entry.due {
                Due::Timer { timer, .. } => Some((entry.time_ns, entry.order, timer)),
                Due::Callback(_) | Due::Wait { .. } => None,
            })
            .filter(|(.., timer)| timer.due_ns() <= now_ns)
            .collect();
        found.sort_by_key(|&(time_ns, order, _)| (time_ns, order));
        found.into_iter().map(|(.., timer)| timer.clone()).collect()
    }

    /// The timers that are set, each with the time of its clock interrupt in ns, in order of time.
    fn timers(&self) -> Vec<(u64, Timer)> {
        let queue = self.queue.borrow();
        let mut entries: Vec<&Entry> = queue.iter().filter(|entry| !entry.is_stale()).collect();
        entries.sort_by(|left, right| right.cmp(left));
        let timer_of = |entry: &Entry| match &entry.due {
            Due::Timer { timer, .. } => Some((entry.time_ns, timer.clone())),
            Due::Callback(_) | Due::Wait { .. } => None,
        };
        entries.into_iter().filter_map(timer_of).collect()
    }

    fn pop_due(&self, now_ns: u64) -> Option<Due> {
        if self.queued_ns() > now_ns {
            return None;
        }
        self.queue.borrow_mut().pop().map(|entry| entry.due)
    }

    /// True when no device and no callback of [`Kernel::at`] can change anything at a later time.
    pub fn is_no_device_or_callback_left(&self) -> bool {
        let queue = self.queue.borrow();
        let has_callback = queue.iter().any(|entry| matches!(entry.due, Due::Callback(_)));
        self.devices_ns.get() == NEVER && !has_callback
    }

    /// True when the queue has no timer, no time-out of a wait and no callback.
    pub fn is_nothing_queued(&self) -> bool {
        self.queued_ns() == NEVER
    }

    /// Earliest deadline of the devices and of the queue. The watchdog, the limit of a call into a
    /// driver and the end of the run do not count.
    fn earliest_ns(&self) -> u64 {
        self.devices_ns.get().min(self.queued_ns())
    }

    fn refresh(&self) {
        let limits_ns = self.watchdog_ns.get().min(self.call_ns.get()).min(self.until_ns);
        self.next_ns.set(self.earliest_ns().min(limits_ns));
    }
}

impl Kernel {
    /// Time since power-on in ns. IRQL: any.
    #[inline]
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.state.now_ns.get()
    }

    /// Time since power-on in 100 ns units, rounded down. IRQL: any.
    #[doc(alias = "KeQueryInterruptTime")]
    #[must_use]
    pub fn interrupt_time_100ns(&self) -> u64 {
        self.now_ns() / 100
    }

    /// System time in 100 ns units since 1601. IRQL: any.
    #[doc(alias = "KeQuerySystemTime")]
    #[must_use]
    pub fn system_time_100ns(&self) -> u64 {
        self.state.config.boot_time_100ns + self.now_ns() / 100
    }

    /// The performance counter and its frequency in Hz. IRQL: any.
    /// Assumed: 10 MHz, what current systems report.
    #[doc(alias = "KeQueryPerformanceCounter")]
    #[must_use]
    pub fn performance_counter(&self) -> (u64, u64) {
        (self.now_ns() / 100, 10_000_000)
    }

    /// Time between two clock interrupts in 100 ns units. IRQL: any.
    #[doc(alias = "KeQueryTimeIncrement")]
    #[must_use]
    pub fn time_increment_100ns(&self) -> u32 {
        u32::try_from(self.config().clock_interval_ns / 100).unwrap_or(u32::MAX)
    }

    /// Keeps the processor busy for `microseconds`; interrupts above the IRQL are taken.
    ///
    /// IRQL: any. Time spent in interrupts counts as time of the stall.
    #[doc(alias = "KeStallExecutionProcessor")]
    #[inline]
    pub fn stall_us(&self, microseconds: u32) {
        let time_ns = u64::from(microseconds) * 1_000;
        self.advise(Advice::Stall, time_ns);
        self.busy_until(self.now_ns() + time_ns);
    }

    /// The time in ns at which something happens next by itself. Until that time the caller may
    /// move the clock on without serving deadlines. The time may be too early, never too late. When
    /// something is due already, the time is not later than now.
    #[inline]
    #[must_use]
    pub fn next_deadline_ns(&self) -> u64 {
        self.state.deadlines.next_ns.get()
    }

    /// Keeps the processor busy until `time_ns`; interrupts are taken on the way. Code that runs
    /// outside this kernel spends its time with this call. When `time_ns` is in the past, the call
    /// is only a preemption point.
    ///
    /// IRQL: any.
    #[inline]
    pub fn busy_until(&self, time_ns: u64) {
        if time_ns < self.state.deadlines.next_ns.get() && !self.may_be_preempted() {
            self.state.now_ns.set(time_ns.max(self.now_ns()));
            return;
        }
        self.busy_until_slow(time_ns);
    }

    #[inline(never)]
    fn busy_until_slow(&self, time_ns: u64) {
        self.preemption_point();
        while self.now_ns() < time_ns {
            let step = self.state.deadlines.next_ns.get().clamp(self.now_ns(), time_ns);
            self.pass_time(if self.is_frozen() { time_ns } else { step });
            self.preemption_point();
        }
    }

    /// Lets time pass without a preemption point, and serves the deadlines on the way.
    ///
    /// On a frozen kernel no deadline is served, but the clock goes on. If the clock stood still, a
    /// destructor that polls until a certain time would never end.
    #[inline]
    pub(crate) fn pass_time(&self, time_ns: u64) {
        if time_ns < self.state.deadlines.next_ns.get() {
            self.state.now_ns.set(time_ns);
            return;
        }
        self.pass_deadlines(time_ns);
    }

    #[inline(never)]
    fn pass_deadlines(&self, time_ns: u64) {
        let deadlines = &self.state.deadlines;
        while !self.is_frozen() && deadlines.next_ns.get() <= time_ns {
            self.state.now_ns.set(deadlines.next_ns.get().max(self.now_ns()));
            self.serve_deadlines();
            deadlines.refresh();
        }
        self.state.now_ns.set(time_ns.max(self.now_ns()));
    }

    /// Serves all deadlines that are due now: devices first, then timers, callbacks and waits in
    /// the order of their times. If the end of the run, the watchdog or the limit of a call into a
    /// driver is due, the kernel stops instead.
    fn serve_deadlines(&self) {
        let now_ns = self.now_ns();
        let deadlines = &self.state.deadlines;
        if now_ns >= deadlines.until_ns {
            self.stop_at_time_limit();
            return;
        }
        if now_ns >= deadlines.watchdog_ns.get() {
            let limit_ns = self.state.config.dpc_watchdog_ns;
            self.bug_check_with(
                BugCheckCode::DPC_WATCHDOG_VIOLATION,
                [0, limit_ns / 1_000_000, limit_ns / 1_000_000, 0],
                &format!("a DPC ran for {} ms", limit_ns / 1_000_000),
            );
            return;
        }
        if now_ns >= deadlines.call_ns.get() {
            self.hang_in_call(deadlines.call.get());
            return;
        }
        if now_ns >= deadlines.devices_ns.get() {
            self.advance_devices();
        }
        while let Some(due) = deadlines.pop_due(now_ns) {
            match due {
                Due::Timer { timer, .. } => self.expire_timer(&timer),
                Due::Callback(callback) => callback(self),
                Due::Wait { thread, .. } => self.time_out_thread(&thread),
            }
        }
    }

    /// Calls `callback` at `time_ns` outside the processor, at no IRQL. Hardware acts in the same
    /// way.
    ///
    /// The callback may change devices and lines. It must not call drivers. If `time_ns` is in
    /// the past, the kernel calls the callback as soon as time passes.
    pub fn at(&self, time_ns: u64, callback: impl FnOnce(&Kernel) + 'static) {
        if !self.is_frozen() {
            let time_ns = time_ns.max(self.now_ns());
            self.state.deadlines.push(time_ns, Due::Callback(Box::new(callback)));
        }
    }

    /// The timers that a clock interrupt would expire if it came now.
    pub(crate) fn timers_before_tick(&self) -> Vec<Timer> {
        self.state.deadlines.timers_before_tick(self.now_ns())
    }

    /// The timers that are set, each with the time of its clock interrupt in ns.
    pub(crate) fn set_timers(&self) -> Vec<(u64, Timer)> {
        self.state.deadlines.timers()
    }

    pub(crate) fn queue_timer(&self, time_ns: u64, timer: &Timer, armed: u64) {
        self.state.deadlines.push(time_ns, Due::Timer { timer: timer.clone(), armed });
    }

    pub(crate) fn queue_wait(&self, time_ns: u64, thread: &Thread, number: u64) {
        self.state.deadlines.push(time_ns, Due::Wait { thread: thread.clone(), number });
    }

    /// One turn of the idle thread: serves what waits, or moves the clock to the next deadline, at
    /// most to `limit_ns`.
    pub fn turn(&self, limit_ns: u64) -> Progress {
        if self.is_frozen() {
            return Progress::Idle;
        }
        if self.serve_waiting() == Progress::Moved {
            return Progress::Moved;
        }
        let next_ns = self.state.deadlines.earliest_ns();
        if next_ns == NEVER && limit_ns == NEVER {
            return Progress::Idle;
        }
        self.pass_time_to(next_ns, limit_ns)
    }

    /// Runs the interrupts and DPCs that wait, and then a work item or a system thread if one is
    /// ready. Only the code that runs moves the clock on.
    ///
    /// Returns [`Progress::Moved`] if a work item or thread ran, or if the oracle has put something
    /// off.
    fn serve_waiting(&self) -> Progress {
        self.preemption_point();
        let is_below_dispatch = self.current_irql() < Irql::DISPATCH_LEVEL;
        if is_below_dispatch && (self.run_work_item() || self.run_thread()) {
            return Progress::Moved;
        }
        // The oracle may have put off an interrupt or a DPC, but an idle processor is free to begin
        // it. So the next turn asks the oracle again.
        if self.is_something_put_off() { Progress::Moved } else { Progress::Idle }
    }

    /// Moves the clock to the deadline `next_ns`, at most to `limit_ns`.
    fn pass_time_to(&self, next_ns: u64, limit_ns: u64) -> Progress {
        if next_ns > limit_ns && self.now_ns() >= limit_ns {
            return Progress::Idle;
        }
        self.pass_time(next_ns.min(limit_ns));
        self.preemption_point();
        Progress::Moved
    }

    /// Runs the event loop of an idle thread until `time_ns`. With `u64::MAX` it runs until nothing
    /// can happen any more without outside help. IRQL: PASSIVE_LEVEL.
    pub fn run_until(&self, time_ns: u64) {
        while self.now_ns() < time_ns && self.turn(time_ns) == Progress::Moved {}
        self.preemption_point();
    }

    /// Runs the event loop of an idle thread while `condition` holds, at most until `limit_ns`.
    ///
    /// Returns [`Progress::Moved`] when the condition no longer holds, and [`Progress::Idle`] at
    /// the limit. It returns [`Progress::Idle`] before the limit if the kernel has stopped, or if
    /// nothing can happen any more without outside help. IRQL: PASSIVE_LEVEL.
    pub fn run_while(&self, limit_ns: u64, mut condition: impl FnMut() -> bool) -> Progress {
        while condition() {
            if self.now_ns() >= limit_ns || self.is_frozen() {
                return Progress::Idle;
            }
            if self.serve_waiting() == Progress::Moved {
                continue;
            }
            let next_ns = self.state.deadlines.earliest_ns();
            if next_ns == NEVER || self.pass_time_to(next_ns, limit_ns) == Progress::Idle {
                return Progress::Idle;
            }
        }
        Progress::Moved
    }
}
