//! The topology port: its filter, its connections, subdevices that go.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{DeviceKeys, DeviceObject, Irp, Irql, Kernel, NtStatus, Parameters};
use portcls_port::com::{IUnknown, Interface, query};
use portcls_port::descriptor::{
    PcConnectionDescriptor, PcFilterDescriptor, PcNodeDescriptor, PcPinDescriptor,
};
use portcls_port::guid::{Guid, clsid, iid};
use portcls_port::interfaces::{
    IMiniport, IMiniportTopology, IPort, IPortClsVersion, IPortMidi, IPortTopology, IResourceList,
    IUnregisterPhysicalConnection, IUnregisterSubdevice, PortClsVersion,
};
use portcls_port::ks::guids::{category, node_type, property_set};
use portcls_port::ks::pin_connect::{PinRequest, filter_name};
use portcls_port::ks::{
    DataRange, KsPinCommunication, KsProperty, KsPropertyPin, KsState, LengthReply,
};
use portcls_port::{
    ConnectedPin, ConnectionEnd, answer_query, pc_new_port, pc_register_physical_connection,
    pc_register_subdevice,
};

use crate::fake::{Fake, midi_miniport, result};
use crate::plan::{BRIDGE, Plan, RENDER, filter};
use crate::rig::{File, GET, PROPERTY, Rig, on_added_device, on_planned_device};

/// A topology miniport. It writes down the calls of Init and GetDescription.
struct FakeTopology {
    fake: Rc<Fake>,
    /// As real drivers do, the miniport keeps its port.
    port: RefCell<Option<Rc<dyn IPortTopology>>>,
}

fn topology_miniport(fake: &Rc<Fake>) -> Rc<dyn IUnknown> {
    fake.born();
    Rc::new(FakeTopology { fake: Rc::clone(fake), port: RefCell::default() })
}

/// An input pin without communication (KSPIN_COMMUNICATION_NONE), a volume control, and an output
/// bridge pin. The description has no categories.
fn mixer() -> PcFilterDescriptor {
    let bridge = filter().pins.swap_remove(BRIDGE as usize);
    let mut into = bridge.clone();
    into.pin.data_flow = portcls_port::ks::KsPinDataFlow::In;
    into.pin.communication = KsPinCommunication::None;
    let node =
        PcNodeDescriptor { flags: 0, automation: None, node_type: node_type::VOLUME, name: None };
    let through = PcConnectionDescriptor::FILTER_NODE;
    let line = |from_node, from_node_pin, to_node, to_node_pin| PcConnectionDescriptor {
        from_node,
        from_node_pin,
        to_node,
        to_node_pin,
    };
    PcFilterDescriptor {
        pins: vec![into, bridge],
        nodes: vec![node],
        connections: vec![line(through, 0, 0, 1), line(0, 0, through, 1)],
        ..PcFilterDescriptor::default()
    }
}

impl Drop for FakeTopology {
    fn drop(&mut self) {
        self.fake.died("drop topology");
    }
}

impl IUnknown for FakeTopology {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport, IMiniportTopology)
    }
}

impl IMiniport for FakeTopology {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        self.fake.note("GetDescription of the topology");
        Ok(Rc::new(mixer()))
    }

    fn describe_pin(&self, _kernel: &Kernel, pin_id: u32) -> Option<PcPinDescriptor> {
        mixer().pins.get(pin_id as usize).cloned()
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

impl IMiniportTopology for FakeTopology {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        _adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortTopology>,
    ) -> Result<(), NtStatus> {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        let with = if resources.is_some() { "" } else { " without resources" };
        self.fake.note(format!("IMiniportTopology::Init{with}"));
        *self.port.borrow_mut() = Some(port);
        result(self.fake.plan.borrow().init_status, ())
    }
}

fn plan_topology(plan: &mut Plan) {
    plan.names = vec!["Topology"];
    plan.class = clsid::PORT_TOPOLOGY;
    plan.miniport = topology_miniport;
}

/// Adds a subdevice to a started device. Some drivers find out only then what their device has.
fn add(
    rig: &Rig,
    class: &Guid,
    name: &str,
    miniport: fn(&Rc<Fake>) -> Rc<dyn IUnknown>,
) -> Rc<dyn IPort> {
    let port = pc_new_port(&rig.kernel, class).expect("the class is offered");
    let device = rig.physical.top();
    let miniport = miniport(&rig.fake);
    Rc::clone(&port).init(&rig.kernel, &device, None, miniport, None, None).unwrap();
    pc_register_subdevice(&rig.kernel, &device, name, Rc::clone(&port) as _).unwrap();
    port
}

