//! Events: enabled by a client, told of by the miniport, disabled.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{
    DevicePowerState, Event, EventKind, HandleTarget, Irp, Irql, Kernel, NtStatus, PnpRequest,
    Semaphore,
};
use portcls_port::automation::{PcAutomationTable, PcPropertyRequest};
use portcls_port::com::query;
use portcls_port::descriptor::PcNodeDescriptor;
use portcls_port::event::{EventHandler, KsEventEntry, PcEventItem, PcEventRequest, PcEventVerb};
use portcls_port::guid::{Guid, clsid};
use portcls_port::interfaces::IPortEvents;
use portcls_port::ks::guids::{event_set, node_type};
use portcls_port::ks::{
    KsEvent, KsEventData, KsEventType, KsIoctl, KsNodeEvent, KsPinEvent, KsState,
};
use portcls_port::pc_request_new_power_state;

use crate::fake::Fake;
use crate::plan::{CAPTURE, Plan, PowerInterfaces, RENDER};
use crate::rig::{File, Rig, on_added_device, on_device, on_planned_device};

const ENABLE_EVENT: u32 = KsIoctl::EnableEvent as u32;
const DISABLE_EVENT: u32 = KsIoctl::DisableEvent as u32;

const ENABLE: u32 = 1;
const ONE_SHOT: u32 = 2;
const SET_SUPPORT: u32 = 0x100;
const BASIC_SUPPORT: u32 = 0x200;
const TOPOLOGY: u32 = 0x1000_0000;

const CHANGE: Guid = event_set::AUDIO_CONTROL_CHANGE;
/// A set of the driver's own.
const OWN: Guid = clsid::PORT_MIDI;

/// What the driver does with a request to add an event.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Adds,
    Refuses,
    Forgets,
    AddsAndRefuses,
    AddsTwice,
    Pends,
    /// Adds the event and tells of it at once.
    Tells,
}

/// The driver's side: what it was asked, and the entries that it got.
#[derive(Default)]
struct Side {
    seen: RefCell<Vec<String>>,
    entries: RefCell<Vec<Rc<KsEventEntry>>>,
}

impl Side {
    fn seen(&self) -> Vec<String> {
        self.seen.take()
    }
}

fn item(id: u32, flags: KsEventType, handler: Option<EventHandler>) -> PcEventItem {
    PcEventItem { set: CHANGE, id, flags, handler }
}

fn handler(word: &'static str, side: &Rc<Side>, fake: &Rc<Fake>, manner: Manner) -> EventHandler {
    let (side, fake) = (Rc::clone(side), Rc::clone(fake));
    Rc::new(move |kernel: &Kernel, request: &PcEventRequest| {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        let stream = if request.minor_target.is_some() { " stream" } else { "" };
        let node = match request.node {
            PcPropertyRequest::NO_NODE => String::new(),
            node => format!(" node {node}"),
        };
        let irp = if request.irp.is_some() { "" } else { " at close" };
        let verb = request.verb;
        side.seen.borrow_mut().push(format!("{word} {verb:?}{stream}{node}{irp}"));
        assert_eq!(request.event_item.set, CHANGE);
        if verb != PcEventVerb::Add {
            assert_eq!(verb == PcEventVerb::Support, request.event_entry.is_none());
            return NtStatus::SUCCESS;
        }
        let entry = request.event_entry.clone().expect("it is added");
        side.entries.borrow_mut().push(Rc::clone(&entry));
        let events = query::<dyn IPortEvents>(&fake.port()).expect("every port has it");
        match manner {
            Manner::Refuses => return NtStatus::INVALID_PARAMETER,
            Manner::Forgets => return NtStatus::SUCCESS,
            Manner::Pends => return NtStatus::PENDING,
            _ => events.add_event_to_event_list(kernel, Rc::clone(&entry)),
        }
        match manner {
            Manner::AddsAndRefuses => return NtStatus::INVALID_PARAMETER,
            Manner::AddsTwice => events.add_event_to_event_list(kernel, entry),
            Manner::Tells => events.generate_event_list(kernel, Some(&CHANGE), 0, None, None),
            _ => {}
        }
        NtStatus::SUCCESS
    })
}

