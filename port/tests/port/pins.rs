//! Opening pins: checks, limits, the stream's group, pin properties.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{Irql, NtStatus, PnpRequest};
use portcls_port::guid::Guid;
use portcls_port::ks::guids::{category, property_set};
use portcls_port::ks::pin_connect::PinRequest;
use portcls_port::ks::{
    DataRange, KsDataFormat, KsDataRangeMusic, KsIdentifier, KsProperty, KsState, LengthReply,
    multiple_item,
};

use crate::frames::{Frame, bytes_of, captured};
use crate::plan::{BRIDGE, CAPTURE, Grouping, Plan, RENDER, StreamGroup};
use crate::rig::{PROPERTY, Rig, on_device, on_planned_device};

#[test]
fn a_pin_opens_in_stop_and_its_direction_is_the_data_flow() {
    on_device(|rig| {
        rig.fake.words();
        let (filter, render) = rig.open_pin(RENDER);
        let capture = filter.pin(CAPTURE).unwrap();
        assert_eq!(rig.fake.words(), ["NewStream 0 Render", "NewStream 2 Capture"]);
        assert_eq!((render.state(), capture.state()), (0, 0));
    });
}

#[test]
fn pins_that_are_not_there_or_not_for_clients_do_not_open() {
    on_device(|rig| {
        let filter = rig.open_filter().unwrap();
        rig.fake.words();
        assert_eq!(filter.pin(3).err(), Some(NtStatus::INVALID_PARAMETER));
        assert_eq!(filter.pin(u32::MAX).err(), Some(NtStatus::INVALID_PARAMETER));
        assert_eq!(filter.pin(BRIDGE).err(), Some(NtStatus::INVALID_DEVICE_REQUEST));
        let mut to_another_pin = PinRequest::midi(RENDER);
        to_another_pin.connect.pin_to_handle = 4;
        let refused = filter.open(&to_another_pin.to_name()).err();
        assert_eq!(refused, Some(NtStatus::INVALID_DEVICE_REQUEST));
        assert!(rig.fake.words().is_empty());
    });
}

#[test]
fn another_format_interface_or_medium_is_no_match() {
    on_device(|rig| {
        let filter = rig.open_filter().unwrap();
        let midi = PinRequest::midi(RENDER);
        let mut format = midi;
        format.format = KsDataFormat::MIDI_BUS;
        let mut interface = midi;
        interface.connect.interface.id = 1;
        let mut medium = midi;
        medium.connect.medium.set = property_set::PIN;
        for request in [format, interface, medium] {
            assert_eq!(filter.open(&request.to_name()).err(), Some(NtStatus::NO_MATCH));
        }
    });
}

#[test]
fn nothing_opens_below_a_pin() {
    on_device(|rig| {
        let (_, pin) = rig.open_pin(RENDER);
        assert_eq!(pin.pin(RENDER).err(), Some(NtStatus::INVALID_DEVICE_REQUEST));
    });
}

