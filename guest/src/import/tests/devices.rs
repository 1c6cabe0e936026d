//! Device objects, handles, device properties and work items.

use std::rc::Rc;

use portcls_emulator::choice::{Choice, Question};
use portcls_emulator::{DeviceObject, DriverObject, Kernel, NtStatus};

use super::{BOTH, Bench};

/// A driver object, and the address of its DRIVER_OBJECT in guest memory.
fn driver(bench: &Bench) -> (Rc<DriverObject>, u64) {
    let driver = DriverObject::new("test");
    let address = bench.guest.driver_pointer(&driver);
    (driver, address)
}

#[test]
fn a_device_whose_extension_fits_into_no_memory_is_not_made() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (driver, driver_at) = driver(&bench);
        let out = bench.memory(8);
        for bytes in [u64::from(u32::MAX), 1 << 31, 1 << 28] {
            let words = [driver_at, bytes, 0, 0x22, 0, 0, out];
            let status = bench.status("IoCreateDevice", &words);
            assert_eq!(status, NtStatus::INSUFFICIENT_RESOURCES, "{bytes:#x}");
        }
        assert!(driver.devices().is_empty());
    }
}

#[test]
fn a_device_is_made_attached_and_deleted() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (driver, driver_at) = driver(&bench);
        let physical = DeviceObject::new(&DriverObject::new("bus"));
        let physical_at = bench.guest.device_pointer(&physical);
        let out = bench.memory(8);
        let words = [driver_at, 32, 0, 0x22, 0, 0, out];
        assert_eq!(bench.status("IoCreateDevice", &words), NtStatus::SUCCESS);
        let device_at = bench.guest.load_word(out);
        let fields = &bench.guest.layout().device_object;
        let field = |offset: u32| device_at + u64::from(offset);
        let extension = bench.guest.load_word(field(fields.device_extension));
        assert_eq!(bench.guest.load_bytes(extension, 32), [0; 32]);
        assert_eq!(bench.guest.load_u32(field(fields.device_type)), 0x22);
        let attach =
            bench.call_for_pointer("IoAttachDeviceToDeviceStack", &[device_at, physical_at]);
        assert_eq!(attach, physical_at);
        assert_eq!(bench.guest.load_u8(field(fields.stack_size)), 2);
        let top = bench.call_for_pointer("IoGetAttachedDeviceReference", &[physical_at]);
        assert_eq!(top, device_at);
        bench.call("ObfDereferenceObject", &[top]);
        bench.call("IoDeleteDevice", &[device_at]);
        assert!(driver.devices().is_empty());
        assert_eq!(bench.kernel.violation_count(), 0);
    }
}

#[test]
fn a_device_a_work_item_and_a_request_can_be_refused_for_want_of_memory() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (driver, driver_at) = driver(&bench);
        let out = bench.memory(8);
        bench.kernel.set_oracle(Rc::new(|_: &Kernel, question: &Question| {
            u32::from(question.choice == Choice::Allocation)
        }));
        let words = [driver_at, 32, 0, 0x22, 0, 0, out];
        assert_eq!(bench.status("IoCreateDevice", &words), NtStatus::INSUFFICIENT_RESOURCES);
        assert!(driver.devices().is_empty());
        let device = DeviceObject::new(&driver);
        let device_at = bench.guest.device_pointer(&device);
        assert_eq!(bench.call_for_pointer("IoAllocateWorkItem", &[device_at]), 0);
        assert_eq!(bench.call_for_pointer("IoAllocateIrp", &[1, 0]), 0);
        assert_eq!(bench.kernel.asked(Choice::Allocation), 3);
        assert_eq!(bench.kernel.violation_count(), 0);
    }
}

#[test]
fn a_reference_that_was_never_taken_cannot_be_given_back() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (_driver, driver_at) = driver(&bench);
        assert_eq!(bench.call("ObfReferenceObject", &[driver_at]), 2);
        assert_eq!(bench.call("ObfDereferenceObject", &[driver_at]), 1);
        assert_eq!(bench.bug_check("ObfDereferenceObject", &[driver_at]).0, 0x18);
    }
}

