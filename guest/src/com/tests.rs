//! COM objects of both sides: addresses, counts, calls, queries, descriptors.

mod attributes;
mod dmus;
mod own_interrupt_sync;
mod system_dmus;
mod system_miniport;
mod wave;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use cpu_x86::Mode;
use portcls_emulator::{
    DeviceObject, DriverObject, Irp, Irql, Kernel, KernelConfig, NtStatus, Parameters, PnpRequest,
    PoolType, Stop,
};
use portcls_port::automation::PcPropertyRequest;
use portcls_port::com::{IUnknown, query};
use portcls_port::guid::{clsid, iid};
use portcls_port::interfaces::{
    IMiniport, IPinCount, IServiceGroup, IServiceSink, KeyAccess, PinCounts, RegistryKeyType,
};
use portcls_port::ks::{DataRange, KsDataFormat, KsPropertyType};
use portcls_port::{
    RegistryKeyRequest, StartDevice, pc_add_adapter_device, pc_new_port, pc_new_registry_key,
    pc_new_resource_list, pc_new_service_group,
};

use super::automation::read_property_item;
use super::{GuestObject, Hold};
use crate::guest::Guest;
use crate::memory::at;
use crate::processor::vm::GuestOptions;
use crate::tables::pool_table::Fill;
use portcls_driver_file::image::Image;

fn guest(place: &str) -> Guest {
    let path = format!("{}/drivers/bin/{place}/uart.sys", env!("CARGO_MANIFEST_DIR"));
    let image = Image::parse(&std::fs::read(path).expect("a test driver")).expect("it is good");
    let kernel = Kernel::new(KernelConfig::default());
    Guest::new(&kernel, &image, GuestOptions::default()).expect("it fits")
}

fn group(guest: &Guest) -> Rc<dyn IUnknown> {
    pc_new_service_group(guest.kernel(), None).expect("a group")
}

/// Calls a method of an object through its vtable. A driver calls methods in the same way.
fn call(guest: &Guest, pointer: u64, slot: u64, words: &[u64]) -> Result<u64, Stop> {
    guest.kernel().clone().enter(|_| guest.call_method(pointer, slot, words))
}

#[test]
fn an_object_has_one_address_and_a_true_count() {
    for place in ["x64", "x86"] {
        let guest = guest(place);
        let object = group(&guest);
        let pointer = guest.give(&object, &iid::SERVICE_GROUP);
        assert_eq!(guest.lend(&object, &iid::SERVICE_SINK), pointer, "a base is the same pointer");
        assert_eq!(guest.lend(&object, &iid::UNKNOWN), pointer);
        assert_eq!(call(&guest, pointer, 1, &[]), Ok(2), "AddRef");
        assert_eq!(call(&guest, pointer, 2, &[]), Ok(1), "Release");
        assert_eq!(guest.0.port_objects.references_in_use(), [("IServiceGroup", 1, None)]);
        assert_eq!(Rc::strong_count(&object), 2);
        assert_eq!(call(&guest, pointer, 2, &[]), Ok(0));
        assert_eq!(guest.0.port_objects.references_in_use(), []);
        assert_eq!(Rc::strong_count(&object), 1);
        assert_eq!(guest.kernel().violations(), []);
    }
}

#[test]
fn an_object_that_was_lent_is_not_counted_and_a_release_of_it_is_a_violation() {
    let guest = guest("x64");
    let object = group(&guest);
    let pointer = guest.lend(&object, &iid::SERVICE_GROUP);
    assert_eq!(guest.0.port_objects.references_in_use(), []);
    assert_eq!(call(&guest, pointer, 2, &[]), Ok(0));
    let violations = guest.kernel().violations();
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].rule.id, "release-without-reference");
}

#[test]
fn a_call_on_an_object_that_is_gone_is_a_bug_check() {
    let guest = guest("x86");
    let object = group(&guest);
    let pointer = guest.lend(&object, &iid::SERVICE_GROUP);
    drop(object);
    let Err(Stop::BugCheck(bug)) = call(&guest, pointer, 3, &[]) else { panic!("no bug check") };
    assert_eq!((bug.code.number(), bug.parameters[0]), (0xD5, pointer));
    assert!(bug.message.contains("IServiceGroup that was released to its end"), "{}", bug.message);
}

