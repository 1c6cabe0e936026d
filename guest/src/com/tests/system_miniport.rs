//! A driver calls a MIDI miniport of the system, which is in Rust.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::{DevicePowerState, Irql, Kernel, NtStatus, PoolType};
use portcls_port::answer_query;
use portcls_port::automation::{PcAutomationTable, PcPropertyItem, PropertyHandler};
use portcls_port::com::{IUnknown, Interface, query};
use portcls_port::descriptor::{
    KsPinDescriptor, PcConnectionDescriptor, PcFilterDescriptor, PcNodeDescriptor, PcPinDescriptor,
};
use portcls_port::guid::{Guid, clsid, iid};
use portcls_port::interfaces::{
    IMiniport, IMiniportMidi, IMiniportMidiStream, IMusicTechnology, IPortMidi, IPowerNotify,
    IResourceList, IServiceGroup, NewStream, StreamDirection,
};
use portcls_port::ks::guids::{category, node_type, property_set, technology};
use portcls_port::ks::{
    DataAttribute, DataRange, KsDataFormat, KsDataRangeMusic, KsIdentifier, KsPinCommunication,
    KsPinDataFlow, KsPropertyType, KsState, LengthReply,
};
use portcls_port::{pc_new_port, pc_new_service_group};

use super::{call, guest};
use crate::com::Hold;
use crate::com::descriptor::read_filter_descriptor;
use crate::guest::Guest;
use crate::memory::at;

/// Both bitnesses.
const TARGETS: [&str; 2] = ["x64", "x86"];

#[test]
fn a_miniport_in_rust_is_one_object_for_the_driver_and_the_port() {
    for place in TARGETS {
        let guest = guest(place);
        let miniport: Rc<dyn IUnknown> = Miniport::new();
        let pointer = guest.give(&miniport, &iid::MINIPORT);
        assert_eq!(guest.lend(&miniport, &iid::MINIPORT_MIDI), pointer);
        let back = guest.object_at(pointer, &iid::UNKNOWN, Hold::Retain).expect("it is there");
        assert!(Rc::ptr_eq(&back, &miniport), "the port finds the object behind the pointer");

        let technology = guest.lend(&miniport, &iid::MUSIC_TECHNOLOGY);
        assert_ne!(technology, pointer, "another vtable");
        let answer = guest.with_scratch(16, |scratch| {
            guest.store(scratch, bytemuck::bytes_of(&technology::WAVETABLE));
            guest.call_method(technology, 3, &[scratch])
        });
        assert_eq!(answer, Some(0));
        let set = query::<dyn IMusicTechnology>(&miniport).expect("it has the interface");
        let again = set.set_technology(guest.kernel(), &technology::WAVETABLE);
        assert_eq!(again, Err(NtStatus::UNSUCCESSFUL), "it was set before");
    }
}

/// The reader of descriptors checks the work of the writer.
#[test]
fn a_description_is_read_back_from_the_drivers_memory_as_it_was() {
    for place in TARGETS {
        let guest = guest(place);
        let miniport = Miniport::new();
        let object: Rc<dyn IUnknown> = Rc::clone(&miniport) as _;
        let pointer = guest.give(&object, &iid::MINIPORT);
        let out = scratch(&guest);
        assert_eq!(call(&guest, pointer, 3, &[out]), Ok(0), "GetDescription");
        let address = guest.load_word(out);
        let read = read_filter_descriptor(&guest, address).expect("it is good");
        assert_eq!(without_handlers(read), without_handlers(description()), "{place}");
        assert_eq!(call(&guest, pointer, 3, &[out]), Ok(0), "IMiniport::GetDescription again");
        assert_eq!(guest.load_word(out), address, "{place}: it stays where it is");
        assert_eq!(guest.kernel().violations(), []);

        miniport.fails.set(true);
        let answer = call(&guest, pointer, 3, &[out]).expect("it returns");
        assert_eq!(NtStatus(answer as u32), NtStatus::INVALID_DEVICE_STATE);
        assert_eq!(guest.load_word(out), 0, "{place}: a null pointer after a failure");
    }
}

