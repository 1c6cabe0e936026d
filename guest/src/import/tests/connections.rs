//! Physical connections of a filter to filters of other drivers.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{
    DeviceObject, DispatchRoutine, DriverObject, FileObject, Irp, Kernel, MajorFunction, NtStatus,
    Parameters, PnpRequest, PoolType,
};
use portcls_port::com::{IUnknown, Interface};
use portcls_port::descriptor::{KsPinDescriptor, PcFilterDescriptor, PcPinDescriptor};
use portcls_port::guid::{Guid, clsid, iid};
use portcls_port::interfaces::{
    IMiniport, IMiniportMidi, IPortMidi, IResourceList, IServiceGroup, NewStream, StreamDirection,
};
use portcls_port::ks::guids::{category, property_set};
use portcls_port::ks::pin_connect::filter_name;
use portcls_port::ks::{
    DataRange, KsDataFormat, KsIoctl, KsPinCommunication, KsPinDataFlow, KsPropertyPin,
    KsPropertyType, LengthReply,
};
use portcls_port::{
    StartDevice, answer_query, pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_port,
    pc_new_service_group, pc_register_subdevice,
};

use super::{BOTH, Bench};

/// A miniport with two pins for cables.
struct Cables;

impl IUnknown for Cables {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport, IMiniportMidi)
    }
}

impl IMiniport for Cables {
    fn get_description(&self, _: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        let pin = |data_flow| PcPinDescriptor {
            max_global_instance_count: 0,
            max_filter_instance_count: 0,
            min_filter_instance_count: 0,
            automation: None,
            pin: KsPinDescriptor {
                interfaces: Vec::new(),
                mediums: Vec::new(),
                data_ranges: vec![KsDataFormat::MIDI_BUS.into()],
                data_flow,
                communication: KsPinCommunication::Bridge,
                category: None,
                name: None,
                constrained_data_ranges: Vec::new(),
            },
        };
        let pins = vec![pin(KsPinDataFlow::In), pin(KsPinDataFlow::Out)];
        Ok(Rc::new(PcFilterDescriptor { pins, ..PcFilterDescriptor::default() }))
    }

    fn data_range_intersection(
        &self,
        _: &Kernel,
        _: u32,
        _: &DataRange,
        _: &DataRange,
        _: u32,
    ) -> LengthReply {
        LengthReply::of_status(NtStatus::NOT_IMPLEMENTED)
    }
}

impl IMiniportMidi for Cables {
    fn init(
        self: Rc<Self>,
        _: &Kernel,
        _: Option<Rc<dyn IUnknown>>,
        _: Option<Rc<dyn IResourceList>>,
        _: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        Ok(None)
    }

    fn service(&self, _: &Kernel) {}

    fn new_stream(
        self: Rc<Self>,
        _: &Kernel,
        _: Option<Rc<dyn IUnknown>>,
        _: PoolType,
        _: u32,
        _: StreamDirection,
        _: &KsDataFormat,
    ) -> Result<NewStream, NtStatus> {
        Err(NtStatus::INVALID_DEVICE_REQUEST)
    }
}

/// Starts a device with one filter. Returns the device and the port.
fn started(bench: &Bench) -> (Rc<DeviceObject>, Rc<dyn IUnknown>) {
    let bus = DriverObject::new("bus");
    let succeed: DispatchRoutine = Rc::new(|kernel, _, irp: &Irp| {
        irp.set_status(NtStatus::SUCCESS);
        kernel.complete_request(irp);
        NtStatus::SUCCESS
    });
    bus.set_major_function(MajorFunction::Pnp, succeed);
    let (physical, driver) = (DeviceObject::new(&bus), DriverObject::new("test"));
    let port: Rc<RefCell<Option<Rc<dyn IUnknown>>>> = Rc::default();
    let keep = Rc::clone(&port);
    let start: StartDevice = Rc::new(move |kernel, device, irp, resources| {
        let port = pc_new_port(kernel, &clsid::PORT_MIDI)?;
        let miniport = Rc::new(Cables);
        Rc::clone(&port).init(kernel, device, Some(irp), miniport, None, Some(resources))?;
        *keep.borrow_mut() = Some(Rc::clone(&port) as _);
        pc_register_subdevice(kernel, device, "Cables", port)
    });
    let status = bench.kernel.enter(|kernel| {
        pc_initialize_adapter_driver(kernel, &driver, "test", Rc::new(|_, _, _| Ok(()))).unwrap();
        pc_add_adapter_device(kernel, &driver, &physical, start, 1, 0).unwrap();
        let start = PnpRequest::StartDevice { translated: Vec::new(), raw: Vec::new() };
        let irp = Irp::new(Parameters::Pnp(start), None, Vec::new());
        kernel.send_request(&physical.top(), &irp)
    });
    assert_eq!(status, Ok(NtStatus::SUCCESS));
    let port = port.take().expect("the device was started");
    (physical.top(), port)
}

