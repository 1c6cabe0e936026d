//! A pin: one open MIDI stream with its state, its clock, its queue and its data side.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::trace::Argument;
use portcls_emulator::{Irp, Irql, Kernel, NtStatus, Parameters};

use crate::answer_query;
use crate::capture::Capturer;
use crate::com::{IUnknown, Interface};
use crate::dispatch::complete;
use crate::filter::MidiFilter;
use crate::guid::Guid;
use crate::interfaces::{IMiniportMidiStream, IServiceGroup, IServiceSink, NewStream};
use crate::irp_queue::IrpQueue;
use crate::ks::{KsDataFormat, KsIoctl, KsPinDataFlow, KsReset, KsState};
use crate::miniport_calls::{Method, MiniportCalls};
use crate::pin_properties;
use crate::property_request::{complete_property, may_be_the_miniports};
use crate::render::Renderer;
use crate::rules;
use crate::service_group::Membership;
use crate::stream_request::StreamRequest;
use crate::subdevice::KsObject;

/// Which way the pin moves data, with the state of that side.
enum Side {
    Render(Renderer),
    Capture(Capturer),
}

/// The stream's clock: it runs in RUN, from 0 at the first RUN after STOP.
#[derive(Clone, Copy, Default)]
struct StreamClock {
    before_ns: u64,
    running_since_ns: Option<u64>,
}

/// An open pin.
pub(crate) struct MidiPin {
    id: u32,
    filter: Rc<MidiFilter>,
    this: Weak<MidiPin>,

    stream: RefCell<Option<Rc<dyn IMiniportMidiStream>>>,
    membership: RefCell<Option<Membership>>,

    format: Cell<KsDataFormat>,
    state: Cell<KsState>,
    clock: Cell<StreamClock>,
    resetting: Cell<bool>,
    /// While the device is not in D0: the state that the stream goes back to.
    suspended: Cell<Option<KsState>>,
    queue: IrpQueue,
    side: Side,
}

/// The sink of a pin in its stream's service group.
struct PinSink(Weak<MidiPin>);

impl IUnknown for PinSink {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IServiceSink)
    }
}

impl IServiceSink for PinSink {
    fn request_service(&self, kernel: &Kernel) {
        let Some(pin) = self.0.upgrade() else { return };
        match &pin.side {
            Side::Render(renderer) => renderer.pump(kernel, &pin),
            Side::Capture(capturer) => capturer.service(kernel, &pin),
        }
    }
}