/// A table with the events 0 to 2 of one set. A client can enable event 0 until it disables the
/// event, or for one time. A client can enable event 1 for one time only. Event 2 has no handler,
/// so it cannot be enabled.
fn table(
    word: &'static str,
    side: &Rc<Side>,
    fake: &Rc<Fake>,
    manner: Manner,
) -> Option<Rc<PcAutomationTable>> {
    let handler = handler(word, side, fake, manner);
    let all = KsEventType::ENABLE | KsEventType::ONESHOT | KsEventType::BASICSUPPORT;
    let events = vec![
        item(0, all, Some(Rc::clone(&handler))),
        item(1, KsEventType::ONESHOT, Some(handler)),
        item(2, all, None),
    ];
    Some(Rc::new(PcAutomationTable { events, ..Default::default() }))
}

fn plan_events(plan: &mut Plan, fake: &Rc<Fake>, side: &Rc<Side>, manner: Manner) {
    plan.filter.automation = table("filter", side, fake, manner);
    plan.filter.pins[RENDER as usize].automation = table("pin", side, fake, manner);
    plan.filter.nodes = [None, table("node", side, fake, manner)]
        .map(|automation| PcNodeDescriptor {
            flags: 0,
            automation,
            node_type: node_type::VOLUME,
            name: None,
        })
        .to_vec();
}

/// Runs a test on a device with events.
fn on_events(manner: Manner, test: impl FnOnce(&Rig, &Side)) {
    let side = Rc::new(Side::default());
    on_added_device(
        |_| (),
        |rig| {
            plan_events(&mut rig.fake.plan.borrow_mut(), &rig.fake, &side, manner);
            assert_eq!(rig.start(), NtStatus::SUCCESS);
            test(rig, &side);
            side.entries.take();
            // The plan's tables hold the fake driver, and the fake driver holds the plan. This ends
            // the circle.
            let mut plan = rig.fake.plan.borrow_mut();
            plan.filter = crate::plan::filter();
        },
    );
}

/// An event of a client, and the data that name it.
fn client_event(rig: &Rig) -> (Event, KsEventData) {
    let event = Event::new(EventKind::Notification, "a client's event");
    let handle = rig.kernel.open_handle(HandleTarget::Event(event.clone())).unwrap();
    (event, KsEventData::of_event(handle))
}

fn send(file: &File<'_>, code: u32, input: &[u8], data: &[u8]) -> NtStatus {
    let irp: Irp = file.control(code, input, data, data.len() as u32);
    assert_eq!(irp.information(), 0);
    irp.status()
}

fn enable(file: &File<'_>, id: u32, flags: u32, data: &KsEventData) -> NtStatus {
    let event = KsEvent { set: CHANGE, id, flags };
    send(file, ENABLE_EVENT, bytemuck::bytes_of(&event), bytemuck::bytes_of(data))
}

fn enable_on_node(file: &File<'_>, node_id: u32, flags: u32, data: &KsEventData) -> NtStatus {
    let event = KsEvent { set: CHANGE, id: 0, flags: flags | TOPOLOGY };
    let head = KsNodeEvent { event, node_id, reserved: 0 };
    send(file, ENABLE_EVENT, bytemuck::bytes_of(&head), bytemuck::bytes_of(data))
}

fn disable(file: &File<'_>, data: &KsEventData) -> NtStatus {
    send(file, DISABLE_EVENT, bytemuck::bytes_of(data), &[])
}

/// Tells of an event, as the miniport does. A set, a pin or a node that is `None` fits every event.
fn tell(rig: &Rig, set: Option<&Guid>, id: u32, pin: Option<u32>, node: Option<u32>) {
    let events = query::<dyn IPortEvents>(&rig.fake.port()).unwrap();
    events.generate_event_list(&rig.kernel, set, id, pin, node);
}

