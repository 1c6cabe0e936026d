//! Miniports and streams of the guest, as Rust traits of the port.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType};
use portcls_port::com::IUnknown;
use portcls_port::descriptor::{PcFilterDescriptor, PcPinDescriptor};
use portcls_port::guid::{Guid, iid};
use portcls_port::interfaces::{
    IMiniport, IMiniportMidi, IMiniportMidiStream, IPortMidi, IResourceList, IServiceGroup,
    NewStream, StreamDirection,
};
use portcls_port::ks::{DataRange, KsDataFormat, KsState, LengthReply};

use super::descriptor::{find_data_range, read_filter_descriptor, read_pin_descriptor};
use super::{GuestObject, Hold};
use crate::objects::pool::pool_value;

/// The slots of `IMiniport` and of `IMiniportMidi`. `IMiniportDMus` has the same slots. Source:
/// portcls.h, dmusicks.h.
const GET_DESCRIPTION: u64 = 3;
const DATA_RANGE_INTERSECTION: u64 = 4;
const INIT: u64 = 5;
pub(super) const SERVICE: u64 = 6;
pub(super) const NEW_STREAM: u64 = 7;

/// The slots of `IMiniportMidiStream`.
const SET_FORMAT: u64 = 3;
const SET_STATE: u64 = 4;
const READ: u64 = 5;
const WRITE: u64 = 6;

fn result_of(status: u64) -> Result<(), NtStatus> {
    let status = NtStatus(status as u32);
    if status.is_success() { Ok(()) } else { Err(status) }
}

/// The answer of a call that was not made or not finished. Either the machine has stopped, or there
/// is no memory for the buffer of the call. The machine also stops when the driver's stack has no
/// room for the out parameters.
pub(super) const STOPPED: NtStatus = NtStatus::UNSUCCESSFUL;

impl GuestObject {
    /// Calls `Init` of a kind of miniport whose `Init` gives out no service group. `iids` are the
    /// interfaces of the miniport and of the port.
    pub(super) fn init_without_group(
        &self,
        iids: (&Guid, &Guid),
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IUnknown>,
    ) -> Result<(), NtStatus> {
        let [adapter, resources, port] = self.init_words(iids.1, adapter, resources, &port);
        self.call_for_status(iids.0, INIT, &[adapter, resources, port])
    }

    /// The first words of `Init`: the adapter, the resources and the port, each lent.
    fn init_words(
        &self,
        port_iid: &Guid,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: &Rc<dyn IUnknown>,
    ) -> [u64; 3] {
        let guest = &self.guest;
        let adapter = adapter.map_or(0, |adapter| guest.lend(&adapter, &iid::UNKNOWN));
        let resources = resources.map(|list| list as Rc<dyn IUnknown>);
        let resources_at = resources.map_or(0, |list| guest.lend(&list, &iid::RESOURCE_LIST));
        [adapter, resources_at, guest.lend(port, port_iid)]
    }

    /// Calls `Init` of a kind of miniport whose `Init` can give out a service group. `iids` are the
    /// interfaces of the miniport and of the port.
    pub(super) fn init_miniport(
        &self,
        iids: (&Guid, &Guid),
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IUnknown>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        let [adapter, resources, port] = self.init_words(iids.1, adapter, resources, &port);
        let group = self.guest.with_scratch(16, |out| {
            let words = [adapter, resources, port, out];
            self.call_for_status(iids.0, INIT, &words)?;
            Ok(self.group_at(out))
        });
        group.unwrap_or(Err(STOPPED))
    }

    /// Reads the service group that the driver put into an out parameter. `None` for a null
    /// pointer. A service group of the driver's own ends the run as unsupported.
    pub(super) fn group_at(&self, out: u64) -> Option<Rc<dyn IServiceGroup>> {
        let pointer = self.guest.load_word(out);
        let group = self.guest.interface_at::<dyn IServiceGroup>(pointer, Hold::Adopt);
        if group.is_none() && pointer != 0 {
            let what = "a service group that is the driver's own";
            self.guest.kernel().unsupported(what);
        }
        group
    }

