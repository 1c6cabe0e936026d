//! From AddDevice to removal: start, stop, surprise removal, stale handles.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{DeviceKeys, Irp, Irql, NtStatus, Parameters, PnpRequest, Stop};
use portcls_port::com::query;
use portcls_port::guid::clsid;
use portcls_port::interfaces::{
    DeviceRegistryProperty, IPortClsVersion, KeyAccess, PortClsVersion, RegistryKeyType,
};
use portcls_port::ks::KsState;
use portcls_port::ks::guids::category;
use portcls_port::ks::pin_connect::filter_name;
use portcls_port::pc_new_port;

use crate::frames::Frame;
use crate::plan::{CAPTURE, Plan, PortInit, RENDER};
use crate::rig::{
    BusAnswer, READ_STREAM, Rig, Sender, WRITE_STREAM, on_added_device, on_device,
    on_planned_device,
};

const NOTE: &[(u32, &[u8])] = &[(0, &[0x90, 0x3C, 0x40])];

#[test]
fn a_started_device_is_found_in_each_category_of_its_descriptor() {
    on_device(|rig| {
        assert_eq!(rig.fake.words(), ["StartDevice", "Init", "GetDescription"]);
        for class in [category::AUDIO, category::RENDER, category::CAPTURE] {
            let found = rig.kernel.device_interfaces(bytemuck::cast(class));
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].reference, "Midi");
        }
        assert!(rig.kernel.device_interfaces(bytemuck::cast(category::TOPOLOGY)).is_empty());
        assert!(rig.open_filter().is_ok());
    });
}

/// Source: portcls.h, where the request is optional, and the published SB16 sample, which gives its
/// topology no resources.
#[test]
fn a_port_is_initialised_without_a_request_and_without_resources() {
    on_planned_device(
        |plan| plan.port_init = PortInit::Bare,
        |rig| {
            let words = ["StartDevice", "Init without resources", "GetDescription"];
            assert_eq!(rig.fake.words(), words);
            assert!(rig.open_filter().is_ok());
        },
    );
}

#[test]
fn a_port_tells_the_version_of_windows() {
    on_device(|rig| {
        let version = query::<dyn IPortClsVersion>(&rig.fake.port()).unwrap();
        assert_eq!(version.get_version(), PortClsVersion::WindowsVista);
        assert_eq!(PortClsVersion::WindowsVista.value(), 14);
    });
}

#[test]
fn a_method_of_the_port_at_too_high_a_level_breaks_the_rule_about_ports() {
    on_device(|rig| {
        let port = rig.fake.port();
        let driver = r"\Registry\Machine\Class\0000".to_owned();
        rig.kernel.create_registry_key(&driver).unwrap();
        let (device, hardware_profile) = (driver.clone(), driver.clone());
        rig.physical.set_registry_keys(DeviceKeys { device, driver, hardware_profile });
        let old = rig.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        let description = DeviceRegistryProperty::DeviceDescription;
        port.get_device_property(&rig.kernel, description, 0);
        let (key_type, access) = (RegistryKeyType::Driver, KeyAccess::READ);
        assert!(port.new_registry_key(&rig.kernel, None, key_type, access, None).is_ok());
        rig.kernel.lower_irql(old);
        rig.expect_violations(&["PcIrqlIport", "PcIrqlIport"]);
        let named = |name: &str| {
            let violations = rig.kernel.violations();
            violations.iter().any(|violation| violation.message.contains(name))
        };
        assert!(named("IPort::GetDeviceProperty") && named("IPort::NewRegistryKey"));
    });
}

#[test]
fn an_extension_between_nothing_and_the_least_size_is_refused() {
    for (size, expected) in [
        (0, Ok(())),
        (1, Err(NtStatus::INVALID_PARAMETER)),
        (511, Err(NtStatus::INVALID_PARAMETER)),
        (512, Ok(())),
    ] {
        let rig = Rig::new();
        rig.fake.plan.borrow_mut().extension_size = size;
        assert_eq!(rig.add_device(), expected);
        let rules: Vec<_> = rig.kernel.violations().iter().map(|it| it.rule.id).collect();
        assert_eq!(rules.len(), usize::from(expected.is_err()), "{rules:?}");
        if expected.is_ok() {
            rig.pnp(PnpRequest::RemoveDevice);
        }
    }
}