/// Whether an event was signalled. Clears the event.
fn was_told(rig: &Rig, event: &Event) -> bool {
    rig.kernel.reset_event(event)
}

#[test]
fn a_client_is_told_of_an_event_each_time_until_it_disables_it() {
    on_events(Manner::Adds, |rig, side| {
        let filter = rig.open_filter().unwrap();
        let (event, data) = client_event(rig);
        assert_eq!(enable(&filter, 0, ENABLE, &data), NtStatus::SUCCESS);
        assert_eq!(side.seen(), ["filter Add"]);
        for _ in 0..2 {
            tell(rig, Some(&CHANGE), 0, None, None);
            assert!(was_told(rig, &event));
        }
        assert!(rig.has_note("KSEVENTSETID_AudioControlChange.0 happened; clients told: 1"));
        assert_eq!(disable(&filter, &data), NtStatus::SUCCESS);
        assert_eq!(side.seen(), ["filter Remove"]);
        tell(rig, Some(&CHANGE), 0, None, None);
        assert!(!was_told(rig, &event));
        assert_eq!(disable(&filter, &data), NtStatus::UNSUCCESSFUL);
    });
}

#[test]
fn an_event_that_is_enabled_for_one_time_ends_by_itself() {
    on_events(Manner::Adds, |rig, side| {
        let filter = rig.open_filter().unwrap();
        let (event, data) = client_event(rig);
        assert_eq!(enable(&filter, 1, ENABLE, &data), NtStatus::INVALID_DEVICE_REQUEST);
        assert_eq!(enable(&filter, 1, ONE_SHOT, &data), NtStatus::SUCCESS);
        tell(rig, Some(&CHANGE), 1, None, None);
        assert!(was_told(rig, &event));
        tell(rig, Some(&CHANGE), 1, None, None);
        assert!(!was_told(rig, &event));
        assert_eq!(disable(&filter, &data), NtStatus::UNSUCCESSFUL);
        assert_eq!(side.seen(), ["filter Add"]);
    });
}

#[test]
fn an_event_can_happen_while_its_handler_adds_it() {
    on_events(Manner::Tells, |rig, _| {
        let filter = rig.open_filter().unwrap();
        for flags in [ENABLE, ONE_SHOT] {
            let (event, data) = client_event(rig);
            assert_eq!(enable(&filter, 0, flags, &data), NtStatus::SUCCESS);
            assert!(was_told(rig, &event));
        }
    });
}

#[test]
fn a_semaphore_counts_the_notices_up_to_its_limit() {
    on_events(Manner::Adds, |rig, _| {
        let filter = rig.open_filter().unwrap();
        let semaphore = Semaphore::new(0, 5);
        let target = HandleTarget::Semaphore(semaphore.clone());
        let handle = rig.kernel.open_handle(target).unwrap();
        let data = KsEventData::of_semaphore(handle, 2);
        assert_eq!(enable(&filter, 0, ENABLE, &data), NtStatus::SUCCESS);
        let counts = [0; 3].map(|_| {
            tell(rig, None, 0, None, None);
            semaphore.count()
        });
        assert_eq!(counts, [2, 4, 4]);
        assert!(rig.has_note(
            "a client was not told of KSEVENTSETID_AudioControlChange.0: \
             STATUS_SEMAPHORE_LIMIT_EXCEEDED"
        ));
    });
}

#[test]
fn an_object_is_told_after_its_handle_was_closed() {
    on_events(Manner::Adds, |rig, _| {
        let filter = rig.open_filter().unwrap();
        let (event, data) = client_event(rig);
        assert_eq!(enable(&filter, 0, ENABLE, &data), NtStatus::SUCCESS);
        rig.kernel.close_handle(data.handle).unwrap();
        tell(rig, None, 0, None, None);
        assert!(was_told(rig, &event));
        assert_eq!(enable(&filter, 0, ENABLE, &data), NtStatus::INVALID_HANDLE);
    });
}

