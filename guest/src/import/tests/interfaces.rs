//! Device interfaces of a driver.

use portcls_emulator::{DeviceInterface, DeviceObject, DriverObject, Irql, NtStatus};

use super::{BOTH, Bench};

const CLASS: [u8; 16] = *b"\x78\x56\x34\x12\x21\x43\x65\x87abcdefgh";
const LINK: &str = r"\??\BUS#CARD#0#{12345678-4321-8765-6162-636465666768}\Uart";

/// Registers an interface of an installed device. Returns the addresses of the device, of the GUID
/// of the class, and of the UNICODE_STRING with the name of the link.
fn registered(bench: &Bench) -> (u64, u64, u64) {
    let (_, physical) = bench.installed_device();
    let (class, reference) = (bench.bytes(&CLASS), bench.unicode("Uart"));
    let link = bench.memory(16);
    let words = [physical, class, reference, link];
    assert_eq!(bench.status("IoRegisterDeviceInterface", &words), NtStatus::SUCCESS);
    (physical, class, link)
}

fn text(bench: &Bench, string: u64) -> String {
    String::from_utf16_lossy(&bench.guest.load_unicode_string(string))
}

/// The links that IoGetDeviceInterfaces lists.
fn listed(bench: &Bench, [class, physical, flags]: [u64; 3]) -> Vec<String> {
    let out = bench.memory(8);
    let words = [class, physical, flags, out];
    assert_eq!(bench.status("IoGetDeviceInterfaces", &words), NtStatus::SUCCESS);
    let list = bench.guest.load_word(out);
    let mut links = Vec::new();
    let mut at = list;
    loop {
        let link = bench.guest.load_wide_string(at);
        if link.is_empty() {
            break;
        }
        at += 2 * (link.len() as u64 + 1);
        links.push(String::from_utf16_lossy(&link));
    }
    bench.call("ExFreePool", &[list]);
    links
}

#[test]
fn an_interface_is_registered_once_and_the_driver_frees_its_name() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (physical, class, link) = registered(&bench);
        assert_eq!(text(&bench, link), LINK);
        assert_eq!(bench.guest.load_u16(link + 2), bench.guest.load_u16(link) + 2);
        let words = [physical, class, bench.unicode("Uart"), bench.memory(16)];
        let again = bench.status("IoRegisterDeviceInterface", &words);
        assert_eq!(again, NtStatus::OBJECT_NAME_EXISTS);
        assert_eq!(bench.left().len(), 1, "two blocks of one tag: {:?}", bench.left());
        bench.call("RtlFreeUnicodeString", &[link]);
        bench.call("RtlFreeUnicodeString", &[words[3]]);
        assert_eq!(bench.left(), [""; 0]);
    }
}

#[test]
fn an_interface_needs_a_physical_device_and_a_reference_without_separators() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (device, physical) = bench.installed_device();
        let upper = DeviceObject::new(&DriverObject::new("test"));
        upper.attach_to(&device);
        let upper = bench.guest.device_pointer(&upper);
        let bare = DeviceObject::new(&DriverObject::new("bus"));
        let bare = bench.guest.device_pointer(&bare);
        let (class, link) = (bench.bytes(&CLASS), bench.memory(16));
        let bad_name = bench.unicode(r"a\b");
        for (device, reference) in [(upper, 0), (bare, 0), (class, 0), (physical, bad_name)] {
            let words = [device, class, reference, link];
            let status = bench.status("IoRegisterDeviceInterface", &words);
            assert_eq!(status, NtStatus::INVALID_DEVICE_REQUEST);
        }
        let words = [class, upper, 0, link];
        let status = bench.status("IoGetDeviceInterfaces", &words);
        assert_eq!(status, NtStatus::INVALID_DEVICE_REQUEST);
        assert_eq!(bench.left(), [""; 0]);
    }
}

