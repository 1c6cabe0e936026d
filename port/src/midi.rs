//! MIDI miniports behind the port: miniports that have `IMiniportMidi`.
//!
//! This file and its modules own all that only a MIDI miniport needs: its calls, its streams, and
//! the two sides of a stream. The render side turns music records into calls of Write, and the
//! capture side turns bytes from Read into music records.

use std::rc::Rc;

use portcls_emulator::trace::Argument;
use portcls_emulator::{Kernel, NtStatus, PoolType};

use crate::binding::{Miniport, NoStreams, StreamMiniport};
use crate::bound::Bound;
use crate::com::IUnknown;
use crate::interfaces::{
    IMiniport, IMiniportMidi, IPortMidi, IResourceList, IServiceGroup, StreamDirection,
};
use crate::ks::KsDataFormat;
use crate::ks::guids::data_format;
use crate::lane::{Lane, NewLaneStream};
use crate::miniport_calls::Method;
use stream::MidiStream;

mod capture;
mod render;
mod stream;

/// A MIDI miniport of a driver.
pub(crate) type MidiMiniport = Bound<dyn IMiniportMidi, dyn IPortMidi>;

impl Miniport for MidiMiniport {
    fn object(&self) -> Rc<dyn IMiniport> {
        Rc::clone(&self.miniport) as _
    }

    fn init(
        &self,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.start(kernel, Method::Init, |miniport, port| {
            miniport.init(kernel, adapter, resources, port)
        })
    }

    fn service(&self, kernel: &Kernel) {
        self.serve(kernel, Method::Service, |miniport| miniport.service(kernel));
    }

    fn streams(&self) -> Result<&dyn StreamMiniport, NoStreams> {
        Ok(self)
    }
}

impl StreamMiniport for MidiMiniport {
    /// Refuses the DirectMusic format. A client can ask for it only if the driver listed it for the
    /// pin.
    ///
    /// Source: WDK, IMiniportMidi: its streams take bytes. Assumed: the status, because no page
    /// says what happens when a MIDI miniport offers events. A stream of a MIDI miniport would read
    /// the events as if they were plain bytes.
    fn new_stream(
        &self,
        kernel: &Kernel,
        lane: &Rc<Lane>,
        pin: u32,
        direction: StreamDirection,
        format: &KsDataFormat,
    ) -> Result<NewLaneStream, NtStatus> {
        if format.sub_format == data_format::DIRECTMUSIC {
            return Err(NtStatus::NO_MATCH);
        }
        let which = Argument::Word(kernel.trace().name(&format!("pin {pin} {direction:?}")));
        let (miniport, pool) = (Rc::clone(&self.miniport), PoolType::NonPagedNx);
        let open = || miniport.new_stream(kernel, None, pool, pin, direction, format);
        let new = self.calls.call(kernel, Method::NewStream, which, open, |_| Argument::None)?;
        let stream = Rc::new(MidiStream::new(kernel, lane, new.stream, direction));
        Ok(NewLaneStream { stream, service_group: new.service_group })
    }
}