#[test]
fn sets_pins_and_nodes_choose_who_is_told() {
    on_events(Manner::Adds, |rig, side| {
        let (filter, pin) = rig.open_pin(RENDER);
        let of_filter = client_event(rig);
        let of_pin = client_event(rig);
        let of_node = client_event(rig);
        let of_pins_node = client_event(rig);
        assert_eq!(enable(&filter, 0, ENABLE, &of_filter.1), NtStatus::SUCCESS);
        assert_eq!(enable(&pin, 0, ENABLE, &of_pin.1), NtStatus::SUCCESS);
        assert_eq!(enable_on_node(&filter, 1, ENABLE, &of_node.1), NtStatus::SUCCESS);
        assert_eq!(enable_on_node(&pin, 1, ENABLE, &of_pins_node.1), NtStatus::SUCCESS);
        let asked = ["filter Add", "pin Add stream", "node Add node 1", "node Add stream node 1"];
        assert_eq!(side.seen(), asked);
        let told = |set: Option<&Guid>, id, pin, node| {
            tell(rig, set, id, pin, node);
            let events = [&of_filter.0, &of_pin.0, &of_node.0, &of_pins_node.0];
            events.map(|event| was_told(rig, event))
        };
        assert_eq!(told(None, 0, None, None), [true; 4]);
        assert_eq!(told(Some(&CHANGE), 0, None, None), [true; 4]);
        assert_eq!(told(Some(&OWN), 0, None, None), [false; 4]);
        assert_eq!(told(None, 1, None, None), [false; 4]);
        assert_eq!(told(None, 0, Some(RENDER), None), [false, true, false, true]);
        assert_eq!(told(None, 0, Some(CAPTURE), None), [false; 4]);
        assert_eq!(told(None, 0, None, Some(1)), [false, false, true, true]);
        assert_eq!(told(None, 0, Some(RENDER), Some(1)), [false, false, false, true]);
        assert_eq!(told(None, 0, None, Some(0)), [false; 4]);
    });
}

/// Published drivers do this for the events of jacks: the event belongs to the filter, and the
/// client's request names a pin.
#[test]
fn an_event_of_a_filter_can_be_for_one_of_its_pins() {
    on_events(Manner::Adds, |rig, _| {
        let filter = rig.open_filter().unwrap();
        let (event, data) = client_event(rig);
        let head = KsPinEvent {
            event: KsEvent { set: CHANGE, id: 0, flags: ENABLE },
            pin_id: CAPTURE,
            reserved: 0,
        };
        let sent =
            send(&filter, ENABLE_EVENT, bytemuck::bytes_of(&head), bytemuck::bytes_of(&data));
        assert_eq!(sent, NtStatus::SUCCESS);
        let told = |pin| {
            tell(rig, Some(&CHANGE), 0, pin, None);
            was_told(rig, &event)
        };
        assert_eq!([Some(CAPTURE), Some(RENDER), None].map(told), [true, false, true]);
    });
}

#[test]
fn above_dispatch_level_a_dpc_tells_and_has_the_parameters_of_one_call() {
    on_events(Manner::Adds, |rig, _| {
        let filter = rig.open_filter().unwrap();
        let (event, data) = client_event(rig);
        let (other, other_data) = client_event(rig);
        assert_eq!(enable(&filter, 0, ENABLE, &data), NtStatus::SUCCESS);
        assert_eq!(enable(&filter, 1, ONE_SHOT, &other_data), NtStatus::SUCCESS);
        let old = rig.kernel.raise_irql(Irql(5));
        tell(rig, Some(&CHANGE), 0, None, None);
        tell(rig, Some(&CHANGE), 1, None, None);
        assert!(!event.is_signalled() && !other.is_signalled());
        rig.kernel.lower_irql(old);
        assert!(!was_told(rig, &event), "the first call was lost");
        assert!(was_told(rig, &other));
        // At DISPATCH_LEVEL the call itself tells the client.
        let old = rig.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        tell(rig, Some(&CHANGE), 0, None, None);
        assert!(was_told(rig, &event));
        rig.kernel.lower_irql(old);
    });
}