#[test]
fn an_interface_is_listed_while_it_is_enabled_or_when_disabled_ones_are_wanted() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (physical, class, link) = registered(&bench);
        let set = |enable| bench.status("IoSetDeviceInterfaceState", &[link, enable]);
        assert_eq!(listed(&bench, [class, 0, 0]), [""; 0]);
        assert_eq!(listed(&bench, [class, 0, 1]), [LINK]);
        assert_eq!(set(0), NtStatus::OBJECT_NAME_NOT_FOUND);
        assert_eq!(set(1), NtStatus::SUCCESS);
        assert_eq!(set(1), NtStatus::OBJECT_NAME_EXISTS);
        assert_eq!(listed(&bench, [class, physical, 0]), [LINK]);
        let (_, other) = bench.installed_device();
        assert_eq!(listed(&bench, [class, other, 0]), [""; 0]);
        assert_eq!(set(0), NtStatus::SUCCESS);
        assert_eq!(listed(&bench, [class, 0, 0]), [""; 0]);
        let unknown = bench.unicode(r"\??\none");
        let status = bench.status("IoSetDeviceInterfaceState", &[unknown, 1]);
        assert_eq!(status, NtStatus::OBJECT_NAME_NOT_FOUND);
    }
}

#[test]
fn requests_to_an_interface_go_to_the_top_of_the_stack_at_its_enabling() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (_, _, link) = registered(&bench);
        let physical = bench.kernel.device_interface_links(CLASS, None, DISABLED);
        assert_eq!(physical, [LINK]);
        bench.call("IoSetDeviceInterfaceState", &[link, 1]);
        let enabled = bench.kernel.device_interfaces(CLASS);
        assert_eq!((enabled.len(), &*enabled[0].reference), (1, "Uart"));
        let upper = DeviceObject::new(&DriverObject::new("test"));
        upper.attach_to(&enabled[0].device);
        bench.call("IoSetDeviceInterfaceState", &[link, 0]);
        bench.call("IoSetDeviceInterfaceState", &[link, 1]);
        let enabled = bench.kernel.device_interfaces(CLASS);
        assert!(std::rc::Rc::ptr_eq(&enabled[0].device, &upper));
        let named = bench.kernel.device_named(LINK).expect("its link leads to the device");
        assert!(std::rc::Rc::ptr_eq(&named, &upper));
    }
}

const DISABLED: portcls_emulator::InterfaceState = portcls_emulator::InterfaceState::Disabled;

#[test]
fn the_registry_key_of_an_interface_keeps_its_values() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (_, _, link) = registered(&bench);
        let open = |link| {
            let handle = bench.memory(8);
            let status =
                bench.status("IoOpenDeviceInterfaceRegistryKey", &[link, 0xF_003F, handle]);
            (status, bench.guest.load_word(handle))
        };
        let (status, handle) = open(link);
        assert_eq!(status, NtStatus::SUCCESS);
        let (name, data) = (bench.unicode("FriendlyName"), bench.bytes(&7_u32.to_le_bytes()));
        let words = [handle, name, 0, 4, data, 4];
        assert_eq!(bench.status("ZwSetValueKey", &words), NtStatus::SUCCESS);
        bench.call("ZwClose", &[handle]);
        let handle = open(link).1;
        let (out, needed) = (bench.memory(16), bench.memory(4));
        let words = [handle, name, 2, out, 16, needed];
        assert_eq!(bench.status("ZwQueryValueKey", &words), NtStatus::SUCCESS);
        assert_eq!(bench.guest.load_u32(out + 12), 7);
        bench.call("ZwClose", &[handle]);
        let unknown = bench.unicode(r"\??\none");
        assert_eq!(open(unknown).0, NtStatus::OBJECT_NAME_NOT_FOUND);
    }
}

#[test]
fn a_property_of_an_interface_is_set_read_and_deleted() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (_, _, link) = registered(&bench);
        let (key, data) = (bench.bytes(&[7; 20]), bench.bytes(b"midi"));
        let (out, needed, kind) = (bench.memory(4), bench.memory(4), bench.memory(4));
        let set = |locale, data| {
            let words = [link, key, locale, 0, 0x12, 4, data];
            bench.status("IoSetDeviceInterfacePropertyData", &words)
        };
        let get = |room| {
            let words = [link, key, 0, 0, room, out, needed, kind];
            bench.status("IoGetDeviceInterfacePropertyData", &words)
        };
        assert_eq!(get(4), NtStatus::OBJECT_NAME_NOT_FOUND);
        assert_eq!(set(0, data), NtStatus::SUCCESS);
        assert_eq!(get(3), NtStatus::BUFFER_TOO_SMALL);
        assert_eq!(bench.guest.load_u32(needed), 4);
        assert_eq!(get(4), NtStatus::SUCCESS);
        assert_eq!(bench.guest.load_bytes(out, 4), b"midi");
        assert_eq!(bench.guest.load_u32(kind), 0x12);
        assert_eq!(set(0x400, data), NtStatus::UNSUCCESSFUL, "LOCALE_USER_DEFAULT");
        assert_eq!(set(0, 0), NtStatus::SUCCESS);
        assert_eq!(get(4), NtStatus::OBJECT_NAME_NOT_FOUND);
    }
}