/// A device with a topology, and after it a music port, whose bridge pin leads to the topology.
fn on_combined_device(test: impl FnOnce(&Rig, &Rc<dyn IPort>, &Rc<dyn IPort>)) {
    on_planned_device(
        |plan| {
            plan.names = Vec::new();
            plan.max_objects = 2;
        },
        |rig| {
            rig.physical.set_registry_keys(DeviceKeys {
                device: r"\Registry\Machine\Enum\ISAPNP\PNPB006\0".to_owned(),
                driver: r"\Registry\Machine\Software\Device".to_owned(),
                hardware_profile: r"\Registry\Machine\Profile".to_owned(),
            });
            let topology = add(rig, &clsid::PORT_TOPOLOGY, "Topology", topology_miniport);
            let midi = add(rig, &clsid::PORT_MIDI, "Uart", midi_miniport);
            let (from, to) = (end(&midi, BRIDGE), end(&topology, 0));
            pc_register_physical_connection(&rig.kernel, &rig.physical.top(), from, to).unwrap();
            test(rig, &topology, &midi);
        },
    );
}

fn end(port: &Rc<dyn IPort>, pin: u32) -> ConnectedPin {
    ConnectedPin { end: ConnectionEnd::Subdevice(Rc::clone(port) as _), pin }
}

fn open<'a>(rig: &'a Rig, reference: &str) -> Result<File<'a>, NtStatus> {
    rig.open(&rig.physical.top(), None, &filter_name(reference))
}

/// KSPROPERTY_PIN_PHYSICALCONNECTION: the link and the pin at the other end.
fn connection(filter: &File<'_>, pin_id: u32) -> Result<(String, u32), NtStatus> {
    let irp = filter.pin_property(KsPropertyPin::PhysicalConnection.value(), pin_id, &[], 400);
    if irp.status() != NtStatus::SUCCESS {
        return Err(irp.status());
    }
    let value = irp.buffer().borrow();
    let word = |at: usize| u32::from_le_bytes(value[at..at + 4].try_into().unwrap());
    assert_eq!(u64::from(word(0)), irp.information());
    let (units, _) = value[8..word(0) as usize].as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let (last, text) = units.split_last().unwrap();
    assert_eq!(*last, 0);
    Ok((String::from_utf16(text).unwrap(), word(4)))
}

#[test]
fn a_topology_port_starts_its_miniport_and_has_its_own_categories() {
    on_planned_device(plan_topology, |rig| {
        let words = ["StartDevice", "IMiniportTopology::Init", "GetDescription of the topology"];
        assert_eq!(rig.fake.words(), words);
        let count = |class| rig.kernel.device_interfaces(bytemuck::cast(class)).len();
        assert_eq!([category::AUDIO, category::TOPOLOGY].map(count), [1, 1]);
        assert_eq!([category::RENDER, category::CAPTURE].map(count), [0, 0]);
        let filter = rig.open_filter().unwrap();
        let property = KsProperty { set: property_set::TOPOLOGY, id: 0, flags: GET };
        let irp = filter.control(PROPERTY, bytemuck::bytes_of(&property), &[], 100);
        let mut expected = vec![40, 0, 0, 0, 2, 0, 0, 0];
        expected.extend_from_slice(bytemuck::bytes_of(&category::AUDIO));
        expected.extend_from_slice(bytemuck::bytes_of(&category::TOPOLOGY));
        assert_eq!(*irp.buffer().borrow(), expected);
    });
}

#[test]
fn a_topology_port_is_no_other_port_and_says_its_version() {
    on_combined_device(|_, topology, _| {
        assert!(query::<dyn IPortTopology>(topology).is_ok());
        assert!(query::<dyn IPortMidi>(topology).is_err());
        let version = query::<dyn IPortClsVersion>(topology).unwrap();
        assert_eq!(version.get_version(), PortClsVersion::WindowsVista);
        let unknown = Rc::clone(topology).query_interface(&iid::UNKNOWN).unwrap();
        let again = query::<dyn IPort>(&unknown.into_unknown()).unwrap();
        assert!(Rc::ptr_eq(topology, &again));
    });
}