#[test]
fn an_event_ends_with_its_file_and_with_its_file_only() {
    on_events(Manner::Adds, |rig, side| {
        let (filter, pin) = rig.open_pin(RENDER);
        let (event, data) = client_event(rig);
        let (kept, kept_data) = client_event(rig);
        assert_eq!(enable(&pin, 0, ENABLE, &data), NtStatus::SUCCESS);
        assert_eq!(enable(&filter, 0, ENABLE, &kept_data), NtStatus::SUCCESS);
        assert_eq!(disable(&filter, &data), NtStatus::UNSUCCESSFUL, "it is another file's");
        side.seen();
        pin.close();
        assert_eq!(side.seen(), ["pin Remove stream at close"]);
        tell(rig, None, 0, None, None);
        assert!(!was_told(rig, &event) && was_told(rig, &kept));
    });
}

#[test]
fn a_request_without_data_disables_all_events_of_the_file() {
    on_events(Manner::Adds, |rig, side| {
        let (filter, pin) = rig.open_pin(RENDER);
        let events = [client_event(rig), client_event(rig)];
        for (_, data) in &events {
            assert_eq!(enable(&filter, 0, ENABLE, data), NtStatus::SUCCESS);
        }
        let (of_pin, data) = client_event(rig);
        assert_eq!(enable(&pin, 0, ENABLE, &data), NtStatus::SUCCESS);
        side.seen();
        assert_eq!(send(&filter, DISABLE_EVENT, &[], &[]), NtStatus::SUCCESS);
        assert_eq!(side.seen(), ["filter Remove", "filter Remove"]);
        tell(rig, None, 0, None, None);
        assert_eq!(events.map(|(event, _)| was_told(rig, &event)), [false; 2]);
        assert!(was_told(rig, &of_pin));
        assert_eq!(send(&filter, DISABLE_EVENT, &[], &[]), NtStatus::SUCCESS);
    });
}

#[test]
fn a_client_asks_which_events_there_are() {
    on_events(Manner::Adds, |rig, side| {
        let (filter, pin) = rig.open_pin(RENDER);
        let ask = |file: &File<'_>, set: Guid, id: u32, flags: u32| {
            let event = KsEvent { set, id, flags };
            send(file, ENABLE_EVENT, bytemuck::bytes_of(&event), &[])
        };
        for file in [&filter, &pin] {
            assert_eq!(ask(file, CHANGE, 99, SET_SUPPORT), NtStatus::SUCCESS);
            assert_eq!(ask(file, OWN, 0, SET_SUPPORT), NtStatus::PROPSET_NOT_FOUND);
            assert_eq!(ask(file, OWN, 0, BASIC_SUPPORT), NtStatus::PROPSET_NOT_FOUND);
            assert_eq!(ask(file, CHANGE, 3, BASIC_SUPPORT), NtStatus::NOT_FOUND);
            assert_eq!(side.seen(), <[&str; 0]>::default());
        }
        assert_eq!(ask(&filter, CHANGE, 0, BASIC_SUPPORT), NtStatus::SUCCESS);
        assert_eq!(ask(&pin, CHANGE, 0, BASIC_SUPPORT), NtStatus::SUCCESS);
        assert_eq!(side.seen(), ["filter Support", "pin Support stream"]);
        // The handler of event 1 does not take this question, and event 2 has no handler. So the
        // port answers.
        assert_eq!(ask(&filter, CHANGE, 1, BASIC_SUPPORT), NtStatus::SUCCESS);
        assert_eq!(ask(&filter, CHANGE, 2, BASIC_SUPPORT), NtStatus::SUCCESS);
        assert_eq!(side.seen(), <[&str; 0]>::default());
        let node = enable_on_node(&filter, 1, BASIC_SUPPORT, &KsEventData::of_event(0));
        assert_eq!(node, NtStatus::SUCCESS);
        assert_eq!(side.seen(), ["node Support node 1"]);
    });
}

