//! MIDI miniports behind the port: miniports that have `IMiniportMidi`.
//!
//! This file and its modules own all that only a MIDI miniport needs: its calls, its streams, and
//! the two sides. The render side turns music records into calls of Write, and the capture side
//! turns bytes from Read into music records.

use std::rc::{Rc, Weak};

use portcls_emulator::trace::Argument;
use portcls_emulator::{Kernel, NtStatus, PoolType};

use crate::binding::{Miniport, NoStreams, StreamMiniport};
use crate::com::{IUnknown, query};
use crate::interfaces::{
    IMiniport, IMiniportMidi, IPortMidi, IResourceList, IServiceGroup, StreamDirection,
};
use crate::ks::KsDataFormat;
use crate::ks::guids::data_format;
use crate::lane::{Lane, NewLaneStream};
use crate::miniport_calls::{Method, MiniportCalls};
use stream::MidiStream;

mod capture;
mod render;
mod stream;

/// A MIDI miniport of a driver.
pub(crate) struct MidiMiniport {
    calls: Rc<MiniportCalls>,
    port: Weak<dyn IPortMidi>,
    miniport: Rc<dyn IMiniportMidi>,
}

impl MidiMiniport {
    /// A driver's object as a MIDI miniport, if the object has that interface.
    ///
    /// # Errors
    /// The status that the object answered.
    pub fn find(
        calls: &Rc<MiniportCalls>,
        port: Weak<dyn IPortMidi>,
        object: &Rc<dyn IUnknown>,
    ) -> Result<Rc<dyn Miniport>, NtStatus> {
        let miniport = query::<dyn IMiniportMidi>(object)?;
        Ok(Rc::new(MidiMiniport { calls: Rc::clone(calls), port, miniport }))
    }
}

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
        let port = self.port.upgrade().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        let none = Argument::None;
        let init = || Rc::clone(&self.miniport).init(kernel, adapter, resources, port);
        self.calls.call(kernel, Method::Init, none, init, |_| none)
    }

    fn service(&self, kernel: &Kernel) {
        let serve = || {
            self.miniport.service(kernel);
            Ok(())
        };
        let none = Argument::None;
        let _ = self.calls.call(kernel, Method::Service, none, serve, |()| none);
    }

    fn streams(&self) -> Result<&dyn StreamMiniport, NoStreams> {
        Ok(self)
    }
}

impl StreamMiniport for MidiMiniport {
    /// Refuses the DirectMusic format. A client can ask for it only if the driver listed it for the
    /// pin.
    ///
    /// Source: WDK, IMiniportMidi: its streams take bytes. Assumed: the status; no page says what
    /// happens when such a miniport offers events. A stream of such a miniport would read the
    /// events as if they were plain bytes.
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