/// What the port tells a client about the other end of the connection of `pin`: the number of the
/// pin at that end, and the symbolic link of the filter at that end.
fn other_end(kernel: &Kernel, pin: u32) -> Option<(u32, String)> {
    let found = kernel.device_interfaces(category::AUDIO.to_bytes());
    let file = FileObject::new(&found[0].device, None);
    let send = |parameters, room: usize| {
        let irp = Irp::new(parameters, Some(Rc::clone(&file)), Vec::new());
        *irp.buffer().borrow_mut() = vec![0; room];
        (kernel.send_request(&found[0].device, &irp), irp)
    };
    let name = filter_name(&found[0].reference);
    assert_eq!(send(Parameters::Create { name }, 0).0, NtStatus::SUCCESS);
    let mut input = property_set::PIN.to_bytes().to_vec();
    let numbers = [KsPropertyPin::PhysicalConnection.value(), KsPropertyType::GET.bits(), pin, 0];
    input.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    let code = KsIoctl::Property.value();
    let (status, irp) = send(Parameters::DeviceControl { code, input, output_length: 100 }, 100);
    assert_eq!(kernel.close_file(&file), NtStatus::SUCCESS);
    if status != NtStatus::SUCCESS {
        return None;
    }
    let bytes = irp.buffer().borrow();
    let number = u32::from_le_bytes(bytes[4..8].try_into().expect("four bytes"));
    let units = bytes[8..irp.information() as usize - 2].as_chunks::<2>().0.iter();
    let units: Vec<u16> = units.map(|unit| u16::from_le_bytes(*unit)).collect();
    Some((number, String::from_utf16_lossy(&units)))
}

#[test]
fn a_pin_is_wired_to_and_from_filters_of_other_drivers() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (device, port) = started(&bench);
        let device_at = bench.guest.device_pointer(&device);
        let port_at = bench.guest.lend(&port, &iid::UNKNOWN);
        let from = bench.unicode(r"\\?\from");
        let to = bench.unicode(r"\\?\to");
        let words = [device_at, from, 3, port_at, 0];
        let from_external = "PcRegisterPhysicalConnectionFromExternal";
        assert_eq!(bench.status(from_external, &words), NtStatus::SUCCESS);
        let words = [device_at, port_at, 1, to, 4];
        let to_external = "PcRegisterPhysicalConnectionToExternal";
        assert_eq!(bench.status(to_external, &words), NtStatus::SUCCESS);
        let ends = bench.kernel.enter(|kernel| [0, 1].map(|pin| other_end(kernel, pin)));
        let expected = [Some((3, r"\\?\from".to_owned())), Some((4, r"\\?\to".to_owned()))];
        assert_eq!(ends, Ok(expected), "{mode:?}");

        let group: Rc<dyn IUnknown> = pc_new_service_group(&bench.kernel, None).expect("a group");
        let group = bench.guest.lend(&group, &iid::UNKNOWN);
        for (device, port) in [(device_at, group), (device_at, 0), (0, port_at)] {
            let words = [device, port, 1, to, 4];
            assert_eq!(bench.status(to_external, &words), NtStatus::INVALID_PARAMETER);
            let words = [device, from, 3, port, 0];
            assert_eq!(bench.status(from_external, &words), NtStatus::INVALID_PARAMETER);
        }
        assert_eq!(bench.kernel.violation_count(), 0);
    }
}