impl MidiPin {
    /// A pin for a stream that the miniport has just made, in STOP. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// What adding the pin's sink to the stream's group answered.
    pub fn new(
        kernel: &Kernel,
        filter: &Rc<MidiFilter>,
        id: u32,
        data_flow: KsPinDataFlow,
        format: KsDataFormat,
        new: NewStream,
    ) -> Result<Rc<MidiPin>, NtStatus> {
        let pin = Rc::new_cyclic(|this: &Weak<MidiPin>| MidiPin {
            id,
            filter: Rc::clone(filter),
            this: Weak::clone(this),
            stream: RefCell::new(Some(new.stream)),
            membership: RefCell::new(None),
            format: Cell::new(format),
            state: Cell::new(KsState::Stop),
            clock: Cell::new(StreamClock::default()),
            resetting: Cell::new(false),
            suspended: Cell::new(None),
            queue: IrpQueue::default(),
            side: match data_flow {
                KsPinDataFlow::In => Side::Render(Renderer::new(kernel, this)),
                KsPinDataFlow::Out => Side::Capture(Capturer::new()),
            },
        });
        if let Some(group) = new.service_group {
            let sink = Rc::new(PinSink(Rc::downgrade(&pin)));
            *pin.membership.borrow_mut() = Some(Membership::join(kernel, group, sink)?);
        }
        Ok(pin)
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    pub fn filter(&self) -> &Rc<MidiFilter> {
        &self.filter
    }

    pub fn calls(&self) -> &MiniportCalls {
        self.filter.calls()
    }

    pub fn queue(&self) -> &IrpQueue {
        &self.queue
    }

    pub fn state(&self) -> KsState {
        self.state.get()
    }

    pub fn format(&self) -> KsDataFormat {
        self.format.get()
    }

    /// The miniport's stream, until the pin is closed.
    pub fn stream(&self) -> Option<Rc<dyn IMiniportMidiStream>> {
        self.stream.borrow().clone()
    }

    /// The stream's service group, for Notify without a group.
    pub fn group(&self) -> Option<Rc<dyn IServiceGroup>> {
        self.membership.borrow().as_ref().map(Membership::group)
    }

    /// Time in RUN since the stream left STOP, in ns.
    pub fn stream_time_ns(&self, kernel: &Kernel) -> u64 {
        let clock = self.clock.get();
        let running_ns = clock.running_since_ns.map_or(0, |since| kernel.now_ns() - since);
        clock.before_ns + running_ns
    }

    /// The sequencer's turn. IRQL: DISPATCH_LEVEL.
    pub fn pump(&self, kernel: &Kernel) {
        if let Side::Render(renderer) = &self.side {
            renderer.pump(kernel, self);
        }
    }

    /// Sets another format. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_STATE` on a pin that lost its stream; what the miniport answers.
    pub fn set_format(&self, kernel: &Kernel, format: KsDataFormat) -> Result<(), NtStatus> {
        let stream = self.stream().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        let none = Argument::None;
        let set = || stream.set_format(kernel, &format);
        self.calls().call(kernel, Method::SetFormat, none, set, |()| none)?;
        self.format.set(format);
        Ok(())
    }

    /// Walks to the state that the client wants. IRQL: PASSIVE_LEVEL.
    ///
    /// Assumed: outside D0 a stream goes no further than PAUSE, and to RUN once D0 is back.
    ///
    /// # Errors
    /// As [`walk_to`](Self::walk_to).
    pub fn set_state(&self, kernel: &Kernel, wanted: KsState) -> Result<(), NtStatus> {
        if self.suspended.get().is_none() {
            return self.walk_to(kernel, wanted);
        }
        self.walk_to(kernel, wanted.min(KsState::Pause))?;
        self.suspended.set(Some(wanted));
        Ok(())
    }

    /// Holds the stream in PAUSE while the device is not in D0. IRQL: PASSIVE_LEVEL.
    pub fn suspend(&self, kernel: &Kernel) {
        if self.suspended.get().is_none() {
            self.suspended.set(Some(self.state.get()));
            // Downward steps do not fail.
            let _ = self.walk_to(kernel, self.state.get().min(KsState::Pause));
        }
    }

    /// Goes back to the state before [`suspend`](Self::suspend). IRQL: PASSIVE_LEVEL.
    pub fn resume(&self, kernel: &Kernel) {
        let Some(state) = self.suspended.take() else { return };
        if let Err(status) = self.walk_to(kernel, state) {
            let text = format!("pin {}: not back in {state:?} after sleep: {status}", self.id);
            self.calls().note(kernel, &text);
        }
    }

    /// Walks to a state through its neighbours. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// What the miniport answers on the way up; the pin stays in the last state it reached. On
    /// the way down a failure is a violation and the walk goes on.
    fn walk_to(&self, kernel: &Kernel, target: KsState) -> Result<(), NtStatus> {
        while let Some(next) = self.state.get().step_towards(target) {
            self.step(kernel, next)?;
        }
        Ok(())
    }

    fn step(&self, kernel: &Kernel, next: KsState) -> Result<(), NtStatus> {
        let stream = self.stream().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        let up = next > self.state.get();
        if !up {
            self.leave(kernel, next);
        }
        let calls = self.calls();
        let set = || stream.set_state(kernel, next);
        let none = Argument::None;
        let result = calls.call(kernel, Method::SetState, calls.state(next), set, |()| none);
        match result {
            Err(status) if up => return Err(status),
            Err(status) => {
                let message = format!("SetState down to {next:?} failed with {status}");
                kernel.report_violation(&rules::STATE_DOWN_FAILED, &message);
            }
            Ok(()) => {}
        }
        self.state.set(next);
        if next == KsState::Run {
            let mut clock = self.clock.get();
            clock.running_since_ns = Some(kernel.now_ns());
            self.clock.set(clock);
            self.kick(kernel);
        }
        Ok(())
    }

    /// What the port does before the stream steps down: the clock stops and data is held when
    /// RUN ends; below PAUSE what is queued is given back.
    fn leave(&self, kernel: &Kernel, next: KsState) {
        if next == KsState::Pause {
            let before_ns = self.stream_time_ns(kernel);
            self.clock.set(StreamClock { before_ns, running_since_ns: None });
            if let Side::Render(renderer) = &self.side {
                renderer.pause(kernel);
            }
        }
        // From here on nothing goes out and, below PAUSE, no captured byte is kept; a client that
        // sends again from a completion on the way meets the new state.
        self.state.set(next);
        if next < KsState::Pause {
            self.flush(kernel);
        }
        if next == KsState::Stop {
            self.clock.set(StreamClock::default());
        }
    }

    /// Gives queued requests back as cancelled and forgets data that was not delivered.
    fn flush(&self, kernel: &Kernel) {
        match &self.side {
            Side::Render(renderer) => {
                if let Some(request) = self.queue.front() {
                    renderer.abandon(&request);
                }
            }
            Side::Capture(capturer) => capturer.reset(),
        }
        self.queue.cancel_all(kernel);
    }

    /// Serves at once what can be served: the sequencer and the capture side run at
    /// DISPATCH_LEVEL, also when they are called straight from a request.
    fn kick(&self, kernel: &Kernel) {
        let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
        match &self.side {
            Side::Render(renderer) => renderer.pump(kernel, self),
            Side::Capture(capturer) => capturer.deliver(kernel, self),
        }
        kernel.lower_irql(old);
    }

    fn stream_request(&self, kernel: &Kernel, irp: &Irp, code: KsIoctl) -> NtStatus {
        let request = match self.check_stream_request(irp, code) {
            Ok(request) => request,
            Err(status) => return complete(kernel, irp, status),
        };
        let this = Weak::clone(&self.this);
        let cancel = move |kernel: &Kernel, irp: &Irp| {
            if let Some(pin) = this.upgrade() {
                pin.cancel(kernel, irp);
            }
        };
        let status = self.queue.push(kernel, request, Rc::new(cancel));
        if status == NtStatus::PENDING {
            self.kick(kernel);
        }
        status
    }

    /// Data moves in ACQUIRE, PAUSE and RUN.
    ///
    /// Assumed: the documents say that STOP and ACQUIRE discard data. A refusal in STOP tells
    /// the client; what is queued in ACQUIRE is discarded if the stream steps down again.
    fn check_stream_request(&self, irp: &Irp, code: KsIoctl) -> Result<StreamRequest, NtStatus> {
        if self.resetting.get() {
            return Err(NtStatus::DEVICE_NOT_READY);
        }
        match (&self.side, code) {
            (Side::Render(_), KsIoctl::WriteStream) => {}
            (Side::Capture(_), KsIoctl::ReadStream) => {}
            _ => return Err(NtStatus::INVALID_DEVICE_REQUEST),
        }
        if self.stream.borrow().is_none() || self.state.get() == KsState::Stop {
            return Err(NtStatus::INVALID_DEVICE_STATE);
        }
        match code {
            KsIoctl::WriteStream => StreamRequest::write(irp),
            _ => StreamRequest::read(irp),
        }
    }

    fn cancel(&self, kernel: &Kernel, irp: &Irp) {
        if let (Side::Render(renderer), Some(front)) = (&self.side, self.queue.front())
            && front.irp().is(irp)
        {
            renderer.abandon(&front);
        }
        self.queue.cancel(kernel, irp);
        // What was behind it may be due.
        self.pump(kernel);
    }

    fn reset_state(&self, kernel: &Kernel, irp: &Irp, input: &[u8]) -> NtStatus {
        let status = match crate::ks::read::<u32>(input).and_then(KsReset::from_u32) {
            Some(KsReset::Begin) => {
                self.resetting.set(true);
                self.flush(kernel);
                NtStatus::SUCCESS
            }
            Some(KsReset::End) => {
                self.resetting.set(false);
                NtStatus::SUCCESS
            }
            None => NtStatus::INVALID_PARAMETER,
        };
        complete(kernel, irp, status)
    }

    /// Ends the stream from any state. IRQL: PASSIVE_LEVEL.
    pub fn shut(&self, kernel: &Kernel) {
        self.flush(kernel);
        if self.stream.borrow().is_none() {
            return;
        }
        // Downward steps do not fail.
        let _ = self.walk_to(kernel, KsState::Stop);
        if let Side::Render(renderer) = &self.side {
            renderer.pause(kernel);
        }
        let membership = self.membership.borrow_mut().take();
        if let Some(membership) = membership {
            membership.leave(kernel);
        }
        let stream = self.stream.borrow_mut().take();
        kernel.call_driver_code("the destructor of a stream", || drop(stream));
    }
}

impl KsObject for MidiPin {
    fn create(&self, _kernel: &Kernel, _name: &[u16]) -> Result<Rc<dyn KsObject>, NtStatus> {
        // Clocks and allocators of a pin are not offered.
        Err(NtStatus::INVALID_DEVICE_REQUEST)
    }