#[test]
fn a_name_that_is_taken_makes_the_start_fail_and_leaves_nothing() {
    let plan = |plan: &mut Plan| {
        plan.names = vec!["Midi", "MIDI"];
        plan.max_objects = 2;
    };
    on_added_device(plan, |rig| {
        assert_eq!(rig.start(), NtStatus::OBJECT_NAME_COLLISION);
        assert_eq!(rig.fake.left(), 0);
        assert_eq!(rig.open_filter().err(), Some(NtStatus::NOT_FOUND));
    });
}

#[test]
fn more_subdevices_than_promised_make_the_start_fail_and_leave_nothing() {
    on_added_device(
        |plan| plan.names = vec!["Midi", "Midi2"],
        |rig| {
            assert_eq!(rig.start(), NtStatus::ALLOTTED_SPACE_EXCEEDED);
            assert_eq!(rig.fake.left(), 0);
        },
    );
}

#[test]
fn a_start_that_fails_at_its_very_end_leaves_nothing_and_can_be_tried_again() {
    on_added_device(
        |plan| plan.start_status = NtStatus::IO_DEVICE_ERROR,
        |rig| {
            assert_eq!(rig.start(), NtStatus::IO_DEVICE_ERROR);
            assert_eq!(rig.fake.left(), 0);
            assert_eq!(rig.open_filter().err(), Some(NtStatus::NOT_FOUND));
            rig.fake.plan.borrow_mut().start_status = NtStatus::SUCCESS;
            assert_eq!(rig.start(), NtStatus::SUCCESS);
            assert!(rig.open_filter().is_ok());
        },
    );
}

#[test]
fn a_miniport_whose_init_fails_is_let_go() {
    on_added_device(
        |plan| plan.init_status = NtStatus::DEVICE_CONFIGURATION_ERROR,
        |rig| {
            assert_eq!(rig.start(), NtStatus::DEVICE_CONFIGURATION_ERROR);
            assert_eq!(rig.fake.words(), ["StartDevice", "Init", "drop miniport"]);
            assert_eq!(rig.fake.left(), 0);
        },
    );
}

#[test]
fn the_driver_starts_after_the_bus_has_started_the_device() {
    on_added_device(
        |_| (),
        |rig| {
            rig.bus_answer.set(BusAnswer::Fails(NtStatus::INSUFFICIENT_RESOURCES));
            assert_eq!(rig.start(), NtStatus::INSUFFICIENT_RESOURCES);
            assert!(rig.fake.words().is_empty());
            rig.bus_answer.set(BusAnswer::Later(5));
            assert_eq!(rig.start(), NtStatus::SUCCESS);
            assert_eq!(rig.kernel.now_ns(), 5_000_000);
            assert_eq!(rig.fake.words(), ["StartDevice", "Init", "GetDescription"]);
        },
    );
}

#[test]
fn a_second_start_without_a_stop_is_refused() {
    on_device(|rig| {
        assert_eq!(rig.start(), NtStatus::INVALID_DEVICE_STATE);
        assert!(rig.open_filter().is_ok());
    });
}

#[test]
fn a_filter_opens_by_its_name_in_any_case_and_no_other() {
    on_device(|rig| {
        let device = rig.physical.top();
        assert!(rig.open(&device, None, &filter_name("mIDI")).is_ok());
        for name in ["", "Midi2", "Mid"] {
            let refused = rig.open(&device, None, &filter_name(name)).err();
            assert_eq!(refused, Some(NtStatus::OBJECT_NAME_NOT_FOUND));
        }
    });
}

#[test]
fn an_unknown_class_of_port_is_not_supported() {
    on_device(|rig| {
        let refused = pc_new_port(&rig.kernel, &clsid::MINIPORT_DRIVER_UART).err();
        assert_eq!(refused, Some(NtStatus::NOT_SUPPORTED));
    });
}

#[test]
fn a_stop_is_vetoed_while_a_pin_is_open_and_reaches_the_bus_when_none_is() {
    on_device(|rig| {
        let (_filter, pin) = rig.open_pin(RENDER);
        assert_eq!(rig.pnp(PnpRequest::QueryStopDevice), NtStatus::DEVICE_BUSY);
        pin.close();
        rig.bus_answer.set(BusAnswer::Fails(NtStatus::UNSUCCESSFUL));
        assert_eq!(rig.pnp(PnpRequest::QueryStopDevice), NtStatus::UNSUCCESSFUL);
        rig.bus_answer.set(BusAnswer::Success);
        assert_eq!(rig.pnp(PnpRequest::QueryStopDevice), NtStatus::SUCCESS);
        assert_eq!(rig.pnp(PnpRequest::CancelStopDevice), NtStatus::SUCCESS);
    });
}