#[test]
fn a_method_of_another_object_is_refused_in_the_form_of_its_answer() {
    for place in ["x64", "x86"] {
        let guest = guest(place);
        let list = pc_new_resource_list(guest.kernel(), None, PoolType::Paged, &[], &[]);
        let list: Rc<dyn IUnknown> = list.expect("a list");
        let list = guest.give(&list, &iid::RESOURCE_LIST);
        let group = guest.give(&group(&guest), &iid::SERVICE_GROUP);
        let method = |object: u64, slot: u64| {
            let vtable = guest.load_word(object);
            guest.load_word(vtable + slot * guest.pointer_bytes())
        };
        let (add_member, translated_list) = (method(group, 4), method(list, 9));
        assert_eq!(guest.describe_address(add_member), "IServiceGroup::AddMember");
        assert_eq!(guest.describe_address(translated_list), "IResourceList::TranslatedList");
        let answer = NtStatus(guest.call(add_member, &[list, 0]) as u32);
        assert_eq!(answer, NtStatus(0xC000_000D), "{place}: a status is no success");
        assert_eq!(guest.call(translated_list, &[group]), 0, "{place}: a pointer is null");
        let refused = guest.kernel().refused_calls();
        let lines: Vec<String> = refused.iter().map(ToString::to_string).collect();
        let line = "IServiceGroup::AddMember refuses its object: STATUS_INVALID_PARAMETER";
        assert_eq!(lines, [line], "{place}: only a status is a refusal");
    }
}

#[test]
fn a_query_answers_what_the_object_has_and_nulls_the_pointer_when_it_refuses() {
    for place in ["x64", "x86"] {
        let guest = guest(place);
        let object = group(&guest);
        let pointer = guest.give(&object, &iid::SERVICE_GROUP);
        let block = guest.allocate_pool(PoolType::NonPagedNx, 32, *b"Test", Fill::Garbage);
        let out = block + 16;
        guest.store(block, bytemuck::bytes_of(&iid::SERVICE_SINK));
        assert_eq!(call(&guest, pointer, 0, &[block, out]).map(|status| status as u32), Ok(0));
        assert_eq!(guest.load_word(out), pointer);
        assert_eq!(guest.0.port_objects.references_in_use()[0].1, 2);
        for refused in [iid::PORT_MIDI, iid::SUBDEVICE] {
            guest.store(block, bytemuck::bytes_of(&refused));
            let status = call(&guest, pointer, 0, &[block, out]).unwrap();
            assert_eq!(NtStatus(status as u32), NtStatus::INVALID_PARAMETER);
            assert_eq!(guest.load_word(out), 0);
        }
    }
}

#[test]
fn a_port_tells_a_driver_its_version_through_an_interface_of_its_own() {
    for place in ["x64", "x86"] {
        let guest = guest(place);
        let port: Rc<dyn IUnknown> = pc_new_port(guest.kernel(), &clsid::PORT_MIDI).unwrap();
        let pointer = guest.give(&port, &iid::PORT);
        let block = guest.allocate_pool(PoolType::NonPagedNx, 32, *b"Test", Fill::Garbage);
        let out = block + 16;
        guest.store(block, bytemuck::bytes_of(&iid::PORT_CLS_VERSION));
        assert_eq!(call(&guest, pointer, 0, &[block, out]).map(|status| status as u32), Ok(0));
        let version = guest.load_word(out);
        assert_ne!(version, pointer);
        assert_eq!(call(&guest, version, 3, &[]), Ok(14), "{place}: Vista and later");
        guest.store(block, bytemuck::bytes_of(&iid::UNKNOWN));
        assert_eq!(call(&guest, version, 0, &[block, out]).map(|status| status as u32), Ok(0));
        assert_eq!(guest.load_word(out), pointer, "{place}: one object");
    }
}