/// The descriptor without the handlers of its properties, for a comparison. A handler that was read
/// back is another object than the handler that was written. So a comparison can cover only the
/// sets, numbers and flags of the properties.
fn without_handlers(mut filter: PcFilterDescriptor) -> PcFilterDescriptor {
    let strip = |table: &mut Option<Rc<PcAutomationTable>>| {
        if let Some(table) = table {
            let mut properties = table.properties.clone();
            properties.iter_mut().for_each(|item| item.handler = None);
            *table = Rc::new(PcAutomationTable { properties, events: Vec::new() });
        }
    };
    strip(&mut filter.automation);
    filter.pins.iter_mut().for_each(|pin| strip(&mut pin.automation));
    filter.nodes.iter_mut().for_each(|node| strip(&mut node.automation));
    filter
}

/// The test calls the handler with a request that the port did not show to the driver. The good
/// item in this request does not help.
#[test]
fn the_handler_in_a_description_is_no_routine_for_another_request() {
    for place in TARGETS {
        let guest = guest(place);
        let object: Rc<dyn IUnknown> = Miniport::new();
        let pointer = guest.give(&object, &iid::MINIPORT);
        let out = scratch(&guest);
        assert_eq!(call(&guest, pointer, 3, &[out]), Ok(0), "GetDescription");
        let table = guest.load_word(at(
            guest.load_word(out),
            guest.layout().pcfilter_descriptor.automation_table,
        ));
        let item = guest.load_word(at(table, guest.layout().pcautomation_table.properties));
        let handler = guest.load_word(at(item, guest.layout().pcproperty_item.handler));
        let name = guest.describe_address(handler);
        assert_eq!(name, "the property handler of a system miniport");
        let request = scratch(&guest);
        guest.store_word(at(request, guest.layout().pcproperty_request.property_item), item);
        let answer = guest.kernel().clone().enter(|_| guest.call(handler, &[request]));
        let answer = NtStatus(answer.expect("it returns") as u32);
        assert_eq!(answer, NtStatus::INVALID_PARAMETER, "{place}: the port did not show it");
    }
}

#[test]
fn a_pair_of_ranges_is_answered_with_the_length_protocol() {
    for place in TARGETS {
        let guest = guest(place);
        let object: Rc<dyn IUnknown> = Miniport::new();
        let pointer = guest.give(&object, &iid::MINIPORT);
        let memory = scratch(&guest);
        let (range, format, length) = (memory, memory + 128, memory + 256);
        guest.store(range, bytemuck::bytes_of(&KsDataRangeMusic::MIDI_PORT));
        let ask = |room: u64, out: u64| {
            let words = [0, range, range, room, out, length];
            let answer = call(&guest, pointer, 4, &words).expect("it returns");
            (NtStatus(answer as u32), guest.load_u32(length))
        };
        let overflow = (NtStatus::BUFFER_OVERFLOW, 64);
        assert_eq!(ask(0, 0), overflow, "{place}: IMiniport::DataRangeIntersection without room");
        assert_eq!(ask(63, format), (NtStatus::BUFFER_TOO_SMALL, 0), "{place}");
        assert_eq!(guest.load_u32(format), 0, "nothing is written");
        assert_eq!(ask(64, format), (NtStatus::SUCCESS, 64), "{place}");
        assert_eq!(guest.load::<64>(format), bytemuck::bytes_of(&KsDataFormat::MIDI));
        guest.store_u32(range, 63);
        assert_eq!(ask(64, format).0, NtStatus::INVALID_PARAMETER, "{place}: no range is so short");
        // A client's range may be longer than the longest range of a driver.
        let long = guest.new_object_block(&[0; 100_000]);
        guest.store(long, bytemuck::bytes_of(&KsDataFormat::MIDI));
        guest.store_u32(long, 100_000);
        let words = [0, long, long, 64, format, length];
        let answer = call(&guest, pointer, 4, &words).map(|answer| NtStatus(answer as u32));
        assert_eq!(answer, Ok(NtStatus::SUCCESS), "{place}");
    }
}

