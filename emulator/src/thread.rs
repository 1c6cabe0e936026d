//! System threads: contexts of their own that wait without nesting.
//!
//! The code of a thread is a [`ThreadBody`]. The kernel resumes the body. The body runs until the
//! thread waits, delays or ends, and returns a [`Step`] that says which of these it does. So a
//! thread that waits has no frame on the emulator's own stack: many threads can wait at once, and
//! their waits end in any order. `thread/schedule.rs` decides which thread runs next, and when.

mod inspect;
mod schedule;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::clock::NEVER;
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::repetition::Repetition;
use crate::running::Running;
use crate::status::NtStatus;
use crate::trace::Layer;
use crate::wait::{Timeout, Waitable, WaitedFor};

/// The code of a system thread.
pub trait ThreadBody {
    /// Runs the thread until it waits, delays or ends. `status` says how the last wait ended:
    /// - `SUCCESS` when the thread got the object;
    /// - the index of the object when the thread waited for several objects and got one;
    /// - `TIMEOUT` when the time was over.
    ///
    /// At the beginning of the thread and after a delay, `status` is `SUCCESS`.
    ///
    /// IRQL: PASSIVE_LEVEL at the beginning. After a wait the level is the level at which the
    /// thread waited.
    fn resume(&self, kernel: &Kernel, status: NtStatus) -> Step;
}

impl<F: Fn(&Kernel, NtStatus) -> Step> ThreadBody for F {
    fn resume(&self, kernel: &Kernel, status: NtStatus) -> Step {
        self(kernel, status)
    }
}

/// What a thread does when its code gives the processor back.
#[derive(Clone)]
pub enum Step {
    /// The thread waits for an object.
    #[doc(alias = "KeWaitForSingleObject")]
    Waits(Rc<dyn Waitable>, Timeout),
    /// The thread waits for a time in 100 ns units, rounded up to the next clock interrupt.
    #[doc(alias = "KeDelayExecutionThread")]
    Delays(u64),
    /// The thread ends with this status.
    #[doc(alias = "PsTerminateSystemThread")]
    Ends(NtStatus),
}

/// At most this number of system threads live at a time. Assumed: a driver has a few threads, and
/// only a driver with an error makes more than this number.
pub const SYSTEM_THREADS: u32 = 64;

/// The priority of a new system thread.
/// Source: Windows Internals, the base priority of the System process is 8.
pub const NORMAL_PRIORITY: i32 = 8;

/// The priorities of a thread are below this number. Source: WDK, KeSetPriorityThread.
pub const PRIORITIES: i32 = 32;

/// The thread number of the first system thread, see [`Kernel::current_thread`]. Number 0 is the
/// thread of the event loop. The numbers between belong to work items: 1 for the outermost work
/// item, 2 for a work item that runs in a wait of that one, and so on.
const FIRST_NUMBER: u32 = 128;

struct ThreadObject {
    /// The place of the thread among the system threads. The place is free again after the thread
    /// ended.
    slot: u32,
    name: String,
    /// The code of the thread; `None` after the thread has ended.
    body: RefCell<Option<Rc<dyn ThreadBody>>>,

    priority: Cell<i32>,
    /// The IRQL at which the thread goes on.
    irql: Cell<Irql>,
    /// How many waits the thread has begun.
    waits: Cell<u64>,
    state: RefCell<State>,
}

enum State {
    /// The thread can go on. The status says how its last wait ended.
    Ready(NtStatus),
    Runs,
    Waits(Standing),
    Ended(NtStatus),
}

/// A wait of a system thread that has not ended.
struct Standing {
    object: Rc<dyn Waitable>,
    since_ns: u64,
    deadline_ns: u64,
    when_over: WhenOver,
}

/// What it means that the time of a wait is over.
#[derive(Clone, Copy)]
enum WhenOver {
    /// The object has not come: `TIMEOUT`.
    TimedOut,
    /// The delay that the thread asked for has ended: `SUCCESS`.
    DelayEnded { time_100ns: u64 },
}

/// A system thread (KTHREAD). The thread is signalled when it has ended.
#[doc(alias = "KTHREAD")]
#[derive(Clone)]
pub struct Thread(Rc<ThreadObject>);

impl Thread {
    /// The number of the thread in a trace and in reports, from 1 on. After the end of the thread,
    /// a new thread may get its number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.0.slot + 1
    }

    /// The value of [`Kernel::current_thread`] while this thread runs.
    #[must_use]
    pub fn kernel_number(&self) -> u32 {
        FIRST_NUMBER + self.0.slot
    }

    /// The status with which the thread ended; `None` while it lives.
    #[must_use]
    pub fn exit_status(&self) -> Option<NtStatus> {
        match *self.0.state.borrow() {
            State::Ended(status) => Some(status),
            _ => None,
        }
    }

    /// The priority, from 1 to 31.
    #[doc(alias = "KeQueryPriorityThread")]
    #[must_use]
    pub fn priority(&self) -> i32 {
        self.0.priority.get()
    }

    /// True while the thread's wait with this number has not ended.
    pub(crate) fn stands_in_wait(&self, number: u64) -> bool {
        self.0.waits.get() == number && matches!(*self.0.state.borrow(), State::Waits(_))
    }
}

