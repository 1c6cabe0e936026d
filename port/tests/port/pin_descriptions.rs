//! Pin descriptors that the driver changes after its start.

use portcls_emulator::{NtStatus, PnpRequest};
use portcls_port::descriptor::PcPinDescriptor;
use portcls_port::ks::guids::property_set;
use portcls_port::ks::{
    DataRange, KsDataFormat, KsPinCommunication, KsPinDataFlow, KsProperty, multiple_item,
};

use crate::plan::{PinDescription, RENDER};
use crate::rig::{File, PROPERTY, SET, on_planned_device};

#[test]
fn the_next_pin_count_finds_what_the_last_one_made_possible_and_the_true_number_of_instances() {
    on_planned_device(
        |plan| {
            plan.pin_count = Some(|_, counts| {
                assert_eq!((counts.filter_current, counts.global_current), (0, 0));
                counts.filter_possible += 1;
                counts.global_possible += 10;
                counts.filter_necessary += 100;
                counts.filter_current += 1_000;
                counts.global_current += 10_000;
            });
        },
        |rig| {
            let filter = rig.open_filter().unwrap();
            let ask = |id, length| {
                let irp = filter.pin_property(id, RENDER, &[], length);
                let value = irp.buffer().borrow();
                let numbers = value.chunks_exact(4).map(|it| it.try_into().unwrap());
                numbers.map(u32::from_le_bytes).collect::<Vec<_>>()
            };
            assert_eq!(ask(0, 8), [2, 1_000]);
            assert_eq!(ask(8, 8), [21, 10_000]);
            assert_eq!(ask(9, 4), [300]);
        },
    );
}

#[test]
fn a_driver_that_changes_its_pin_descriptors_is_seen_at_the_next_request() {
    on_planned_device(
        |plan| plan.pin_description = PinDescription::Live,
        |rig| {
            let (filter, pin) = rig.open_pin(RENDER);
            assert_eq!(filter.pin(RENDER).err(), Some(NtStatus::DEVICE_BUSY));
            let change = |change: &dyn Fn(&mut PcPinDescriptor)| {
                change(&mut rig.fake.plan.borrow_mut().filter.pins[RENDER as usize]);
            };
            change(&|pin| {
                pin.max_filter_instance_count = 3;
                pin.max_global_instance_count = 3;
                pin.pin.category = None;
            });
            let instances = filter.pin_property(0, RENDER, &[], 8);
            assert_eq!(instances.buffer().borrow()[..], [3, 0, 0, 0, 1, 0, 0, 0]);
            assert_eq!(filter.pin_property(11, RENDER, &[], 16).status(), NtStatus::NOT_FOUND);
            assert!(filter.pin(RENDER).is_ok());
            change(&|pin| pin.pin.data_ranges = vec![KsDataFormat::MIDI_BUS.into()]);
            assert_eq!(filter.pin(RENDER).err(), Some(NtStatus::NO_MATCH));
            assert_eq!(set_format(&pin, &KsDataFormat::MIDI), NtStatus::NO_MATCH);
            let list = multiple_item([DataRange::from(KsDataFormat::MIDI_BUS).to_bytes()]);
            assert_eq!(filter.pin_property(4, RENDER, &list, 64).status(), NtStatus::SUCCESS);
            change(&|pin| {
                pin.pin.data_ranges = vec![KsDataFormat::MIDI.into()];
                pin.pin.data_flow = KsPinDataFlow::Out;
            });
            rig.fake.words();
            assert!(filter.pin(RENDER).is_ok());
            assert_eq!(rig.fake.words(), ["NewStream 0 Capture"]);
            change(&|pin| pin.pin.communication = KsPinCommunication::Bridge);
            assert_eq!(filter.pin(RENDER).err(), Some(NtStatus::INVALID_DEVICE_REQUEST));
            rig.pnp(PnpRequest::StopDevice);
            let kind = filter.pin_property(7, RENDER, &[], 4);
            assert_eq!(
                kind.buffer().borrow()[..],
                [1, 0, 0, 0],
                "the driver is not asked any more"
            );
        },
    );
}

/// Sets the format of an open pin.
fn set_format(pin: &File<'_>, format: &KsDataFormat) -> NtStatus {
    let property = KsProperty { set: property_set::CONNECTION, id: 2, flags: SET };
    pin.control(PROPERTY, bytemuck::bytes_of(&property), bytemuck::bytes_of(format), 64).status()
}