#[test]
fn init_gets_the_drivers_arguments_and_gives_the_group() {
    for place in TARGETS {
        let guest = guest(place);
        let miniport = Miniport::new();
        let object: Rc<dyn IUnknown> = Rc::clone(&miniport) as _;
        let pointer = guest.give(&object, &iid::MINIPORT);
        let port: Rc<dyn IUnknown> =
            pc_new_port(guest.kernel(), &clsid::PORT_MIDI).expect("a port");
        let port_at = guest.give(&port, &iid::PORT_MIDI);
        let out = scratch(&guest);
        let init = |port: u64| {
            guest.store_word(out, 0xAAAA);
            let answer = call(&guest, pointer, 5, &[0, 0, port, out]).expect("it returns");
            (NtStatus(answer as u32), guest.load_word(out))
        };
        let (status, group) = init(port_at);
        assert_eq!(status, NtStatus::SUCCESS, "{place}");
        let group = guest.interface_at::<dyn IServiceGroup>(group, Hold::Adopt);
        assert!(Rc::ptr_eq(&group.expect("a group"), &miniport.group()), "{place}: the same one");
        assert!(miniport.port.borrow().is_some(), "{place}: the port's own object");
        assert_eq!(init(pointer).0, NtStatus::INVALID_PARAMETER, "{place}: that is no port");
        miniport.fails.set(true);
        assert_eq!(init(port_at), (NtStatus::INVALID_DEVICE_STATE, 0), "{place}");
        let refused = guest.kernel().refused_calls();
        let line = "IMiniportMidi::Init refuses: STATUS_INVALID_DEVICE_STATE";
        assert_eq!(refused.last().expect("it was told").to_string(), line);
    }
}

#[test]
fn a_stream_reads_and_writes_the_drivers_memory() {
    for place in TARGETS {
        let guest = guest(place);
        let miniport = Miniport::new();
        let object: Rc<dyn IUnknown> = Rc::clone(&miniport) as _;
        let pointer = guest.give(&object, &iid::MINIPORT);
        let memory = scratch(&guest);
        let (out, group, format) = (memory, memory + 8, memory + 64);
        guest.store(format, bytemuck::bytes_of(&KsDataFormat::MIDI));
        let open = |format: u64| {
            let words = [out, 0, 0x200, 2, 1, format, group];
            NtStatus(call(&guest, pointer, 7, &words).expect("it returns") as u32)
        };
        assert_eq!(open(format), NtStatus::SUCCESS, "{place}: IMiniportMidi::NewStream");
        assert_eq!(miniport.opened.get(), Some((2, StreamDirection::Capture)), "{place}");
        assert_ne!(guest.load_word(group), 0, "{place}");
        let stream = guest.load_word(out);
        let (buffer, count) = (memory + 256, memory + 512);
        guest.store(buffer, &[1, 2, 3, 4, 5]);
        let with_buffer = |slot, length| {
            let answer = call(&guest, stream, slot, &[buffer, length, count]);
            (NtStatus(answer.expect("it returns") as u32), guest.load_u32(count))
        };
        assert_eq!(
            with_buffer(6, 5),
            (NtStatus::SUCCESS, 4),
            "{place}: IMiniportMidiStream::Write takes all but one"
        );
        guest.store(buffer, &[0; 5]);
        assert_eq!(
            with_buffer(5, 5),
            (NtStatus::SUCCESS, 4),
            "{place}: IMiniportMidiStream::Read gives them"
        );
        assert_eq!(guest.load::<5>(buffer), [1, 2, 3, 4, 0], "{place}");
        assert_eq!(with_buffer(5, 0), (NtStatus::SUCCESS, 0), "{place}");
        let set = |slot, word| NtStatus(call(&guest, stream, slot, &[word]).unwrap() as u32);
        assert_eq!(set(4, 3), NtStatus::SUCCESS, "{place}: IMiniportMidiStream::SetState");
        assert_eq!(set(4, 4), NtStatus::INVALID_PARAMETER, "{place}: no such state");
        assert_eq!(set(3, format), NtStatus::SUCCESS, "{place}: IMiniportMidiStream::SetFormat");
        guest.store_u32(format, 63);
        assert_eq!(set(3, format), NtStatus::INVALID_PARAMETER, "{place}: shorter than its head");
        assert_eq!(open(format), NtStatus::INVALID_PARAMETER, "{place}");
    }
}