#[test]
fn no_pin_of_a_topology_filter_can_be_opened_and_the_trace_says_why() {
    on_planned_device(plan_topology, |rig| {
        let filter = rig.open_filter().unwrap();
        rig.fake.words();
        let mut sink = PinRequest::midi(0).to_name();
        for pin_id in [0, 1, 2, u32::MAX] {
            let refused = filter.pin(pin_id).err();
            assert_eq!(refused, Some(NtStatus::INVALID_DEVICE_REQUEST), "pin {pin_id}");
        }
        sink.truncate(50);
        assert_eq!(filter.open(&sink).err(), Some(NtStatus::INVALID_DEVICE_REQUEST));
        assert_eq!(filter.open(&[]).err(), Some(NtStatus::INVALID_DEVICE_REQUEST));
        assert!(rig.has_note(
            "a pin was not opened: a topology filter has no streams: STATUS_INVALID_DEVICE_REQUEST"
        ));
        assert!(rig.fake.words().is_empty(), "the miniport has no part in it");
    });
}

#[test]
fn a_topology_filter_answers_all_properties_of_filters() {
    on_planned_device(plan_topology, |rig| {
        let filter = rig.open_filter().unwrap();
        let value = |id: KsPropertyPin, pin_id| {
            let irp = filter.pin_property(id.value(), pin_id, &[], 400);
            assert_eq!(irp.status(), NtStatus::SUCCESS, "{id:?}");
            irp.buffer().take()[..irp.information() as usize].to_vec()
        };
        assert_eq!(value(KsPropertyPin::CTypes, 0), [2, 0, 0, 0]);
        assert_eq!(value(KsPropertyPin::DataFlow, 0), [1, 0, 0, 0]);
        assert_eq!(value(KsPropertyPin::DataFlow, 1), [2, 0, 0, 0]);
        assert_eq!(value(KsPropertyPin::Communication, 0), [0, 0, 0, 0]);
        assert_eq!(value(KsPropertyPin::Communication, 1), [4, 0, 0, 0]);
        assert_eq!(value(KsPropertyPin::CInstances, 1), [0; 8]);
        assert_eq!(value(KsPropertyPin::GlobalCInstances, 1), [0; 8]);
        assert_eq!(value(KsPropertyPin::NecessaryInstances, 1), [0; 4]);
        assert_eq!(value(KsPropertyPin::DataRanges, 1).len(), 8 + 64);
        assert_eq!(value(KsPropertyPin::Category, 1), bytemuck::bytes_of(&category::AUDIO));
        let topology = |id: u32| {
            let property = KsProperty { set: property_set::TOPOLOGY, id, flags: GET };
            let irp = filter.control(PROPERTY, bytemuck::bytes_of(&property), &[], 400);
            (irp.status(), irp.information())
        };
        assert_eq!(topology(1), (NtStatus::SUCCESS, 8 + 16));
        assert_eq!(topology(2), (NtStatus::SUCCESS, 8 + 2 * 16));
        // The state of a stream is a property of pins.
        let state = KsProperty { set: property_set::CONNECTION, id: 0, flags: GET };
        let irp = filter.control(PROPERTY, bytemuck::bytes_of(&state), &[], 4);
        assert_eq!(irp.status(), NtStatus::PROPSET_NOT_FOUND);
    });
}

#[test]
fn a_miniport_of_another_kind_is_no_topology() {
    on_planned_device(
        |plan| plan.names = Vec::new(),
        |rig| {
            let port = pc_new_port(&rig.kernel, &clsid::PORT_TOPOLOGY).unwrap();
            let miniport = midi_miniport(&rig.fake);
            let device = rig.physical.top();
            let bound = port.init(&rig.kernel, &device, None, miniport, None, None);
            assert_eq!(bound, Err(NtStatus::INVALID_PARAMETER));
            assert_eq!(rig.fake.words(), ["StartDevice", "drop miniport"]);
        },
    );
}

#[test]
fn a_topology_that_does_not_start_leaves_nothing() {
    on_added_device(
        |plan| {
            plan_topology(plan);
            plan.init_status = NtStatus::INSUFFICIENT_RESOURCES;
        },
        |rig| {
            assert_eq!(rig.start(), NtStatus::INSUFFICIENT_RESOURCES);
            let words = ["StartDevice", "IMiniportTopology::Init", "drop topology"];
            assert_eq!(rig.fake.words(), words);
        },
    );
}

