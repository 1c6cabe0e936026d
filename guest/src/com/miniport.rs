//! Miniports and streams of the guest, as Rust traits of the port.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType};
use portcls_port::com::IUnknown;
use portcls_port::descriptor::PcFilterDescriptor;
use portcls_port::guid::iid;
use portcls_port::interfaces::{
    IMiniport, IMiniportMidi, IMiniportMidiStream, IPortMidi, IResourceList, IServiceGroup,
    NewStream, StreamDirection,
};
use portcls_port::ks::{DataRange, KsDataFormat, KsState, LengthReply};

use super::descriptor::read_filter_descriptor;
use super::{GuestObject, Hold};

/// The slots of `IMiniport` and `IMiniportMidi`. Source: portcls.h.
const GET_DESCRIPTION: u64 = 3;
const DATA_RANGE_INTERSECTION: u64 = 4;
const INIT: u64 = 5;
const SERVICE: u64 = 6;
const NEW_STREAM: u64 = 7;

/// The slots of `IMiniportMidiStream`.
const SET_FORMAT: u64 = 3;
const SET_STATE: u64 = 4;
const READ: u64 = 5;
const WRITE: u64 = 6;

/// POOL_TYPE. Source: wdm.h.
fn pool_value(pool: PoolType) -> u64 {
    match pool {
        PoolType::NonPagedExecute => 0,
        PoolType::Paged => 1,
        PoolType::NonPagedNx => 0x200,
    }
}

fn result_of(status: u64) -> Result<(), NtStatus> {
    let status = NtStatus(status as u32);
    if status.is_success() { Ok(()) } else { Err(status) }
}

/// The answer of a call whose out parameters have no room on the stack: the machine has stopped.
const STOPPED: NtStatus = NtStatus::UNSUCCESSFUL;

impl GuestObject {
    /// The service group in an out parameter, which may be null.
    fn group_at(&self, out: u64) -> Option<Rc<dyn IServiceGroup>> {
        let pointer = self.guest.load_word(out);
        let group = self.guest.interface_at::<dyn IServiceGroup>(pointer, Hold::Adopt);
        if group.is_none() && pointer != 0 {
            let what = "a service group that is the driver's own";
            self.guest.kernel().unsupported(what);
        }
        group
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
            self.call_for_status(&iid::MINIPORT_MIDI, GET_DESCRIPTION, &[out])?;
            Ok(guest.load_word(out))
        });
        let descriptor = described.unwrap_or(Err(STOPPED))?;
        Ok(Rc::new(read_filter_descriptor(guest, descriptor)?))
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
        let room = |bytes: usize| (bytes as u64).next_multiple_of(16);
        let (client_room, own_room) = (room(client.len()), room(own.len()));
        let total = 16 + client_room + own_room + u64::from(output_length);
        let reply = guest.with_scratch(total, |result| {
            let client_at = result + 16;
            let own_at = client_at + client_room;
            let out = own_at + own_room;
            guest.store(client_at, &client);
            guest.store(own_at, &own);
            let out_or_none = if output_length == 0 { 0 } else { out };
            let words =
                [u64::from(pin_id), client_at, own_at, output_length.into(), out_or_none, result];
            let status = self.call(&iid::MINIPORT_MIDI, DATA_RANGE_INTERSECTION, &words);
            let status = NtStatus(status as u32);
            let information = guest.load_u32(result);
            let bytes = match status {
                NtStatus::SUCCESS => guest.load_bytes(out, information.min(output_length) as usize),
                _ => Vec::new(),
            };
            LengthReply { status, information, bytes }
        });
        reply.unwrap_or_else(|| LengthReply::of_status(STOPPED))
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
        let guest = &self.guest;
        let adapter = adapter.map_or(0, |adapter| guest.lend(&adapter, &iid::UNKNOWN));
        let resources = resources.map(|list| list as Rc<dyn IUnknown>);
        let port: Rc<dyn IUnknown> = port;
        let resources_at = resources.map_or(0, |list| guest.lend(&list, &iid::RESOURCE_LIST));
        let port_at = guest.lend(&port, &iid::PORT_MIDI);
        let group = guest.with_scratch(16, |out| {
            let words = [adapter, resources_at, port_at, out];
            self.call_for_status(&iid::MINIPORT_MIDI, INIT, &words)?;
            Ok(self.group_at(out))
        });
        group.unwrap_or(Err(STOPPED))
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
            // The port reports a count that is larger than the buffer.
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
