//! Routines that an adapter driver calls, and requests that PortCls passes on.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{
    DeviceObject, Irp, Irql, Kernel, MajorFunction, NtStatus, Parameters, PnpRequest,
};
use portcls_port::com::{IUnknown, Interface};
use portcls_port::descriptor::PcFilterDescriptor;
use portcls_port::guid::{Guid, clsid};
use portcls_port::interfaces::{DeviceRegistryProperty, IMiniport};
use portcls_port::ks::guids::property_set;
use portcls_port::ks::{DataRange, KsPPin, KsProperty, LengthReply};
use portcls_port::{
    ConnectedPin, ConnectionEnd, IoTimeoutRoutine, SystemMiniport, answer_query,
    install_system_miniports, pc_complete_irp, pc_dispatch_irp, pc_forward_irp_synchronous,
    pc_get_device_property, pc_new_miniport, pc_register_io_timeout,
    pc_register_physical_connection, pc_unregister_io_timeout,
};

use crate::frames::Frame;
use crate::plan::{BRIDGE, CAPTURE, RENDER};
use crate::rig::{BusAnswer, GET, PROPERTY, Rig, on_added_device, on_device};

/// A routine that notes the times of its calls, in ms.
fn clock_watcher() -> (IoTimeoutRoutine, Rc<RefCell<Vec<u64>>>) {
    let times: Rc<RefCell<Vec<u64>>> = Rc::default();
    let book = Rc::clone(&times);
    let routine = move |kernel: &Kernel, _: &Rc<DeviceObject>| {
        assert_eq!(kernel.current_irql(), Irql::DISPATCH_LEVEL);
        book.borrow_mut().push(kernel.now_ns() / 1_000_000);
    };
    (Rc::new(routine), times)
}

#[test]
fn a_timeout_routine_is_called_each_second_while_the_device_is_started() {
    on_added_device(
        |_| (),
        |rig| {
            let (routine, times_ms) = clock_watcher();
            let device = rig.physical.top();
            let register = || pc_register_io_timeout(&rig.kernel, &device, Rc::clone(&routine));
            assert_eq!(register(), Ok(()));
            rig.pass_ms(2_000);
            assert!(times_ms.borrow().is_empty(), "the device is not started");
            assert_eq!(rig.start(), NtStatus::SUCCESS);
            assert_eq!(register(), Err(NtStatus::UNSUCCESSFUL));
            rig.pass_ms(2_500);
            assert_eq!(*times_ms.borrow(), [3_000, 4_000]);
            rig.pnp(PnpRequest::StopDevice);
            rig.pass_ms(2_000);
            assert_eq!(times_ms.borrow().len(), 2);
            assert_eq!(rig.start(), NtStatus::SUCCESS);
            rig.pass_ms(1_000);
            assert_eq!(times_ms.borrow().len(), 3);
        },
    );
}

#[test]
fn a_timeout_routine_that_returns_at_another_level_is_named() {
    on_device(|rig| {
        let routine: IoTimeoutRoutine = Rc::new(|kernel: &Kernel, _: &Rc<DeviceObject>| {
            kernel.raise_irql(Irql(9));
        });
        let device = rig.physical.top();
        pc_register_io_timeout(&rig.kernel, &device, Rc::clone(&routine)).unwrap();
        rig.pass_ms(1_000);
        assert_eq!(rig.kernel.current_irql(), Irql::PASSIVE_LEVEL);
        let message = &rig.kernel.violations()[0].message;
        let expected = "an I/O timeout routine was called at DISPATCH_LEVEL and returned at";
        assert!(message.starts_with(expected), "{message}");
        rig.expect_violations(&["IrqlReturn"]);
        pc_unregister_io_timeout(&rig.kernel, &device, &routine).unwrap();
    });
}

#[test]
fn a_timeout_routine_can_be_taken_back_once() {
    on_device(|rig| {
        let (routine, times_ms) = clock_watcher();
        let device = rig.physical.top();
        pc_register_io_timeout(&rig.kernel, &device, Rc::clone(&routine)).unwrap();
        let unregister = || pc_unregister_io_timeout(&rig.kernel, &device, &routine);
        assert_eq!(unregister(), Ok(()));
        assert_eq!(unregister(), Err(NtStatus::NOT_FOUND));
        rig.pass_ms(3_000);
        assert!(times_ms.borrow().is_empty());
    });
}

#[test]
fn a_pin_says_what_it_is_wired_to() {
    on_device(|rig| {
        let device = rig.physical.top();
        let port: Rc<dyn IUnknown> = rig.fake.port();
        let mine = ConnectedPin { end: ConnectionEnd::Subdevice(port), pin: BRIDGE };
        let link = ConnectionEnd::External(r"\\?\x".to_owned());
        let other = ConnectedPin { end: link, pin: 4 };
        let connect = |from, to| pc_register_physical_connection(&rig.kernel, &device, from, to);
        let refused = connect(other.clone(), other.clone());
        assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER));
        assert_eq!(connect(mine, other), Ok(()));
        let filter = rig.open_filter().unwrap();
        let ask = |pin_id: u32| {
            let property = KsProperty { set: property_set::PIN, id: 10, flags: GET };
            let head = KsPPin { property, pin_id, flags: 0 };
            filter.control(PROPERTY, bytemuck::bytes_of(&head), &[], 100)
        };
        let irp = ask(BRIDGE);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 20));
        let expected =
            [20, 0, 0, 0, 4, 0, 0, 0, b'\\', 0, b'\\', 0, b'?', 0, b'\\', 0, b'x', 0, 0, 0];
        assert_eq!(*irp.buffer().borrow(), expected);
        assert_eq!(ask(0).status(), NtStatus::NOT_FOUND);
    });
}

