//! Properties of a miniport: the table, the handler's request, the reply.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{Irp, Irql, Kernel, NtStatus, Parameters};
use portcls_port::automation::{
    PcAutomationTable, PcPropertyItem, PcPropertyRequest, PropertyHandler,
    pc_complete_pending_property_request,
};
use portcls_port::descriptor::PcNodeDescriptor;
use portcls_port::guid::Guid;
use portcls_port::ks::guids::{node_type, property_set};
use portcls_port::ks::{KsNodeProperty, KsProperty, KsPropertyType};

use crate::plan::{Plan, RENDER};
use crate::rig::{File, GET, PROPERTY, SET, on_device, on_planned_device};

/// A property set of the driver's own.
const SET_GUID: Guid = portcls_port::guid::clsid::PORT_MIDI;

const BASIC_SUPPORT: u32 = 0x200;
const SET_SUPPORT: u32 = 0x100;
const TOPOLOGY: u32 = 0x1000_0000;

type Seen = Rc<RefCell<Vec<String>>>;

fn item(id: u32, flags: KsPropertyType, handler: Option<PropertyHandler>) -> PcPropertyItem {
    PcPropertyItem { set: SET_GUID, id, flags, handler }
}

/// A table with a number that can be read and set.
fn table(word: &'static str, seen: &Seen) -> Option<Rc<PcAutomationTable>> {
    let (seen, stored) = (Rc::clone(seen), Rc::new(RefCell::new(vec![7u8, 0, 0, 0])));
    let handler = move |kernel: &Kernel, request: &Rc<PcPropertyRequest>| {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        let pin = if request.minor_target.is_some() { "stream" } else { "no stream" };
        let PcPropertyRequest { node, verb, instance, .. } = &**request;
        let words = format!("{word} {pin} {node:X} {:X} {instance:?}", verb.bits());
        seen.borrow_mut().push(words);
        if verb.contains(KsPropertyType::GET) {
            return request.answer(&stored.borrow());
        }
        *stored.borrow_mut() = request.value.borrow().clone();
        NtStatus::SUCCESS
    };
    let both = KsPropertyType::GET | KsPropertyType::SET;
    let properties =
        vec![item(1, both, Some(Rc::new(handler))), item(2, KsPropertyType::GET, None)];
    Some(Rc::new(PcAutomationTable { properties, ..Default::default() }))
}

fn plan_tables(plan: &mut Plan, seen: &Seen) {
    plan.filter.automation = table("filter", seen);
    plan.filter.pins[RENDER as usize].automation = table("pin", seen);
    plan.filter.nodes = vec![PcNodeDescriptor {
        flags: 0,
        automation: table("node", seen),
        node_type: node_type::SYNTHESIZER,
        name: None,
    }];
}

fn ask(file: &File<'_>, id: u32, flags: u32, value: &[u8], length: u32) -> Irp {
    let property = KsProperty { set: SET_GUID, id, flags };
    file.control(PROPERTY, bytemuck::bytes_of(&property), value, length)
}

#[test]
fn a_property_is_read_and_set_through_the_table_of_its_filter() {
    let seen = Seen::default();
    on_planned_device(
        |plan| plan_tables(plan, &seen),
        |rig| {
            let filter = rig.open_filter().unwrap();
            let irp = ask(&filter, 1, GET, &[], 4);
            assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 4));
            assert_eq!(*irp.buffer().borrow(), [7, 0, 0, 0]);
            assert_eq!(ask(&filter, 1, SET, &[9, 0, 0, 0], 4).status(), NtStatus::SUCCESS);
            assert_eq!(*ask(&filter, 1, GET, &[], 4).buffer().borrow(), [9, 0, 0, 0]);
            assert_eq!(seen.borrow()[0], "filter no stream FFFFFFFF 1 []");
        },
    );
}

#[test]
fn a_pin_has_its_own_table_and_hands_its_stream_to_the_handler() {
    let seen = Seen::default();
    on_planned_device(
        |plan| plan_tables(plan, &seen),
        |rig| {
            let (_filter, pin) = rig.open_pin(RENDER);
            assert_eq!(ask(&pin, 1, GET, &[], 4).status(), NtStatus::SUCCESS);
            assert_eq!(*seen.borrow(), ["pin stream FFFFFFFF 1 []"]);
        },
    );
}

#[test]
fn a_node_is_asked_by_its_number_and_what_follows_is_the_instance() {
    let seen = Seen::default();
    on_planned_device(
        |plan| plan_tables(plan, &seen),
        |rig| {
            let filter = rig.open_filter().unwrap();
            let request = |node_id: u32| {
                let property = KsProperty { set: SET_GUID, id: 1, flags: GET | TOPOLOGY };
                let head = KsNodeProperty { property, node_id, reserved: 0 };
                let input = [bytemuck::bytes_of(&head), &[0xAA, 0xBB]].concat();
                filter.control(PROPERTY, &input, &[], 4).status()
            };
            assert_eq!(request(0), NtStatus::SUCCESS);
            assert_eq!(*seen.borrow(), ["node no stream 0 1 [170, 187]"]);
            assert_eq!(request(1), NtStatus::INVALID_PARAMETER);
            let short = ask(&filter, 1, GET | TOPOLOGY, &[], 4);
            assert_eq!(short.status(), NtStatus::INVALID_BUFFER_SIZE);
        },
    );
}

