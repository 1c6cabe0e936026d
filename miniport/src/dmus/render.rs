//! A render stream: events in, bytes out.
//!
//! This file owns the queue of events that are due and not played yet. The port's sequencer puts an
//! event when the event is due. If the card is busy at that time, the stream's timer sends the rest
//! of the event later.
//!
//! When a dead card does not play an event, the stream reports the failure.
//! Assumed: the stream makes this report, because the documents do not say what the system's own
//! miniport does with a dead card. When a write fails, the published sample still counts the event
//! as written.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use portcls_emulator::{Irql, Kernel, NtStatus, SpinLock};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::dmus_event::{DmusKernelEvent, EventChain, EventData};
use portcls_port::guid::Guid;
use portcls_port::interfaces::{IAllocatorMxf, IMxf};
use portcls_port::ks::KsState;

use super::retry::Retry;
use crate::busy_or_dead::BusyOrDead;
use crate::hardware::Hardware;

/// When a turn of the stream has lasted this time, in ns, the stream begins no further event, so
/// that other code can run.
///
/// Assumed: 20 ms. After a turn the timer lets the stream go on at the first clock interrupt after
/// 1 ms, so after 1 to 2 ms. In this time the line of a card with a buffer of a byte or two may be
/// idle. This idle time costs about 5 % of the wire's rate.
const TURN_NS: u64 = 20_000_000;

/// The events that wait. All these events come from the allocator, so the allocator's limit is the
/// limit of the queue.
#[derive(Default)]
struct Queue {
    events: VecDeque<DmusKernelEvent>,
    /// How many bytes of the first event the card has taken.
    sent_of_first: usize,
    /// True while the card has taken only a part of a message.
    in_message: bool,
}

impl Queue {
    /// Notes that the card has taken an event. Returns whether a message has begun and is not over.
    ///
    /// A real-time byte changes nothing, because it may stand inside another message. Bytes that
    /// begin no message, such as data bytes without a status, do not open a message.
    /// Source: MIDI 1.0 Detailed Specification, system real time and end of exclusive.
    fn note_sent(&mut self, event: &DmusKernelEvent) -> bool {
        match *event.bytes() {
            [] | [0xF8..=0xFF] => {}
            [first, ..] => {
                let is_open = match first {
                    0x80..=0xF6 => true,
                    0xF7 => false,
                    _ => self.in_message,
                };
                let is_over = !event.is_incomplete() || event.bytes().ends_with(&[0xF7]);
                self.in_message = is_open && !is_over;
            }
        }
        self.in_message
    }
}

/// The result of sending the first event.
enum Sent {
    /// All bytes of the event are out.
    Whole,
    /// The card is busy, or another stream's message is not over.
    Part,
    /// The card is dead: the card takes no bytes any more.
    Dead,
}

/// One open render pin. The stream is in STOP at first.
pub(super) struct RenderStream {
    pin: u32,

    kernel: Kernel,
    hardware: Rc<Hardware>,
    allocator: Rc<dyn IAllocatorMxf>,
    retry: Retry,

    state: Cell<KsState>,
    /// Guards the queue.
    lock: SpinLock,
    queue: RefCell<Queue>,
    is_sending: Cell<bool>,
    busy_or_dead: BusyOrDead,
}

impl RenderStream {
    /// The stream of a pin that [`Hardware::open`] has taken.
    pub fn new(
        kernel: &Kernel,
        hardware: &Rc<Hardware>,
        pin: u32,
        allocator: &Rc<dyn IAllocatorMxf>,
    ) -> Rc<RenderStream> {
        Rc::new_cyclic(|this: &Weak<RenderStream>| {
            let this = Weak::clone(this);
            let go_on = move |kernel: &Kernel| {
                if let Some(stream) = this.upgrade() {
                    let _ = stream.play(kernel);
                }
            };
            RenderStream {
                pin,
                kernel: kernel.clone(),
                hardware: Rc::clone(hardware),
                allocator: Rc::clone(allocator),
                retry: Retry::new(kernel, "uart render", go_on),
                state: Cell::new(KsState::Stop),
                lock: SpinLock::new(),
                queue: RefCell::default(),
                is_sending: Cell::new(false),
                busy_or_dead: BusyOrDead::default(),
            }
        })
    }

    /// Uses the queue with its lock held. IRQL: up to DISPATCH_LEVEL.
    fn with_queue<R>(&self, kernel: &Kernel, work: impl FnOnce(&mut Queue) -> R) -> R {
        let old = kernel.acquire_spin_lock(&self.lock);
        let result = work(&mut self.queue.borrow_mut());
        kernel.release_spin_lock(&self.lock, old);
        result
    }