#[test]
fn a_request_is_forwarded_without_being_completed() {
    on_device(|rig| {
        let device = rig.physical.top();
        let irp = Irp::new(Parameters::Pnp(PnpRequest::CancelStopDevice), None, Vec::new());
        rig.bus_answer.set(BusAnswer::Later(3));
        let status = pc_forward_irp_synchronous(&rig.kernel, &device, &irp);
        assert_eq!((status, irp.is_completed()), (NtStatus::SUCCESS, false));
        assert_eq!(rig.kernel.now_ns(), 3_000_000);
        rig.bus_answer.set(BusAnswer::Success);
        let pending = pc_complete_irp(&rig.kernel, &device, &irp, NtStatus::PENDING);
        assert_eq!((pending, irp.is_completed()), (Err(NtStatus::INVALID_PARAMETER), false));
        pc_complete_irp(&rig.kernel, &device, &irp, NtStatus::SUCCESS).unwrap();
        assert!(irp.is_completed());
        rig.expect_violations(&["completed-as-pending"]);
    });
}

#[test]
fn a_request_that_a_driver_took_goes_back_to_portcls() {
    on_device(|rig| {
        let device = rig.physical.top();
        let irp = Irp::new(Parameters::Pnp(PnpRequest::QueryStopDevice), None, Vec::new());
        assert_eq!(pc_dispatch_irp(&rig.kernel, &device, &irp), NtStatus::SUCCESS);
        assert!(irp.is_completed());
    });
}

#[test]
fn what_plug_and_play_asks_at_every_start_and_management_requests_go_down_to_the_bus() {
    on_device(|rig| {
        let from_bus = NtStatus(0xC000_00BB);
        rig.bus_answer.set(BusAnswer::Fails(from_bus));
        for request in [
            PnpRequest::FilterResourceRequirements(Rc::default()),
            PnpRequest::QueryInterface,
            PnpRequest::QueryPnpDeviceState,
            PnpRequest::QueryDeviceRelations,
        ] {
            let name = request.minor().name();
            assert_eq!(rig.pnp(request), from_bus, "{name}");
        }
        let device = rig.physical.top();
        let request = || Irp::new(Parameters::SystemControl { minor: 8 }, None, Vec::new());
        let sent = request();
        assert_eq!(rig.kernel.send_request(&device, &sent), from_bus);
        let by_driver = request();
        assert_eq!(pc_dispatch_irp(&rig.kernel, &device, &by_driver), from_bus);
        assert!(sent.is_completed() && by_driver.is_completed());
        rig.bus_answer.set(BusAnswer::Success);
    });
}

#[test]
fn a_removal_that_is_asked_for_and_taken_back_goes_down_to_the_bus_and_ends_nothing() {
    on_device(|rig| {
        let from_bus = NtStatus(0xC000_00BB);
        rig.bus_answer.set(BusAnswer::Fails(from_bus));
        assert_eq!(rig.pnp(PnpRequest::QueryRemoveDevice), from_bus);
        assert_eq!(rig.pnp(PnpRequest::CancelRemoveDevice), from_bus);
        rig.bus_answer.set(BusAnswer::Success);
        assert!(rig.open_filter().is_ok(), "the device is still there");
    });
}

#[test]
fn cleanup_is_the_drivers_own_and_requests_are_cancelled_without_it() {
    on_device(|rig| {
        let file = rig.run_pin(CAPTURE);
        let irp = file.read(&[Frame::room(64)]);
        assert!(rig.driver.major_function(MajorFunction::Cleanup).is_none());
        let cleanup = Irp::new(Parameters::Cleanup, Some(Rc::clone(&file.file)), Vec::new());
        let status = pc_dispatch_irp(&rig.kernel, &rig.physical.top(), &cleanup);
        assert_eq!(status, NtStatus::INVALID_DEVICE_REQUEST);
        assert!(!irp.is_completed());
        // The driver's own routine gets the cleanup, but only a later step cancels the requests.
        let seen = Rc::new(RefCell::new(None));
        // The driver's table outlives the client, so the table must not keep the client's request.
        let (told, read) = (Rc::clone(&seen), RefCell::new(Some(irp.clone())));
        let serve = move |kernel: &Kernel, _: &Rc<DeviceObject>, irp: &Irp| {
            *told.borrow_mut() = read.take().map(|read| read.is_completed());
            irp.set_status(NtStatus::SUCCESS);
            kernel.complete_request(irp);
            NtStatus::SUCCESS
        };
        rig.driver.set_major_function(MajorFunction::Cleanup, Rc::new(serve));
        file.close();
        assert_eq!(*seen.borrow(), Some(false));
        assert_eq!(irp.status(), NtStatus::CANCELLED);
    });
}

