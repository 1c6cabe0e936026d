//! Which kinds of property requests a handler gets, and which are refused.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{Irp, Kernel, NtStatus};
use portcls_port::automation::{PcAutomationTable, PcPropertyItem, PcPropertyRequest};
use portcls_port::descriptor::PcNodeDescriptor;
use portcls_port::guid::Guid;
use portcls_port::ks::guids::{node_type, property_set};
use portcls_port::ks::{KsProperty, KsPropertyType};

use crate::plan::RENDER;
use crate::rig::{File, GET, PROPERTY, SET, on_device, on_planned_device};

/// A property set of the driver's own.
const SET_GUID: Guid = portcls_port::guid::clsid::PORT_MIDI;
/// Another property set of the driver.
const OTHER_SET: Guid = portcls_port::guid::clsid::PORT_DMUS;

const SET_SUPPORT: u32 = 0x100;
const BASIC_SUPPORT: u32 = 0x200;
const RELATIONS: u32 = 0x400;
const SERIALIZE_SET: u32 = 0x800;
const SERIALIZE_RAW: u32 = 0x2000;
const UNSERIALIZE_RAW: u32 = 0x4000;
const SERIALIZE_SIZE: u32 = 0x8000;
const DEFAULT_VALUES: u32 = 0x1_0000;

type Seen = Rc<RefCell<Vec<String>>>;

/// A table of one property. Its handler writes down `word`, and the node and the kind of each
/// request.
fn table(set: Guid, flags: u32, word: &'static str, seen: &Seen) -> Rc<PcAutomationTable> {
    let seen = Rc::clone(seen);
    let handler = move |_: &Kernel, request: &Rc<PcPropertyRequest>| {
        let (node, verb) = (request.node, request.verb.bits());
        seen.borrow_mut().push(format!("{word} {node:X} {verb:X}"));
        if request.verb.intersects(KsPropertyType::SET | KsPropertyType::UNSERIALIZERAW) {
            return NtStatus::SUCCESS;
        }
        request.answer(&[7, 0, 0, 0])
    };
    let flags = KsPropertyType::from_bits_retain(flags);
    let item = PcPropertyItem { set, id: 1, flags, handler: Some(Rc::new(handler)) };
    Rc::new(PcAutomationTable { properties: vec![item], ..Default::default() })
}

fn node(automation: Option<Rc<PcAutomationTable>>) -> PcNodeDescriptor {
    PcNodeDescriptor { flags: 0, automation, node_type: node_type::SYNTHESIZER, name: None }
}

fn ask(file: &File<'_>, set: Guid, flags: u32, length: u32) -> Irp {
    let property = KsProperty { set, id: 1, flags };
    file.control(PROPERTY, bytemuck::bytes_of(&property), &[0; 4], length)
}

#[test]
fn a_handler_that_offers_get_is_asked_for_nothing_else() {
    let seen = Seen::default();
    on_planned_device(
        |plan| plan.filter.automation = Some(table(SET_GUID, GET, "filter", &seen)),
        |rig| {
            let filter = rig.open_filter().unwrap();
            let refused = NtStatus::INVALID_DEVICE_REQUEST;
            for kind in [SET, SERIALIZE_SET, 0x1000, SERIALIZE_RAW, UNSERIALIZE_RAW] {
                assert_eq!(ask(&filter, SET_GUID, kind, 4).status(), refused, "{kind:#x}");
            }
            for kind in [SERIALIZE_SIZE, DEFAULT_VALUES] {
                assert_eq!(ask(&filter, SET_GUID, kind, 4).status(), refused, "{kind:#x}");
            }
            for answered in [SET_SUPPORT, BASIC_SUPPORT, RELATIONS] {
                let status = ask(&filter, SET_GUID, answered, 4).status();
                assert_eq!(status, NtStatus::SUCCESS, "{answered:#x}");
            }
            assert_eq!(*seen.borrow(), [""; 0]);
            assert_eq!(ask(&filter, SET_GUID, GET, 4).status(), NtStatus::SUCCESS);
            assert_eq!(*seen.borrow(), ["filter FFFFFFFF 1"]);
        },
    );
}