#[test]
fn a_request_without_input_or_for_the_set_of_zeros_tells_the_sets() {
    on_events(Manner::Adds, |rig, _| {
        let filter = rig.open_filter().unwrap();
        let nothing = KsEvent { set: Guid::NULL, id: 0, flags: SET_SUPPORT };
        for input in [&[][..], bytemuck::bytes_of(&nothing)] {
            let ask = |length| {
                let irp = filter.control(ENABLE_EVENT, input, &[], length);
                let bytes = irp.buffer().borrow().clone();
                (irp.status(), irp.information(), bytes)
            };
            assert_eq!(ask(0), (NtStatus::BUFFER_OVERFLOW, 16, Vec::new()));
            assert_eq!(ask(15), (NtStatus::BUFFER_TOO_SMALL, 0, Vec::new()));
            let sets = bytemuck::bytes_of(&CHANGE).to_vec();
            assert_eq!(ask(16), (NtStatus::SUCCESS, 16, sets));
        }
    });
}

#[test]
fn a_driver_without_events_has_no_set() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let (_, data) = client_event(rig);
        for file in [&filter, &pin] {
            assert_eq!(enable(file, 0, ENABLE, &data), NtStatus::PROPSET_NOT_FOUND);
            assert_eq!(disable(file, &data), NtStatus::UNSUCCESSFUL);
            let irp = file.control(ENABLE_EVENT, &[], &[], 16);
            assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 0));
        }
        tell(rig, None, 0, None, None);
    });
}

#[test]
fn wrong_requests_say_what_is_wrong_and_reach_no_handler() {
    on_events(Manner::Adds, |rig, side| {
        let filter = rig.open_filter().unwrap();
        let (_, good) = client_event(rig);
        let bytes = bytemuck::bytes_of(&good);
        let event = |flags| KsEvent { set: CHANGE, id: 0, flags };
        let sent = |input: &[u8], data: &[u8]| send(&filter, ENABLE_EVENT, input, data);
        let flags = |flags| sent(bytemuck::bytes_of(&event(flags)), bytes);
        let invalid_size = NtStatus::INVALID_BUFFER_SIZE;
        let full = event(ENABLE);
        assert_eq!(sent(&bytemuck::bytes_of(&full)[..23], bytes), invalid_size);
        assert_eq!(sent(bytemuck::bytes_of(&full), &bytes[..31]), invalid_size);
        assert_eq!(sent(bytemuck::bytes_of(&full), &[]), invalid_size);
        assert_eq!(flags(ENABLE | TOPOLOGY), invalid_size, "no node follows");
        let invalid = NtStatus::INVALID_PARAMETER;
        let several = [0, 3, 0x801, ENABLE | SET_SUPPORT];
        assert_eq!(several.map(flags), [invalid; 4]);
        assert_eq!([4, 0x400, 0x800].map(flags), [NtStatus::INVALID_DEVICE_REQUEST; 3]);
        assert_eq!(enable(&filter, 2, ENABLE, &good), NtStatus::INVALID_DEVICE_REQUEST);
        assert_eq!(enable(&filter, 7, ENABLE, &good), NtStatus::NOT_FOUND);
        assert_eq!(enable_on_node(&filter, 2, ENABLE, &good), invalid);
        assert_eq!(enable_on_node(&filter, 0, ENABLE, &good), NtStatus::PROPSET_NOT_FOUND);
        let data = |notification_type, handle, adjustment| {
            let data = KsEventData { notification_type, handle, adjustment, ..good };
            enable(&filter, 0, ENABLE, &data)
        };
        assert_eq!(data(1, 0, 0), NtStatus::INVALID_HANDLE);
        assert_eq!(data(1, u64::MAX, 0), NtStatus::INVALID_HANDLE);
        assert_eq!(data(2, good.handle, 1), NtStatus::OBJECT_TYPE_MISMATCH);
        let semaphore = HandleTarget::Semaphore(Semaphore::new(0, 1));
        let semaphore = rig.kernel.open_handle(semaphore).unwrap();
        assert_eq!(data(1, semaphore, 0), NtStatus::OBJECT_TYPE_MISMATCH);
        assert_eq!([0, -1].map(|adjustment| data(2, semaphore, adjustment)), [invalid; 2]);
        // The kinds 4 to 0x80 are an event object, a semaphore object, a DPC and work items: only
        // clients in the kernel can use them. The other two numbers name no kind.
        for kind in [0, 4, 8, 0x10, 0x20, 0x80, u32::MAX] {
            assert_eq!(data(kind, good.handle, 1), invalid, "kind {kind:#x}");
        }
        assert_eq!(side.seen(), <[&str; 0]>::default());
        let short = send(&filter, DISABLE_EVENT, &bytes[..31], &[]);
        assert_eq!(short, invalid_size);
    });
}