    /// The interface by which the wrapper knows a miniport. All these interfaces begin with the
    /// methods of `IMiniport`.
    fn miniport(&self) -> &'static Guid {
        let known = [
            &iid::MINIPORT_MIDI,
            &iid::MINIPORT_DMUS,
            &iid::MINIPORT_TOPOLOGY,
            &iid::MINIPORT_WAVE_CYCLIC,
            &iid::MINIPORT_WAVE_PCI,
            &iid::MINIPORT_WAVE_RT,
        ];
        known.into_iter().find(|iid| self.has(iid)).unwrap_or(&iid::MINIPORT)
    }

    /// Calls `DataRangeIntersection` with a client's range, a pin's range and room for the format.
    fn ask_intersection(
        &self,
        pin_id: u32,
        [client_range, pin_range]: [u64; 2],
        output_length: u32,
        out: u64,
    ) -> LengthReply {
        let guest = &self.guest;
        let reply = guest.with_scratch(16, |length_at| {
            let out_or_none = if output_length == 0 { 0 } else { out };
            let (pin, room) = (u64::from(pin_id), u64::from(output_length));
            let words = [pin, client_range, pin_range, room, out_or_none, length_at];
            let status = self.call(self.miniport(), DATA_RANGE_INTERSECTION, &words);
            let status = NtStatus(status as u32);
            let information = guest.load_u32(length_at);
            let bytes = match status {
                NtStatus::SUCCESS => guest.load_bytes(out, information.min(output_length).into()),
                _ => Vec::new(),
            };
            LengthReply { status, information, bytes }
        });
        reply.unwrap_or_else(|| LengthReply::of_status(STOPPED))
    }

    fn run_in_buffer<R>(&self, bytes: u64, run: impl FnOnce(u64, u64) -> R) -> Option<R> {
        let guest = &self.guest;
        guest.with_scratch(16, |count| guest.with_transfer(bytes, |buffer| run(buffer, count)))?
    }
}

impl IMiniport for GuestObject {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        let guest = &self.guest;
        let described = guest.with_scratch(16, |out| {
            self.call_for_status(self.miniport(), GET_DESCRIPTION, &[out])?;
            Ok(guest.load_word(out))
        });
        let descriptor = described.unwrap_or(Err(STOPPED))?;
        let filter = read_filter_descriptor(guest, descriptor)?;
        self.description.set(descriptor);
        Ok(Rc::new(filter))
    }

    fn describe_pin(&self, _kernel: &Kernel, pin_id: u32) -> Option<PcPinDescriptor> {
        read_pin_descriptor(&self.guest, self.description.get(), pin_id)
    }

    fn data_range_intersection(
        &self,
        _kernel: &Kernel,
        pin_id: u32,
        client_range: &DataRange,
        pin_range: &DataRange,
        output_length: u32,
    ) -> LengthReply {
        let guest = &self.guest;
        let (client, own) = (client_range.to_bytes(), pin_range.to_bytes());
        let drivers_own = find_data_range(guest, self.description.get(), pin_id, &own);
        // A client may send a long range and have a large buffer. The driver's stack is too small
        // for them.
        let client_room = (client.len() as u64).next_multiple_of(16);
        let reply = guest.with_pool_buffer(client_room + own.len() as u64, |client_at| {
            guest.store(client_at, &client);
            let copy_at = client_at + client_room;
            guest.store(copy_at, &own);
            let own_at = drivers_own.unwrap_or(copy_at);
            guest.with_pool_buffer(output_length.into(), |out| {
                self.ask_intersection(pin_id, [client_at, own_at], output_length, out)
            })
        });
        reply.flatten().unwrap_or_else(|| LengthReply::of_status(NtStatus::INSUFFICIENT_RESOURCES))
    }
}

