//! A driver without hardware, with a MIDI miniport or a DirectMusic miniport.
//!
//! The driver counts the messages that it gets to play. It hands out as many messages as the
//! benchmark asks for. The driver never knows the client.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_machine::emulator::{
    DeviceObject, DriverObject, Irp, Irql, Kernel, NtStatus, PoolType,
};
use portcls_machine::port::com::{IUnknown, Interface};
use portcls_machine::port::descriptor::{KsPinDescriptor, PcFilterDescriptor, PcPinDescriptor};
use portcls_machine::port::dmus_event::EventChain;
use portcls_machine::port::guid::{Guid, clsid};
use portcls_machine::port::interfaces::{
    DmusStreamRequest, IAllocatorMxf, IMasterClock, IMiniport, IMiniportDMus, IMiniportMidi,
    IMiniportMidiStream, IMxf, IPortDMus, IPortMidi, IResourceList, IServiceGroup, NewDmusStream,
    NewStream, StreamDirection,
};
use portcls_machine::port::ks::guids::category;
use portcls_machine::port::ks::{
    DataRange, KsDataFormat, KsDataRangeMusic, KsPinCommunication, KsPinDataFlow, KsState,
    LengthReply,
};
use portcls_machine::port::{
    answer_query, pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_port,
    pc_new_service_group, pc_register_subdevice,
};

/// The pin to render on.
pub const RENDER: u32 = 0;
/// The pin to capture from.
pub const CAPTURE: u32 = 1;
/// The message that goes in and out.
pub const MESSAGE: [u8; 3] = [0x90, 0x3C, 0x40];

/// The class of port, and the kind of miniport.
#[derive(Clone, Copy, PartialEq)]
pub enum Class {
    Midi,
    DirectMusic,
}

/// The driver's state.
pub struct Driver {
    class: Class,
    group: RefCell<Option<Rc<dyn IServiceGroup>>>,
    played: Cell<u64>,
    waiting: Cell<u64>,
}

impl Driver {
    /// Loads the driver: afterwards `object` has its AddDevice.
    pub fn load(kernel: &Kernel, object: &Rc<DriverObject>, class: Class) -> Rc<Driver> {
        let driver = Rc::new(Driver {
            class,
            group: RefCell::default(),
            played: Cell::new(0),
            waiting: Cell::new(0),
        });
        let this = Rc::clone(&driver);
        let add = move |kernel: &Kernel, object: &Rc<DriverObject>, bus: &Rc<DeviceObject>| {
            let this = Rc::clone(&this);
            let start = move |kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp, resources| {
                this.start(kernel, device, irp, resources)
            };
            pc_add_adapter_device(kernel, object, bus, Rc::new(start), 1, 0)
        };
        pc_initialize_adapter_driver(kernel, object, "", Rc::new(add)).expect("a good driver");
        driver
    }

    fn start(
        self: &Rc<Driver>,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        irp: &Irp,
        resources: Rc<dyn IResourceList>,
    ) -> Result<(), NtStatus> {
        let miniport = Rc::new(Miniport(Rc::clone(self)));
        let class = match self.class {
            Class::Midi => clsid::PORT_MIDI,
            Class::DirectMusic => clsid::PORT_DMUS,
        };
        let port = pc_new_port(kernel, &class)?;
        Rc::clone(&port).init(kernel, device, Some(irp), miniport, None, Some(resources))?;
        pc_register_subdevice(kernel, device, "Port", port)
    }

    /// The number of messages that the port gave the driver.
    pub fn messages_played(&self) -> u64 {
        self.played.get()
    }

    /// Lets messages come in, and asks for service as an ISR does.
    pub fn receive(&self, kernel: &Kernel, messages: u64) {
        self.waiting.set(self.waiting.get() + messages);
        let group = self.group.borrow().clone().expect("the device is started");
        let old = kernel.raise_irql(Irql(5));
        group.request_service(kernel);
        kernel.lower_irql(old);
    }

    /// Makes the service group at Init.
    fn new_group(&self, kernel: &Kernel) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        let group = pc_new_service_group(kernel, None)?;
        *self.group.borrow_mut() = Some(Rc::clone(&group));
        Ok(Some(group))
    }

    /// Takes one of the messages that came in; false if there is no message.
    fn take_message(&self) -> bool {
        let waiting = self.waiting.get();
        self.waiting.set(waiting.saturating_sub(1));
        waiting > 0
    }
}

struct Miniport(Rc<Driver>);

impl IUnknown for Miniport {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        match self.0.class {
            Class::Midi => answer_query!(self, iid, IMiniport, IMiniportMidi),
            Class::DirectMusic => answer_query!(self, iid, IMiniport, IMiniportDMus),
        }
    }
}