#[test]
fn both_ends_of_a_connection_name_each_other_and_a_client_opens_the_filter_by_its_link() {
    on_combined_device(|rig, _, _| {
        let (uart, topology) = (open(rig, "Uart").unwrap(), open(rig, "Topology").unwrap());
        let (link, pin) = connection(&uart, BRIDGE).unwrap();
        assert_eq!(pin, 0);
        let found = rig.kernel.find_device_interface(&link).expect("the link is open to clients");
        assert_eq!(found.reference, "Topology");
        assert!(rig.open(&found.device, None, &filter_name(&found.reference)).is_ok());
        let (back, pin) = connection(&topology, 0).unwrap();
        assert_eq!(pin, BRIDGE);
        let found = rig.kernel.find_device_interface(&back).unwrap();
        assert_eq!(found.reference, "Uart");
        assert_eq!(connection(&topology, 1), Err(NtStatus::NOT_FOUND));
        assert_eq!(connection(&uart, RENDER), Err(NtStatus::NOT_FOUND));
    });
}

#[test]
fn a_connection_is_unregistered_by_the_ends_that_it_was_registered_with() {
    on_combined_device(|rig, topology, midi| {
        let (kernel, device) = (&rig.kernel, rig.physical.top());
        let uart = open(rig, "Uart").unwrap();
        let end = |port: &Rc<dyn IPort>, pin| (Rc::clone(port) as Rc<dyn IUnknown>, pin);
        let ends = query::<dyn IUnregisterPhysicalConnection>(topology).unwrap();
        let undo = |from, to| ends.unregister_physical_connection(kernel, &device, from, to);
        let not_found = Err(NtStatus::NOT_FOUND);
        assert_eq!(undo(end(midi, BRIDGE), end(topology, 1)), not_found);
        assert_eq!(undo(end(topology, 0), end(midi, BRIDGE)), not_found);
        assert!(connection(&uart, BRIDGE).is_ok());
        assert_eq!(undo(end(midi, BRIDGE), end(topology, 0)), Ok(()));
        assert_eq!(undo(end(midi, BRIDGE), end(topology, 0)), not_found);
        assert_eq!(connection(&uart, BRIDGE).err(), Some(NtStatus::NOT_FOUND));

        let link = r"\\?\elsewhere";
        let outside = |pin| ConnectedPin { end: ConnectionEnd::External(link.to_owned()), pin };
        let inside =
            |pin| ConnectedPin { end: ConnectionEnd::Subdevice(Rc::clone(midi) as _), pin };
        let connect = |from, to| pc_register_physical_connection(kernel, &device, from, to);
        connect(inside(BRIDGE), outside(5)).unwrap();
        connect(outside(6), inside(RENDER)).unwrap();
        assert_eq!(connection(&uart, BRIDGE), Ok((link.to_owned(), 5)));
        let upper = link.to_uppercase();
        let to_external = |to: (&str, u32)| {
            let from = end(midi, BRIDGE);
            ends.unregister_physical_connection_to_external(kernel, &device, from, to)
        };
        assert_eq!(to_external((link, 6)), not_found);
        assert_eq!(to_external((&upper, 5)), Ok(()), "links have no case");
        let from_external = |from: (&str, u32)| {
            let to = end(midi, RENDER);
            ends.unregister_physical_connection_from_external(kernel, &device, from, to)
        };
        assert_eq!(from_external((r"\\?\another", 6)), not_found);
        assert_eq!(from_external((link, 6)), Ok(()));
        assert_eq!(connection(&uart, RENDER).err(), Some(NtStatus::NOT_FOUND));
        let nobody = undo_on_the_bus(rig, &*ends, midi);
        assert_eq!(nobody, Err(NtStatus::INVALID_PARAMETER));
    });
}

/// A driver's object that stands for a port. Each query of the object registers a connection.
struct Registering {
    port: Rc<dyn IPort>,
    kernel: Kernel,
    device: Rc<DeviceObject>,
    from: ConnectedPin,
    to: ConnectedPin,
}

impl IUnknown for Registering {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        let (from, to) = (self.from.clone(), self.to.clone());
        pc_register_physical_connection(&self.kernel, &self.device, from, to)?;
        Rc::clone(&self.port).query_interface(iid)
    }
}

#[test]
fn an_object_may_register_a_connection_while_the_port_queries_it() {
    on_combined_device(|rig, topology, midi| {
        let (kernel, device) = (&rig.kernel, rig.physical.top());
        let ends = query::<dyn IUnregisterPhysicalConnection>(topology).unwrap();
        let link = r"\\?\elsewhere";
        let object: Rc<dyn IUnknown> = Rc::new(Registering {
            port: Rc::clone(midi),
            kernel: kernel.clone(),
            device: Rc::clone(&device),
            from: ConnectedPin { end: ConnectionEnd::External(link.to_owned()), pin: 7 },
            to: end(midi, RENDER),
        });
        let uart = open(rig, "Uart").unwrap();
        assert!(connection(&uart, RENDER).is_err());
        let (from, to) = ((Rc::clone(&object), BRIDGE), (Rc::clone(topology) as _, 0));
        let undone = ends.unregister_physical_connection(kernel, &device, from, to);
        assert_eq!(undone, Ok(()), "the object stands for the port");
        assert_eq!(connection(&uart, RENDER), Ok((link.to_owned(), 7)));
        let from = ConnectedPin { end: ConnectionEnd::Subdevice(object), pin: BRIDGE };
        pc_register_physical_connection(kernel, &device, from, end(topology, 0)).unwrap();
        assert_eq!(connection(&uart, BRIDGE).map(|(_, pin)| pin), Ok(0));
        assert_eq!(connection(&open(rig, "Topology").unwrap(), 0).map(|(_, pin)| pin), Ok(BRIDGE));
    });
}

