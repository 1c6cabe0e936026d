//! The render side of a DirectMusic lane: its sequencer, which puts each event when it is due.
//!
//! Events of all requests are merged by their times. A request is complete when its last event was
//! put; what the miniport does with an event is its own business from then on.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use portcls_emulator::trace::Argument;
use portcls_emulator::{Dpc, DueTime, Kernel, NtStatus, Timer, TimerKind};

use super::allocator::EventAllocator;
use super::clock::MasterClock;
use super::form::WireForm;
use super::sequence::Sequence;
use super::unpack::{Pending, Unpacker};
use crate::dmus_event::DmusKernelEvent;
use crate::interfaces::IMxf;
use crate::irp_queue::QUEUED_REQUESTS;
use crate::ks::KsState;
use crate::lane::Lane;
use crate::miniport_calls::Method;
use crate::stream_request::StreamRequest;

/// Longest time in ns for which the sequencer's DPC goes on putting events before it lets others
/// run. Assumed: as the MIDI sequencer.
const PUMP_TIME_NS: u64 = 100_000_000;

/// The most requests that end in one turn of the sequencer before it lets others run: a client
/// that sends one without data from each completion would else stop the clock.
const REQUESTS_PER_TURN: usize = QUEUED_REQUESTS;

/// Entries of requests that ended which are worth to be swept out, if there are not more others.
const STALE_LIMIT: usize = 1_000;

/// What the sequence has for each event, and for the end of each request.
struct Entry {
    pending: Rc<Pending>,
    /// Which event of the request, or [`END`].
    index: u32,
}

/// In the place of an event's number: the end of its request. There are fewer events.
const END: u32 = u32::MAX;

/// The sequencer of one lane.
pub(super) struct Renderer {
    form: WireForm,
    prefetch_100ns: i64,

    allocator: Rc<EventAllocator>,
    unpacker: Unpacker,
    timer: Timer,
    dpc: Dpc,

    sequence: RefCell<Sequence<Entry>>,
    /// The requests that wait, in the order in which they came.
    pending: RefCell<VecDeque<Rc<Pending>>>,
    /// Entries of requests that have ended.
    stale: Cell<usize>,
    pumping: Cell<bool>,
}

/// What one step of the sequencer came to.
enum Outcome {
    /// An event was put, or an entry was nothing any more.
    Progress,
    /// A request was completed.
    RequestEnded,
    /// The next step makes sense after so many 100 ns units.
    Wait(u64),
    /// There is nothing to do.
    Idle,
}

impl Renderer {
    /// A sequencer for a stream that wants its events so much earlier than they are due.
    pub fn new(
        kernel: &Kernel,
        lane: &Rc<Lane>,
        form: WireForm,
        allocator: &Rc<EventAllocator>,
        prefetch_100ns: u64,
    ) -> Renderer {
        let lane = Rc::downgrade(lane);
        let routine = move |kernel: &Kernel| {
            if let Some(lane) = lane.upgrade() {
                lane.turn(kernel);
            }
        };
        Renderer {
            form,
            prefetch_100ns: i64::try_from(prefetch_100ns).unwrap_or(i64::MAX),
            allocator: Rc::clone(allocator),
            unpacker: Unpacker::new(form, allocator),
            timer: Timer::new(TimerKind::Notification),
            dpc: Dpc::new(kernel, "sequencer", Rc::new(routine)),
            sequence: RefCell::default(),
            pending: RefCell::default(),
            stale: Cell::new(0),
            pumping: Cell::new(false),
        }
    }

    /// Takes a request that was queued into the sequence. IRQL: up to DISPATCH_LEVEL.
    ///
    /// # Errors
    /// As [`Unpacker::unpack`]: the request has no part in the sequence then.
    pub fn accept(
        &self,
        kernel: &Kernel,
        lane: &Lane,
        request: &Rc<StreamRequest>,
    ) -> Result<(), NtStatus> {
        let now_100ns = self.form.now_100ns(kernel, lane);
        let pending = self.unpacker.unpack(kernel, now_100ns, request)?;
        let mut sequence = self.sequence.borrow_mut();
        let end_100ns = pending.each_due(|index, time_100ns| {
            let pending = Rc::clone(&pending);
            sequence.push(time_100ns, Entry { pending, index });
        });
        sequence.push(end_100ns, Entry { pending: Rc::clone(&pending), index: END });
        self.pending.borrow_mut().push_back(pending);
        Ok(())
    }

    /// Holds what is not put yet. IRQL: up to DISPATCH_LEVEL.
    pub fn pause(&self, kernel: &Kernel) {
        kernel.cancel_timer(&self.timer);
        kernel.remove_queue_dpc(&self.dpc);
    }

    /// A request will end now: its events go back, and it says how far it came.
    pub fn abandon(&self, request: &Rc<StreamRequest>) {
        let is_it = |pending: &Rc<Pending>| Rc::ptr_eq(&pending.request, request);
        let Some(pending) = self.remove(is_it) else { return };
        let entries = pending.events() + 1;
        pending.abandon(&self.allocator);
        self.sweep(entries);
    }

