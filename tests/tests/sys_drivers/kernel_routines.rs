//! Routines of the kernel in real use.
//!
//! Each family of routines has a driver of this project that plays and records with it.

use std::rc::Rc;

use portcls_machine::emulator::registry::RegistryValue;
use portcls_machine::emulator::{InterfaceState, NtStatus, PnpRequest, SystemPowerState};
use portcls_machine::port::guid::Guid;

use crate::client::Client;
use crate::scene::{driver, live, machine, notes, play_and_record};

const LINKS: [&str; 3] = ["x64/links", "x86/links", "msvc-x64/links"];

#[test]
fn the_tune_goes_through_a_driver_that_is_found_by_names_of_its_own() {
    play_and_record(&LINKS);
}

/// The interface class of the driver, as in its source.
const LINKS_CLASS: Guid = Guid {
    data1: 0x4F1A_7C52,
    data2: 0x8D30,
    data3: 0x4E6B,
    data4: [0xA1, 0x57, 0x3C, 0x92, 0x0E, 0x64, 0xB8, 0xD5],
};

#[test]
fn a_link_leads_to_the_device_until_the_driver_goes_and_both_starts_are_counted() {
    for build in LINKS {
        let machine = machine("smsc-superio", driver(build));
        machine.start().expect("the driver starts");
        machine.pnp(PnpRequest::StopDevice).expect("it stops");
        machine.start().expect("the driver starts again");
        let kernel = machine.kernel();
        let interfaces = kernel.device_interfaces(LINKS_CLASS.to_bytes());
        let [interface] = &interfaces[..] else { panic!("{build}: {interfaces:?}") };
        let named = kernel.device_named(r"\DosDevices\UartLinks").expect("the link leads there");
        assert!(Rc::ptr_eq(&named, &interface.device), "{build}");
        let class = LINKS_CLASS.to_bytes();
        let links = kernel.device_interface_links(class, None, InterfaceState::Enabled);
        let kept = kernel.open_device_interface_key(&links[0]).expect("it has a key");
        let starts = kept.value("Starts").expect("the driver has set it");
        assert_eq!(starts, RegistryValue::dword("Starts", 2), "{build}");
        machine.run_for_ns(1_000_000).expect("the machine runs");
        let came = notes(&machine, "links:");
        assert!(came[0].ends_with(r"{6994ad04-93ef-11d0-a3cc-00a0c9223196}\Uart came"), "{came:?}");
        assert_eq!(machine.unload().expect("it goes"), [], "{build}");
        assert!(kernel.device_interfaces(class).is_empty(), "{build}");
        assert!(kernel.device_named(r"\DosDevices\UartLinks").is_none(), "{build}");
        assert_eq!(kernel.violations(), [], "{build}");
    }
}

#[test]
fn the_tune_goes_through_contiguous_memory_and_locked_pages() {
    play_and_record(&["x64/mdls", "x86/mdls", "msvc-x64/mdls"]);
}

#[test]
fn a_driver_keeps_its_buffers_over_a_sleep_and_gives_them_back_at_a_stop() {
    for build in ["x64/mdls", "x86/mdls", "msvc-x64/mdls"] {
        let machine = machine("smsc-superio", driver(build));
        machine.start().expect("the driver starts");
        machine.sleep(SystemPowerState::S3).expect("it sleeps");
        machine.wake().expect("it wakes");
        machine.pnp(PnpRequest::StopDevice).expect("it stops");
        live(&machine);
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

const CSQ: [&str; 3] = ["x64/csq", "x86/csq", "msvc-x64/csq"];

#[test]
fn the_tune_goes_through_a_driver_that_looks_at_each_control_request_first() {
    play_and_record(&CSQ);
}

/// The control codes of the driver, as in its source.
const KEEP: u32 = 0x22_2003;
const ANSWER: u32 = 0x22_2007;
const KEEP_URGENT: u32 = 0x22_200B;

#[test]
fn requests_wait_in_a_cancel_safe_queue_until_they_are_answered_cancelled_or_closed() {
    for build in CSQ {
        let machine = machine("smsc-superio", driver(build));
        machine.start().expect("the driver starts");
        let lived = machine.run(|kernel| {
            let client = Client::open(kernel);
            let ask = |code| {
                let irp = client.control(code, Vec::new(), 0);
                (client.ask(&irp), irp)
            };
            let answer = || ask(ANSWER).0;
            assert_eq!(answer(), NtStatus::NO_MORE_ENTRIES, "{build}");
            let [first, second, third] = [KEEP, KEEP, KEEP].map(|code| {
                let (status, irp) = ask(code);
                assert_eq!(status, NtStatus::PENDING, "{build}");
                irp
            });
            let (_, urgent) = ask(KEEP_URGENT);
            assert_eq!(answer(), NtStatus::SUCCESS, "{build}");
            assert_eq!(urgent.status(), NtStatus::SUCCESS, "{build}: it goes before the others");
            assert!(kernel.cancel_request(&first), "{build}");
            assert_eq!(first.status(), NtStatus::CANCELLED, "{build}");
            assert_eq!(answer(), NtStatus::SUCCESS, "{build}");
            let waits = [second.is_completed(), third.is_completed()];
            assert_eq!(waits, [true, false], "{build}: the queue is in order");
            assert!(!kernel.cancel_request(&second), "{build}");
            client.close();
            assert_eq!(third.status(), NtStatus::CANCELLED, "{build}");
        });
        lived.expect("the machine does not stop");
        assert_eq!(machine.unload().expect("it goes"), [], "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}