/// Tries to unregister a connection of the physical device object, which is not an adapter's.
fn undo_on_the_bus(
    rig: &Rig,
    ends: &dyn IUnregisterPhysicalConnection,
    port: &Rc<dyn IPort>,
) -> Result<(), NtStatus> {
    let end = || (Rc::clone(port) as Rc<dyn IUnknown>, 0);
    ends.unregister_physical_connection(&rig.kernel, &rig.physical, end(), end())
}

#[test]
fn an_unregistered_subdevice_is_gone_for_clients_and_its_pins_are_closed() {
    on_combined_device(|rig, topology, midi| {
        let device = rig.physical.top();
        let uart = open(rig, "Uart").unwrap();
        let pin = uart.pin(RENDER).unwrap();
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        rig.fake.words();
        let subdevices = query::<dyn IUnregisterSubdevice>(topology).unwrap();
        let undo =
            |port: Rc<dyn IUnknown>| subdevices.unregister_subdevice(&rig.kernel, &device, port);
        assert_eq!(undo(Rc::clone(midi) as _), Ok(()));
        let words =
            ["SetState Pause", "SetState Acquire", "SetState Stop", "drop stream", "drop miniport"];
        assert_eq!(rig.fake.words(), words);
        assert_eq!(open(rig, "Uart").err(), Some(NtStatus::OBJECT_NAME_NOT_FOUND));
        let found = rig.kernel.device_interfaces(bytemuck::cast(category::AUDIO));
        assert_eq!(found.len(), 1);
        assert_eq!(pin.set_state(KsState::Run), NtStatus::INVALID_DEVICE_STATE);
        assert_eq!(undo(Rc::clone(midi) as _), Err(NtStatus::NOT_FOUND));
        assert_eq!(undo(topology_miniport(&rig.fake)), Err(NtStatus::INVALID_PARAMETER));
        // The connection is still registered, but leads nowhere.
        let mixer = open(rig, "Topology").unwrap();
        assert_eq!(connection(&mixer, 0), Err(NtStatus::NOT_FOUND));
        // The name is free again.
        let again = add(rig, &clsid::PORT_MIDI, "Uart", midi_miniport);
        assert!(open(rig, "Uart").is_ok());
        drop(again);
    });
}

#[test]
fn what_lets_subdevices_go_is_for_passive_level() {
    on_combined_device(|rig, topology, midi| {
        let device = rig.physical.top();
        let ends = query::<dyn IUnregisterPhysicalConnection>(topology).unwrap();
        let subdevices = query::<dyn IUnregisterSubdevice>(midi).unwrap();
        let old = rig.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        let unknown = || topology_miniport(&rig.fake);
        let refused = subdevices.unregister_subdevice(&rig.kernel, &device, unknown());
        assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER));
        let (from, to) = ((unknown(), 0), (unknown(), 0));
        let refused = ends.unregister_physical_connection(&rig.kernel, &device, from, to);
        assert_eq!(refused, Err(NtStatus::NOT_FOUND));
        rig.kernel.lower_irql(old);
        rig.expect_violations(&["PcIrqlIport", "PcIrqlIport"]);
    });
}

/// The name has the form of a link, but no interface has this link. A create request with the name
/// finds nothing.
#[test]
fn a_link_that_no_interface_has_opens_nothing() {
    on_combined_device(|rig, _, _| {
        let name: Vec<u16> = r"\\?\nowhere".encode_utf16().collect();
        let irp: Irp = rig.send_create(&rig.physical.top(), None, &name);
        assert!(matches!(irp.parameters(), Parameters::Create { .. }));
        assert_eq!(irp.status(), NtStatus::OBJECT_NAME_NOT_FOUND);
        assert!(rig.kernel.find_device_interface(r"\\?\nowhere").is_none());
    });
}
