//! The render side of a DirectMusic lane: its sequencer.
//!
//! The sequencer puts each event to the miniport's stream when the event is due. The sequencer
//! merges the events of all requests by their times. The sequencer completes a request when it has
//! put the last event of the request. The sequencer does not wait until the miniport has played
//! that event.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use portcls_emulator::trace::Argument;
use portcls_emulator::{Kernel, NtStatus};

use super::allocator::EventAllocator;
use super::form::{Now, WireForm};
use super::sequence::Sequence;
use super::unpack::{Pending, Unpacker};
use crate::dmus_event::DmusKernelEvent;
use crate::interfaces::IMxf;
use crate::lane::Lane;
use crate::miniport_calls::Method;
use crate::pump::{Outcome, Pump};
use crate::stream_request::StreamRequest;

/// The sequencer throws the ended requests out of the sequence when they are more than this number,
/// and are also more than half of all requests in the sequence.
const STALE_LIMIT: usize = 1_000;

/// The sequencer of one lane.
pub(super) struct Renderer {
    form: WireForm,
    prefetch_100ns: i64,

    unpacker: Unpacker,
    pump: Pump,

    /// The requests, each at the time of its next event, or of its end. Requests of the same time
    /// are in the order in which they came.
    sequence: RefCell<Sequence<Rc<Pending>>>,
    /// The requests that have not ended, in the order in which they came.
    pending: RefCell<VecDeque<Rc<Pending>>>,
    /// The number of requests in the sequence that have ended.
    stale: Cell<usize>,
}

impl Renderer {
    /// Makes a sequencer for a stream that wants each event `prefetch_100ns` before the event is
    /// due.
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
            unpacker: Unpacker::new(form, allocator),
            pump: Pump::new(kernel, lane),
            sequence: RefCell::default(),
            pending: RefCell::default(),
            stale: Cell::new(0),
        }
    }

    /// Makes the events of a queued request, and puts the request into the sequence. IRQL: up to
    /// DISPATCH_LEVEL.
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
        self.sequence.borrow_mut().push(pending.due_100ns(), Rc::clone(&pending));
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
        self.unpacker.abandon(&pending);
        self.sweep();
    }

    /// Gives back the events of all requests and forgets the open message. All requests end now.
    pub fn flush(&self) {
        *self.sequence.borrow_mut() = Sequence::default();
        self.stale.set(0);
        let all = self.pending.take();
        all.iter().for_each(|pending| self.unpacker.abandon(pending));
        self.unpacker.reset();
    }

    fn remove(&self, is_it: impl FnMut(&Rc<Pending>) -> bool) -> Option<Rc<Pending>> {
        let mut all = self.pending.borrow_mut();
        // Nearly always the request is the oldest request.
        match all.iter().position(is_it)? {
            0 => all.pop_front(),
            position => all.remove(position),
        }
    }

    /// Counts a request of the sequence that has ended, and throws out all such requests when there
    /// are many.
    fn sweep(&self) {
        self.stale.set(self.stale.get() + 1);
        let mut sequence = self.sequence.borrow_mut();
        if self.stale.get() > STALE_LIMIT.max(sequence.len() / 2) {
            sequence.retain(|pending| !pending.has_ended.get());
            self.stale.set(0);
        }
    }

    /// Puts the events that are due, and sets the timer for the next event. IRQL: DISPATCH_LEVEL.
    pub fn pump(&self, kernel: &Kernel, lane: &Lane, stream: &dyn IMxf) {
        self.pump.run(kernel, lane, || self.step(kernel, lane, stream));
    }

    /// Handles the first request if it is due: puts the next event of the request, or completes the
    /// request.
    fn step(&self, kernel: &Kernel, lane: &Lane, stream: &dyn IMxf) -> Outcome {
        let mut sequence = self.sequence.borrow_mut();
        let Some((due_100ns, pending)) = sequence.first() else { return Outcome::Idle };
        if pending.has_ended.get() {
            sequence.pop();
            self.stale.set(self.stale.get().saturating_sub(1));
            return Outcome::Progress;
        }
        let now = self.form.now(kernel, lane);
        let ahead_100ns = due_100ns.saturating_sub(self.prefetch_100ns);
        let ahead_100ns = ahead_100ns.saturating_sub(now.client_100ns);
        if ahead_100ns > 0 {
            return Outcome::Wait(ahead_100ns.unsigned_abs());
        }
        let pending = Rc::clone(pending);
        if let Some((event, next_100ns)) = pending.take_next() {
            sequence.postpone(next_100ns);
            drop(sequence);
            self.put(kernel, lane, stream, &pending, event, now);
            return Outcome::Progress;
        }
        sequence.pop();
        drop(sequence);
        self.remove(|other| Rc::ptr_eq(other, &pending));
        let status = pending.status.get();
        if status != NtStatus::SUCCESS {
            pending.note_parts();
        }
        self.unpacker.end(&pending);
        lane.queue().complete(kernel, &pending.request, status);
        Outcome::RequestEnded
    }

    /// Puts one event to the miniport's stream. When the miniport answers an error, the port still
    /// puts the next events, and completes the request with the first error.
    ///
    /// Assumed: each call has a single event, because the pages only say that a chain is allowed.
    fn put(
        &self,
        kernel: &Kernel,
        lane: &Lane,
        stream: &dyn IMxf,
        pending: &Pending,
        mut event: DmusKernelEvent,
        now: Now,
    ) {
        event.time_100ns = self.form.master_time(now, event.time_100ns);
        let calls = lane.calls();
        let ahead_100ns = event.time_100ns.saturating_sub(now.master_100ns);
        if ahead_100ns > 0 {
            // In the trace, a call shows one argument: the number of bytes. The time of an event is
            // usually the time of the call. For an event that is put early, this note shows the
            // event's time.
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