/// An object of the guest: a vtable pointer and a count. The QueryInterface of this object always
/// answers the object itself.
fn own_object(guest: &Guest) -> u64 {
    // QueryInterface: mov [r8], rcx; inc dword [rcx+8]; xor eax, eax; ret
    // AddRef: inc dword [rcx+8]; mov eax, [rcx+8]; ret; Release: the same with dec
    let code: [&[u8]; 3] = [
        &[0x49, 0x89, 0x08, 0xFF, 0x41, 0x08, 0x31, 0xC0, 0xC3],
        &[0xFF, 0x41, 0x08, 0x8B, 0x41, 0x08, 0xC3],
        &[0xFF, 0x49, 0x08, 0x8B, 0x41, 0x08, 0xC3],
    ];
    assert_eq!(guest.mode(), Mode::Bits64);
    let pool = PoolType::NonPagedExecute;
    let place = guest.allocate_pool(pool, 256, *b"Test", Fill::Zero);
    let (object, vtable) = (place, place + 16);
    guest.store_u64(object, vtable);
    guest.store_u32(object + 8, 1);
    for (index, bytes) in code.iter().enumerate() {
        let function = place + 128 + 32 * index as u64;
        guest.store_u64(vtable + 8 * index as u64, function);
        guest.store(function, bytes);
    }
    object
}

/// Gives an object of the guest a method of its own.
fn set_method(guest: &Guest, object: u64, slot: u64, code: &[u8]) {
    let function = guest.allocate_pool(PoolType::NonPagedExecute, 64, *b"Test", Fill::Zero);
    guest.store(function, code);
    guest.store_u64(guest.load_word(object) + 8 * slot, function);
}

/// A miniport of the guest with one pin, which has one data range.
struct OwnMiniport {
    guest: Guest,
    object: u64,
    pin: u64,
    range: u64,
}

impl OwnMiniport {
    fn new() -> OwnMiniport {
        let guest = guest("x64");
        let object = own_object(&guest);
        let filter = guest.allocate_pool(PoolType::NonPagedNx, 1_024, *b"Test", Fill::Zero);
        let (pin, ranges, range) = (filter + 256, filter + 512, filter + 576);
        let fields = &guest.layout().pcfilter_descriptor;
        guest.store_u32(at(filter, fields.pin_count), 1);
        guest.store_u32(at(filter, fields.pin_size), guest.layout().pcpin_descriptor.size_of);
        guest.store_word(at(filter, fields.pins), pin);
        let fields = &guest.layout().kspin_descriptor;
        let ks_pin = at(pin, guest.layout().pcpin_descriptor.ks_pin_descriptor);
        guest.store_u32(at(ks_pin, fields.data_ranges_count), 1);
        guest.store_word(at(ks_pin, fields.data_ranges), ranges);
        guest.store_u32(at(ks_pin, fields.data_flow), 1);
        guest.store_u32(at(ks_pin, fields.communication), 1);
        guest.store_word(ranges, range);
        guest.store(range, bytemuck::bytes_of(&KsDataFormat::MIDI));
        // GetDescription: mov rax, filter; mov [rdx], rax; xor eax, eax; ret
        let rest = [0x48, 0x89, 0x02, 0x31, 0xC0, 0xC3];
        let code = [&[0x48, 0xB8][..], &filter.to_le_bytes(), &rest].concat();
        set_method(&guest, object, 3, &code);
        OwnMiniport { guest, object, pin, range }
    }

    /// Reads the miniport's descriptor, then runs a test with the miniport.
    fn run(&self, test: impl FnOnce(&Kernel, &Rc<GuestObject>)) {
        let ran = self.guest.kernel().clone().enter(|kernel| {
            let object =
                GuestObject::wrap(&self.guest, self.object, &iid::MINIPORT_MIDI, Hold::Retain);
            let filter = object.get_description(kernel).expect("it is good");
            assert_eq!(filter.pins[0].pin.data_ranges, [KsDataFormat::MIDI.into()]);
            test(kernel, &object);
        });
        assert_eq!(ran, Ok(()));
    }

    fn pin_field(&self, offset: u32) -> u64 {
        at(self.pin, offset)
    }
}