#[test]
fn a_service_is_passed_on_at_its_level() {
    for place in TARGETS {
        let guest = guest(place);
        let miniport = Miniport::new();
        let object: Rc<dyn IUnknown> = Rc::clone(&miniport) as _;
        let pointer = guest.give(&object, &iid::MINIPORT);
        let kernel = guest.kernel();
        let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
        call(&guest, pointer, 6, &[]).expect("IMiniportMidi::Service returns");
        kernel.lower_irql(old);
        assert_eq!(miniport.services.get(), 1, "{place}");
        assert_eq!(kernel.violations(), []);
    }
}

#[test]
fn a_miniport_hears_of_power_by_the_number_of_a_device_state() {
    for place in TARGETS {
        let guest = guest(place);
        let miniport = Miniport::new();
        let object: Rc<dyn IUnknown> = Rc::clone(&miniport) as _;
        let pointer = guest.give(&object, &iid::POWER_NOTIFY);
        for number in [4, 1, 0, 9] {
            call(&guest, pointer, 3, &[number]).expect("IPowerNotify::PowerChangeNotify returns");
        }
        let told = [DevicePowerState::D3, DevicePowerState::D0];
        assert_eq!(*miniport.power.borrow(), told, "{place}: 0 and 9 are no states");
    }
}

/// Zeroed memory of the driver.
fn scratch(guest: &Guest) -> u64 {
    guest.new_object_block(&[0; 1_024])
}

/// A filter descriptor with at least one item in each list, except for events.
pub(super) fn description() -> PcFilterDescriptor {
    let handler: PropertyHandler = Rc::new(|_, request| request.answer(&[1, 2]));
    let table = |id: u32| {
        let item = |id, handler| PcPropertyItem {
            set: property_set::SYNTH,
            id,
            flags: KsPropertyType::GET,
            handler,
        };
        let properties = vec![item(id, Some(Rc::clone(&handler))), item(9, None)];
        Some(Rc::new(PcAutomationTable { properties, events: Vec::new() }))
    };
    let attributes = vec![
        DataAttribute::new(category::AUDIO),
        DataAttribute { rest: vec![1, 2, 3, 4, 5], ..DataAttribute::new(category::RENDER) },
    ];
    let midi = DataRange::from(KsDataRangeMusic::MIDI_PORT);
    PcFilterDescriptor {
        version: 0,
        automation: table(40),
        pins: vec![PcPinDescriptor {
            max_global_instance_count: 4,
            max_filter_instance_count: 3,
            min_filter_instance_count: 1,
            automation: table(41),
            pin: KsPinDescriptor {
                interfaces: vec![KsIdentifier::STANDARD_STREAMING],
                mediums: vec![KsIdentifier::STANDARD_DEVICE_IO],
                data_ranges: vec![
                    midi.clone().with_attributes(attributes),
                    KsDataFormat::MIDI_BUS.into(),
                    DataRange::new(
                        KsDataFormat { format_size: 67, ..KsDataFormat::MIDI },
                        vec![7; 3],
                    )
                    .with_attributes(Vec::new()),
                ],
                data_flow: KsPinDataFlow::Out,
                communication: KsPinCommunication::Both,
                category: Some(category::AUDIO),
                name: None,
                constrained_data_ranges: vec![midi],
            },
        }],
        nodes: vec![PcNodeDescriptor {
            flags: 0,
            automation: table(42),
            node_type: node_type::SYNTHESIZER,
            name: Some(category::CAPTURE),
        }],
        connections: vec![PcConnectionDescriptor::between_pins(0, 0)],
        categories: vec![category::AUDIO, category::CAPTURE],
    }
}

/// A MIDI miniport that notes the arguments that it gets.
struct Miniport {
    is_set: Cell<bool>,
    fails: Cell<bool>,
    group: RefCell<Option<Rc<dyn IServiceGroup>>>,
    port: RefCell<Option<Rc<dyn IPortMidi>>>,
    opened: Cell<Option<(u32, StreamDirection)>>,
    services: Cell<u32>,
    power: RefCell<Vec<DevicePowerState>>,
}

