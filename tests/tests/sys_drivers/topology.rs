//! A driver of a combined card: its topology first, then the UART.

use std::rc::Rc;

use portcls_machine::emulator::{
    Event, EventKind, FileObject, HandleTarget, Irp, Kernel, NtStatus, Parameters, PnpRequest,
    SystemPowerState,
};
use portcls_machine::port::guid;
use portcls_machine::port::guid::Guid;
use portcls_machine::port::ks::guids::{event_set, property_set};
use portcls_machine::port::ks::pin_connect::{PinRequest, filter_name};
use portcls_machine::port::ks::{
    KsEvent, KsEventData, KsIoctl, KsNodeEvent, KsNodeProperty, KsProperty,
};
use portcls_machine::{Application, Machine};

use crate::scene::{driver, live, machine, notes, play_and_record};

const BUILDS: [&str; 3] = ["x64/topology_first", "x86/topology_first", "msvc-x64/topology_first"];

const GET: u32 = 1;
const SET: u32 = 2;
const TOPOLOGY: u32 = 0x1000_0000;

/// KSPROPERTY_AUDIO_VOLUMELEVEL
const VOLUME: u32 = 4;

/// The driver's own property set, as in its source, and the property of this set.
const JACK: Guid = guid!("6C1F04B2-7A93-4D55-B820-5E910DC73A64");
const UNPLUG: u32 = 1;

/// A client that has one filter open.
struct Client<'k> {
    kernel: &'k Kernel,
    file: Rc<FileObject>,
}

impl<'k> Client<'k> {
    /// Opens a filter by its symbolic link.
    fn open(kernel: &'k Kernel, link: &str) -> Result<Client<'k>, NtStatus> {
        let found = kernel.find_device_interface(link).ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)?;
        let file = FileObject::new(&found.device, None);
        let name = Parameters::Create { name: filter_name(&found.reference) };
        let create = Irp::new(name, Some(file.clone()), Vec::new());
        match kernel.send_request_and_wait(&found.device, &create) {
            NtStatus::SUCCESS => Ok(Client { kernel, file }),
            refusal => Err(refusal),
        }
    }

    fn control(&self, code: KsIoctl, input: &[u8], buffer: &[u8]) -> (NtStatus, Vec<u8>) {
        let (input, output_length) = (input.to_vec(), buffer.len() as u32);
        let parameters = Parameters::DeviceControl { code: code.value(), input, output_length };
        let irp = Irp::new(parameters, Some(self.file.clone()), Vec::new());
        *irp.buffer().borrow_mut() = buffer.to_vec();
        let status = self.kernel.send_request_and_wait(self.file.device(), &irp);
        let buffer = irp.buffer().borrow().clone();
        (status, buffer)
    }

    fn volume(&self, flags: u32, value: i32) -> (NtStatus, i32) {
        let property = KsProperty { set: property_set::AUDIO, id: VOLUME, flags: flags | TOPOLOGY };
        let head = KsNodeProperty { property, node_id: 0, reserved: 0 };
        let value = value.to_le_bytes();
        let (status, value) = self.control(KsIoctl::Property, bytemuck::bytes_of(&head), &value);
        (status, i32::from_le_bytes(value[..4].try_into().expect("four bytes")))
    }

    fn enable(&self, flags: u32, data: &KsEventData) -> NtStatus {
        let set = event_set::AUDIO_CONTROL_CHANGE;
        let event = KsEvent { set, id: 0, flags: flags | TOPOLOGY };
        let head = KsNodeEvent { event, node_id: 0, reserved: 0 };
        let (head, data) = (bytemuck::bytes_of(&head), bytemuck::bytes_of(data));
        self.control(KsIoctl::EnableEvent, head, data).0
    }

    fn disable(&self, data: &KsEventData) -> NtStatus {
        self.control(KsIoctl::DisableEvent, bytemuck::bytes_of(data), &[]).0
    }