#[test]
fn interfaces_are_registered_and_enabled_at_passive_level() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (_, physical) = bench.installed_device();
        let (class, link) = (bench.bytes(&CLASS), bench.memory(16));
        bench.kernel.raise_irql(Irql::APC_LEVEL);
        bench.call("IoRegisterDeviceInterface", &[physical, class, 0, link]);
        bench.call("IoSetDeviceInterfaceState", &[link, 1]);
        assert_eq!(bench.broken_rules(), ["IrqlIoPassive3", "IrqlIoPassive1"]);
    }
}

#[test]
fn there_are_1024_interfaces_and_each_is_known_again() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (device, physical) = bench.installed_device();
        for number in 0..1_024 {
            let registered =
                bench.kernel.register_device_interface(CLASS, &device, &number.to_string());
            assert!(registered.is_ok(), "there is room for {number}");
        }
        let register = |reference| {
            let words = [physical, bench.bytes(&CLASS), bench.unicode(reference), bench.memory(16)];
            bench.status("IoRegisterDeviceInterface", &words)
        };
        assert_eq!(register("Uart"), NtStatus::INSUFFICIENT_RESOURCES);
        assert_eq!(register("7"), NtStatus::OBJECT_NAME_EXISTS);
        let reference = "Uart".to_owned();
        let interface = DeviceInterface { class: CLASS, device, reference };
        let stop = bench.kernel.enter(|kernel| kernel.enable_device_interface(interface));
        let text = stop.expect_err("there is no status to return").to_string();
        assert!(text.contains("more than 1024 device interfaces (INTERFACES)"), "{text}");
    }
}

#[test]
fn the_properties_of_an_interface_have_limits_and_a_known_one_may_change() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (_, _, link) = registered(&bench);
        let data = bench.memory((1 << 20) + 1);
        let set = |number: u8, locale: u64, bytes: u64, data: u64| {
            let words = [link, bench.bytes(&[number; 20]), locale, 0, 3, bytes, data];
            bench.status("IoSetDeviceInterfacePropertyData", &words)
        };
        let full = NtStatus::INSUFFICIENT_RESOURCES;
        assert_eq!(set(0, 0, (1 << 20) + 1, data), full, "one byte too long");
        assert_eq!(set(0, 0, 1 << 20, data), NtStatus::SUCCESS);
        assert_eq!(set(1, 0, 1, data), full, "all properties share the bytes");
        assert_eq!(set(0, 0, 1, data), NtStatus::SUCCESS, "the new value replaces the old value");
        for number in 1..=255 {
            assert_eq!(set(number, 0, 1, data), NtStatus::SUCCESS);
        }
        assert_eq!(set(0, 0x407, 1, data), full, "a language counts");
        assert_eq!(set(255, 0, 2, data), NtStatus::SUCCESS, "it is known");
        assert_eq!(set(255, 0, 0, 0), NtStatus::SUCCESS, "it is deleted");
        assert_eq!(set(0, 0x407, 1, data), NtStatus::SUCCESS);
    }
}

#[test]
fn an_interface_whose_link_is_too_long_for_a_string_is_refused() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (_, physical) = bench.installed_device();
        let (reference, link) = (bench.unicode(&"x".repeat(32_740)), bench.memory(16));
        let words = [physical, bench.bytes(&CLASS), reference, link];
        let refused = bench.status("IoRegisterDeviceInterface", &words);
        assert_eq!(refused, NtStatus::INSUFFICIENT_RESOURCES);
        assert_eq!(bench.guest.load_u32(link), 0, "no length is stored");
        assert_eq!(bench.left(), [""; 0]);
    }
}