    fn device_control(&self, kernel: &Kernel, irp: &Irp) -> NtStatus {
        let Parameters::DeviceControl { code, input, output_length } = irp.parameters() else {
            return complete(kernel, irp, NtStatus::INVALID_PARAMETER);
        };
        match KsIoctl::from_u32(*code) {
            Some(code @ (KsIoctl::WriteStream | KsIoctl::ReadStream)) => {
                self.stream_request(kernel, irp, code)
            }
            Some(KsIoctl::ResetState) => self.reset_state(kernel, irp, input),
            Some(KsIoctl::Property) => {
                let value = irp.buffer().borrow().clone();
                let reply = pin_properties::answer(kernel, self, input, &value, *output_length);
                if may_be_the_miniports(reply.status)
                    && let Some(status) = self.filter.miniport_property(kernel, irp, Some(self))
                {
                    return status;
                }
                complete_property(kernel, irp, reply)
            }
            _ => complete(kernel, irp, NtStatus::INVALID_DEVICE_REQUEST),
        }
    }

    fn cleanup(&self, kernel: &Kernel) {
        self.flush(kernel);
    }

    fn close(&self, kernel: &Kernel) {
        self.shut(kernel);
        self.filter.forget_pin(self);
    }

    fn let_go(&self) {
        self.filter.forget_pin(self);
    }
}