    fn unplug(&self) -> NtStatus {
        let property = KsProperty { set: JACK, id: UNPLUG, flags: SET };
        self.control(KsIoctl::Property, bytemuck::bytes_of(&property), &[0; 4]).0
    }

    fn close(self) {
        assert_eq!(self.kernel.close_file(&self.file), NtStatus::SUCCESS);
    }
}

/// The symbolic link of a filter, in the form of Windows. The machine's device is on the ISA bus.
fn link(reference: &str) -> String {
    format!(r"\??\ISAPNP#PNPB006#0#{{6994ad04-93ef-11d0-a3cc-00a0c9223196}}\{reference}")
}

fn started(build: &str) -> Machine {
    let machine = machine("smsc-superio", driver(build));
    machine.start().expect("the driver starts");
    machine
}

fn ended(machine: &Machine, build: &str) {
    assert_eq!(machine.unload().expect("it goes"), [], "{build}");
    assert_eq!(machine.kernel().violations(), [], "{build}");
}

fn new_event(kernel: &Kernel) -> (Event, KsEventData) {
    let event = Event::new(EventKind::Notification, "a client's event");
    let handle = kernel.open_handle(HandleTarget::Event(event.clone())).expect("there is room");
    (event, KsEventData::of_event(handle))
}

#[test]
fn the_tune_goes_through_a_driver_whose_topology_comes_first() {
    play_and_record(&BUILDS);
}

#[test]
fn the_topology_has_a_name_from_its_miniport_and_a_wire_to_the_uart() {
    for build in BUILDS {
        let machine = started(build);
        let filters = Application::new(&machine).filters().expect("they are told");
        let pins = filters.iter().flat_map(|filter| {
            filter.pins.iter().map(|pin| {
                let wire = pin.wired_to.as_ref().map(|it| format!("{}:{}", it.filter, it.pin_id));
                (format!("{}:{}", filter.reference, pin.pin_id), pin.name.clone(), wire)
            })
        });
        let told = |(pin, name, wire): (String, Option<String>, Option<String>)| {
            (name.is_some() || wire.is_some()).then_some((pin, name, wire))
        };
        let expected = [
            ("Topology:0".to_owned(), None, Some("Uart:1".to_owned())),
            ("Topology:1".to_owned(), Some("Line Out".to_owned()), None),
            ("Uart:1".to_owned(), None, Some("Topology:0".to_owned())),
        ];
        assert_eq!(pins.filter_map(told).collect::<Vec<_>>(), expected, "{build}");
        assert_eq!(filters[0].interfaces, ["KSCATEGORY_AUDIO", "KSCATEGORY_TOPOLOGY"], "{build}");
        ended(&machine, build);
    }
}

#[test]
fn a_client_opens_the_topology_by_its_link_and_no_pin_of_it() {
    for build in BUILDS {
        let machine = started(build);
        let run = machine.run(|kernel| {
            let topology = Client::open(kernel, &link("Topology")).expect("it opens");
            for pin_id in 0..3 {
                let file = FileObject::new(topology.file.device(), Some(Rc::clone(&topology.file)));
                let name = Parameters::Create { name: PinRequest::midi(pin_id).to_name() };
                let irp = Irp::new(name, Some(file), Vec::new());
                let status = kernel.send_request_and_wait(topology.file.device(), &irp);
                assert_eq!(status, NtStatus::INVALID_DEVICE_REQUEST, "{build}, pin {pin_id}");
            }
            assert!(Client::open(kernel, &link("Line")).is_err());
            topology.close();
        });
        run.expect("the machine goes on");
        let why = "a pin was not opened: a topology filter has no streams: \
                   STATUS_INVALID_DEVICE_REQUEST";
        let why = [why; 3];
        assert_eq!(notes(&machine, "a pin was not"), why, "{build}");
        ended(&machine, build);
    }
}