#[test]
fn one_instance_too_many_is_refused_until_one_is_closed() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let other = rig.open_filter().unwrap();
        assert_eq!(filter.pin(RENDER).err(), Some(NtStatus::DEVICE_BUSY));
        assert_eq!(other.pin(RENDER).err(), Some(NtStatus::DEVICE_BUSY));
        let instances = |id| filter.pin_property(id, RENDER, &[], 8).buffer().borrow().clone();
        assert_eq!(instances(0), [1, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(instances(8), [1, 0, 0, 0, 1, 0, 0, 0]);
        pin.close();
        assert_eq!(instances(0), [1, 0, 0, 0, 0, 0, 0, 0]);
        assert!(other.pin(RENDER).is_ok());
        assert_eq!(instances(0), [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(instances(8), [1, 0, 0, 0, 1, 0, 0, 0]);
    });
}

#[test]
fn a_pin_without_limit_opens_as_often_as_asked() {
    let unlimited = |plan: &mut Plan| {
        plan.filter.pins[0].max_global_instance_count = u32::MAX;
        plan.filter.pins[0].max_filter_instance_count = u32::MAX;
    };
    on_planned_device(unlimited, |rig| {
        let filter = rig.open_filter().unwrap();
        for _ in 0..10 {
            assert!(filter.pin(RENDER).is_ok());
        }
    });
}

#[test]
fn the_miniport_corrects_the_counts_before_they_are_used() {
    on_planned_device(
        |plan| {
            plan.pin_count = Some(|pin_id, counts| {
                assert_eq!(pin_id, RENDER);
                assert_eq!(counts.filter_current, counts.global_current);
                counts.filter_possible = 2;
                counts.global_possible = 2;
                counts.filter_necessary = 7;
            });
        },
        |rig| {
            let filter = rig.open_filter().unwrap();
            assert!(filter.pin(RENDER).is_ok());
            assert!(filter.pin(RENDER).is_ok());
            assert_eq!(filter.pin(RENDER).err(), Some(NtStatus::DEVICE_BUSY));
            let necessary = filter.pin_property(9, RENDER, &[], 4);
            assert_eq!(necessary.buffer().borrow()[..], [7, 0, 0, 0]);
        },
    );
}

#[test]
fn a_stream_that_the_miniport_refuses_leaves_no_pin_behind() {
    on_planned_device(
        |plan| plan.new_stream_status = NtStatus::INSUFFICIENT_RESOURCES,
        |rig| {
            let filter = rig.open_filter().unwrap();
            assert_eq!(filter.pin(RENDER).err(), Some(NtStatus::INSUFFICIENT_RESOURCES));
            let instances = filter.pin_property(0, RENDER, &[], 8);
            assert_eq!(instances.buffer().borrow()[..], [1, 0, 0, 0, 0, 0, 0, 0]);
        },
    );
}

#[test]
fn a_group_registered_early_serves_the_port_once_for_all_requests_in_one_interrupt() {
    for grouping in [Grouping::Early, Grouping::Late] {
        on_planned_device(
            |plan| plan.grouping = grouping,
            |rig| {
                rig.fake.words();
                let old = rig.kernel.raise_irql(Irql(5));
                let group = rig.fake.group();
                rig.fake.port().notify(&rig.kernel, Some(&group));
                rig.fake.port().notify(&rig.kernel, Some(&group));
                rig.fake.port().notify(&rig.kernel, None);
                assert!(rig.fake.words().is_empty());
                rig.kernel.lower_irql(old);
                assert_eq!(rig.fake.words(), ["Service"]);
            },
        );
    }
}

#[test]
fn service_that_is_asked_for_inside_init_is_not_lost() {
    on_planned_device(
        |plan| plan.grouping = Grouping::EarlyWithNotify,
        |rig| {
            let words = ["StartDevice", "Init", "Service", "GetDescription"];
            assert_eq!(rig.fake.words(), words);
        },
    );
}

#[test]
fn a_miniport_without_a_group_works_and_notify_reaches_nobody() {
    on_planned_device(
        |plan| plan.grouping = Grouping::Never,
        |rig| {
            let pin = rig.run_pin(RENDER);
            rig.fake.notify(&rig.kernel, None);
            pin.write(&[Frame::now(&[(0, &[0xF8])])]);
            assert_eq!(rig.fake.taken(), [0xF8]);
        },
    );
}

#[test]
fn notify_without_a_group_reaches_the_groups_of_all_streams() {
    for stream_group in [StreamGroup::Shared, StreamGroup::Own] {
        on_planned_device(
            |plan| plan.stream_group = stream_group,
            |rig| {
                let pin = rig.run_pin(CAPTURE);
                rig.fake.words();
                rig.fake.incoming.borrow_mut().push_back(vec![0x90, 1, 2]);
                let irp = pin.read(&[Frame::room(64)]);
                rig.fake.notify(&rig.kernel, None);
                assert_eq!(bytes_of(&captured(&irp)), [0x90, 1, 2]);
                assert_eq!(rig.fake.words(), ["Service"]);
            },
        );
    }
}

#[test]
fn a_stream_without_a_group_is_not_served() {
    on_planned_device(
        |plan| plan.stream_group = StreamGroup::Absent,
        |rig| {
            let pin = rig.run_pin(CAPTURE);
            rig.fake.incoming.borrow_mut().push_back(vec![0xF8]);
            let irp = pin.read(&[Frame::room(64)]);
            rig.fake.notify(&rig.kernel, None);
            assert!(!irp.is_completed());
        },
    );
}

#[test]
fn a_closed_pin_has_left_the_group() {
    on_device(|rig| {
        let reads = Rc::new(RefCell::new(0));
        let count = Rc::clone(&reads);
        rig.fake.answer_read(move |_, _| {
            *count.borrow_mut() += 1;
            Ok(0)
        });
        let (_filter, pin) = rig.open_pin(CAPTURE);
        rig.fake.interrupt(&rig.kernel);
        assert_eq!(*reads.borrow(), 1);
        pin.close();
        rig.fake.interrupt(&rig.kernel);
        assert_eq!(*reads.borrow(), 1);
    });
}

#[test]
fn each_pin_tells_what_it_is() {
    on_device(|rig| {
        let filter = rig.open_filter().unwrap();
        let number = |id, pin_id| {
            let irp = filter.pin_property(id, pin_id, &[], 4);
            assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 4));
            let value = irp.buffer().borrow();
            u32::from_le_bytes(value[..].try_into().unwrap())
        };
        assert_eq!(number(1, 0), 3);
        assert_eq!([0, 1, 2].map(|pin_id| number(2, pin_id)), [1, 2, 2]);
        assert_eq!([0, 1, 2].map(|pin_id| number(7, pin_id)), [1, 4, 1]);
        let ranges = filter.pin_property(3, RENDER, &[], 200);
        assert_eq!((ranges.status(), ranges.information()), (NtStatus::SUCCESS, 104));
        assert_eq!(ranges.buffer().borrow()[..12], [104, 0, 0, 0, 1, 0, 0, 0, 96, 0, 0, 0]);
        let physical = filter.pin_property(10, BRIDGE, &[], 100);
        assert_eq!(physical.status(), NtStatus::NOT_FOUND);
    });
}