#[test]
fn a_handle_that_is_none_names_no_object() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let out = bench.memory(8);
        let answer = bench.status("ObReferenceObjectByHandle", &[0x1234, 0, 0, 0, out, 0]);
        assert_eq!(answer, NtStatus(0xC000_0008));
    }
}

#[test]
fn a_property_is_read_with_its_length() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let physical = DeviceObject::new(&DriverObject::new("bus"));
        physical.set_property(8, vec![b'M', 0, 0, 0]);
        let device = bench.guest.device_pointer(&physical);
        let (out, needed) = (bench.memory(4), bench.memory(4));
        let ask = |property, length| {
            let words = [device, property, length, out, needed];
            (bench.status("IoGetDeviceProperty", &words), bench.guest.load_u32(needed))
        };
        assert_eq!(ask(8, 2), (NtStatus(0xC000_0023), 4));
        assert_eq!(ask(8, 4), (NtStatus::SUCCESS, 4));
        assert_eq!(bench.guest.load_u8(out), b'M');
        assert_eq!(ask(16, 4).0, NtStatus(0xC000_0034));
    }
}

#[test]
fn a_work_item_of_what_is_no_device_is_refused_when_it_is_queued() {
    for mode in BOTH {
        let queued_for = |device: fn(&Bench) -> u64| {
            let bench = Bench::plain(mode);
            let item = bench.call_for_pointer("IoAllocateWorkItem", &[device(&bench)]);
            assert_eq!(bench.kernel.violation_count(), 0);
            bench.bug_check("IoQueueWorkItem", &[item, bench.code(), 1, 0])
        };
        assert_eq!(queued_for(|bench| bench.memory(16)), (0x18, 0), "memory, and no device");
        assert_eq!(queued_for(|_| 0x1234_5678), (0x7E, 0xC000_0005), "no memory");
        assert_eq!(queued_for(|_| 0), (0x7E, 0xC000_0005), "null");
    }
}

#[test]
fn a_work_item_calls_its_routine_once_the_thread_is_idle() {
    // mov eax, [esp+8]; inc dword [eax]; ret 8; on x64 with the argument in RDX
    let narrow = [0x8B, 0x44, 0x24, 0x08, 0xFF, 0x00, 0xC2, 0x08, 0x00];
    let wide = [0xFF, 0x02, 0xC3];
    for mode in BOTH {
        let bench = Bench::new(mode, [&narrow, &wide]);
        let device = DeviceObject::new(&DriverObject::new("bus"));
        let device = bench.guest.device_pointer(&device);
        let count = bench.memory(4);
        let item = bench.call_for_pointer("IoAllocateWorkItem", &[device]);
        let queue = || bench.call("IoQueueWorkItem", &[item, bench.code(), 1, count]);
        queue();
        assert_eq!(bench.guest.load_u32(count), 0);
        let _ = bench.kernel.enter(|kernel| kernel.run_until(1_000_000));
        assert_eq!(bench.guest.load_u32(count), 1);
        queue();
        queue();
        let _ = bench.kernel.enter(|kernel| kernel.run_until(2_000_000));
        assert_eq!((bench.guest.load_u32(count), bench.kernel.violation_count()), (2, 1));
        bench.call("IoFreeWorkItem", &[item]);
        bench.call("IoFreeWorkItem", &[item]);
        assert_eq!(bench.kernel.violations()[1].rule.id, "not-a-work-item");
    }
}

#[test]
fn the_physical_device_behind_the_device_of_portcls_is_told_and_no_other() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let physical = DeviceObject::new(&DriverObject::new("bus"));
        let functional = bench.adapter_device(&physical);
        let [physical_at, functional_at] =
            [&physical, &functional].map(|device| bench.guest.device_pointer(device));
        let out = bench.memory(8);
        let ask = |device| bench.status("PcGetPhysicalDeviceObject", &[device, out]);
        assert_eq!(ask(functional_at), NtStatus::SUCCESS);
        assert_eq!(bench.guest.load_word(out), physical_at);
        bench.guest.store_word(out, 0);
        assert_eq!(ask(physical_at), NtStatus::INVALID_PARAMETER, "it is the bus driver's");
        assert_eq!(bench.guest.load_word(out), 0, "nothing is written");
    }
}