impl Miniport {
    fn new() -> Rc<Miniport> {
        Rc::new(Miniport {
            is_set: Cell::new(false),
            fails: Cell::new(false),
            group: RefCell::default(),
            port: RefCell::default(),
            opened: Cell::new(None),
            services: Cell::new(0),
            power: RefCell::default(),
        })
    }

    fn group(&self) -> Rc<dyn IServiceGroup> {
        self.group.borrow().clone().expect("Init made it")
    }

    fn check(&self) -> Result<(), NtStatus> {
        if self.fails.get() { Err(NtStatus::INVALID_DEVICE_STATE) } else { Ok(()) }
    }
}

impl IUnknown for Miniport {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport, IMiniportMidi, IMusicTechnology, IPowerNotify)
    }
}

impl IMusicTechnology for Miniport {
    fn set_technology(&self, _: &Kernel, technology: &Guid) -> Result<(), NtStatus> {
        assert_eq!(*technology, technology::WAVETABLE);
        if self.is_set.replace(true) { Err(NtStatus::UNSUCCESSFUL) } else { Ok(()) }
    }
}

impl IPowerNotify for Miniport {
    fn power_change_notify(&self, _: &Kernel, state: DevicePowerState) {
        self.power.borrow_mut().push(state);
    }
}

impl IMiniport for Miniport {
    fn get_description(&self, _: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        self.check()?;
        Ok(Rc::new(description()))
    }

    fn data_range_intersection(
        &self,
        _: &Kernel,
        _: u32,
        client_range: &DataRange,
        pin_range: &DataRange,
        output_length: u32,
    ) -> LengthReply {
        assert_eq!(client_range, pin_range);
        assert_eq!(pin_range.head().major_format, KsDataFormat::MIDI.major_format);
        LengthReply::of_value(bytemuck::bytes_of(&KsDataFormat::MIDI), output_length)
    }
}

impl IMiniportMidi for Miniport {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.check()?;
        assert!(adapter.is_none() && resources.is_none(), "the driver gave neither");
        *self.group.borrow_mut() = Some(pc_new_service_group(kernel, None)?);
        *self.port.borrow_mut() = Some(port);
        Ok(Some(self.group()))
    }

    fn service(&self, kernel: &Kernel) {
        assert_eq!(kernel.current_irql(), Irql::DISPATCH_LEVEL);
        self.services.set(self.services.get() + 1);
    }

    fn new_stream(
        self: Rc<Self>,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        pool: PoolType,
        pin: u32,
        direction: StreamDirection,
        format: &KsDataFormat,
    ) -> Result<NewStream, NtStatus> {
        assert!(outer.is_none() && pool == PoolType::NonPagedNx);
        assert_eq!(*format, KsDataFormat::MIDI);
        self.opened.set(Some((pin, direction)));
        let service_group = Some(pc_new_service_group(kernel, None)?);
        Ok(NewStream { stream: Stream::new(), service_group })
    }
}

/// A stream whose Read returns the bytes that were written, without the last byte of each buffer.
struct Stream(RefCell<Vec<u8>>);

impl Stream {
    fn new() -> Rc<Stream> {
        Rc::new(Stream(RefCell::default()))
    }
}

impl IUnknown for Stream {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniportMidiStream)
    }
}

impl IMiniportMidiStream for Stream {
    fn set_format(&self, _: &Kernel, format: &KsDataFormat) -> Result<(), NtStatus> {
        assert_eq!(*format, KsDataFormat::MIDI);
        Ok(())
    }

    fn set_state(&self, _: &Kernel, state: KsState) -> Result<(), NtStatus> {
        assert_eq!(state, KsState::Run);
        Ok(())
    }

    fn read(&self, _: &Kernel, buffer: &mut [u8]) -> Result<u32, NtStatus> {
        let mut held = self.0.borrow_mut();
        let count = held.len().min(buffer.len());
        buffer[..count].copy_from_slice(&held[..count]);
        held.drain(..count);
        Ok(count as u32)
    }

    fn write(&self, _: &Kernel, data: &[u8]) -> Result<u32, NtStatus> {
        let taken = &data[..data.len() - 1];
        self.0.borrow_mut().extend(taken);
        Ok(taken.len() as u32)
    }
}
