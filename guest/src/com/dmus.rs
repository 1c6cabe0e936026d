//! DirectMusic miniports of the guest, and their streams, as Rust traits.

use std::rc::Rc;

use portcls_emulator::trace::Layer;
use portcls_emulator::{Kernel, Need, NtStatus, PoolType, RefusedCall};
use portcls_port::com::IUnknown;
use portcls_port::dmus_event::EventChain;
use portcls_port::guid::iid;
use portcls_port::interfaces::{
    DmusStreamRequest, IAllocatorMxf, IMiniportDMus, IMxf, IPortDMus, IResourceList, IServiceGroup,
    NewDmusStream,
};
use portcls_port::ks::KsState;

use super::miniport::{NEW_STREAM, SERVICE, STOPPED};
use super::{GuestObject, Hold};
use crate::guest::Guest;
use crate::objects::events::NO_PLACE;
use crate::objects::pool::pool_value;

/// The slots of `IMXF`. Source: dmusicks.h.
const SET_STATE: u64 = 3;
const PUT_MESSAGE: u64 = 4;
const CONNECT_OUTPUT: u64 = 5;
const DISCONNECT_OUTPUT: u64 = 6;

impl GuestObject {
    /// Gives events back to the allocator, because the driver's memory has no place for them, and
    /// returns the status for the port. The driver is not called.
    ///
    /// Assumed: the port gets the same status as from an allocator that has reached its limit.
    fn refuse_events(&self, kernel: &Kernel, allocator: u64, events: EventChain) -> NtStatus {
        let owner = self.guest.interface_at::<dyn IAllocatorMxf>(allocator, Hold::Retain);
        if let Some(owner) = owner {
            // An allocator takes back every event that it gave out.
            let _ = owner.put_message(kernel, Some(events));
        }
        let status = NtStatus::INSUFFICIENT_RESOURCES;
        let refusal = RefusedCall {
            routine: "IMXF::PutMessage".to_owned(),
            what: NO_PLACE.to_owned(),
            status,
            need: Need::Required,
        };
        kernel.report_refusal(kernel.trace().actor("port", Layer::Software), refusal);
        status
    }
}

impl IMiniportDMus for GuestObject {
    fn init(
        self: Rc<Self>,
        _kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortDMus>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.init_miniport((&iid::MINIPORT_DMUS, &iid::PORT_DMUS), adapter, resources, port)
    }

    fn service(&self, _kernel: &Kernel) {
        self.call(&iid::MINIPORT_DMUS, SERVICE, &[]);
    }

    fn new_stream(
        self: Rc<Self>,
        _kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        pool: PoolType,
        request: &DmusStreamRequest<'_>,
    ) -> Result<NewDmusStream, NtStatus> {
        let guest = &self.guest;
        let outer = outer.map_or(0, |outer| guest.lend(&outer, &iid::UNKNOWN));
        let allocator: Rc<dyn IUnknown> = Rc::clone(request.allocator) as _;
        let clock: Rc<dyn IUnknown> = Rc::clone(request.clock) as _;
        let allocator_at = guest.lend(&allocator, &iid::ALLOCATOR_MXF);
        let clock_at = guest.lend(&clock, &iid::MASTER_CLOCK);
        let (pin, stream_type) = (u64::from(request.pin), request.stream_type as u64);
        let format = bytemuck::bytes_of(request.format);
        let opened = guest.with_scratch(48 + format.len() as u64, |stream_at| {
            let (group_at, ahead_at, format_at) = (stream_at + 16, stream_at + 32, stream_at + 48);
            guest.store(format_at, format);
            let pool = pool_value(pool);
            let words = [
                stream_at,
                outer,
                pool,
                pin,
                stream_type,
                format_at,
                group_at,
                allocator_at,
                clock_at,
                ahead_at,
            ];
            self.call_for_status(&iid::MINIPORT_DMUS, NEW_STREAM, &words)?;
            let service_group = self.group_at(group_at);
            let pointer = guest.load_word(stream_at);
            let stream = guest
                .interface_at::<dyn IMxf>(pointer, Hold::Adopt)
                .ok_or(NtStatus::UNSUCCESSFUL)?;
            let object: Rc<dyn IUnknown> = Rc::clone(&stream) as _;
            guest.note_target(&object, pointer);
            if let Some(own) = guest.guest_object_behind(&object) {
                guest.0.events.open_stream(own.identity(), allocator_at);
            }
            let schedule_pre_fetch_100ns = guest.load_u64(ahead_at);
            Ok(NewDmusStream { stream, service_group, schedule_pre_fetch_100ns })
        });
        opened.unwrap_or(Err(STOPPED))
    }

    fn inline_limit(&self) -> u8 {
        self.guest.pointer_bytes() as u8
    }
}

impl Guest {
    /// Notes the allocator of the events that a sink of the driver's own will get. The sink gets
    /// the events that `stream`, a stream of a system miniport, puts out.
    pub(super) fn note_allocator_of_sink(&self, sink: &Rc<dyn IMxf>, stream: u64) {
        let sink: Rc<dyn IUnknown> = Rc::clone(sink) as _;
        let allocator = self.0.events.allocator_of_sink(stream);
        if let (Some(own), Some(allocator)) = (self.guest_object_behind(&sink), allocator) {
            self.0.events.open_stream(own.identity(), allocator);
        }
    }
}

impl IMxf for GuestObject {
    fn set_state(&self, _kernel: &Kernel, state: KsState) -> Result<(), NtStatus> {
        self.call_for_status(&iid::MXF, SET_STATE, &[u64::from(state.value())])
    }

    fn put_message(&self, kernel: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus> {
        if kernel.is_frozen() {
            return Err(STOPPED);
        }
        let guest = &self.guest;
        let allocator = guest.0.events.allocator_of_stream(self.identity());
        let shown = events.map_or(Ok(0), |events| guest.show_events(allocator, events));
        match shown {
            Ok(first) => self.call_for_status(&iid::MXF, PUT_MESSAGE, &[first]),
            Err(events) => Err(self.refuse_events(kernel, allocator, events)),
        }
    }

    fn connect_output(&self, _kernel: &Kernel, sink: Rc<dyn IMxf>) -> Result<(), NtStatus> {
        let sink: Rc<dyn IUnknown> = sink;
        let sink_at = self.guest.lend(&sink, &iid::MXF);
        self.guest.0.events.connect(self.identity(), sink_at);
        self.call_for_status(&iid::MXF, CONNECT_OUTPUT, &[sink_at])
    }

    fn disconnect_output(
        &self,
        _kernel: &Kernel,
        sink: Option<&Rc<dyn IMxf>>,
    ) -> Result<(), NtStatus> {
        let sink_at = sink.map_or(0, |sink| {
            let sink: Rc<dyn IUnknown> = Rc::clone(sink) as _;
            self.guest.lend(&sink, &iid::MXF)
        });
        self.call_for_status(&iid::MXF, DISCONNECT_OUTPUT, &[sink_at])
    }
}