#[test]
fn an_intersection_gets_the_drivers_own_range_and_room_of_any_size_from_pool() {
    let own = OwnMiniport::new();
    // DataRangeIntersection: mov rax, [rsp+38h]; mov [rax], r9d; mov eax, C00000BBh; ret
    let code = [0x48, 0x8B, 0x44, 0x24, 0x38, 0x44, 0x89, 0x08, 0xB8, 0xBB, 0x00, 0x00, 0xC0, 0xC3];
    set_method(&own.guest, own.object, 4, &code);
    own.run(|kernel, miniport| {
        let mine = DataRange::from(KsDataFormat::MIDI);
        let long = DataRange::new(KsDataFormat::MIDI, vec![0; 100_000]);
        for room in [0, 64, 65_536, 4 << 20] {
            for client in [&mine, &long] {
                let reply = miniport.data_range_intersection(kernel, 0, client, &mine, room);
                assert_eq!(reply.status, NtStatus(0xC000_00BB));
                assert_eq!(reply.information, own.range as u32, "the pointer to the range");
            }
        }
        let other = DataRange::from(KsDataFormat::MIDI_BUS);
        let reply = miniport.data_range_intersection(kernel, 0, &mine, &other, 64);
        assert_ne!(reply.information, own.range as u32, "a range that the driver has not");
    });
}

#[test]
fn a_pin_descriptor_is_read_anew_each_time() {
    let own = OwnMiniport::new();
    own.run(|kernel, miniport| {
        let fields = &own.guest.layout().pcpin_descriptor;
        let count = || miniport.describe_pin(kernel, 0).map(|pin| pin.max_filter_instance_count);
        assert_eq!(count(), Some(0));
        own.guest.store_u32(own.pin_field(fields.max_filter_instance_count), 5);
        assert_eq!(count(), Some(5));
        assert_eq!(miniport.describe_pin(kernel, 1), None, "there is no such pin");
        assert!(kernel.violations().is_empty());
        let communication = own.guest.layout().kspin_descriptor.communication;
        own.guest.store_u32(own.pin_field(fields.ks_pin_descriptor + communication), 9);
        assert_eq!(count(), None);
        assert_eq!(kernel.violations()[0].rule.id, "descriptor-unreadable");
    });
}

#[test]
fn pin_count_gets_pointers_into_the_descriptor() {
    let own = OwnMiniport::new();
    own.run(|kernel, miniport| {
        // PinCount: mov rax, [rsp+28h]; inc dword [rax]; inc dword [r9]; ret
        let code = [0x48, 0x8B, 0x44, 0x24, 0x28, 0xFF, 0x00, 0x41, 0xFF, 0x01, 0xC3];
        set_method(&own.guest, own.object, 3, &code);
        let field = own.guest.layout().pcpin_descriptor.max_filter_instance_count;
        own.guest.store_u32(own.pin_field(field), 5);
        let mut counts =
            PinCounts { filter_current: 2, filter_possible: 5, ..PinCounts::default() };
        miniport.pin_count(kernel, 0, &mut counts);
        assert_eq!((counts.filter_current, counts.filter_possible), (3, 6));
        assert_eq!(own.guest.load_u32(own.pin_field(field)), 6);
    });
}

#[test]
fn an_object_of_the_guest_is_one_wrapper_and_its_references_come_back() {
    let guest = guest("x64");
    let kernel = guest.kernel().clone();
    let pointer = own_object(&guest);
    let count = || guest.load_u32(pointer + 8);
    let ran = kernel.enter(|_| {
        let first = GuestObject::wrap(&guest, pointer, &iid::UNKNOWN, Hold::Retain);
        let second = GuestObject::wrap(&guest, pointer, &iid::UNKNOWN, Hold::Retain);
        assert!(Rc::ptr_eq(&first, &second));
        assert_eq!(count(), 2, "one reference of ours for one interface");
        let sink = query::<dyn IServiceSink>(&first).expect("it answers everything");
        assert_eq!(count(), 3, "and one for the other");
        let sink: Rc<dyn IUnknown> = sink;
        assert_eq!(guest.lend(&sink, &iid::SERVICE_SINK), pointer, "a pointer that goes back");
        assert_eq!(query::<dyn IServiceGroup>(&first).err(), Some(NtStatus::INVALID_PARAMETER));
        drop((first, second, sink));
        assert_eq!(count(), 1);
    });
    assert_eq!(ran, Ok(()));
}

