//! The miniport and its stream, which the port driver calls.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType, Resource};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::descriptor::{
    KsPinDescriptor, PcConnectionDescriptor, PcFilterDescriptor, PcPinDescriptor,
};
use portcls_port::guid::Guid;
use portcls_port::interfaces::{
    IMiniport, IMiniportMidi, IMiniportMidiStream, IPortMidi, IResourceList, IServiceGroup,
    NewStream, StreamDirection,
};
use portcls_port::ks::guids::category;
use portcls_port::ks::{
    DataRange, KsDataFormat, KsDataRangeMusic, KsPinCommunication, KsPinDataFlow, KsState,
    LengthReply,
};

use crate::mpu401::Mpu401;

/// The pin to which clients send MIDI.
const CLIENT_PIN: u32 = 0;
/// The pin that represents the cable.
const CABLE_PIN: u32 = 1;

/// A write fails if it is the last of this number of writes in a row of which the card took no
/// byte. Such a write takes about 0.4 ms.
const DEAD_AFTER_WRITES: u32 = 200;

/// A miniport that only plays. It polls the card and needs no interrupt.
pub struct PolledMiniport {
    started: OnceCell<(Kernel, Mpu401)>,
}

impl PolledMiniport {
    /// A miniport without a card yet.
    #[must_use]
    pub fn new() -> Rc<PolledMiniport> {
        Rc::new(PolledMiniport { started: OnceCell::new() })
    }
}

impl Drop for PolledMiniport {
    /// The C++ destructor: leaves the card silent for the next driver.
    fn drop(&mut self) {
        if let Some((kernel, card)) = self.started.get() {
            card.stop(kernel);
        }
    }
}

impl IUnknown for PolledMiniport {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport, IMiniportMidi)
    }
}

impl IMiniport for PolledMiniport {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        let client = (KsPinCommunication::Sink, KsDataRangeMusic::MIDI_PORT.into());
        let cable = (KsPinCommunication::Bridge, KsDataFormat::MIDI_BUS.into());
        Ok(Rc::new(PcFilterDescriptor {
            version: 0,
            automation: None,
            // Data flows from the client into the filter, and from the filter to the cable. The
            // client's pin can have one stream.
            pins: vec![pin(1, KsPinDataFlow::In, client), pin(0, KsPinDataFlow::Out, cable)],
            nodes: Vec::new(),
            connections: vec![PcConnectionDescriptor::between_pins(CLIENT_PIN, CABLE_PIN)],
            categories: vec![category::AUDIO, category::RENDER],
        }))
    }

    fn data_range_intersection(
        &self,
        _kernel: &Kernel,
        _pin_id: u32,
        _client_range: &DataRange,
        _pin_range: &DataRange,
        _output_length: u32,
    ) -> LengthReply {
        // With this status the port uses a rule of its own, which fits MIDI.
        LengthReply::of_status(NtStatus::NOT_IMPLEMENTED)
    }
}

fn pin(
    streams: u32,
    data_flow: KsPinDataFlow,
    (communication, range): (KsPinCommunication, DataRange),
) -> PcPinDescriptor {
    PcPinDescriptor {
        max_global_instance_count: streams,
        max_filter_instance_count: streams,
        min_filter_instance_count: 0,
        automation: None,
        pin: KsPinDescriptor {
            interfaces: Vec::new(),
            mediums: Vec::new(),
            data_ranges: vec![range],
            data_flow,
            communication,
            category: Some(category::AUDIO),
            name: None,
            constrained_data_ranges: Vec::new(),
        },
    }
}

impl IMiniportMidi for PolledMiniport {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        _adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        _port: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        let resources = resources.ok_or(NtStatus::DEVICE_CONFIGURATION_ERROR)?;
        // The driver supports only cards with two ports in a row.
        let Some(Resource::Port { start, length: 2.. }) = resources.find_translated_port(0) else {
            return Err(NtStatus::DEVICE_CONFIGURATION_ERROR);
        };
        let card = Mpu401::new(start).ok_or(NtStatus::DEVICE_CONFIGURATION_ERROR)?;
        card.start(kernel)?;
        let started = self.started.set((kernel.clone(), card));
        started.map_err(|_| NtStatus::INVALID_DEVICE_STATE)?;
        // Without an interrupt there is no service group.
        Ok(None)
    }

    fn service(&self, _kernel: &Kernel) {}

    fn new_stream(
        self: Rc<Self>,
        _kernel: &Kernel,
        _outer: Option<Rc<dyn IUnknown>>,
        _pool: PoolType,
        pin: u32,
        direction: StreamDirection,
        _format: &KsDataFormat,
    ) -> Result<NewStream, NtStatus> {
        let &(_, card) = self.started.get().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        if (pin, direction) != (CLIENT_PIN, StreamDirection::Render) {
            return Err(NtStatus::INVALID_DEVICE_REQUEST);
        }
        let stream = PolledStream {
            card,
            _miniport: self,
            state: Cell::new(KsState::Stop),
            fruitless_writes: Cell::new(0),
        };
        Ok(NewStream { stream: Rc::new(stream), service_group: None })
    }
}

/// The stream of the open pin.
struct PolledStream {
    card: Mpu401,
    /// The stream keeps the miniport. Otherwise the miniport's destructor could reset the card
    /// while the stream uses it.
    _miniport: Rc<PolledMiniport>,
    state: Cell<KsState>,
    fruitless_writes: Cell<u32>,
}

impl IUnknown for PolledStream {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniportMidiStream)
    }
}

impl IMiniportMidiStream for PolledStream {
    fn set_format(&self, _kernel: &Kernel, _format: &KsDataFormat) -> Result<(), NtStatus> {
        // The port has checked that the format fits the pin, so the format is MIDI.
        Ok(())
    }

    fn set_state(&self, _kernel: &Kernel, state: KsState) -> Result<(), NtStatus> {
        self.state.set(state);
        Ok(())
    }

    fn read(&self, _kernel: &Kernel, _buffer: &mut [u8]) -> Result<u32, NtStatus> {
        Err(NtStatus::INVALID_DEVICE_REQUEST)
    }

    /// Sends bytes while the card takes bytes; the port offers the rest again.
    fn write(&self, kernel: &Kernel, data: &[u8]) -> Result<u32, NtStatus> {
        if self.state.get() != KsState::Run {
            return Ok(0);
        }
        let sent = data.iter().take_while(|&&byte| self.card.send(kernel, byte)).count();
        let fruitless = if sent == 0 { self.fruitless_writes.get() + 1 } else { 0 };
        self.fruitless_writes.set(fruitless);
        if fruitless >= DEAD_AFTER_WRITES {
            return Err(NtStatus::IO_DEVICE_ERROR);
        }
        Ok(sent as u32)
    }
}
