//! A capture stream: bytes in, events out.
//!
//! The service routine reads all bytes that wait in the card, and keeps each of them in the ring,
//! with the time at which the routine began to read. In the DPC of the service group, the stream
//! hands the kept bytes on as raw fragments, and the port's sink makes messages of the fragments. A
//! byte leaves the ring only when there is an event for it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::{Irql, Kernel, NtStatus};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::dmus_event::{DmusEventFlags, DmusKernelEvent, EventChain, INLINE_LIMIT};
use portcls_port::guid::Guid;
use portcls_port::interfaces::{IAllocatorMxf, IMxf};
use portcls_port::ks::KsState;

use super::retry::Retry;
use crate::card::Capture;
use crate::hardware::Hardware;

/// The greatest number of events in one chain. When a chain has this many events, the stream sends
/// it and begins a new chain.
const CHAIN_LIMIT: usize = 64;

/// The channel group of all received bytes: a cable has one group. Source: the published MPU-401
/// sample.
const CHANNEL_GROUP: u16 = 1;

/// One open capture pin. The stream is in STOP at first.
pub(super) struct CaptureStream {
    pin: u32,

    kernel: Kernel,
    hardware: Rc<Hardware>,
    allocator: Rc<dyn IAllocatorMxf>,
    /// The sink for the events. Without a sink the events go back to the allocator.
    output: RefCell<Option<Rc<dyn IMxf>>>,
    retry: Retry,

    state: Cell<KsState>,
    is_sending: Cell<bool>,
}

impl CaptureStream {
    /// The stream of a pin that [`Hardware::open`] has taken.
    pub fn new(
        kernel: &Kernel,
        hardware: &Rc<Hardware>,
        pin: u32,
        allocator: &Rc<dyn IAllocatorMxf>,
    ) -> Rc<CaptureStream> {
        Rc::new_cyclic(|this: &Weak<CaptureStream>| {
            let this = Weak::clone(this);
            let go_on = move |kernel: &Kernel| {
                if let Some(stream) = this.upgrade() {
                    stream.send_on(kernel);
                }
            };
            CaptureStream {
                pin,
                kernel: kernel.clone(),
                hardware: Rc::clone(hardware),
                allocator: Rc::clone(allocator),
                output: RefCell::new(None),
                retry: Retry::new(kernel, "uart capture", go_on),
                state: Cell::new(KsState::Stop),
                is_sending: Cell::new(false),
            }
        })
    }

    /// Sets what the driver does with input. In RUN the driver keeps input. In PAUSE the driver
    /// discards new input, and still sends the kept bytes on. Below PAUSE the driver drops all
    /// bytes.
    ///
    /// Source: WDK, IMXF::SetState, for the events that go on in PAUSE. Assumed: a paused stream
    /// takes no new input, as the published sample does.
    fn capture_in(&self, kernel: &Kernel, state: KsState) {
        let capture = if state == KsState::Run { Capture::Keep } else { Capture::Discard };
        self.hardware.set_capture(kernel, capture);
        if state < KsState::Pause {
            self.retry.cancel();
            self.hardware.clear_captured(kernel);
        }
    }

    /// Sends the kept bytes on, in chains of raw fragments. IRQL: DISPATCH_LEVEL.
    fn send_on(&self, kernel: &Kernel) {
        if self.state.get() < KsState::Pause || self.is_sending.replace(true) {
            return;
        }
        while self.hardware.has_captured(kernel) && !kernel.is_frozen() {
            let chain = self.fragments(kernel);
            if chain.is_empty() {
                // No event is free. The bytes wait in the ring, and the timer tries again.
                self.retry.set();
                break;
            }
            let output = self.output.borrow().clone();
            let _ = match output {
                Some(sink) => sink.put_message(kernel, Some(chain)),
                None => self.allocator.put_message(kernel, Some(chain)),
            };
        }
        self.is_sending.set(false);
    }

    /// Takes kept bytes while there are events for them.
    fn fragments(&self, kernel: &Kernel) -> EventChain {
        let mut chain = EventChain::new();
        while chain.len() < CHAIN_LIMIT && self.hardware.has_captured(kernel) {
            let Ok(event) = self.allocator.get_message(kernel) else { break };
            chain.push(self.fragment(kernel, event));
        }
        chain
    }

    /// Fills an event with kept bytes that have the same time.
    fn fragment(&self, kernel: &Kernel, mut event: DmusKernelEvent) -> DmusKernelEvent {
        let mut bytes = [0; INLINE_LIMIT as usize];
        let room = &mut bytes[..usize::from(event.home().inline_limit)];
        let (length, time_100ns) = self.hardware.take_captured_of_one_time(kernel, room);
        event.set_inline(&bytes[..length]);
        event.flags = DmusEventFlags::INCOMPLETE;
        event.channel_group = CHANNEL_GROUP;
        event.time_100ns = time_100ns;
        event
    }
}

impl Drop for CaptureStream {
    /// Stops capture before the pin is free for the next stream, because a client can close its
    /// pin, or die, in any state. IRQL: PASSIVE_LEVEL.
    fn drop(&mut self) {
        self.capture_in(&self.kernel, KsState::Stop);
        self.hardware.close(self.pin);
    }
}

impl IUnknown for CaptureStream {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMxf)
    }
}

impl IMxf for CaptureStream {
    fn set_state(&self, kernel: &Kernel, state: KsState) -> Result<(), NtStatus> {
        if state == KsState::Run && !self.hardware.is_ready() {
            return Err(NtStatus::INVALID_DEVICE_STATE);
        }
        self.capture_in(kernel, state);
        self.state.set(state);
        Ok(())
    }

    /// When the caller passes no events, this call sends the bytes that the service routine has
    /// kept. When the caller passes events, this call gives them back to the allocator and fails,
    /// because only a render stream plays events.
    fn put_message(&self, kernel: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus> {
        if events.is_some() {
            let _ = self.allocator.put_message(kernel, events);
            return Err(NtStatus::INVALID_DEVICE_REQUEST);
        }
        self.hardware.report_overruns(kernel);
        self.send_on(kernel);
        Ok(())
    }

    fn connect_output(&self, _kernel: &Kernel, sink: Rc<dyn IMxf>) -> Result<(), NtStatus> {
        let mut output = self.output.borrow_mut();
        if output.is_some() {
            return Err(NtStatus::UNSUCCESSFUL);
        }
        *output = Some(sink);
        Ok(())
    }

    fn disconnect_output(
        &self,
        kernel: &Kernel,
        sink: Option<&Rc<dyn IMxf>>,
    ) -> Result<(), NtStatus> {
        let is_other = match (sink, &*self.output.borrow()) {
            (Some(sink), Some(output)) => !Rc::ptr_eq(sink, output),
            (Some(_), None) => true,
            (None, _) => false,
        };
        if is_other {
            return Err(NtStatus::UNSUCCESSFUL);
        }
        // While this code is at DISPATCH_LEVEL, no DPC can start, so no DPC can use the sink while
        // this code removes it.
        let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
        let output = self.output.take();
        kernel.lower_irql(old);
        drop(output);
        Ok(())
    }
}
