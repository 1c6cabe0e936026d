//! The render side of a DirectMusic lane: its sequencer.
//!
//! The sequencer puts each event to the miniport's stream when the event is due. It merges the
//! events of all requests by their times. It completes a request when it has put the last event of
//! the request, and does not wait for the miniport to play it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use portcls_emulator::trace::Argument;
use portcls_emulator::{Kernel, NtStatus};

use super::allocator::EventAllocator;
use super::clock::MasterClock;
use super::form::WireForm;
use super::sequence::Sequence;
use super::unpack::{Pending, Unpacker};
use crate::dmus_event::DmusKernelEvent;
use crate::interfaces::IMxf;
use crate::lane::Lane;
use crate::miniport_calls::Method;
use crate::pump::{Outcome, Pump};
use crate::stream_request::StreamRequest;

/// The sequencer throws out the entries of ended requests when there are more of them than this
/// number, and more than half of all entries.
const STALE_LIMIT: usize = 1_000;

/// An entry of the sequence: an event of a request, or the end of a request.
struct Entry {
    pending: Rc<Pending>,
    /// Which event of the request, or [`END`].
    index: u32,
}

/// The index that stands for the end of a request. No request has that many events.
const END: u32 = u32::MAX;

/// The sequencer of one lane.
pub(super) struct Renderer {
    form: WireForm,
    prefetch_100ns: i64,

    allocator: Rc<EventAllocator>,
    unpacker: Unpacker,
    pump: Pump,

    sequence: RefCell<Sequence<Entry>>,
    /// The requests that have not ended, in the order in which they came.
    pending: RefCell<VecDeque<Rc<Pending>>>,
    /// The number of entries in the sequence whose requests have ended, or more.
    stale: Cell<usize>,
}

impl Renderer {
    /// Makes a sequencer for a stream that wants each event `prefetch_100ns` before it is due.
    pub fn new(
        kernel: &Kernel,
        lane: &Rc<Lane>,
        form: WireForm,
        allocator: &Rc<EventAllocator>,
        prefetch_100ns: u64,
    ) -> Renderer {
        Renderer {
            form,
            prefetch_100ns: i64::try_from(prefetch_100ns).unwrap_or(i64::MAX),
            allocator: Rc::clone(allocator),
            unpacker: Unpacker::new(form, allocator),
            pump: Pump::new(kernel, lane),
            sequence: RefCell::default(),
            pending: RefCell::default(),
            stale: Cell::new(0),
        }
    }

    /// Puts the events of a queued request into the sequence. IRQL: up to DISPATCH_LEVEL.
    ///
    /// # Errors
    /// The errors of [`Unpacker::unpack`]. Then the sequence has no entry of the request.
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

    /// Stops the timer and the DPC, so that no event is put until the next
    /// [`pump`](Self::pump). IRQL: up to DISPATCH_LEVEL.
    pub fn pause(&self, kernel: &Kernel) {
        self.pump.pause(kernel);
    }

    /// Gives back the events of a request that ends now, and notes in the request how many bytes
    /// were put.
    pub fn abandon(&self, request: &Rc<StreamRequest>) {
        let is_it = |pending: &Rc<Pending>| Rc::ptr_eq(&pending.request, request);
        let Some(pending) = self.remove(is_it) else { return };
        let entries = pending.events() + 1;
        pending.abandon(&self.allocator);
        self.sweep(entries);
    }

    /// Gives back the events of all requests, which end now, and forgets the open message.
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

    /// Counts the entries of a request that has ended, and throws out all such entries when there
    /// are many. `entries` is the largest possible number: some entries may have left the sequence
    /// before.
    fn sweep(&self, entries: usize) {
        self.stale.set(self.stale.get() + entries);
        let mut sequence = self.sequence.borrow_mut();
        if self.stale.get() > STALE_LIMIT.max(sequence.len() / 2) {
            sequence.retain(|entry| !entry.pending.has_ended.get());
            self.stale.set(0);
        }
    }

    /// Puts the events that are due, and sets the timer for the next event. IRQL: DISPATCH_LEVEL.
    pub fn pump(&self, kernel: &Kernel, lane: &Lane, stream: &dyn IMxf) {
        self.pump.run(kernel, lane, || self.step(kernel, lane, stream));
    }

    /// Handles the first entry if it is due: puts its event, or completes its request.
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
            // No event is left. This notes how many bytes were put; the number counts when the
            // request failed.
            pending.abandon(&self.allocator);
            lane.queue().complete(kernel, &pending.request, pending.status.get());
            return Outcome::RequestEnded;
        }
        if let Some(event) = pending.take(index) {
            self.put(kernel, lane, stream, &pending, event);
        }
        Outcome::Progress
    }

    /// Puts one event to the miniport's stream. When the miniport answers an error, the port still
    /// puts the next events, and completes the request with that error.
    ///
    /// Assumed: one event a call; the pages only say that a chain is allowed.
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
            // In the trace, a call has one argument only. The time of the call is the time of the
            // event, unless the event is put early.
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
