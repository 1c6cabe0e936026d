//! Plug and Play notifications.

use cpu_x86::Mode;
use portcls_emulator::{DeviceInterface, DeviceObject, DriverObject, NtStatus};

use super::{BOTH, Bench};

const CLASS: [u8; 16] = *b"0123456789abcdef";

/// The first four bytes of the GUIDs of arrival and removal. Source: wdmguid.h.
const ARRIVAL: u32 = 0xCB3A_4004;
const REMOVAL: u32 = 0xCB3A_4005;

/// A guest whose code is a notification routine. At the address in its context, the routine stores
/// the first four bytes of the event's GUID, and after them the length of the link's name in bytes.
fn bench(mode: Mode) -> Bench {
    #[rustfmt::skip]
    let narrow = [
        // mov eax, [esp+4]; mov ecx, [esp+8]; mov edx, [eax+4]; mov [ecx], edx
        0x8B, 0x44, 0x24, 4, 0x8B, 0x4C, 0x24, 8, 0x8B, 0x50, 4, 0x89, 0x11,
        // mov eax, [eax+24h]; movzx eax, word [eax]; mov [ecx+4], eax; xor eax, eax; ret 8
        0x8B, 0x40, 0x24, 0x0F, 0xB7, 0x00, 0x89, 0x41, 4, 0x31, 0xC0, 0xC2, 8, 0,
    ];
    #[rustfmt::skip]
    let wide = [
        // mov eax, [rcx+4]; mov [rdx], eax
        0x8B, 0x41, 4, 0x89, 0x02,
        // mov rax, [rcx+28h]; movzx eax, word [rax]; mov [rdx+4], eax; xor eax, eax; ret
        0x48, 0x8B, 0x41, 0x28, 0x0F, 0xB7, 0x00, 0x89, 0x42, 4, 0x31, 0xC0, 0xC3,
    ];
    Bench::new(mode, [&narrow, &wide])
}

/// The arguments of a registration, and two addresses that the tests need.
struct Registration {
    /// The UNICODE_STRING with the link of an interface of the class.
    link: u64,
    /// The address at which the notification routine stores.
    told: u64,
    /// The arguments of IoRegisterPlugPlayNotification.
    words: [u64; 7],
}

fn registration(bench: &Bench, category: u64, flags: u64) -> Registration {
    let (_, physical) = bench.installed_device();
    let (class, link) = (bench.bytes(&CLASS), bench.memory(16));
    bench.call("IoRegisterDeviceInterface", &[physical, class, 0, link]);
    let driver = bench.guest.driver_pointer(&DriverObject::new("test"));
    let (told, entry) = (bench.memory(8), bench.memory(8));
    let words = [category, flags, class, driver, bench.code(), told, entry];
    Registration { link, told, words }
}

#[test]
fn a_driver_is_told_of_arrival_and_removal_until_it_ends_the_registration() {
    for mode in BOTH {
        for end in ["IoUnregisterPlugPlayNotification", "IoUnregisterPlugPlayNotificationEx"] {
            let bench = bench(mode);
            let Registration { link, told, words } = registration(&bench, 2, 0);
            let status = bench.status("IoRegisterPlugPlayNotification", &words);
            assert_eq!(status, NtStatus::SUCCESS);
            let place = "by IoRegisterPlugPlayNotification before the kernel";
            let listed = format!("Plug and Play notifications: 1, {place}");
            assert!(bench.left().contains(&listed));
            let set = |enable| {
                bench.call("IoSetDeviceInterfaceState", &[link, enable]);
                bench.run_work_items();
                bench.guest.load_u32(told)
            };
            assert_eq!(set(1), ARRIVAL);
            let name_bytes = u32::from(bench.guest.load_u16(link));
            assert_eq!(bench.guest.load_u32(told + 4), name_bytes);
            assert_eq!(set(0), REMOVAL);
            bench.guest.store_u32(told, 0);
            let entry = bench.guest.load_word(words[6]);
            assert_eq!(bench.status(end, &[entry]), NtStatus::SUCCESS);
            assert_eq!(set(1), 0);
            assert!(!bench.left().contains(&listed));
            assert_eq!(bench.broken_rules(), [""; 0]);
            assert_eq!(bench.status(end, &[entry]), NtStatus::INVALID_PARAMETER);
            assert_eq!(bench.broken_rules(), ["not-a-notification"]);
        }
    }
}

#[test]
fn a_registration_can_begin_with_the_interfaces_that_are_there() {
    for mode in BOTH {
        for (flags, expected) in [(0, 0), (1, ARRIVAL)] {
            let bench = bench(mode);
            let Registration { link, told, words } = registration(&bench, 2, flags);
            bench.call("IoSetDeviceInterfaceState", &[link, 1]);
            bench.run_work_items();
            bench.call("IoRegisterPlugPlayNotification", &words);
            assert_eq!(bench.guest.load_u32(told), expected, "flags {flags}");
        }
    }
}

#[test]
fn a_driver_is_told_of_a_link_that_is_longer_than_a_stack() {
    for mode in BOTH {
        let bench = bench(mode);
        let Registration { told, words, .. } = registration(&bench, 2, 0);
        bench.call("IoRegisterPlugPlayNotification", &words);
        let (device, _) = bench.installed_device();
        let interface = DeviceInterface { class: CLASS, device, reference: "x".repeat(32_000) };
        let enabled = bench.kernel.enter(|kernel| kernel.enable_device_interface(interface));
        enabled.expect("it returns");
        bench.run_work_items();
        assert_eq!(bench.guest.load_u32(told), ARRIVAL);
        assert!((64_000..0x1_0000).contains(&bench.guest.load_u32(told + 4)));
    }
}

#[test]
fn the_removal_of_a_device_tells_of_its_interfaces_though_the_stack_is_taken_apart() {
    for mode in BOTH {
        let bench = bench(mode);
        let Registration { told, words, .. } = registration(&bench, 2, 0);
        bench.call("IoRegisterPlugPlayNotification", &words);
        let (physical, _) = bench.installed_device();
        let device = DeviceObject::new(&DriverObject::new("adapter"));
        device.attach_to(&physical);
        let interface =
            DeviceInterface { class: CLASS, device: device.clone(), reference: String::new() };
        bench.kernel.enable_device_interface(interface);
        bench.run_work_items();
        assert_eq!(bench.guest.load_u32(told), ARRIVAL);
        device.detach();
        bench.kernel.disable_interfaces_of_removed(&physical);
        bench.run_work_items();
        assert_eq!(bench.guest.load_u32(told), REMOVAL);
    }
}

#[test]
fn other_categories_are_kept_or_end_the_run_by_name() {
    for mode in BOTH {
        let bench = bench(mode);
        let Registration { words, .. } = registration(&bench, 1, 0);
        let status = bench.status("IoRegisterPlugPlayNotification", &words);
        assert_eq!(status, NtStatus::SUCCESS, "the hardware profile");
        let no_driver = [1, 0, 0, 0x1234, words[4], 0, words[6]];
        let refused = bench.status("IoRegisterPlugPlayNotification", &no_driver);
        assert_eq!(refused, NtStatus::INVALID_PARAMETER);
        let target = [&[3], &words[1..]].concat();
        let stop = bench.try_call("IoRegisterPlugPlayNotification", &target);
        let text = stop.expect_err("there are no file objects").to_string();
        assert!(text.contains("event category 3"), "{text}");
    }
}
