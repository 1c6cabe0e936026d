//! Which interface of a miniport a port uses, and how streams open.

use std::rc::Rc;

use portcls_emulator::trace::{Argument, Event};
use portcls_emulator::{Irql, NtStatus};
use portcls_port::com::{IUnknown, Interface, query};
use portcls_port::guid::{Guid, clsid, iid};
use portcls_port::interfaces::{IAllocatorMxf, IMxf, IPortDMus, IPortMidi};
use portcls_port::ks::guids::property_set;
use portcls_port::ks::pin_connect::PinRequest;
use portcls_port::ks::{KsDataFormat, KsDataRangeMusic, KsProperty, KsState, multiple_item};

use crate::fake::{Fake, midi_miniport};
use crate::fake_dmus::{dmus_miniport, double_miniport, on_dmus_device, plan_dmus};
use crate::frames::Frame;
use crate::plan::{CAPTURE, Plan, RENDER};
use crate::rig::{GET, PROPERTY, Rig, SET, on_added_device, on_planned_device};

/// The driver's notes when a port of this class starts this miniport.
fn start(class: Guid, miniport: fn(&Rc<Fake>) -> Rc<dyn IUnknown>) -> Vec<String> {
    let mut words = Vec::new();
    let plan = |plan: &mut Plan| {
        plan.class = class;
        plan.miniport = miniport;
    };
    on_planned_device(plan, |rig| words = rig.fake.words());
    words
}

#[test]
fn either_class_drives_either_miniport() {
    for class in [clsid::PORT_MIDI, clsid::PORT_DMUS] {
        assert_eq!(start(class, midi_miniport), ["StartDevice", "Init", "GetDescription"]);
        assert_eq!(start(class, dmus_miniport), ["StartDevice", "Init DMus", "GetDescription"]);
    }
}

#[test]
fn a_miniport_with_both_interfaces_is_driven_by_that_of_the_class() {
    assert_eq!(start(clsid::PORT_MIDI, double_miniport)[1], "Init Midi");
    assert_eq!(start(clsid::PORT_DMUS, double_miniport)[1], "Init DMus");
}

#[test]
fn an_init_or_a_new_stream_that_returns_at_another_level_is_named() {
    let named = |rig: &Rig, method: &str| {
        let violations = rig.kernel.violations();
        let message = &violations.last().expect("a rule is broken").message;
        let expected = format!("{method} was called at PASSIVE_LEVEL and returned at");
        assert!(message.starts_with(&expected), "{message}");
    };
    on_added_device(plan_dmus, |rig| {
        rig.fake.let_leave_high("IMiniportDMus::Init");
        assert_eq!(rig.start(), NtStatus::SUCCESS);
        named(rig, "IMiniportDMus::Init");
        rig.fake.let_leave_high("IMiniportDMus::NewStream");
        let _pin = rig.open_pin(RENDER);
        named(rig, "IMiniportDMus::NewStream");
        rig.expect_violations(&["IrqlReturn"; 2]);
    });
}

/// The port has both interfaces, and each of them can register a service group. A call above
/// PASSIVE_LEVEL is a violation that names the interface of the call.
#[test]
fn a_service_group_is_registered_by_either_interface_of_the_port() {
    on_dmus_device(|rig| {
        let kernel = &rig.kernel;
        let as_midi: Rc<dyn IPortMidi> = rig.fake.port();
        let as_dmus = query::<dyn IPortDMus>(&as_midi).unwrap();
        // The group of the fake miniport is registered already. To register it again breaks no
        // rule.
        as_midi.register_service_group(kernel, rig.fake.group());
        as_dmus.register_service_group(kernel, rig.fake.group());
        assert_eq!(kernel.violations(), []);
        let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
        as_midi.register_service_group(kernel, rig.fake.group());
        as_dmus.register_service_group(kernel, rig.fake.group());
        kernel.lower_irql(old);
        let messages: Vec<_> = kernel.violations().into_iter().map(|it| it.message).collect();
        assert!(messages[0].contains("IPortMidi::RegisterServiceGroup"), "{messages:?}");
        assert!(messages[1].contains("IPortDMus::RegisterServiceGroup"), "{messages:?}");
        rig.expect_violations(&["PcIrqlIport"; 2]);
    });
}

#[test]
fn a_midi_miniport_plays_on_the_directmusic_class() {
    on_planned_device(
        |plan| plan.class = clsid::PORT_DMUS,
        |rig| {
            let pin = rig.run_pin(RENDER);
            pin.write(&[Frame::now(&[(0, &[0x90, 0x3C, 0x40])])]);
            assert_eq!(rig.fake.taken(), [0x90, 0x3C, 0x40]);
        },
    );
}

#[test]
fn the_port_is_both_ports_at_once() {
    on_dmus_device(|rig| {
        let port = query::<dyn IPortDMus>(&rig.fake.port()).unwrap();
        assert!(query::<dyn IPortMidi>(&port).is_ok());
        port.notify(&rig.kernel, None);
        // The port never calls Service of a DirectMusic miniport.
        assert!(!rig.fake.words().contains(&"Service".to_owned()));
    });
}

