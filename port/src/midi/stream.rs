//! A stream of a MIDI miniport, with the side that moves its bytes.
//!
//! This file owns the choice between the two sides, render and capture. Neither the sides nor this
//! file know a pin or a filter. They know only the lane.

use std::rc::Rc;

use portcls_emulator::trace::Argument;
use portcls_emulator::{Irp, Kernel, NtStatus};

use super::capture::Capturer;
use super::render::Renderer;
use crate::com::IUnknown;
use crate::interfaces::{IMiniportMidiStream, StreamDirection};
use crate::ks::guids::data_format;
use crate::ks::music::LEAST_RECORD;
use crate::ks::{KsDataFormat, KsState};
use crate::lane::{Lane, Stream};
use crate::miniport_calls::Method;
use crate::stream_request::StreamRequest;

/// A stream, with the calls by which its lane drives it.
pub(super) struct MidiStream {
    stream: Rc<dyn IMiniportMidiStream>,
    side: Side,
}

/// The direction in which bytes move, with the state of that side.
enum Side {
    Render(Renderer),
    Capture(Capturer),
}

impl MidiStream {
    /// The driver's stream with the side that its direction needs.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn new(
        kernel: &Kernel,
        lane: &Rc<Lane>,
        stream: Rc<dyn IMiniportMidiStream>,
        direction: StreamDirection,
    ) -> MidiStream {
        let side = match direction {
            StreamDirection::Render => Side::Render(Renderer::new(kernel, lane)),
            StreamDirection::Capture => Side::Capture(Capturer::new()),
        };
        MidiStream { stream, side }
    }
}

impl Stream for MidiStream {
    fn object(&self) -> Rc<dyn IUnknown> {
        Rc::clone(&self.stream) as _
    }

    /// Refuses the format of DirectMusic. The port refuses this format also when a client opens a
    /// pin of a MIDI miniport.
    fn set_format(
        &self,
        kernel: &Kernel,
        lane: &Lane,
        format: &KsDataFormat,
    ) -> Result<(), NtStatus> {
        if format.sub_format == data_format::DIRECTMUSIC {
            return Err(NtStatus::INVALID_DEVICE_REQUEST);
        }
        let none = Argument::None;
        let set = || self.stream.set_format(kernel, format);
        lane.calls().call(kernel, Method::SetFormat, none, set, |()| none)
    }

    fn set_state(&self, kernel: &Kernel, lane: &Lane, state: KsState) -> Result<(), NtStatus> {
        let calls = lane.calls();
        let set = || self.stream.set_state(kernel, state);
        calls.call(kernel, Method::SetState, calls.state(state), set, |()| Argument::None)
    }

    fn check(&self, irp: &Irp) -> Result<StreamRequest, NtStatus> {
        match &self.side {
            Side::Render(_) => StreamRequest::write(irp),
            Side::Capture(_) => StreamRequest::read(irp, LEAST_RECORD),
        }
    }

    fn accept(&self, _: &Kernel, _: &Lane, _: &Rc<StreamRequest>) -> Result<(), NtStatus> {
        Ok(())
    }

    fn turn(&self, kernel: &Kernel, lane: &Lane) {
        match &self.side {
            Side::Render(renderer) => renderer.pump(kernel, lane, &*self.stream),
            Side::Capture(capturer) => capturer.deliver(kernel, lane),
        }
    }

    fn service(&self, kernel: &Kernel, lane: &Lane) {
        match &self.side {
            Side::Render(renderer) => renderer.pump(kernel, lane, &*self.stream),
            Side::Capture(capturer) => capturer.service(kernel, lane, &*self.stream),
        }
    }

    fn hold(&self, kernel: &Kernel) {
        if let Side::Render(renderer) = &self.side {
            renderer.pause(kernel);
        }
    }

    fn abandon(&self, lane: &Lane, request: &Rc<StreamRequest>) {
        // Requests are served one after the other, so only the first request can have begun.
        let is_first = lane.queue().front().is_some_and(|front| Rc::ptr_eq(&front, request));
        if let Side::Render(renderer) = &self.side
            && is_first
        {
            renderer.abandon(request);
        }
    }

    fn flush(&self, lane: &Lane) {
        match &self.side {
            Side::Render(renderer) => {
                if let Some(front) = lane.queue().front() {
                    renderer.abandon(&front);
                }
            }
            Side::Capture(capturer) => capturer.reset(),
        }
    }

    fn close(&self, _: &Kernel, _: &Lane) {}
}