#[test]
fn a_device_that_was_stopped_starts_again_with_a_new_port() {
    on_device(|rig| {
        let (filter, _pin) = rig.open_pin(RENDER);
        assert_eq!(rig.pnp(PnpRequest::StopDevice), NtStatus::SUCCESS);
        assert_eq!(rig.fake.words().last().map(String::as_str), Some("drop miniport"));
        let device = rig.physical.top();
        let refused = rig.open(&device, None, &filter_name("Midi")).err();
        assert_eq!(refused, Some(NtStatus::DEVICE_NOT_READY));
        assert_eq!(rig.start(), NtStatus::SUCCESS);
        assert_eq!(filter.pin(RENDER).err(), Some(NtStatus::INVALID_DEVICE_STATE));
        rig.run_pin(RENDER).write(&[Frame::now(NOTE)]);
        assert_eq!(rig.fake.taken(), [0x90, 0x3C, 0x40]);
    });
}

#[test]
fn a_surprise_in_run_ends_streams_before_the_miniport_and_gives_requests_back() {
    on_device(|rig| {
        let (filter, render) = rig.open_pin(RENDER);
        let capture = filter.pin(CAPTURE).unwrap();
        for pin in [&render, &capture] {
            assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        }
        let later = render.write(&[Frame::at_ms(1_000, NOTE)]);
        let reading = capture.read(&[Frame::room(64)]);
        rig.fake.words();
        assert_eq!(rig.pnp(PnpRequest::SurpriseRemoval), NtStatus::SUCCESS);
        for irp in [later, reading] {
            assert_eq!(irp.status(), NtStatus::CANCELLED);
        }
        let down = ["SetState Pause", "SetState Acquire", "SetState Stop", "drop stream"];
        let expected = [&down[..], &down[..], &["drop miniport"]].concat();
        assert_eq!(rig.fake.words(), expected);
        rig.pass_ms(2_000);
        assert!(rig.fake.taken().is_empty());
    });
}

#[test]
fn stale_handles_answer_and_reach_nobody() {
    for last in [PnpRequest::StopDevice, PnpRequest::SurpriseRemoval, PnpRequest::RemoveDevice] {
        on_device(|rig| {
            let device = rig.physical.top();
            let (filter, render) = rig.open_pin(RENDER);
            let capture = filter.pin(CAPTURE).unwrap();
            render.set_state(KsState::Run);
            rig.pnp(last.clone());
            rig.fake.words();
            let gone = NtStatus::INVALID_DEVICE_STATE;
            assert_eq!(render.set_state(KsState::Run), gone);
            assert_eq!(render.stream(WRITE_STREAM, &[Frame::now(NOTE)]).1, gone);
            assert_eq!(capture.stream(READ_STREAM, &[Frame::room(64)]).1, gone);
            assert_eq!(filter.pin(RENDER).err(), Some(gone));
            assert_eq!(render.state(), 0);
            assert_eq!(render.reset(0), NtStatus::SUCCESS);
            let anew = rig.open(&device, None, &filter_name("Midi")).err();
            let expected = match last {
                PnpRequest::RemoveDevice => NtStatus::NO_SUCH_DEVICE,
                _ => NtStatus::DEVICE_NOT_READY,
            };
            assert_eq!(anew, Some(expected));
            assert!(rig.fake.words().is_empty());
        });
    }
}

#[test]
fn a_removal_in_run_leaves_no_reference_to_anything_of_the_driver() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        pin.write(&[Frame::at_ms(50, NOTE)]);
        rig.pnp(PnpRequest::RemoveDevice);
        // The client still holds its files, but the driver's objects are released.
        assert_eq!(rig.fake.left(), 1, "the port alone, behind the client's filter");
    });
}

#[test]
fn a_closed_file_answers_nothing_more() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let stale = Rc::clone(&pin.file);
        pin.close();
        let parameters = Parameters::DeviceControl { code: 0, input: vec![], output_length: 0 };
        let irp = Irp::new(parameters, Some(stale), vec![]);
        let status = rig.kernel.send_request(filter.file.device(), &irp);
        assert_eq!(status, NtStatus::INVALID_PARAMETER);
    });
}

