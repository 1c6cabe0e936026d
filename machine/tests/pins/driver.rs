//! A driver with two filters, and two drivers that do not get a port.
//!
//! The streams of the first driver take every byte and need no card.

use std::rc::Rc;

use portcls_machine::emulator::{DeviceObject, DriverObject, Irp, Kernel, NtStatus, PoolType};
use portcls_machine::port::com::{IUnknown, Interface};
use portcls_machine::port::descriptor::{KsPinDescriptor, PcFilterDescriptor, PcPinDescriptor};
use portcls_machine::port::guid::{Guid, clsid};
use portcls_machine::port::interfaces::{
    IMiniport, IMiniportMidi, IMiniportMidiStream, IPortMidi, IResourceList, IServiceGroup,
    NewStream, StreamDirection,
};
use portcls_machine::port::ks::guids::{category, data_format};
use portcls_machine::port::ks::{
    DataRange, INSTANCES_UNLIMITED, KsDataFormat, KsDataRangeMusic, KsPinCommunication,
    KsPinDataFlow, KsState, LengthReply,
};
use portcls_machine::port::{
    StartDevice, answer_query, pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_port,
    pc_register_subdevice,
};
use portcls_machine::{Driver, MachineBuilder};

/// The reference names of the filters. The first filter has no pin that a client can open.
pub const FILTERS: [&str; 2] = ["Wave", "Midi"];

type Started = Result<(), NtStatus>;
type Start = fn(&Kernel, &Rc<DeviceObject>, &Irp, Rc<dyn IResourceList>) -> Started;

/// A machine with the driver. The driver's miniport refuses streams on the pins `refusing` of the
/// filter Midi. The list must be `[]`, `[0]`, `[1]` or `[0, 1]`.
pub fn machine(refusing: &'static [u32]) -> MachineBuilder {
    let entry: fn(&Kernel, &Rc<DriverObject>, &str) -> Started = match refusing {
        [] => {
            |kernel, driver, path| load(kernel, driver, path, |k, d, i, r| start(k, d, i, r, &[]))
        }
        [0] => {
            |kernel, driver, path| load(kernel, driver, path, |k, d, i, r| start(k, d, i, r, &[0]))
        }
        [1] => {
            |kernel, driver, path| load(kernel, driver, path, |k, d, i, r| start(k, d, i, r, &[1]))
        }
        _ => |kernel, driver, path| {
            load(kernel, driver, path, |k, d, i, r| start(k, d, i, r, &[0, 1]))
        },
    };
    MachineBuilder::new().driver(Driver::new("two-filters", entry))
}

/// A class that is not the class of a port.
const NO_PORT: Guid = clsid::MINIPORT_DRIVER_UART;

/// A driver that gives up when it does not get a port.
pub fn refusing_driver() -> Driver {
    Driver::new("gives-up", |kernel, driver, path| {
        load(kernel, driver, path, |kernel, _, _, _| pc_new_port(kernel, &NO_PORT).map(drop))
    })
}

/// A driver that goes on without a port, and has no filter then.
pub fn swallowing_driver() -> Driver {
    Driver::new("goes-on", |kernel, driver, path| {
        load(kernel, driver, path, |kernel, _, _, _| {
            let _ = pc_new_port(kernel, &NO_PORT);
            Ok(())
        })
    })
}

fn load(kernel: &Kernel, driver: &Rc<DriverObject>, path: &str, start: Start) -> Started {
    let start: StartDevice = Rc::new(start);
    let add_device =
        move |kernel: &Kernel, driver: &Rc<DriverObject>, physical: &Rc<DeviceObject>| {
            pc_add_adapter_device(kernel, driver, physical, Rc::clone(&start), 2, 0)
        };
    pc_initialize_adapter_driver(kernel, driver, path, Rc::new(add_device))?;
    driver.set_unload(Rc::new(|_, _| ()));
    Ok(())
}

fn start(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    irp: &Irp,
    resources: Rc<dyn IResourceList>,
    refusing: &'static [u32],
) -> Started {
    for (name, filter) in FILTERS.into_iter().zip([wave_filter(), midi_filter()]) {
        let port = pc_new_port(kernel, &clsid::PORT_MIDI)?;
        let miniport = Rc::new(Miniport { filter: Rc::new(filter), refusing });
        Rc::clone(&port).init(
            kernel,
            device,
            Some(irp),
            miniport,
            None,
            Some(Rc::clone(&resources)),
        )?;
        pc_register_subdevice(kernel, device, name, port)?;
    }
    Ok(())
}