#[test]
fn an_entry_that_its_handler_refused_cannot_be_added_later() {
    on_events(Manner::Refuses, |rig, side| {
        let filter = rig.open_filter().unwrap();
        let (event, data) = client_event(rig);
        assert_eq!(enable(&filter, 0, ENABLE, &data), NtStatus::INVALID_PARAMETER);
        let refused = side.entries.take().remove(0);
        let events = query::<dyn IPortEvents>(&rig.fake.port()).unwrap();
        events.add_event_to_event_list(&rig.kernel, refused);
        rig.expect_violations(&["event-entry"]);
        tell(rig, None, 0, None, None);
        assert!(!was_told(rig, &event));
        assert_eq!(disable(&filter, &data), NtStatus::UNSUCCESSFUL);
    });
}

#[test]
fn the_close_of_a_file_wakes_the_device_for_the_handlers_of_its_events() {
    let states = Rc::new(RefCell::new(Vec::new()));
    on_added_device(
        |plan| plan.power = PowerInterfaces::Offered,
        |rig| {
            let (seen, fake) = (Rc::clone(&states), Rc::clone(&rig.fake));
            let device = Rc::downgrade(&rig.physical.top());
            let handler: EventHandler = Rc::new(move |kernel, request| {
                if request.verb == PcEventVerb::Add {
                    let events = query::<dyn IPortEvents>(&fake.port()).unwrap();
                    events.add_event_to_event_list(kernel, request.event_entry.clone().unwrap());
                } else {
                    seen.borrow_mut().push(device.upgrade().unwrap().power_state());
                }
                NtStatus::SUCCESS
            });
            let events = vec![item(0, KsEventType::ENABLE, Some(handler))];
            let table = PcAutomationTable { events, ..Default::default() };
            rig.fake.plan.borrow_mut().filter.automation = Some(Rc::new(table));
            assert_eq!(rig.start(), NtStatus::SUCCESS);
            let device = rig.physical.top();
            let sleep = || {
                pc_request_new_power_state(&rig.kernel, &device, DevicePowerState::D3).unwrap();
            };
            let (with_event, without) = (rig.open_filter().unwrap(), rig.open_filter().unwrap());
            let (_event, data) = client_event(rig);
            assert_eq!(enable(&with_event, 0, ENABLE, &data), NtStatus::SUCCESS);
            sleep();
            without.close();
            assert_eq!(device.power_state(), DevicePowerState::D3, "the card is not needed");
            with_event.close();
            // The plan's table holds the fake driver, and the fake driver holds the plan. This ends
            // the circle.
            rig.fake.plan.borrow_mut().filter = crate::plan::filter();
        },
    );
    assert_eq!(states.take(), [DevicePowerState::D0]);
}