#[test]
fn a_request_of_no_kind_or_of_two_reaches_nobody() {
    let (seen, every) = (Seen::default(), 0xFFFF_FFFF);
    on_planned_device(
        |plan| plan.filter.automation = Some(table(SET_GUID, every, "filter", &seen)),
        |rig| {
            let (filter, pin) = rig.open_pin(RENDER);
            for flags in [0, 0x2_0000, GET | SET, GET | BASIC_SUPPORT] {
                let status = ask(&filter, SET_GUID, flags, 4).status();
                assert_eq!(status, NtStatus::INVALID_PARAMETER, "{flags:#x}");
                let own = KsProperty { set: property_set::CONNECTION, id: 0, flags };
                let own = pin.control(PROPERTY, bytemuck::bytes_of(&own), &[0; 4], 4);
                assert_eq!(own.status(), NtStatus::INVALID_PARAMETER, "{flags:#x}");
            }
            assert_eq!(*seen.borrow(), [""; 0]);
        },
    );
}

#[test]
fn a_handler_gets_every_kind_that_it_offers_but_relations() {
    let (seen, every) = (Seen::default(), 0xFFFF_FFFF);
    on_planned_device(
        |plan| plan.filter.automation = Some(table(SET_GUID, every, "filter", &seen)),
        |rig| {
            let filter = rig.open_filter().unwrap();
            let handled = [BASIC_SUPPORT, SERIALIZE_RAW, UNSERIALIZE_RAW, SERIALIZE_SIZE];
            for kind in handled.into_iter().chain([DEFAULT_VALUES]) {
                let status = ask(&filter, SET_GUID, kind, 4).status();
                assert_eq!(status, NtStatus::SUCCESS, "{kind:#x}");
                let asked = seen.borrow_mut().pop();
                assert_eq!(asked, Some(format!("filter FFFFFFFF {kind:X}")));
            }
            assert_eq!(ask(&filter, SET_GUID, RELATIONS, 8).information(), 8);
            assert_eq!(*seen.borrow(), [""; 0]);
        },
    );
}

#[test]
fn basic_support_with_room_for_a_description_gets_a_description() {
    on_device(|rig| {
        let filter = rig.open_filter().unwrap();
        let irp = ask(&filter, property_set::PIN, BASIC_SUPPORT, 40);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 40));
        let mut description = [0; 40];
        (description[0], description[4]) = (1, 40);
        assert_eq!(*irp.buffer().borrow(), description);
        let accesses = ask(&filter, property_set::PIN, BASIC_SUPPORT, 4);
        assert_eq!((accesses.status(), accesses.information()), (NtStatus::SUCCESS, 4));
    });
}

#[test]
fn no_property_of_the_port_or_of_a_miniport_has_relations() {
    let seen = Seen::default();
    on_planned_device(
        |plan| plan.filter.automation = Some(table(SET_GUID, GET, "filter", &seen)),
        |rig| {
            let filter = rig.open_filter().unwrap();
            for set in [property_set::PIN, SET_GUID] {
                let size = ask(&filter, set, RELATIONS, 0);
                assert_eq!((size.status(), size.information()), (NtStatus(0x8000_0005), 8));
                let list = ask(&filter, set, RELATIONS, 8);
                assert_eq!(*list.buffer().borrow(), [8, 0, 0, 0, 0, 0, 0, 0]);
            }
        },
    );
}

#[test]
fn a_property_of_a_node_can_be_asked_for_without_the_node() {
    let seen = Seen::default();
    on_planned_device(
        |plan| {
            plan.filter.automation = Some(table(SET_GUID, GET, "filter", &seen));
            let of_other = |word| Some(table(OTHER_SET, GET, word, &seen));
            let other = Some(table(SET_GUID, GET, "node", &seen));
            plan.filter.nodes = vec![node(other), node(None), node(of_other("first"))];
            plan.filter.nodes.push(node(of_other("second")));
        },
        |rig| {
            let (filter, pin) = rig.open_pin(RENDER);
            for file in [&filter, &pin] {
                assert_eq!(ask(file, OTHER_SET, GET, 4).status(), NtStatus::SUCCESS);
                assert_eq!(ask(file, OTHER_SET, SET_SUPPORT, 0).status(), NtStatus::SUCCESS);
                let unknown = KsProperty { set: OTHER_SET, id: 9, flags: GET };
                let unknown = file.control(PROPERTY, bytemuck::bytes_of(&unknown), &[], 4);
                assert_eq!(unknown.status(), NtStatus::NOT_FOUND);
            }
            // The filter's own table comes before the tables of its nodes. The pin has no table.
            assert_eq!(ask(&filter, SET_GUID, GET, 4).status(), NtStatus::SUCCESS);
            assert_eq!(ask(&pin, SET_GUID, GET, 4).status(), NtStatus::SUCCESS);
            let expected = ["first FFFFFFFF 1", "first FFFFFFFF 1", "filter FFFFFFFF 1"];
            assert_eq!(seen.borrow()[..3], expected);
            assert_eq!(seen.borrow()[3..], ["node FFFFFFFF 1"]);
        },
    );
}