#[test]
fn a_capture_stream_is_connected_in_stop_and_disconnected_before_it_goes() {
    on_dmus_device(|rig| {
        rig.fake.words();
        let (filter, pin) = rig.open_pin(CAPTURE);
        pin.set_state(KsState::Acquire);
        pin.close();
        filter.close();
        assert_eq!(
            rig.fake.words(),
            [
                "NewStream 2 Capture KSDATAFORMAT_SUBTYPE_MIDI",
                "ConnectOutput",
                "SetState Acquire",
                "SetState Stop",
                "DisconnectOutput",
                "drop stream",
            ]
        );
    });
}

#[test]
fn a_render_stream_is_not_connected() {
    on_dmus_device(|rig| {
        let filter = rig.open_filter().unwrap();
        rig.fake.words();
        filter.dmus_pin(RENDER).unwrap().close();
        assert_eq!(
            rig.fake.words(),
            ["NewStream 0 Render KSDATAFORMAT_SUBTYPE_DIRECTMUSIC", "drop stream"]
        );
    });
}

#[test]
fn a_stream_that_refuses_its_sink_is_not_opened() {
    on_dmus_device(|rig| {
        let filter = rig.open_filter().unwrap();
        rig.fake.dmus.connect_status.set(NtStatus::UNSUCCESSFUL);
        rig.fake.words();
        assert_eq!(filter.pin(CAPTURE).err(), Some(NtStatus::UNSUCCESSFUL));
        assert_eq!(rig.fake.words()[1..], ["ConnectOutput", "drop stream"]);
    });
}

#[test]
fn a_pin_is_opened_only_in_a_form_that_it_has() {
    let plan = |plan: &mut Plan| {
        plan_dmus(plan);
        plan.filter.pins[RENDER as usize].pin.data_ranges.pop();
    };
    on_planned_device(plan, |rig| {
        let filter = rig.open_filter().unwrap();
        assert_eq!(filter.dmus_pin(RENDER).err(), Some(NtStatus::NO_MATCH));
        assert!(filter.dmus_pin(CAPTURE).is_ok());
        let mut long = PinRequest::directmusic(CAPTURE);
        long.format.format_size = 96;
        assert!(filter.open(&long.to_name()).is_err());
    });
}

#[test]
fn a_midi_miniport_that_offers_events_by_mistake_gets_none() {
    let plan = |plan: &mut Plan| {
        plan.class = clsid::PORT_DMUS;
        let ranges = &mut plan.filter.pins[RENDER as usize].pin.data_ranges;
        ranges.push(KsDataRangeMusic::DIRECTMUSIC_PORT.into());
    };
    on_planned_device(plan, |rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let property = KsProperty { set: property_set::CONNECTION, id: 2, flags: SET };
        let value = bytemuck::bytes_of(&KsDataFormat::DIRECTMUSIC);
        let set = pin.control(PROPERTY, bytemuck::bytes_of(&property), value, 64);
        assert_eq!(set.status(), NtStatus::INVALID_DEVICE_REQUEST);
        pin.close();
        rig.fake.words();
        assert_eq!(filter.dmus_pin(RENDER).err(), Some(NtStatus::NO_MATCH));
        assert_eq!(rig.fake.words(), [""; 0], "the miniport is not asked");
    });
}

#[test]
fn the_form_of_an_open_pin_stays_as_it_is() {
    on_dmus_device(|rig| {
        let (_, pin) = rig.open_pin(RENDER);
        let set = |format: &KsDataFormat| {
            let property = KsProperty { set: property_set::CONNECTION, id: 2, flags: SET };
            let value = bytemuck::bytes_of(format);
            pin.control(PROPERTY, bytemuck::bytes_of(&property), value, 64).status()
        };
        assert_eq!(set(&KsDataFormat::MIDI), NtStatus::SUCCESS);
        assert_eq!(set(&KsDataFormat::DIRECTMUSIC), NtStatus::INVALID_DEVICE_REQUEST);
    });
}

#[test]
fn each_stream_has_an_allocator_and_all_have_one_clock() {
    on_dmus_device(|rig| {
        let (filter, _first) = rig.open_pin(RENDER);
        let first = rig.fake.dmus.stream();
        let _second = filter.pin(RENDER).unwrap();
        let second = rig.fake.dmus.stream();
        assert!(Rc::ptr_eq(&first.clock, &second.clock));
        assert!(!Rc::ptr_eq(&first.allocator, &second.allocator));
        assert_eq!(first.allocator.get_buffer_size(), 1_024);
        assert!(query::<dyn IMxf>(&first.allocator).is_ok());
        assert!(query::<dyn IAllocatorMxf>(&query::<dyn IMxf>(&first.allocator).unwrap()).is_ok());
    });
}