    /// Sends queued events until the queue is empty, the card is busy, another stream's message
    /// goes out, or the turn is over.
    ///
    /// IRQL: DISPATCH_LEVEL. Time: at most the sum of [`TURN_NS`] and the time of the last event.
    /// The last event can have 1 024 bytes, which take 0.33 s on the wire.
    ///
    /// # Errors
    /// `STATUS_IO_DEVICE_ERROR` when the card is dead. By then all events have gone back to the
    /// allocator.
    fn play(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        if self.is_sending.replace(true) {
            return Ok(());
        }
        let end_ns = kernel.now_ns() + TURN_NS;
        let mut result = Ok(());
        while let Some(event) = self.take_first(kernel) {
            match self.send(kernel, &event) {
                Sent::Whole => self.give_back(kernel, event.into()),
                Sent::Part => {
                    self.with_queue(kernel, |queue| queue.events.push_front(event));
                    self.retry.set();
                    break;
                }
                Sent::Dead => {
                    self.with_queue(kernel, |queue| queue.events.push_front(event));
                    let lost = self.give_all_back(kernel);
                    kernel.debug_print(format_args!("MPU-401: {lost} events not played"));
                    result = Err(NtStatus::IO_DEVICE_ERROR);
                }
            }
            if kernel.now_ns() >= end_ns {
                self.retry.set();
                break;
            }
        }
        self.is_sending.set(false);
        result
    }

    /// Takes the first event out of the queue, in RUN only.
    ///
    /// If the event is a package, the events of the package take its place, and the empty package
    /// goes back to the allocator.
    fn take_first(&self, kernel: &Kernel) -> Option<DmusKernelEvent> {
        while self.state.get() == KsState::Run && !kernel.is_frozen() {
            let mut event = self.with_queue(kernel, |queue| queue.events.pop_front())?;
            if !matches!(event.data(), EventData::Package(_)) {
                return Some(event);
            }
            let EventData::Package(inner) = event.take_data() else { continue };
            self.with_queue(kernel, |queue| {
                inner.into_iter().rev().for_each(|event| queue.events.push_front(event));
            });
            self.give_back(kernel, event.into());
        }
        None
    }

    /// Sends the rest of an event.
    fn send(&self, kernel: &Kernel, event: &DmusKernelEvent) -> Sent {
        let mut sent = self.with_queue(kernel, |queue| std::mem::take(&mut queue.sent_of_first));
        let bytes = event.bytes();
        while sent < bytes.len() {
            if !self.hardware.begin_message(kernel, self.pin) {
                break;
            }
            let written = self.busy_or_dead.write(kernel, &self.hardware, &bytes[sent..]);
            if written > 0 {
                sent += written;
                continue;
            }
            if self.busy_or_dead.is_dead() {
                self.hardware.end_message(self.pin);
                return Sent::Dead;
            }
            break;
        }
        if sent == bytes.len() {
            if !self.with_queue(kernel, |queue| queue.note_sent(event)) {
                self.hardware.end_message(self.pin);
            }
            return Sent::Whole;
        }
        self.with_queue(kernel, |queue| queue.sent_of_first = sent);
        Sent::Part
    }

    fn give_back(&self, kernel: &Kernel, events: EventChain) {
        // The allocator never refuses its own events.
        let _ = self.allocator.put_message(kernel, Some(events));
    }

    /// Gives all queued events back as one chain, and returns how many there were.
    fn give_all_back(&self, kernel: &Kernel) -> usize {
        let queue = self.with_queue(kernel, std::mem::take);
        self.hardware.end_message(self.pin);
        let chain: EventChain = queue.events.into_iter().collect();
        let count = chain.len();
        if count > 0 {
            self.give_back(kernel, chain);
        }
        count
    }
}

impl Drop for RenderStream {
    /// Gives back the events that are not played, because a client can close its pin, or die, in
    /// any state. IRQL: PASSIVE_LEVEL.
    fn drop(&mut self) {
        self.state.set(KsState::Stop);
        self.retry.cancel();
        self.give_all_back(&self.kernel.clone());
        self.hardware.close(self.pin);
    }
}

impl IUnknown for RenderStream {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMxf)
    }
}

impl IMxf for RenderStream {
    /// Plays the queue in RUN, holds the queue in PAUSE, and gives the events of the queue back
    /// below PAUSE.
    ///
    /// When PAUSE cuts a message, MIDI OUT is free, and another stream's message may come before
    /// the rest.
    fn set_state(&self, kernel: &Kernel, state: KsState) -> Result<(), NtStatus> {
        if state == KsState::Run && !self.hardware.is_ready() {
            return Err(NtStatus::INVALID_DEVICE_STATE);
        }
        self.state.set(state);
        if state == KsState::Run {
            let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
            let _ = self.play(kernel);
            kernel.lower_irql(old);
            return Ok(());
        }
        self.retry.cancel();
        self.hardware.end_message(self.pin);
        if state < KsState::Pause {
            self.give_all_back(kernel);
        }
        Ok(())
    }

    fn put_message(&self, kernel: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus> {
        let Some(events) = events else { return Ok(()) };
        if self.state.get() < KsState::Pause {
            self.give_back(kernel, events);
            return Ok(());
        }
        self.with_queue(kernel, |queue| queue.events.extend(events));
        // While the timer is set, a new event only joins the queue. The stream goes on when the
        // timer ends.
        if self.retry.is_set() { Ok(()) } else { self.play(kernel) }
    }

    fn connect_output(&self, _kernel: &Kernel, _sink: Rc<dyn IMxf>) -> Result<(), NtStatus> {
        Err(NtStatus::UNSUCCESSFUL)
    }

    fn disconnect_output(
        &self,
        _kernel: &Kernel,
        _sink: Option<&Rc<dyn IMxf>>,
    ) -> Result<(), NtStatus> {
        Err(NtStatus::UNSUCCESSFUL)
    }
}