fn wave_filter() -> PcFilterDescriptor {
    let range = KsDataFormat::MIDI_BUS.into();
    PcFilterDescriptor {
        pins: vec![pin(KsPinDataFlow::In, KsPinCommunication::Bridge, range)],
        categories: vec![category::AUDIO, category::TOPOLOGY],
        ..PcFilterDescriptor::default()
    }
}

/// Two pins to render MIDI, one pin to capture MIDI, and one pin to render DirectMusic events.
fn midi_filter() -> PcFilterDescriptor {
    let (sink, midi) = (KsPinCommunication::Sink, KsDataRangeMusic::MIDI_PORT);
    let mut direct_music = midi;
    direct_music.data_range.sub_format = data_format::DIRECTMUSIC;
    PcFilterDescriptor {
        pins: vec![
            pin(KsPinDataFlow::In, sink, midi.into()),
            pin(KsPinDataFlow::In, sink, midi.into()),
            pin(KsPinDataFlow::Out, sink, midi.into()),
            pin(KsPinDataFlow::In, sink, direct_music.into()),
        ],
        categories: vec![category::AUDIO, category::RENDER, category::CAPTURE],
        ..PcFilterDescriptor::default()
    }
}

fn pin(
    data_flow: KsPinDataFlow,
    communication: KsPinCommunication,
    range: DataRange,
) -> PcPinDescriptor {
    PcPinDescriptor {
        max_global_instance_count: INSTANCES_UNLIMITED,
        max_filter_instance_count: 2,
        min_filter_instance_count: 0,
        automation: None,
        pin: KsPinDescriptor {
            interfaces: Vec::new(),
            mediums: Vec::new(),
            data_ranges: vec![range],
            data_flow,
            communication,
            category: Some(category::SYNTHESIZER),
            name: None,
            constrained_data_ranges: Vec::new(),
        },
    }
}

struct Miniport {
    filter: Rc<PcFilterDescriptor>,
    refusing: &'static [u32],
}

impl IUnknown for Miniport {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport, IMiniportMidi)
    }
}

impl IMiniport for Miniport {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        Ok(Rc::clone(&self.filter))
    }

    fn data_range_intersection(
        &self,
        _kernel: &Kernel,
        _pin_id: u32,
        _client_range: &DataRange,
        _pin_range: &DataRange,
        _output_length: u32,
    ) -> LengthReply {
        LengthReply::of_status(NtStatus::NOT_IMPLEMENTED)
    }
}

impl IMiniportMidi for Miniport {
    fn init(
        self: Rc<Self>,
        _kernel: &Kernel,
        _adapter: Option<Rc<dyn IUnknown>>,
        _resources: Option<Rc<dyn IResourceList>>,
        _port: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        Ok(None)
    }

    fn service(&self, _kernel: &Kernel) {}

    fn new_stream(
        self: Rc<Self>,
        _kernel: &Kernel,
        _outer: Option<Rc<dyn IUnknown>>,
        _pool: PoolType,
        pin: u32,
        _direction: StreamDirection,
        _format: &KsDataFormat,
    ) -> Result<NewStream, NtStatus> {
        if self.refusing.contains(&pin) {
            return Err(NtStatus::DEVICE_NOT_READY);
        }
        Ok(NewStream { stream: Rc::new(Stream), service_group: None })
    }
}

/// A stream that takes every byte and captures no byte.
struct Stream;

impl IUnknown for Stream {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniportMidiStream)
    }
}

impl IMiniportMidiStream for Stream {
    fn set_format(&self, _kernel: &Kernel, _format: &KsDataFormat) -> Result<(), NtStatus> {
        Ok(())
    }

    fn set_state(&self, _kernel: &Kernel, _state: KsState) -> Result<(), NtStatus> {
        Ok(())
    }

    fn read(&self, _kernel: &Kernel, _buffer: &mut [u8]) -> Result<u32, NtStatus> {
        Ok(0)
    }

    fn write(&self, _kernel: &Kernel, data: &[u8]) -> Result<u32, NtStatus> {
        Ok(data.len() as u32)
    }
}