#[test]
fn closing_the_filter_first_ends_its_pins_too() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        pin.set_state(KsState::Run);
        rig.fake.words();
        filter.close();
        let down = ["SetState Pause", "SetState Acquire", "SetState Stop", "drop stream"];
        assert_eq!(rig.fake.words(), down);
        assert_eq!(pin.set_state(KsState::Run), NtStatus::INVALID_DEVICE_STATE);
        assert_eq!(rig.pnp(PnpRequest::QueryStopDevice), NtStatus::SUCCESS);
    });
}

#[test]
fn a_pin_that_dies_in_run_with_a_resending_client_is_gone_for_good() {
    on_device(|rig| {
        let (_, pin) = rig.open_pin(RENDER);
        pin.set_state(KsState::Run);
        let sender = rig.sender(&pin, WRITE_STREAM);
        let refused = Rc::new(Cell::new(0));
        let irp = sender.prepare(&[Frame::at_ms(100, NOTE)]);
        resend_until_refused(&sender, &irp, &refused);
        sender.send(&rig.kernel, &irp);
        rig.pnp(PnpRequest::SurpriseRemoval);
        assert_eq!(refused.get(), 1);
        assert_eq!(rig.fake.left(), 1, "the port alone, behind the client's filter");
    });
}

/// Lets each completion send another request, until the port refuses a request.
fn resend_until_refused(sender: &Sender, irp: &Irp, refused: &Rc<Cell<u32>>) {
    let (sender, refused) = (sender.clone(), Rc::clone(refused));
    irp.set_completion_routine(Box::new(move |kernel, done| {
        if done.status() != NtStatus::CANCELLED {
            refused.set(refused.get() + 1);
            return;
        }
        let next = sender.prepare(&[Frame::at_ms(100, NOTE)]);
        resend_until_refused(&sender, &next, &refused);
        sender.send(kernel, &next);
    }));
}

#[test]
fn a_property_of_the_device_comes_from_the_bottom_of_the_stack() {
    on_planned_device(
        |_| (),
        |rig| {
            rig.physical.set_property(0, b"MIDI".to_vec());
            let port = rig.fake.port();
            let ask = |length| {
                let property = DeviceRegistryProperty::DeviceDescription;
                let reply = port.get_device_property(&rig.kernel, property, length);
                (reply.status, reply.information, reply.bytes)
            };
            assert_eq!(ask(4), (NtStatus::SUCCESS, 4, b"MIDI".to_vec()));
            assert_eq!(ask(3), (NtStatus::BUFFER_TOO_SMALL, 4, vec![]));
            let property = DeviceRegistryProperty::Manufacturer;
            let reply = port.get_device_property(&rig.kernel, property, 100);
            assert_eq!(reply.status, NtStatus::OBJECT_NAME_NOT_FOUND);
        },
    );
}

#[test]
fn a_driver_that_panics_stops_the_machine_and_the_rest_falls_quietly() {
    let stop_of = |test: &dyn Fn(&Rig)| {
        let rig = Rig::new();
        let stop = rig.kernel.enter(|_| {
            rig.add_device().unwrap();
            assert_eq!(rig.start(), NtStatus::SUCCESS);
            test(&rig);
        });
        match stop {
            Err(Stop::DriverFailure { function, message, .. }) => (function, message),
            other => panic!("{other:?}"),
        }
    };
    let in_state = stop_of(&|rig| {
        rig.fake.answer_state(|_, _| panic!("state"));
        rig.run_pin(RENDER);
    });
    assert_eq!(in_state, ("IMiniportMidiStream::SetState".to_owned(), "state".to_owned()));
    let in_write = stop_of(&|rig| {
        rig.fake.answer_write(|_, _| panic!("write"));
        rig.run_pin(RENDER).write(&[Frame::at_ms(5, NOTE)]);
        rig.pass_ms(10);
    });
    assert_eq!(in_write, ("IMiniportMidiStream::Write".to_owned(), "write".to_owned()));
    let in_read = stop_of(&|rig| {
        rig.fake.answer_read(|_, _| panic!("read"));
        rig.run_pin(CAPTURE);
        rig.fake.interrupt(&rig.kernel);
    });
    assert_eq!(in_read, ("IMiniportMidiStream::Read".to_owned(), "read".to_owned()));
}