/// Source: portcls.h, where the request is optional, and the published SB16 sample, which gives its
/// topology no resources.
#[test]
fn a_port_is_initialised_without_a_request_and_without_resources() {
    let guest = guest("x64");
    let kernel = guest.kernel().clone();
    let miniport = own_object(&guest);
    // Slot 5, Init: mov eax, C0000182h; ret
    set_method(&guest, miniport, 5, &[0xB8, 0x82, 0x01, 0x00, 0xC0, 0xC3]);
    let driver = DriverObject::new("test");
    let physical = DeviceObject::new(&DriverObject::new("bus"));
    let start: StartDevice = Rc::new(|_, _, _, _| Ok(()));
    pc_add_adapter_device(&kernel, &driver, &physical, start, 1, 0).unwrap();
    let fdo = physical.top();
    let device = guest.device_pointer(&fdo);
    let list = pc_new_resource_list(&kernel, None, PoolType::Paged, &[], &[]).unwrap();
    let list: Rc<dyn IUnknown> = list;
    let list = guest.lend(&list, &iid::RESOURCE_LIST);
    let request = PnpRequest::StartDevice { translated: Vec::new(), raw: Vec::new() };
    let request = Irp::new(Parameters::Pnp(request), None, Vec::new());
    let init = |irp: u64, list: u64| {
        let port: Rc<dyn IUnknown> = pc_new_port(&kernel, &clsid::PORT_MIDI).unwrap();
        let pointer = guest.give(&port, &iid::PORT);
        let words = [device, irp, miniport, 0, list];
        NtStatus(guest.call_method(pointer, 3, &words) as u32)
    };
    let with_request = |given: bool, list: u64| {
        let answer = kernel.enter(|_| {
            guest.with_irp(&request, &fdo, 0, |irp| init(if given { irp } else { 0 }, list))
        });
        answer.unwrap()
    };
    // The miniport's Init answers this status, so this answer shows that the port has called Init.
    let from_miniport = NtStatus(0xC000_0182);
    for (given, list) in [(true, list), (false, list), (true, 0), (false, 0)] {
        assert_eq!(with_request(given, list), from_miniport, "{given} {list:#x}");
    }
    let group = guest.give(&group(&guest), &iid::SERVICE_GROUP);
    let no_list = with_request(true, group);
    assert_eq!(no_list, NtStatus::INVALID_PARAMETER, "a pointer that leads to no list");
}