#[test]
fn the_master_clock_is_a_property_of_the_filter_and_never_pauses() {
    on_dmus_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let property = KsProperty { set: property_set::SYNTH_CLOCK, id: 0, flags: GET };
        let ask = |room| filter.control(PROPERTY, bytemuck::bytes_of(&property), &[], room);
        let (none, little) = (ask(0), ask(7));
        assert_eq!((none.status(), none.information()), (NtStatus::BUFFER_OVERFLOW, 8));
        assert_eq!(little.status(), NtStatus::BUFFER_TOO_SMALL);
        let time = || {
            let irp = ask(8);
            assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 8));
            i64::from_le_bytes(irp.buffer().borrow()[..].try_into().unwrap())
        };
        let began = time();
        assert_eq!(began, rig.master_100ns());
        pin.set_state(KsState::Run);
        rig.pass_ms(3);
        pin.set_state(KsState::Pause);
        rig.pass_ms(4);
        assert_eq!(time(), began + 70_000);
        assert_eq!(rig.master_100ns(), began + 70_000);
        let set = KsProperty { flags: SET, ..property };
        let refused = filter.control(PROPERTY, bytemuck::bytes_of(&set), &[0; 8], 8);
        assert_eq!(refused.status(), NtStatus::INVALID_DEVICE_REQUEST);
    });
}

#[test]
fn a_filter_of_a_midi_miniport_has_no_master_clock() {
    on_planned_device(
        |plan| plan.class = clsid::PORT_DMUS,
        |rig| {
            let filter = rig.open_filter().unwrap();
            for flags in [GET, 0x100] {
                let property = KsProperty { set: property_set::SYNTH_CLOCK, id: 0, flags };
                let irp = filter.control(PROPERTY, bytemuck::bytes_of(&property), &[], 8);
                assert_eq!(irp.status(), NtStatus::PROPSET_NOT_FOUND);
            }
        },
    );
}

#[test]
fn a_miniport_with_neither_interface_is_refused_by_what_it_answers_first() {
    struct Stranger;
    impl IUnknown for Stranger {
        fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
            let is_midi = *iid == iid::MINIPORT_MIDI;
            Err(if is_midi { NtStatus::NOT_SUPPORTED } else { NtStatus::UNSUCCESSFUL })
        }
    }
    for (class, status) in
        [(clsid::PORT_MIDI, NtStatus::NOT_SUPPORTED), (clsid::PORT_DMUS, NtStatus::UNSUCCESSFUL)]
    {
        let plan = |plan: &mut Plan| {
            plan.class = class;
            plan.miniport = |_| Rc::new(Stranger);
        };
        on_added_device(plan, |rig| assert_eq!(rig.start(), status));
    }
}

/// The calls that the trace shows so far. Each call has its argument.
fn calls(rig: &Rig) -> Vec<String> {
    let log = rig.kernel.trace().log();
    let calls = log.events().filter_map(|event| match event.event {
        Event::Call { function, argument } => {
            let name = log.name(function);
            Some(match argument {
                Argument::None => name.to_owned(),
                Argument::Count(count, unit) => format!("{name}, {count} {}", log.name(unit)),
                Argument::Word(word) => format!("{name}, {}", log.name(word)),
                Argument::Hex(number) => format!("{name}, {number:X}"),
            })
        }
        _ => None,
    });
    calls.collect()
}

#[test]
fn the_trace_shows_every_call_of_the_miniport_and_its_streams() {
    on_dmus_device(|rig| {
        let capture = rig.run_pin(CAPTURE);
        rig.fake.interrupt(&rig.kernel);
        capture.close();
        rig.run_pin(RENDER).write(&[Frame::now(&[(0, &[0x90, 0x3C, 0x40])])]);
        assert_eq!(
            calls(rig),
            [
                "Init",
                "GetDescription",
                "NewStream, pin 2 Capture",
                "ConnectOutput",
                "SetState, ACQUIRE",
                "SetState, PAUSE",
                "SetState, RUN",
                "service group",
                "PutMessage",
                "SetState, PAUSE",
                "SetState, ACQUIRE",
                "SetState, STOP",
                "DisconnectOutput",
                "NewStream, pin 0 Render",
                "SetState, ACQUIRE",
                "SetState, PAUSE",
                "SetState, RUN",
                "PutMessage, 3 byte",
            ]
        );
    });
}

#[test]
fn a_client_finds_the_form_of_a_pin_by_intersection() {
    on_dmus_device(|rig| {
        let filter = rig.open_filter().unwrap();
        for range in [KsDataRangeMusic::MIDI_PORT, KsDataRangeMusic::DIRECTMUSIC_PORT] {
            let list = multiple_item([bytemuck::bytes_of(&range).to_vec()]);
            let irp = filter.pin_property(4, RENDER, &list, 64);
            assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 64));
            let format: KsDataFormat = bytemuck::pod_read_unaligned(&irp.buffer().borrow());
            assert_eq!(format, KsDataFormat::music(range.data_range.sub_format));
        }
    });
}