#[test]
fn lengths_follow_the_protocol_of_properties() {
    let seen = Seen::default();
    on_planned_device(
        |plan| plan_tables(plan, &seen),
        |rig| {
            let filter = rig.open_filter().unwrap();
            let none = ask(&filter, 1, GET, &[], 0);
            assert_eq!((none.status(), none.information()), (NtStatus(0x8000_0005), 4));
            let short = ask(&filter, 1, GET, &[], 3);
            assert_eq!((short.status(), short.information()), (NtStatus(0xC000_0023), 0));
            let long = ask(&filter, 1, GET, &[], 40);
            assert_eq!((long.information(), long.buffer().borrow().len()), (4, 4));
        },
    );
}

#[test]
fn support_is_answered_without_a_handler() {
    let seen = Seen::default();
    on_planned_device(
        |plan| plan_tables(plan, &seen),
        |rig| {
            let filter = rig.open_filter().unwrap();
            let support = |id: u32| ask(&filter, id, BASIC_SUPPORT, &[], 4);
            assert_eq!(*support(1).buffer().borrow(), [3, 0, 0, 0]);
            assert_eq!(*support(2).buffer().borrow(), [1, 0, 0, 0]);
            assert_eq!(ask(&filter, 0, SET_SUPPORT, &[], 0).status(), NtStatus::SUCCESS);
            assert_eq!(ask(&filter, 3, GET, &[], 4).status(), NtStatus::NOT_FOUND);
            let refused = NtStatus::INVALID_DEVICE_REQUEST;
            assert_eq!(ask(&filter, 2, GET, &[], 4).status(), refused);
            assert_eq!(ask(&filter, 2, SET, &[0; 4], 4).status(), refused);
            assert!(seen.borrow().is_empty());
        },
    );
}

#[test]
fn the_ports_own_properties_say_by_the_same_rules_what_they_support() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let support = |file: &File<'_>, set, id| {
            let property = KsProperty { set, id, flags: BASIC_SUPPORT };
            let irp = file.control(PROPERTY, bytemuck::bytes_of(&property), &[], 4);
            assert_eq!(irp.status(), NtStatus::SUCCESS);
            irp.buffer().borrow().clone()
        };
        // On the filter: data flow, proposed format, categories. On the pin: the state.
        assert_eq!(support(&filter, property_set::PIN, 2), [1, 0, 0, 0]);
        assert_eq!(support(&filter, property_set::PIN, 14), [2, 0, 0, 0]);
        assert_eq!(support(&filter, property_set::TOPOLOGY, 0), [1, 0, 0, 0]);
        assert_eq!(support(&pin, property_set::CONNECTION, 0), [3, 0, 0, 0]);
    });
}

#[test]
fn a_miniport_adds_members_to_the_ports_sets_and_takes_none_over() {
    let seen = Seen::default();
    let add = |plan: &mut Plan| {
        plan_tables(plan, &seen);
        let table = plan.filter.automation.as_ref().unwrap();
        let mut properties = table.properties.clone();
        properties[0].set = property_set::TOPOLOGY;
        properties[1] = PcPropertyItem { id: 4, ..properties[0].clone() };
        plan.filter.automation =
            Some(Rc::new(PcAutomationTable { properties, ..Default::default() }));
    };
    on_planned_device(add, |rig| {
        let filter = rig.open_filter().unwrap();
        let get = |id| {
            let property = KsProperty { set: property_set::TOPOLOGY, id, flags: GET };
            let irp = filter.control(PROPERTY, bytemuck::bytes_of(&property), &[], 8);
            (irp.status(), irp.buffer().borrow().clone())
        };
        // The port itself answers for the nodes, the miniport for a member that the port lacks.
        assert_eq!(get(1), (NtStatus::SUCCESS, vec![24, 0, 0, 0, 1, 0, 0, 0]));
        assert!(seen.borrow().is_empty());
        assert_eq!(get(4), (NtStatus::SUCCESS, vec![7, 0, 0, 0]));
        assert_eq!(seen.borrow().len(), 1);
        assert_eq!(get(5).0, NtStatus::NOT_FOUND);
    });
}

#[test]
fn a_set_that_no_table_has_is_not_found_as_before() {
    on_planned_device(
        |_| (),
        |rig| {
            let (filter, pin) = rig.open_pin(RENDER);
            for file in [&filter, &pin] {
                assert_eq!(ask(file, 1, GET, &[], 4).status(), NtStatus::PROPSET_NOT_FOUND);
            }
        },
    );
}