impl IMiniportMidi for GuestObject {
    fn init(
        self: Rc<Self>,
        _kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.init_miniport((&iid::MINIPORT_MIDI, &iid::PORT_MIDI), adapter, resources, port)
    }

    fn service(&self, _kernel: &Kernel) {
        self.call(&iid::MINIPORT_MIDI, SERVICE, &[]);
    }

    fn new_stream(
        self: Rc<Self>,
        _kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        pool: PoolType,
        pin: u32,
        direction: StreamDirection,
        format: &KsDataFormat,
    ) -> Result<NewStream, NtStatus> {
        let guest = &self.guest;
        let outer = outer.map_or(0, |outer| guest.lend(&outer, &iid::UNKNOWN));
        let capture = u64::from(direction == StreamDirection::Capture);
        let format = bytemuck::bytes_of(format);
        let opened = guest.with_scratch(32 + format.len() as u64, |stream_at| {
            let (group_at, format_at) = (stream_at + 16, stream_at + 32);
            guest.store(format_at, format);
            let pool = pool_value(pool);
            let words = [stream_at, outer, pool, u64::from(pin), capture, format_at, group_at];
            self.call_for_status(&iid::MINIPORT_MIDI, NEW_STREAM, &words)?;
            let service_group = self.group_at(group_at);
            let pointer = guest.load_word(stream_at);
            let stream = guest
                .interface_at::<dyn IMiniportMidiStream>(pointer, Hold::Adopt)
                .ok_or(NtStatus::UNSUCCESSFUL)?;
            guest.note_target(&(Rc::clone(&stream) as Rc<dyn IUnknown>), pointer);
            Ok(NewStream { stream, service_group })
        });
        opened.unwrap_or(Err(STOPPED))
    }
}

impl IMiniportMidiStream for GuestObject {
    fn set_format(&self, _kernel: &Kernel, format: &KsDataFormat) -> Result<(), NtStatus> {
        let guest = &self.guest;
        let format = bytemuck::bytes_of(format);
        let status = guest.with_scratch(format.len() as u64, |at| {
            guest.store(at, format);
            self.call_for_status(&iid::MINIPORT_MIDI_STREAM, SET_FORMAT, &[at])
        });
        status.unwrap_or(Err(STOPPED))
    }

    fn set_state(&self, _kernel: &Kernel, state: KsState) -> Result<(), NtStatus> {
        let words = [u64::from(state.value())];
        self.call_for_status(&iid::MINIPORT_MIDI_STREAM, SET_STATE, &words)
    }

    fn read(&self, kernel: &Kernel, buffer: &mut [u8]) -> Result<u32, NtStatus> {
        let length = buffer.len() as u64;
        let count = self.run_in_buffer(length, |at, count_at| {
            let words = [at, length, count_at];
            result_of(self.call(&iid::MINIPORT_MIDI_STREAM, READ, &words))?;
            // If the count is larger than the buffer, the port reports the driver's mistake.
            let count = self.guest.load_u32(count_at);
            self.guest.load_into(at, &mut buffer[..count.min(length as u32) as usize]);
            Ok(count)
        });
        if kernel.is_frozen() { Err(STOPPED) } else { count.unwrap_or(Err(STOPPED)) }
    }

    fn write(&self, kernel: &Kernel, data: &[u8]) -> Result<u32, NtStatus> {
        let length = data.len() as u64;
        let count = self.run_in_buffer(length, |at, count_at| {
            self.guest.store(at, data);
            let words = [at, length, count_at];
            result_of(self.call(&iid::MINIPORT_MIDI_STREAM, WRITE, &words))?;
            Ok(self.guest.load_u32(count_at))
        });
        if kernel.is_frozen() { Err(STOPPED) } else { count.unwrap_or(Err(STOPPED)) }
    }
}