    /// All requests will end now.
    pub fn flush(&self) {
        *self.sequence.borrow_mut() = Sequence::default();
        self.stale.set(0);
        let all = self.pending.take();
        all.iter().for_each(|pending| pending.abandon(&self.allocator));
        self.unpacker.reset();
    }

    fn remove(&self, is_it: impl FnMut(&Rc<Pending>) -> bool) -> Option<Rc<Pending>> {
        let mut all = self.pending.borrow_mut();
        let position = all.iter().position(is_it)?;
        all.remove(position)
    }

    /// So many more entries of the sequence are nothing any more, or fewer: it may be time to
    /// throw them out.
    fn sweep(&self, entries: usize) {
        self.stale.set(self.stale.get() + entries);
        let mut sequence = self.sequence.borrow_mut();
        if self.stale.get() > STALE_LIMIT.max(sequence.len() / 2) {
            sequence.retain(|entry| !entry.pending.has_ended.get());
            self.stale.set(0);
        }
    }

    /// Puts what is due and sets the timer for the rest. IRQL: DISPATCH_LEVEL.
    pub fn pump(&self, kernel: &Kernel, lane: &Lane, stream: &dyn IMxf) {
        // A completed request can bring the next one while this one is still served.
        if self.pumping.replace(true) {
            return;
        }
        let began_ns = kernel.now_ns();
        let mut ended = 0;
        while lane.state() == KsState::Run && !kernel.is_frozen() {
            match self.step(kernel, lane, stream) {
                Outcome::Progress if kernel.now_ns() - began_ns < PUMP_TIME_NS => {}
                Outcome::RequestEnded if ended < REQUESTS_PER_TURN => ended += 1,
                Outcome::Progress | Outcome::RequestEnded => {
                    self.wake(kernel, 0);
                    break;
                }
                Outcome::Wait(time_100ns) => {
                    self.wake(kernel, time_100ns);
                    break;
                }
                Outcome::Idle => break,
            }
        }
        self.pumping.set(false);
    }

    fn wake(&self, kernel: &Kernel, in_100ns: u64) {
        kernel.set_timer(&self.timer, DueTime::Relative(in_100ns), 0, Some(&self.dpc));
    }

    /// Puts the first event if it is due, or completes the request whose end it is.
    fn step(&self, kernel: &Kernel, lane: &Lane, stream: &dyn IMxf) -> Outcome {
        let first = match self.sequence.borrow().first() {
            None => return Outcome::Idle,
            Some((_, entry)) if entry.pending.has_ended.get() => None,
            Some((due_100ns, _)) => Some(due_100ns),
        };
        if let Some(due_100ns) = first {
            let now_100ns = self.form.now_100ns(kernel, lane);
            let ahead = due_100ns.saturating_sub(self.prefetch_100ns).saturating_sub(now_100ns);
            if ahead > 0 {
                return Outcome::Wait(ahead.unsigned_abs());
            }
        }
        let popped = self.sequence.borrow_mut().pop();
        let Some((_, Entry { pending, index })) = popped else { return Outcome::Idle };
        if pending.has_ended.get() {
            self.stale.set(self.stale.get().saturating_sub(1));
            return Outcome::Progress;
        }
        if index == END {
            pending.has_ended.set(true);
            self.remove(|other| Rc::ptr_eq(other, &pending));
            lane.queue().complete(kernel, &pending.request, pending.status.get());
            return Outcome::RequestEnded;
        }
        if let Some(event) = pending.take(index) {
            self.put(kernel, lane, stream, &pending, event);
        }
        Outcome::Progress
    }

    /// Assumed: one event a call; the pages only say that a chain is allowed. When the miniport
    /// answers an error the next events are put all the same, and the request tells it at its end.
    fn put(
        &self,
        kernel: &Kernel,
        lane: &Lane,
        stream: &dyn IMxf,
        pending: &Pending,
        mut event: DmusKernelEvent,
    ) {
        event.time_100ns = self.form.master_time(kernel, lane, event.time_100ns);
        let calls = lane.calls();
        let ahead_100ns = event.time_100ns.saturating_sub(MasterClock::time_100ns(kernel));
        if ahead_100ns > 0 {
            // A call shows one argument only, and its time is the event's in any other case.
            let text = format!("the next event is due in {} us", ahead_100ns / 10);
            calls.note(kernel, &text);
        }
        let what = calls.bytes(usize::from(event.length()));
        let put = || stream.put_message(kernel, Some(event.into()));
        let none = Argument::None;
        if let Err(status) = calls.call(kernel, Method::PutMessage, what, put, |()| none)
            && pending.status.get() == NtStatus::SUCCESS
        {
            pending.status.set(status);
        }
    }
}
