//! DirectMusic miniports behind the port: miniports that have `IMiniportDMus`.
//!
//! This file and its modules own all that only such a miniport needs: its calls, the master clock,
//! the allocators and the two sides. The render side turns a client's buffers into events, and the
//! capture side turns events into buffers. `form.rs` has the form, MIDI or DirectMusic, with which
//! a pin is opened. An event is the same in both forms.
//!
//! Not offered: the wave sink of a software synthesizer (`ISynthSinkDMus`). The format of its pin
//! has more fields than a KSDATAFORMAT, and here no pin is opened with such a format.

use std::rc::{Rc, Weak};

use portcls_emulator::trace::Argument;
use portcls_emulator::{Kernel, NtStatus, PoolType};

use crate::binding::{Miniport, NoStreams, StreamMiniport};
use crate::bound::Bound;
use crate::com::IUnknown;
use crate::interfaces::{
    DmusStreamRequest, DmusStreamType, IAllocatorMxf, IMasterClock, IMiniport, IMiniportDMus,
    IPortDMus, IResourceList, IServiceGroup, StreamDirection,
};
use crate::ks::KsDataFormat;
use crate::lane::{Lane, NewLaneStream};
use crate::miniport_calls::{Method, MiniportCalls};
use allocator::EventAllocator;
use capture::CaptureSink;
use clock::MasterClock;
use form::WireForm;
use render::Renderer;
use stream::{DmusStream, Side};

mod allocator;
mod capture;
mod clock;
mod form;
mod parser;
mod render;
mod sequence;
mod stream;
mod unpack;

/// A DirectMusic miniport of a driver.
pub(crate) struct DmusMiniport {
    bound: Bound<dyn IMiniportDMus, dyn IPortDMus>,
    /// The one clock for all streams. The clock lives while the miniport is bound, even when the
    /// driver has released all its references to the clock.
    clock: Rc<dyn IMasterClock>,
}

impl DmusMiniport {
    /// A driver's object as a DirectMusic miniport, if the object has `IMiniportDMus`.
    ///
    /// # Errors
    /// The status that the object answered.
    pub fn find(
        calls: &Rc<MiniportCalls>,
        port: Weak<dyn IPortDMus>,
        object: &Rc<dyn IUnknown>,
    ) -> Result<DmusMiniport, NtStatus> {
        let bound = Bound::find(calls, port, object)?;
        Ok(DmusMiniport { bound, clock: Rc::new(MasterClock) })
    }
}

/// The port does not call the Service of a DirectMusic miniport, because only the streams of such a
/// miniport need service.
impl Miniport for DmusMiniport {
    fn object(&self) -> Rc<dyn IMiniport> {
        Rc::clone(&self.bound.miniport) as _
    }

    fn init(
        &self,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.bound.start(kernel, Method::InitDmus, |miniport, port| {
            miniport.init(kernel, adapter, resources, port)
        })
    }

    fn streams(&self) -> Result<&dyn StreamMiniport, NoStreams> {
        Ok(self)
    }

    fn master_clock(&self) -> Option<Rc<dyn IMasterClock>> {
        Some(Rc::clone(&self.clock))
    }
}

impl StreamMiniport for DmusMiniport {
    fn new_stream(
        &self,
        kernel: &Kernel,
        lane: &Rc<Lane>,
        pin: u32,
        direction: StreamDirection,
        format: &KsDataFormat,
    ) -> Result<NewLaneStream, NtStatus> {
        let form = WireForm::of(format);
        let allocator = EventAllocator::new(kernel, self.bound.miniport.inline_limit())?;
        let shared: Rc<dyn IAllocatorMxf> = Rc::clone(&allocator) as _;
        let stream_type = match direction {
            StreamDirection::Render => DmusStreamType::Render,
            StreamDirection::Capture => DmusStreamType::Capture,
        };
        let (allocator_for_driver, clock) = (&shared, &self.clock);
        let request =
            DmusStreamRequest { pin, stream_type, format, allocator: allocator_for_driver, clock };
        let which = Argument::Word(kernel.trace().name(&format!("pin {pin} {direction:?}")));
        let (miniport, pool) = (Rc::clone(&self.bound.miniport), PoolType::NonPagedNx);
        let open = || miniport.new_stream(kernel, None, pool, &request);
        let new = self
            .bound
            .calls
            .call(kernel, Method::NewStreamDmus, which, open, |_| Argument::None)?;
        let side = match direction {
            StreamDirection::Render => {
                let prefetch_100ns = new.schedule_pre_fetch_100ns;
                let renderer = Renderer::new(kernel, lane, form, &allocator, prefetch_100ns);
                Side::Render(Box::new(renderer))
            }
            StreamDirection::Capture => Side::capture(CaptureSink::new(lane, form, &allocator)),
        };
        let stream = DmusStream::new(kernel, pin, form, new.stream, allocator, side);
        if let Err(status) = stream.connect(kernel, &self.bound.calls) {
            kernel.call_driver_code("the destructor of a stream", || drop(stream));
            return Err(status);
        }
        Ok(NewLaneStream { stream: Rc::new(stream), service_group: new.service_group })
    }
}