#[test]
fn a_request_can_be_completed_later_but_not_as_pending() {
    let kept: Rc<RefCell<Option<Rc<PcPropertyRequest>>>> = Rc::default();
    let keep = Rc::clone(&kept);
    let handler = move |_: &Kernel, request: &Rc<PcPropertyRequest>| {
        *keep.borrow_mut() = Some(Rc::clone(request));
        NtStatus::PENDING
    };
    let properties = vec![item(1, KsPropertyType::GET, Some(Rc::new(handler)))];
    let table = Rc::new(PcAutomationTable { properties, ..Default::default() });
    on_planned_device(
        |plan| plan.filter.automation = Some(table),
        |rig| {
            let filter = rig.open_filter().unwrap();
            let property = KsProperty { set: SET_GUID, id: 1, flags: GET };
            let input = bytemuck::bytes_of(&property).to_vec();
            let parameters = Parameters::DeviceControl { code: PROPERTY, input, output_length: 2 };
            let irp = Irp::new(parameters, Some(Rc::clone(&filter.file)), Vec::new());
            *irp.buffer().borrow_mut() = vec![0; 2];
            let sent = rig.kernel.send_request(filter.file.device(), &irp);
            assert_eq!((sent, irp.is_completed()), (NtStatus::PENDING, false));
            let request = kept.borrow_mut().take().unwrap();
            let end = |status| pc_complete_pending_property_request(&rig.kernel, &request, status);
            assert_eq!(end(NtStatus::PENDING), Err(NtStatus::INVALID_PARAMETER));
            let old = rig.kernel.raise_irql(Irql::DISPATCH_LEVEL);
            let answered = request.answer(&[1, 2]);
            assert_eq!(end(answered), Ok(()));
            rig.kernel.lower_irql(old);
            assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 2));
            assert_eq!(*irp.buffer().borrow(), [1, 2]);
            rig.expect_violations(&["PcPropertyRequest"]);
        },
    );
}

#[test]
fn a_request_may_be_completed_before_its_handler_returns_pending() {
    let handler = |kernel: &Kernel, request: &Rc<PcPropertyRequest>| {
        let answered = request.answer(&[7, 0]);
        pc_complete_pending_property_request(kernel, request, answered).unwrap();
        NtStatus::PENDING
    };
    let properties = vec![item(1, KsPropertyType::GET, Some(Rc::new(handler)))];
    let table = Rc::new(PcAutomationTable { properties, ..Default::default() });
    on_planned_device(
        |plan| plan.filter.automation = Some(table),
        |rig| {
            let filter = rig.open_filter().unwrap();
            let property = KsProperty { set: SET_GUID, id: 1, flags: GET };
            let input = bytemuck::bytes_of(&property).to_vec();
            let parameters = Parameters::DeviceControl { code: PROPERTY, input, output_length: 2 };
            let irp = Irp::new(parameters, Some(Rc::clone(&filter.file)), Vec::new());
            *irp.buffer().borrow_mut() = vec![0; 2];
            let sent = rig.kernel.send_request(filter.file.device(), &irp);
            assert_eq!((sent, irp.is_marked_pending()), (NtStatus::PENDING, true));
            assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 2));
            assert_eq!(*irp.buffer().borrow(), [7, 0]);
        },
    );
}

#[test]
fn a_handler_that_claims_more_than_there_is_room_for_breaks_a_rule() {
    let handler = |_: &Kernel, request: &Rc<PcPropertyRequest>| {
        request.value_size.set(100);
        NtStatus::SUCCESS
    };
    let properties = vec![item(1, KsPropertyType::GET, Some(Rc::new(handler)))];
    let table = Rc::new(PcAutomationTable { properties, ..Default::default() });
    on_planned_device(
        |plan| plan.filter.automation = Some(table),
        |rig| {
            let filter = rig.open_filter().unwrap();
            let irp = ask(&filter, 1, GET, &[], 4);
            assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 4));
            rig.expect_violations(&["property-overrun"]);
        },
    );
}

#[test]
fn a_property_handler_that_returns_at_another_level_is_named() {
    let handler = |kernel: &Kernel, request: &Rc<PcPropertyRequest>| {
        kernel.raise_irql(Irql::DISPATCH_LEVEL);
        request.answer(&[7])
    };
    let properties = vec![item(1, KsPropertyType::GET, Some(Rc::new(handler)))];
    on_planned_device(
        |plan| {
            plan.filter.automation =
                Some(Rc::new(PcAutomationTable { properties, events: Vec::new() }))
        },
        |rig| {
            let filter = rig.open_filter().unwrap();
            let irp = ask(&filter, 1, GET, &[], 1);
            assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 1));
            let message = &rig.kernel.violations()[0].message;
            let expected = "a property handler was called at PASSIVE_LEVEL and returned at";
            assert!(message.starts_with(expected), "{message}");
            rig.expect_violations(&["IrqlReturn"]);
        },
    );
}