#[test]
fn a_handler_must_add_what_it_takes_and_nothing_else() {
    let ends = [
        (Manner::Refuses, NtStatus::INVALID_PARAMETER, None),
        (Manner::Forgets, NtStatus::SUCCESS, Some("event-handler-answer")),
        (Manner::AddsAndRefuses, NtStatus::INVALID_PARAMETER, Some("event-handler-answer")),
        (Manner::AddsTwice, NtStatus::SUCCESS, Some("event-entry")),
        (Manner::Pends, NtStatus::UNSUCCESSFUL, Some("event-handler-answer")),
    ];
    for (manner, status, rule) in ends {
        on_events(manner, |rig, _| {
            let filter = rig.open_filter().unwrap();
            let (event, data) = client_event(rig);
            assert_eq!(enable(&filter, 0, ENABLE, &data), status);
            rig.expect_violations(rule.as_slice());
            let told = rig.kernel.violations();
            let told = told.iter().filter(|it| it.rule.id == "event-handler-answer");
            for violation in told {
                assert!(violation.message.starts_with("an event handler"), "{violation:?}");
            }
            tell(rig, None, 0, None, None);
            assert_eq!(was_told(rig, &event), manner == Manner::AddsTwice);
        });
    }
}

#[test]
fn an_entry_that_has_left_the_list_is_not_added_again() {
    on_events(Manner::Adds, |rig, side| {
        let filter = rig.open_filter().unwrap();
        let (event, data) = client_event(rig);
        assert_eq!(enable(&filter, 0, ENABLE, &data), NtStatus::SUCCESS);
        assert_eq!(disable(&filter, &data), NtStatus::SUCCESS);
        let entry = side.entries.borrow().last().cloned().unwrap();
        let events = query::<dyn IPortEvents>(&rig.fake.port()).unwrap();
        events.add_event_to_event_list(&rig.kernel, entry);
        rig.expect_violations(&["event-entry"]);
        tell(rig, None, 0, None, None);
        assert!(!was_told(rig, &event));
    });
}

#[test]
fn a_list_has_a_limit() {
    on_events(Manner::Adds, |rig, side| {
        let filter = rig.open_filter().unwrap();
        let (_, data) = client_event(rig);
        let sent = (0..4_097).map(|_| enable(&filter, 0, ENABLE, &data));
        let refused = sent.filter(|status| *status == NtStatus::INSUFFICIENT_RESOURCES).count();
        assert_eq!((refused, side.seen().len()), (1, 4_096));
    });
}

#[test]
fn events_of_a_device_that_goes_are_forgotten_without_a_call() {
    on_events(Manner::Adds, |rig, side| {
        let (filter, pin) = rig.open_pin(RENDER);
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        let (event, data) = client_event(rig);
        assert_eq!(enable(&pin, 0, ENABLE, &data), NtStatus::SUCCESS);
        assert_eq!(enable(&filter, 0, ENABLE, &data), NtStatus::SUCCESS);
        let port = query::<dyn IPortEvents>(&rig.fake.port()).unwrap();
        side.seen();
        assert_eq!(rig.pnp(PnpRequest::SurpriseRemoval), NtStatus::SUCCESS);
        port.generate_event_list(&rig.kernel, None, 0, None, None);
        drop(port);
        assert!(!was_told(rig, &event));
        assert_eq!(side.seen(), <[&str; 0]>::default());
        assert_eq!(disable(&filter, &data), NtStatus::UNSUCCESSFUL);
        assert_eq!(enable(&filter, 0, ENABLE, &data), NtStatus::PROPSET_NOT_FOUND);
    });
}

#[test]
fn adding_an_event_is_for_passive_level() {
    on_planned_device(
        |_| (),
        |rig| {
            let other = Rc::new(Side::default());
            on_events(Manner::Adds, |second, side| {
                let filter = second.open_filter().unwrap();
                let (_, data) = client_event(second);
                assert_eq!(enable(&filter, 0, ENABLE, &data), NtStatus::SUCCESS);
                other.entries.borrow_mut().extend(side.entries.borrow().iter().cloned());
            });
            let events = query::<dyn IPortEvents>(&rig.fake.port()).unwrap();
            let entry = other.entries.borrow_mut().pop().unwrap();
            let old = rig.kernel.raise_irql(Irql::DISPATCH_LEVEL);
            events.add_event_to_event_list(&rig.kernel, entry);
            rig.kernel.lower_irql(old);
            rig.expect_violations(&["PcIrqlIport", "event-entry"]);
        },
    );
}