#[test]
fn a_client_is_told_when_the_volume_of_a_node_changes() {
    for build in BUILDS {
        let machine = started(build);
        let run = machine.run(|kernel| {
            let topology = Client::open(kernel, &link("Topology")).expect("it opens");
            let (event, data) = new_event(kernel);
            let (once, once_data) = new_event(kernel);
            assert_eq!(topology.enable(0x200, &data), NtStatus::SUCCESS, "{build}: support");
            assert_eq!(topology.enable(1, &data), NtStatus::SUCCESS, "{build}");
            assert_eq!(topology.enable(2, &once_data), NtStatus::SUCCESS, "{build}: one time");
            assert!(!event.is_signalled() && !once.is_signalled());
            assert_eq!(topology.volume(SET, -6), (NtStatus::SUCCESS, -6), "{build}");
            assert!(kernel.reset_event(&event) && kernel.reset_event(&once), "{build}");
            assert_eq!(topology.volume(GET, 0), (NtStatus::SUCCESS, -6), "{build}");
            assert_eq!(topology.volume(SET, -3).0, NtStatus::SUCCESS, "{build}");
            assert!(kernel.reset_event(&event) && !kernel.reset_event(&once), "{build}");
            assert_eq!(topology.disable(&data), NtStatus::SUCCESS, "{build}");
            assert_eq!(topology.disable(&data), NtStatus::UNSUCCESSFUL, "{build}");
            assert_eq!(topology.volume(SET, 0).0, NtStatus::SUCCESS, "{build}");
            assert!(!event.is_signalled(), "{build}");
            // A request that the close of the file ends.
            assert_eq!(topology.enable(1, &data), NtStatus::SUCCESS, "{build}");
            topology.close();
        });
        run.expect("the machine goes on");
        ended(&machine, build);
    }
}

#[test]
fn an_event_that_a_client_left_enabled_goes_with_the_device() {
    for build in BUILDS {
        let machine = started(build);
        let run = machine.run(|kernel| {
            let topology = Client::open(kernel, &link("Topology")).expect("it opens");
            let (_, data) = new_event(kernel);
            assert_eq!(topology.enable(1, &data), NtStatus::SUCCESS, "{build}");
            topology.file
        });
        drop(run.expect("the machine goes on"));
        ended(&machine, build);
    }
}

#[test]
fn the_uart_is_unplugged_while_the_topology_stays() {
    for build in BUILDS {
        let machine = started(build);
        let run = machine.run(|kernel| {
            let topology = Client::open(kernel, &link("Topology")).expect("it opens");
            assert!(kernel.find_device_interface(&link("Uart")).is_some(), "{build}");
            assert_eq!(topology.unplug(), NtStatus::SUCCESS, "{build}");
            assert!(kernel.find_device_interface(&link("Uart")).is_none(), "{build}");
            assert_eq!(topology.unplug(), NtStatus::NOT_FOUND, "{build}");
            topology.close();
        });
        run.expect("the machine goes on");
        let filters = Application::new(&machine).filters().expect("they are told");
        assert_eq!(filters.len(), 1, "{build}");
        assert!(filters[0].pins.iter().all(|pin| pin.wired_to.is_none()), "{build}");
        ended(&machine, build);
    }
}

#[test]
fn an_adapter_of_version_3_is_told_the_state_of_the_system_too() {
    for build in BUILDS {
        let machine = started(build);
        machine.sleep(SystemPowerState::S3).expect("it sleeps");
        machine.wake().expect("it wakes");
        let told = ["adapter D3 in S3, exit latency 0", "adapter D0 in S0, exit latency 0"];
        assert_eq!(notes(&machine, "adapter D"), told, "{build}");
        assert_eq!(notes(&machine, "told by a method"), <[&str; 0]>::default(), "{build}");
        ended(&machine, build);
    }
}

#[test]
fn a_driver_with_a_topology_plays_and_records_after_a_second_start() {
    for build in BUILDS {
        let machine = started(build);
        machine.pnp(PnpRequest::StopDevice).expect("it stops");
        live(&machine);
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}
