//! A stream of a DirectMusic miniport, with the port's parts that drive it.
//!
//! This file owns the objects around the stream: its allocator, the sequencer of a render stream,
//! and the sink of a capture stream.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::trace::Argument;
use portcls_emulator::{Irp, Kernel, NtStatus};

use super::allocator::{EventAllocator, Outstanding};
use super::capture::CaptureSink;
use super::form::WireForm;
use super::render::Renderer;
use crate::com::IUnknown;
use crate::interfaces::IMxf;
use crate::ks::{KsDataFormat, KsState};
use crate::lane::{Lane, Stream};
use crate::miniport_calls::{Method, MiniportCalls};
use crate::rules;
use crate::stream_request::StreamRequest;

/// A stream, with the methods by which its lane drives it.
pub(super) struct DmusStream {
    kernel: Kernel,
    pin: u32,
    form: WireForm,

    /// `None` only while this object is dropped.
    stream: Option<Rc<dyn IMxf>>,
    allocator: Rc<EventAllocator>,
    side: Side,
}

/// Which way events go, with the state of that side.
pub(super) enum Side {
    Render(Box<Renderer>),
    Capture {
        sink: Rc<CaptureSink>,
        /// The sink to which the stream is connected; `None` while the stream is not connected.
        connected: RefCell<Option<Rc<dyn IMxf>>>,
    },
}

impl Side {
    /// Makes the side of a capture stream that is not connected yet.
    pub fn capture(sink: Rc<CaptureSink>) -> Side {
        Side::Capture { sink, connected: RefCell::default() }
    }
}

impl DmusStream {
    pub fn new(
        kernel: &Kernel,
        pin: u32,
        form: WireForm,
        stream: Rc<dyn IMxf>,
        allocator: Rc<EventAllocator>,
        side: Side,
    ) -> DmusStream {
        DmusStream { kernel: kernel.clone(), pin, form, stream: Some(stream), allocator, side }
    }

    fn stream(&self) -> &Rc<dyn IMxf> {
        self.stream.as_ref().expect("it is not being dropped")
    }

    /// Connects a capture stream to its sink. A render stream has no sink, and the call then has no
    /// effect. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// The status that the miniport answers.
    pub fn connect(&self, kernel: &Kernel, calls: &MiniportCalls) -> Result<(), NtStatus> {
        let Side::Capture { sink, connected } = &self.side else { return Ok(()) };
        let (sink, none): (Rc<dyn IMxf>, _) = (Rc::clone(sink) as _, Argument::None);
        let connect = || self.stream().connect_output(kernel, Rc::clone(&sink));
        calls.call(kernel, Method::ConnectOutput, none, connect, |()| none)?;
        *connected.borrow_mut() = Some(sink);
        Ok(())
    }
}

impl Stream for DmusStream {
    fn object(&self) -> Rc<dyn IUnknown> {
        Rc::clone(self.stream()) as _
    }

    /// Accepts only a format of the form with which the pin was opened. Assumed: the form of the
    /// buffers does not change while the pin is open, and the port does not ask the miniport.
    fn set_format(&self, _: &Kernel, _: &Lane, format: &KsDataFormat) -> Result<(), NtStatus> {
        if WireForm::of(format) == self.form {
            Ok(())
        } else {
            Err(NtStatus::INVALID_DEVICE_REQUEST)
        }
    }

    fn set_state(&self, kernel: &Kernel, lane: &Lane, state: KsState) -> Result<(), NtStatus> {
        let calls = lane.calls();
        let set = || self.stream().set_state(kernel, state);
        calls.call(kernel, Method::SetSinkState, calls.state(state), set, |()| Argument::None)
    }

    fn check(&self, irp: &Irp) -> Result<StreamRequest, NtStatus> {
        match &self.side {
            Side::Render(_) => StreamRequest::write_of(irp, |used| self.form.check(used)),
            Side::Capture { .. } => StreamRequest::read(irp, self.form.least_room()),
        }
    }

    fn accept(
        &self,
        kernel: &Kernel,
        lane: &Lane,
        request: &Rc<StreamRequest>,
    ) -> Result<(), NtStatus> {
        match &self.side {
            Side::Render(renderer) => renderer.accept(kernel, lane, request),
            Side::Capture { .. } => Ok(()),
        }
    }

    fn turn(&self, kernel: &Kernel, lane: &Lane) {
        match &self.side {
            Side::Render(renderer) => renderer.pump(kernel, lane, &**self.stream()),
            Side::Capture { sink, .. } => sink.deliver(kernel, lane),
        }
    }

    fn service(&self, kernel: &Kernel, lane: &Lane) {
        match &self.side {
            Side::Render(renderer) => renderer.pump(kernel, lane, &**self.stream()),
            Side::Capture { sink, .. } => sink.service(kernel, lane, &**self.stream()),
        }
    }

    fn hold(&self, kernel: &Kernel) {
        if let Side::Render(renderer) = &self.side {
            renderer.pause(kernel);
        }
    }

    fn abandon(&self, _: &Lane, request: &Rc<StreamRequest>) {
        if let Side::Render(renderer) = &self.side {
            renderer.abandon(request);
        }
    }

    fn flush(&self, _: &Lane) {
        match &self.side {
            Side::Render(renderer) => renderer.flush(),
            Side::Capture { sink, .. } => sink.reset(),
        }
    }

    fn close(&self, kernel: &Kernel, lane: &Lane) {
        let Side::Capture { connected, .. } = &self.side else { return };
        let Some(sink) = connected.take() else { return };
        let none = Argument::None;
        let disconnect = || self.stream().disconnect_output(kernel, Some(&sink));
        // If the call fails, the trace shows the failure, and the port still releases the stream.
        let _ = lane.calls().call(kernel, Method::DisconnectOutput, none, disconnect, |()| none);
    }
}

/// Releases the driver's stream, and then reports the events and buffers that the driver has not
/// given back. The order matters, because the destructor of the driver's stream may still give
/// events back.
impl Drop for DmusStream {
    fn drop(&mut self) {
        self.stream = None;
        let outstanding = self.allocator.outstanding();
        if outstanding == Outstanding::default() || self.kernel.is_frozen() {
            return;
        }
        let Outstanding { events, buffers } = outstanding;
        let pin = self.pin;
        let message =
            format!("pin {pin} was closed with {events} events and {buffers} buffers out");
        self.kernel.report_violation(&rules::EVENTS_OUTSTANDING, &message);
    }
}