impl Waitable for Thread {
    fn try_acquire(&self) -> bool {
        self.can_acquire()
    }

    fn can_acquire(&self) -> bool {
        self.exit_status().is_some()
    }

    fn describe(&self) -> WaitedFor {
        WaitedFor::EndOfThread(self.number())
    }
}

/// The system threads of a kernel.
#[derive(Default)]
pub(crate) struct Threads {
    /// The threads that live, each at its slot.
    slots: RefCell<Vec<Option<Thread>>>,
    /// The number of threads that live. When it is 0, `run_thread` and `wake_threads` do nothing.
    alive: Cell<u32>,
    /// The threads that can go on, in the order in which they became ready.
    ready: RefCell<Vec<Thread>>,
    /// The threads that wait, in the order in which they began to wait.
    waiting: RefCell<Vec<Thread>>,
    repetition: Repetition,
}

impl Threads {
    /// Drops every thread.
    pub fn clear(&self) {
        self.alive.set(0);
        let threads = (self.slots.take(), self.ready.take(), self.waiting.take());
        for thread in threads.0.iter().flatten() {
            drop(thread.0.body.take());
            // The object of a wait may be another thread, or may hold the kernel. If the thread
            // kept the object, the two could keep each other alive for ever.
            drop(thread.0.state.replace(State::Ended(NtStatus::UNSUCCESSFUL)));
        }
    }
}

impl Kernel {
    /// Creates a system thread; `name` is its name in reports. The thread is ready at once. The new
    /// thread runs when the thread that runs now waits or is idle.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when [`SYSTEM_THREADS`] threads live already.
    /// `STATUS_UNSUCCESSFUL` on a frozen kernel.
    #[doc(alias = "PsCreateSystemThread")]
    pub fn create_system_thread(
        &self,
        name: &str,
        body: Rc<dyn ThreadBody>,
    ) -> Result<Thread, NtStatus> {
        if self.is_frozen() {
            return Err(NtStatus::UNSUCCESSFUL);
        }
        self.require_irql_at_most(Irql::PASSIVE_LEVEL, "PsCreateSystemThread");
        let threads = &self.state.threads;
        let mut slots = threads.slots.borrow_mut();
        let free = slots.iter().position(Option::is_none).unwrap_or(slots.len());
        let slot = u32::try_from(free).ok().filter(|slot| *slot < SYSTEM_THREADS);
        let slot = slot.ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        let thread = Thread(Rc::new(ThreadObject {
            slot,
            name: name.to_owned(),
            body: RefCell::new(Some(body)),
            priority: Cell::new(NORMAL_PRIORITY),
            irql: Cell::new(Irql::PASSIVE_LEVEL),
            waits: Cell::new(0),
            state: RefCell::new(State::Ready(NtStatus::SUCCESS)),
        }));
        match slots.get_mut(free) {
            Some(place) => *place = Some(thread.clone()),
            None => slots.push(Some(thread.clone())),
        }
        drop(slots);
        threads.alive.set(threads.alive.get() + 1);
        threads.ready.borrow_mut().push(thread.clone());
        self.note_of_thread(&thread, "was created");
        Ok(thread)
    }

    /// The system thread that runs now, also while a DPC or a service routine runs on top of it.
    /// `None` in the thread of the event loop and in a work item.
    #[must_use]
    pub fn current_system_thread(&self) -> Option<Thread> {
        let slot = self.current_thread().checked_sub(FIRST_NUMBER)?;
        self.state.threads.slots.borrow().get(slot as usize)?.clone()
    }

    /// Sets the priority of a thread; returns the priority before. Of the threads that are ready,
    /// one with the highest priority goes on first.
    ///
    /// IRQL: PASSIVE_LEVEL to DISPATCH_LEVEL. A priority below 1 counts as 1, and a priority above
    /// 31 as 31. Source: WDK, KeSetPriorityThread, for the IRQL and the range. Assumed: the
    /// treatment of other priorities, because Windows checks the range only in a debug build.
    #[doc(alias = "KeSetPriorityThread")]
    pub fn set_thread_priority(&self, thread: &Thread, priority: i32) -> i32 {
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "KeSetPriorityThread");
        thread.0.priority.replace(priority.clamp(1, PRIORITIES - 1))
    }

    fn note_of_thread(&self, thread: &Thread, what: &str) {
        if self.trace().is_recording() {
            let who = self.trace().actor("thread", Layer::Software);
            self.record_note(who, &format!("{} {what}", thread.named()));
        }
    }

    /// Sets what runs and the current thread, for a thread that goes on. Returns both values from
    /// before.
    fn set_running_thread(&self, thread: &Thread) -> (Running, u32) {
        let running = self.set_running(Running::SystemThread(thread.number()));
        (running, self.state.thread.replace(thread.kernel_number()))
    }

    /// The deadline, in ns, of a wait that begins now with this time-out.
    fn wait_deadline_ns(&self, timeout: Timeout) -> u64 {
        match timeout {
            Timeout::Never => NEVER,
            Timeout::Relative(time_100ns) => self.clock_interrupt_ns(time_100ns),
        }
    }
}