impl IMiniport for Miniport {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        Ok(Rc::new(PcFilterDescriptor {
            pins: vec![pin(KsPinDataFlow::In), pin(KsPinDataFlow::Out)],
            categories: vec![category::AUDIO],
            ..PcFilterDescriptor::default()
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
        LengthReply::of_status(NtStatus::NOT_IMPLEMENTED)
    }
}

fn pin(data_flow: KsPinDataFlow) -> PcPinDescriptor {
    PcPinDescriptor {
        max_global_instance_count: 1,
        max_filter_instance_count: 1,
        min_filter_instance_count: 0,
        automation: None,
        pin: KsPinDescriptor {
            interfaces: Vec::new(),
            mediums: Vec::new(),
            data_ranges: vec![KsDataRangeMusic::MIDI_PORT.into()],
            data_flow,
            communication: KsPinCommunication::Sink,
            category: Some(category::AUDIO),
            name: None,
            constrained_data_ranges: Vec::new(),
        },
    }
}

impl IMiniportMidi for Miniport {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        _adapter: Option<Rc<dyn IUnknown>>,
        _resources: Option<Rc<dyn IResourceList>>,
        _port: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.0.new_group(kernel)
    }

    fn service(&self, _kernel: &Kernel) {}

    fn new_stream(
        self: Rc<Self>,
        _kernel: &Kernel,
        _outer: Option<Rc<dyn IUnknown>>,
        _pool: PoolType,
        _pin: u32,
        _direction: StreamDirection,
        _format: &KsDataFormat,
    ) -> Result<NewStream, NtStatus> {
        let stream = Rc::new(MidiStream(Rc::clone(&self.0)));
        Ok(NewStream { stream, service_group: self.0.group.borrow().clone() })
    }
}

struct MidiStream(Rc<Driver>);

impl IUnknown for MidiStream {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniportMidiStream)
    }
}

impl IMiniportMidiStream for MidiStream {
    fn set_format(&self, _kernel: &Kernel, _format: &KsDataFormat) -> Result<(), NtStatus> {
        Ok(())
    }

    fn set_state(&self, _kernel: &Kernel, _state: KsState) -> Result<(), NtStatus> {
        Ok(())
    }

    /// Reads one message, if one came in.
    fn read(&self, _kernel: &Kernel, buffer: &mut [u8]) -> Result<u32, NtStatus> {
        if !self.0.take_message() {
            return Ok(0);
        }
        buffer[..MESSAGE.len()].copy_from_slice(&MESSAGE);
        Ok(MESSAGE.len() as u32)
    }

    fn write(&self, _kernel: &Kernel, data: &[u8]) -> Result<u32, NtStatus> {
        self.0.played.set(self.0.played.get() + 1);
        Ok(data.len() as u32)
    }
}

impl IMiniportDMus for Miniport {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        _adapter: Option<Rc<dyn IUnknown>>,
        _resources: Option<Rc<dyn IResourceList>>,
        _port: Rc<dyn IPortDMus>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.0.new_group(kernel)
    }

    fn service(&self, _kernel: &Kernel) {}

    fn new_stream(
        self: Rc<Self>,
        _kernel: &Kernel,
        _outer: Option<Rc<dyn IUnknown>>,
        _pool: PoolType,
        request: &DmusStreamRequest<'_>,
    ) -> Result<NewDmusStream, NtStatus> {
        let stream = Rc::new(DmusStream {
            driver: Rc::clone(&self.0),
            allocator: Rc::clone(request.allocator),
            clock: Rc::clone(request.clock),
            output: RefCell::default(),
        });
        let service_group = self.0.group.borrow().clone();
        Ok(NewDmusStream { stream, service_group, schedule_pre_fetch_100ns: 0 })
    }
}

struct DmusStream {
    driver: Rc<Driver>,
    allocator: Rc<dyn IAllocatorMxf>,
    clock: Rc<dyn IMasterClock>,
    output: RefCell<Option<Rc<dyn IMxf>>>,
}

impl IUnknown for DmusStream {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMxf)
    }
}

impl IMxf for DmusStream {
    fn set_state(&self, _kernel: &Kernel, _state: KsState) -> Result<(), NtStatus> {
        Ok(())
    }

    /// Plays events. Without events, passes on the messages that came in, one event for each
    /// message.
    fn put_message(&self, kernel: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus> {
        if let Some(chain) = &events {
            self.driver.played.set(self.driver.played.get() + chain.len() as u64);
            return self.allocator.put_message(kernel, events);
        }
        let Some(output) = self.output.borrow().clone() else { return Ok(()) };
        while self.driver.take_message() {
            let mut event = self.allocator.get_message(kernel)?;
            event.channel_group = 1;
            event.time_100ns = self.clock.get_time(kernel)?;
            event.set_inline(&MESSAGE);
            output.put_message(kernel, Some(event.into()))?;
        }
        Ok(())
    }

    fn connect_output(&self, _kernel: &Kernel, sink: Rc<dyn IMxf>) -> Result<(), NtStatus> {
        *self.output.borrow_mut() = Some(sink);
        Ok(())
    }

    fn disconnect_output(
        &self,
        _kernel: &Kernel,
        _sink: Option<&Rc<dyn IMxf>>,
    ) -> Result<(), NtStatus> {
        self.output.take();
        Ok(())
    }
}