/// Source: WDK, PCPROPERTY_REQUEST, MajorTarget and MinorTarget.
#[test]
fn a_property_handler_gets_the_pointers_that_the_driver_gave_to_the_port() {
    let guest = guest("x64");
    let kernel = guest.kernel().clone();
    // QueryInterface: mov rax, [rcx+16]; mov [r8], rax; inc dword [rax+8]; xor eax, eax; ret
    // AddRef: inc dword [rcx+8]; mov eax, [rcx+8]; ret; Release: the same with dec
    // The handler: mov rdx, [rcx+38h]; mov rax, [rcx]; mov [rdx], rax; mov rax, [rcx+8];
    // mov [rdx+8], rax; xor eax, eax; ret
    let code: [&[u8]; 4] = [
        &[0x48, 0x8B, 0x41, 0x10, 0x49, 0x89, 0x00, 0xFF, 0x40, 0x08, 0x31, 0xC0, 0xC3],
        &[0xFF, 0x41, 0x08, 0x8B, 0x41, 0x08, 0xC3],
        &[0xFF, 0x49, 0x08, 0x8B, 0x41, 0x08, 0xC3],
        &[
            0x48, 0x8B, 0x51, 0x38, 0x48, 0x8B, 0x01, 0x48, 0x89, 0x02, 0x48, 0x8B, 0x41, 0x08,
            0x48, 0x89, 0x42, 0x08, 0x31, 0xC0, 0xC3,
        ],
    ];
    let place = guest.allocate_pool(PoolType::NonPagedExecute, 512, *b"Test", Fill::Zero);
    // Four objects in a row. The second and the fourth object answer every query with the object
    // before them in the row.
    let (first, miniport, third, stream) = (place, place + 32, place + 64, place + 96);
    let vtable = place + 128;
    for (object, identity) in [(first, first), (miniport, first), (third, third), (stream, third)] {
        guest.store_u64(object, vtable);
        guest.store_u32(object + 8, 1);
        guest.store_u64(object + 16, identity);
    }
    let function = |index: u64| place + 192 + 32 * index;
    for (index, bytes) in (0..).zip(code) {
        guest.store_u64(vtable + 8 * index, function(index));
        guest.store(function(index), bytes);
    }
    let item = place + 384;
    let fields = &guest.layout().pcproperty_item;
    guest.store_u64(item + u64::from(fields.set), place);
    guest.store_u64(item + u64::from(fields.handler), function(3));
    let property_item = read_property_item(&guest, item);
    let handler = property_item.handler.clone().expect("the item has a handler");
    let asked = kernel.enter(|kernel| {
        let wrap = |object, iid, hold| -> Rc<dyn IUnknown> {
            GuestObject::wrap(&guest, object, iid, hold)
        };
        // The miniport's IUnknown is known before the driver gives the miniport to IPort::Init.
        let _known = wrap(first, &iid::ADAPTER_POWER_MANAGEMENT, Hold::Retain);
        let major_target = wrap(miniport, &iid::UNKNOWN, Hold::Retain);
        guest.note_target(&major_target, miniport);
        let minor_target = wrap(stream, &iid::MINIPORT_MIDI_STREAM, Hold::Retain);
        let parameters =
            Parameters::DeviceControl { code: 0, input: Vec::new(), output_length: 16 };
        let request = Rc::new(PcPropertyRequest {
            major_target,
            minor_target: Some(minor_target),
            node: PcPropertyRequest::NO_NODE,
            property_item: property_item.clone(),
            verb: KsPropertyType::GET,
            instance: Vec::new(),
            value: RefCell::new(vec![0; 16]),
            value_size: Cell::new(16),
            irp: Irp::new(parameters, None, Vec::new()),
        });
        let status = handler(kernel, &request);
        let value = request.value.borrow().clone();
        (status, value)
    });
    let (status, value) = asked.expect("the machine goes on");
    assert_eq!(status, NtStatus::SUCCESS);
    assert_eq!(value[..8], miniport.to_le_bytes(), "MajorTarget");
    assert_eq!(value[8..], stream.to_le_bytes(), "MinorTarget");
}

#[test]
fn a_method_at_too_high_a_level_is_told_once() {
    for place in ["x64", "x86"] {
        let guest = guest(place);
        let request = RegistryKeyRequest {
            key_type: RegistryKeyType::General,
            access: KeyAccess::ALL,
            device: None,
            path: Some(r"\Registry\Machine\Test"),
        };
        let (key, _) = pc_new_registry_key(guest.kernel(), None, &request).unwrap();
        let key: Rc<dyn IUnknown> = key;
        let key = guest.give(&key, &iid::REGISTRY_KEY);
        let port: Rc<dyn IUnknown> = pc_new_port(guest.kernel(), &clsid::PORT_MIDI).unwrap();
        let port = guest.give(&port, &iid::PORT);
        let out = guest.allocate_pool(PoolType::NonPagedNx, 32, *b"Test", Fill::Zero);
        guest.kernel().raise_irql(Irql::DISPATCH_LEVEL);
        // DeleteKey; NewRegistryKey of the driver's key.
        assert!(call(&guest, key, 10, &[]).is_ok());
        assert!(call(&guest, port, 5, &[out, 0, 2, 1, 0, 0, 0]).is_ok());
        let told: Vec<String> =
            guest.kernel().violations().iter().map(|it| it.message.clone()).collect();
        assert_eq!(told.len(), 2, "{place}: {told:?}");
        assert!(told[0].contains("IRegistryKey::DeleteKey"), "{told:?}");
        assert!(told[1].contains("IPort::NewRegistryKey"), "{told:?}");
    }
}