#[test]
fn a_device_property_is_read_from_the_physical_device() {
    on_device(|rig| {
        rig.physical.set_property(0, vec![1, 2, 3, 4]);
        let ask = |property, length| {
            let reply = pc_get_device_property(&rig.kernel, &rig.physical.top(), property, length);
            (reply.status, reply.information, reply.bytes)
        };
        let description = DeviceRegistryProperty::DeviceDescription;
        assert_eq!(ask(description, 4), (NtStatus::SUCCESS, 4, vec![1, 2, 3, 4]));
        assert_eq!(ask(description, 0), (NtStatus::BUFFER_TOO_SMALL, 4, vec![]));
        let missing = ask(DeviceRegistryProperty::Address, 4).0;
        assert_eq!(missing, NtStatus::OBJECT_NAME_NOT_FOUND);
    });
}

/// The notes of the trace that begin with a word.
fn notes(rig: &Rig, first: &str) -> Vec<String> {
    let log = rig.kernel.trace().log();
    let notes = log.events().filter_map(|event| match event.event {
        portcls_emulator::trace::Event::Note(text) => Some(log.text(text).to_owned()),
        _ => None,
    });
    notes.filter(|text| text.starts_with(first)).collect()
}

#[test]
fn a_miniport_that_the_system_does_not_have_is_refused_by_name() {
    on_device(|rig| {
        let unknown = Guid::from_text("00000000-1111-2222-3333-444444444444").unwrap();
        let classes = [
            clsid::PORT_MIDI,
            clsid::MINIPORT_DRIVER_FM_SYNTH,
            clsid::MINIPORT_DRIVER_FM_SYNTH_WITH_VOL,
            unknown,
        ];
        for class in classes {
            let refused = pc_new_miniport(&rig.kernel, &class).err();
            assert_eq!(refused, Some(NtStatus::NOT_SUPPORTED));
        }
        let expected = [
            "CLSID_PortMidi",
            "CLSID_MiniportDriverFmSynth, which needs an OPL3",
            "CLSID_MiniportDriverFmSynthWithVol, which needs an OPL3",
            "{00000000-1111-2222-3333-444444444444}",
        ];
        let expected =
            expected.map(|it| format!("PcNewMiniport refuses {it}: STATUS_NOT_SUPPORTED"));
        assert_eq!(notes(rig, "PcNewMiniport"), expected);
    });
}

#[test]
fn a_miniport_of_the_system_is_made_by_the_table_that_was_installed() {
    static TABLE: &[SystemMiniport] = &[SystemMiniport {
        class: clsid::MINIPORT_DRIVER_UART,
        make: || Rc::new(Bare) as Rc<dyn IMiniport>,
    }];
    on_device(|rig| {
        let class = clsid::MINIPORT_DRIVER_UART;
        assert_eq!(pc_new_miniport(&rig.kernel, &class).err(), Some(NtStatus::NOT_SUPPORTED));
        install_system_miniports(&rig.kernel, TABLE);
        let one = pc_new_miniport(&rig.kernel, &class).unwrap();
        let other = pc_new_miniport(&rig.kernel, &class).unwrap();
        assert!(!Rc::ptr_eq(&one, &other));
    });
}

/// A miniport whose methods refuse every call.
struct Bare;

impl IUnknown for Bare {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport)
    }
}

impl IMiniport for Bare {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        Err(NtStatus::NOT_SUPPORTED)
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

/// A driver may set these entries of its dispatch table and pass the request on to PortCls. PortCls
/// refuses the request in this case too.
#[test]
fn reads_writes_flushes_and_questions_about_security_are_refused_on_a_filter_and_a_pin() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let device = rig.physical.top();
        for major in [
            MajorFunction::Read,
            MajorFunction::Write,
            MajorFunction::FlushBuffers,
            MajorFunction::QuerySecurity,
            MajorFunction::SetSecurity,
        ] {
            for file in [&filter, &pin] {
                let irp = || {
                    let file = Some(Rc::clone(&file.file));
                    let irp = Irp::new(Parameters::Other(major), file, Vec::new());
                    *irp.buffer().borrow_mut() = vec![0; 16];
                    irp
                };
                let sent = irp();
                rig.kernel.send_request(&device, &sent);
                let passed_on = irp();
                let status = pc_dispatch_irp(&rig.kernel, &device, &passed_on);
                assert_eq!(status, NtStatus::INVALID_DEVICE_REQUEST, "{major:?}");
                for irp in [sent, passed_on] {
                    assert!(irp.is_completed(), "{major:?}");
                    assert_eq!(irp.status(), NtStatus::INVALID_DEVICE_REQUEST, "{major:?}");
                    assert_eq!((irp.information(), irp.buffer().borrow().len()), (0, 16));
                }
            }
        }
        assert_eq!(rig.fake.writes(), [], "no byte reached the driver");
    });
}
