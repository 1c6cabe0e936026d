//! The MIDI kind of port: `IPortMidi`, for miniports with `IMiniportMidi`.
//!
//! Owns all that only a MIDI miniport needs: its calls, its streams, and the two sides. One turns
//! music records into calls of Write, the other turns bytes from Read into music records.

use std::rc::{Rc, Weak};

use portcls_emulator::trace::Argument;
use portcls_emulator::{Irql, Kernel, NtStatus, PoolType};

use crate::answer_query;
use crate::binding::Miniport;
use crate::com::{IUnknown, Interface, query};
use crate::guid::Guid;
use crate::interfaces::{
    IMiniport, IMiniportMidi, IPort, IPortClsVersion, IPortMidi, IResourceList, IServiceGroup,
    StreamDirection,
};
use crate::ks::KsDataFormat;
use crate::ks::guids::category;
use crate::lane::{Lane, NewLaneStream};
use crate::miniport_calls::{Method, MiniportCalls};
use crate::port::{Kind, Port};
use crate::rules::require_irql_at_most;
use crate::subdevice::ISubdevice;
use stream::MidiStream;

mod capture;
mod render;
mod stream;

pub use capture::CAPTURE_LIMIT;

/// The kind of port that `PcNewPort` makes for the MIDI class.
pub(crate) enum Midi {}

impl Kind for Midi {
    /// Source: WDK, Installing Device Interfaces for an Audio Adapter, of a device that can
    /// do MIDI and nothing else. Assumed: a filter that names no categories gets these; comments
    /// in published samples say so of wave filters.
    const CATEGORIES: &'static [Guid] = &[category::AUDIO, category::RENDER, category::CAPTURE];

    fn query(port: Rc<Port<Midi>>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(port, iid, IPort, IPortMidi, IPortClsVersion, ISubdevice)
    }

    fn find_miniport(
        port: &Rc<Port<Midi>>,
        object: &Rc<dyn IUnknown>,
    ) -> Result<Rc<dyn Miniport>, NtStatus> {
        let miniport = query::<dyn IMiniportMidi>(object)?;
        let calls = Rc::clone(port.calls());
        Ok(Rc::new(MidiMiniport { calls, port: Rc::downgrade(port), miniport }))
    }
}

impl IPortMidi for Port<Midi> {
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>) {
        self.request_service(kernel, group);
    }

    fn register_service_group(&self, kernel: &Kernel, group: Rc<dyn IServiceGroup>) {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IPortMidi::RegisterServiceGroup");
        if let Err(status) = self.join_group(kernel, group) {
            let text = format!("RegisterServiceGroup: the group answered {status}");
            self.calls().note(kernel, &text);
        }
    }
}

/// A MIDI miniport of a driver.
struct MidiMiniport {
    calls: Rc<MiniportCalls>,
    port: Weak<Port<Midi>>,
    miniport: Rc<dyn IMiniportMidi>,
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

    fn new_stream(
        &self,
        kernel: &Kernel,
        lane: &Rc<Lane>,
        pin: u32,
        direction: StreamDirection,
        format: &KsDataFormat,
    ) -> Result<NewLaneStream, NtStatus> {
        let which = Argument::Word(kernel.trace().name(&format!("pin {pin} {direction:?}")));
        let (miniport, pool) = (Rc::clone(&self.miniport), PoolType::NonPagedNx);
        let open = || miniport.new_stream(kernel, None, pool, pin, direction, format);
        let new = self.calls.call(kernel, Method::NewStream, which, open, |_| Argument::None)?;
        let stream = Rc::new(MidiStream::new(kernel, lane, new.stream, direction));
        Ok(NewLaneStream { stream, service_group: new.service_group })
    }
}