/// Source: WDK, PCPIN_DESCRIPTOR: the list of interfaces is ignored in all cases.
#[test]
fn a_pin_has_the_standard_interface_whatever_its_descriptor_lists() {
    let odd = KsIdentifier { set: property_set::PIN, id: 7, flags: 0 };
    on_planned_device(
        |plan| plan.filter.pins[RENDER as usize].pin.interfaces = vec![odd],
        |rig| {
            let filter = rig.open_filter().unwrap();
            let told = filter.pin_property(5, RENDER, &[], 64);
            let standard = [bytemuck::bytes_of(&KsIdentifier::STANDARD_STREAMING)];
            assert_eq!(told.buffer().borrow()[..], multiple_item(standard));
            let mut other = PinRequest::midi(RENDER);
            other.connect.interface = odd;
            assert_eq!(filter.open(&other.to_name()).err(), Some(NtStatus::NO_MATCH));
            assert!(filter.pin(RENDER).is_ok());
        },
    );
}

#[test]
fn a_pin_that_may_have_no_instance_cannot_be_opened_and_breaks_no_rule() {
    on_planned_device(
        |plan| plan.filter.pins[CAPTURE as usize].max_filter_instance_count = 0,
        |rig| {
            let filter = rig.open_filter().unwrap();
            assert_eq!(filter.pin(CAPTURE).err(), Some(NtStatus::DEVICE_BUSY));
            assert!(filter.pin(RENDER).is_ok());
            assert_eq!(rig.kernel.violation_count(), 0);
        },
    );
}

