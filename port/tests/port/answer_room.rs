//! Room for answers: at most the length of the buffer that the client owns.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::automation::{PcAutomationTable, PcPropertyItem, PcPropertyRequest};
use portcls_port::guid::{Guid, clsid};
use portcls_port::ks::guids::property_set;
use portcls_port::ks::{
    DataRange, KsDataRangeMusic, KsPPin, KsProperty, KsPropertyType, LengthReply, multiple_item,
};

use crate::plan::RENDER;
use crate::rig::{GET, PROPERTY, READ_STREAM, SET, WRITE_STREAM, on_device, on_planned_device};

/// A property set of the miniport.
const SET_GUID: Guid = clsid::PORT_MIDI;

/// The largest room that a client can state: 1 byte less than 4 GiB.
const MOST: u32 = u32::MAX;

#[test]
fn a_handler_has_the_room_that_the_client_owns_whatever_it_states() {
    let seen = Rc::new(Cell::new((0, 0)));
    let kept = Rc::clone(&seen);
    let handler = move |_: &Kernel, request: &Rc<PcPropertyRequest>| {
        kept.set((request.value.borrow().len(), request.value_size.get()));
        request.answer(&[7, 0, 0, 0])
    };
    let flags = KsPropertyType::GET | KsPropertyType::SET;
    let item = PcPropertyItem { set: SET_GUID, id: 1, flags, handler: Some(Rc::new(handler)) };
    let table = Rc::new(PcAutomationTable { properties: vec![item], ..Default::default() });
    on_planned_device(
        |plan| plan.filter.automation = Some(table),
        |rig| {
            let filter = rig.open_filter().unwrap();
            let ask = |flags, owned: usize, stated| {
                let property = KsProperty { set: SET_GUID, id: 1, flags };
                let input = bytemuck::bytes_of(&property);
                let irp = filter.control_with(PROPERTY, input, vec![0; owned], stated);
                (irp.status(), irp.information())
            };
            assert_eq!(ask(GET, 16, MOST), (NtStatus::SUCCESS, 4));
            assert_eq!(seen.get(), (16, 16));
            assert_eq!(ask(GET, 0, MOST), (NtStatus::BUFFER_OVERFLOW, 4));
            assert_eq!(seen.get(), (0, 0));
            assert_eq!(ask(GET, 3, 1 << 29), (NtStatus::BUFFER_TOO_SMALL, 0));
            assert_eq!(ask(GET, 100, 8), (NtStatus::SUCCESS, 4));
            assert_eq!(seen.get(), (8, 8), "the client states less than it owns");
            ask(SET, 16, MOST);
            assert_eq!(seen.get(), (16, 16));
        },
    );
}

#[test]
fn the_miniport_is_asked_for_a_format_in_the_room_that_the_client_owns() {
    on_planned_device(
        |plan| {
            plan.intersection = |room| {
                assert!(room <= 64);
                LengthReply::of_status(NtStatus::NOT_IMPLEMENTED)
            };
        },
        |rig| {
            let filter = rig.open_filter().unwrap();
            let property = KsProperty { set: property_set::PIN, id: 4, flags: GET };
            let head = KsPPin { property, pin_id: RENDER, flags: 0 };
            let list = multiple_item([DataRange::from(KsDataRangeMusic::MIDI_PORT).to_bytes()]);
            let input = [bytemuck::bytes_of(&head), &list].concat();
            let ask = |owned| {
                let irp = filter.control_with(PROPERTY, &input, vec![0; owned], MOST);
                (irp.status(), irp.information())
            };
            assert_eq!(ask(64), (NtStatus::SUCCESS, 64));
            assert_eq!(ask(63), (NtStatus::BUFFER_TOO_SMALL, 0));
            assert_eq!(ask(0), (NtStatus::BUFFER_OVERFLOW, 64));
        },
    );
}

#[test]
fn no_control_request_believes_the_length_that_it_states() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let sets = [property_set::PIN, property_set::TOPOLOGY, property_set::CONNECTION, SET_GUID];
        for file in [&filter, &pin] {
            for set in sets {
                for (id, flags) in
                    (0..16).flat_map(|id| [1, 2, 0x100, 0x200, 0x400].map(|it| (id, it)))
                {
                    let property = KsProperty { set, id, flags };
                    let input = [bytemuck::bytes_of(&property), &[0; 8]].concat();
                    let irp = file.control_with(PROPERTY, &input, Vec::new(), MOST);
                    assert!(irp.buffer().borrow().is_empty());
                }
            }
            for code in [0x002F_000F, WRITE_STREAM, READ_STREAM] {
                let irp = file.control_with(code, &[], Vec::new(), MOST);
                assert!(!irp.status().is_success());
            }
            // Without input, the first request asks for the sets of events, and the second disables
            // all events. Here there are none, so both requests succeed without an answer.
            for code in [0x002F_0007, 0x002F_000B] {
                let irp = file.control_with(code, &[], Vec::new(), MOST);
                assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 0));
                assert!(irp.buffer().borrow().is_empty());
            }
        }
    });
}