#[test]
fn a_filter_that_names_no_category_is_found_under_those_of_its_port() {
    let classes = [category::AUDIO, category::RENDER, category::CAPTURE];
    let found =
        |rig: &Rig| classes.map(|class| rig.kernel.device_interfaces(bytemuck::cast(class)).len());
    on_planned_device(
        |plan| plan.filter.categories.clear(),
        |rig| {
            assert_eq!(found(rig), [1, 1, 1]);
            let filter = rig.open_filter().unwrap();
            let property = KsProperty { set: property_set::TOPOLOGY, id: 0, flags: 1 };
            let told = filter.control(PROPERTY, bytemuck::bytes_of(&property), &[], 56);
            let list = multiple_item(classes.iter().map(bytemuck::bytes_of));
            assert_eq!(told.buffer().borrow()[..], list);
            rig.pnp(PnpRequest::StopDevice);
            assert_eq!(found(rig), [0, 0, 0]);
        },
    );
}

#[test]
fn the_intersection_of_midi_with_midi_is_the_midi_format() {
    on_device(|rig| {
        let filter = rig.open_filter().unwrap();
        let list = multiple_item([DataRange::from(KsDataRangeMusic::MIDI_PORT).to_bytes()]);
        let found = filter.pin_property(4, RENDER, &list, 64);
        assert_eq!((found.status(), found.information()), (NtStatus::SUCCESS, 64));
        assert_eq!(found.buffer().borrow()[..], *bytemuck::bytes_of(&KsDataFormat::MIDI));
        let asked = filter.pin_property(4, RENDER, &list, 0);
        assert_eq!((asked.status(), asked.information()), (NtStatus::BUFFER_OVERFLOW, 64));
    });
}

#[test]
fn a_miniport_is_not_asked_about_a_range_that_fits_none_of_its_own() {
    let answer = |room| LengthReply::of_value(bytemuck::bytes_of(&KsDataFormat::MIDI), room);
    on_planned_device(
        |plan| plan.intersection = answer,
        |rig| {
            let filter = rig.open_filter().unwrap();
            let ask = |format: KsDataFormat| {
                let list = multiple_item([DataRange::from(format).to_bytes()]);
                filter.pin_property(4, RENDER, &list, 64).status()
            };
            let midi = KsDataFormat::MIDI;
            let wave = Guid { data1: 0x7375_6461, ..midi.major_format };
            assert_eq!(ask(KsDataFormat { major_format: wave, ..midi }), NtStatus::NO_MATCH);
            assert_eq!(ask(KsDataFormat { major_format: Guid::NULL, ..midi }), NtStatus::SUCCESS);
            assert_eq!(ask(midi), NtStatus::SUCCESS);
        },
    );
}

#[test]
fn an_intersection_longer_than_its_room_is_the_miniports_fault_and_goes_no_further() {
    on_planned_device(
        |plan| {
            plan.intersection = |_| LengthReply {
                status: NtStatus::SUCCESS,
                information: 100,
                bytes: vec![7; 100],
            };
        },
        |rig| {
            rig.expect_violations(&["intersection-overrun"]);
            let filter = rig.open_filter().unwrap();
            let list = multiple_item([DataRange::from(KsDataRangeMusic::MIDI_PORT).to_bytes()]);
            let reply = filter.pin_property(4, RENDER, &list, 64);
            assert_eq!(reply.status(), NtStatus::BUFFER_TOO_SMALL);
            assert_eq!((reply.information(), reply.buffer().borrow().len()), (0, 0));
        },
    );
}

#[test]
fn a_format_that_fits_is_set_and_read_back() {
    on_device(|rig| {
        let (_, pin) = rig.open_pin(RENDER);
        rig.fake.words();
        let property = |flags| KsProperty { set: property_set::CONNECTION, id: 2, flags };
        let set = |format: &KsDataFormat| {
            let input = property(2);
            let value = bytemuck::bytes_of(format);
            pin.control(PROPERTY, bytemuck::bytes_of(&input), value, 64).status()
        };
        assert_eq!(set(&KsDataFormat::MIDI_BUS), NtStatus::NO_MATCH);
        assert_eq!(set(&KsDataFormat::MIDI), NtStatus::SUCCESS);
        assert_eq!(rig.fake.words(), ["SetFormat"]);
        let get = pin.control(PROPERTY, bytemuck::bytes_of(&property(1)), &[], 64);
        assert_eq!(get.buffer().borrow()[..], *bytemuck::bytes_of(&KsDataFormat::MIDI));
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
    });
}
