//! IRPs that a driver makes, passes down and completes.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{
    DeviceObject, DriverObject, Irp, Kernel, MajorFunction, NtStatus, Parameters, PnpRequest,
    Resource, ResourceRequirements,
};

use super::{BOTH, Bench};

type Seen = Rc<RefCell<Vec<Parameters>>>;

/// A device whose driver records each request and completes it.
fn device(bench: &Bench, seen: &Seen) -> (Rc<DeviceObject>, u64) {
    let driver = DriverObject::new("bus");
    let seen = Rc::clone(seen);
    let serve = move |kernel: &Kernel, _: &Rc<DeviceObject>, irp: &Irp| {
        seen.borrow_mut().push(irp.parameters().clone());
        irp.set_status(NtStatus::SUCCESS);
        irp.set_information(5);
        kernel.complete_request(irp);
        NtStatus::SUCCESS
    };
    driver.set_major_function(MajorFunction::DeviceControl, Rc::new(serve));
    let device = DeviceObject::new(&driver);
    let address = bench.guest.device_pointer(&device);
    (device, address)
}

/// A guest whose code is a completion routine that stores 1 at the address in its context and
/// keeps the request.
fn bench(mode: cpu_x86::Mode) -> Bench {
    // mov eax, [esp+0Ch]; mov dword [eax], 1; mov eax, 0C0000016h; ret 0Ch
    let narrow =
        [0x8B, 0x44, 0x24, 0x0C, 0xC7, 0x00, 1, 0, 0, 0, 0xB8, 0x16, 0, 0, 0xC0, 0xC2, 0x0C, 0];
    // mov dword [r8], 1; mov eax, 0C0000016h; ret
    let wide = [0x41, 0xC7, 0x00, 1, 0, 0, 0, 0xB8, 0x16, 0, 0, 0xC0, 0xC3];
    Bench::new(mode, [&narrow, &wide])
}

#[test]
fn a_request_of_the_driver_goes_down_and_comes_back_to_its_completion_routine() {
    for mode in BOTH {
        let (bench, seen) = (bench(mode), Seen::default());
        let (_device, device_at) = device(&bench, &seen);
        let irp = bench.call_for_pointer("IoAllocateIrp", &[1, 0]);
        let (fields, location) =
            (&bench.guest.layout().irp, &bench.guest.layout().io_stack_location);
        let at = |base: u64, offset: u32| base + u64::from(offset);
        let current = at(irp, fields.tail_overlay_current_stack_location);
        // A driver writes the values below with the macros for the next stack location.
        let next = bench.guest.load_word(current) - u64::from(location.size_of);
        let called = bench.memory(4);
        bench.guest.store_u8(at(next, location.major_function), 0x0E);
        let code = at(next, location.parameters_device_io_control_io_control_code);
        bench.guest.store_u32(code, 0x2F_0003);
        bench.guest.store_word(at(next, location.completion_routine), bench.code());
        bench.guest.store_word(at(next, location.context), called);
        bench.guest.store_u8(at(next, location.control), 0xE0);
        assert_eq!(bench.status("IofCallDriver", &[device_at, irp]), NtStatus::SUCCESS);
        let expected =
            Parameters::DeviceControl { code: 0x2F_0003, input: Vec::new(), output_length: 0 };
        assert_eq!(*seen.borrow(), [expected]);
        assert_eq!(bench.guest.load_u32(called), 1);
        let block = at(irp, fields.io_status);
        let information = at(block, bench.guest.layout().io_status_block.information);
        assert_eq!(bench.guest.load_word(information), 5);
        bench.call("IoFreeIrp", &[irp]);
        assert_eq!(bench.kernel.violation_count(), 0);
    }
}

#[test]
fn a_request_without_a_location_for_the_next_driver_is_bug_check_35() {
    for mode in BOTH {
        let (bench, seen) = (bench(mode), Seen::default());
        let (_device, device_at) = device(&bench, &seen);
        let irp = bench.call_for_pointer("IoAllocateIrp", &[1, 0]);
        let number = irp + u64::from(bench.guest.layout().irp.current_location);
        bench.guest.store_u8(number, 1);
        assert_eq!(bench.bug_check("IofCallDriver", &[device_at, irp]), (0x35, irp));
    }
}

#[test]
fn what_is_not_a_request_cannot_be_completed_or_freed() {
    for mode in BOTH {
        let bench = bench(mode);
        let memory = bench.memory(256);
        bench.call("IoFreeIrp", &[memory]);
        assert_eq!(bench.kernel.violations()[0].rule.id, "foreign-irp-freed");
        assert_eq!(bench.bug_check("IofCompleteRequest", &[memory, 0]), (0x44, memory));
    }
}

#[test]
fn a_major_function_that_is_not_offered_ends_the_run_by_name() {
    for mode in BOTH {
        let (bench, seen) = (bench(mode), Seen::default());
        let (_device, device_at) = device(&bench, &seen);
        let irp = bench.call_for_pointer("IoAllocateIrp", &[1, 0]);
        let answer = bench.try_call("IofCallDriver", &[device_at, irp]);
        let text = answer.expect_err("create requests are not offered").to_string();
        assert!(text.contains("IofCallDriver with major function 0x0, minor 0x0"), "{text}");
    }
}

#[test]
fn a_request_of_the_kernel_is_completed_with_what_the_driver_wrote_into_it() {
    for mode in BOTH {
        let (bench, seen) = (bench(mode), Seen::default());
        let (device, _) = device(&bench, &seen);
        let irp = Irp::new(Parameters::Close, None, Vec::new());
        bench.guest.with_irp(&irp, &device, bench.code(), |address| {
            let block = address + u64::from(bench.guest.layout().irp.io_status);
            bench.guest.store_u32(block, 0xC000_0010);
            bench.call("IofCompleteRequest", &[address, 0]);
            NtStatus(0xC000_0010)
        });
        assert!(irp.is_completed());
        assert_eq!(irp.status(), NtStatus(0xC000_0010));
    }
}

/// Source: wdm.h, Parameters.QueryInterface; wdmguid.h; ntddk.h, PNP_LOCATION_INTERFACE.
#[test]
fn a_question_for_an_interface_names_it_and_has_room_for_it() {
    for mode in BOTH {
        let (bench, seen) = (bench(mode), Seen::default());
        let (device, _) = device(&bench, &seen);
        let irp = Irp::new(Parameters::Pnp(PnpRequest::QueryInterface), None, Vec::new());
        let guest = &bench.guest;
        let status = guest.with_irp(&irp, &device, 0, |address| {
            let fields = &guest.layout().irp;
            let current = u64::from(fields.tail_overlay_current_stack_location);
            let location = guest.load_word(address + current);
            assert_eq!(guest.load_bytes(location, 2), [0x1B, 0x08]);
            let words = guest.pointer_bytes();
            let parameters = location + words;
            let guid = guest.load_guid(guest.load_word(parameters));
            assert_eq!(format!("{guid:?}"), "{70211B0E-0AFB-47DB-AFC1-410BF842497A}");
            let numbers = guest.load_u32(parameters + words);
            assert_eq!(numbers, 0x1_0000 + 5 * words as u32, "version and size");
            let interface = guest.load_word(parameters + 2 * words);
            assert_eq!(guest.load_bytes(interface, 5 * words), vec![0; 5 * words as usize]);
            NtStatus::SUCCESS
        });
        assert_eq!(status, NtStatus::SUCCESS);
    }
}

/// Source: wdm.h, IO_RESOURCE_REQUIREMENTS_LIST and Parameters.FilterResourceRequirements; WDK,
/// IRP_MN_FILTER_RESOURCE_REQUIREMENTS.
#[test]
fn a_list_of_requirements_is_pool_that_a_driver_changes_or_replaces() {
    let raw = [Resource::Port { start: 0x330, length: 2 }, Resource::Dma { channel: 5, port: 0 }];
    for mode in BOTH {
        for replaces in [false, true] {
            let (bench, seen) = (bench(mode), Seen::default());
            let (device, _) = device(&bench, &seen);
            let guest = &bench.guest;
            let list = Rc::new(RefCell::new(ResourceRequirements::of(&raw)));
            let request = PnpRequest::FilterResourceRequirements(Rc::clone(&list));
            let irp = Irp::new(Parameters::Pnp(request), None, Vec::new());
            guest.with_irp(&irp, &device, 0, |address| {
                let fields = &guest.layout().irp;
                let current = u64::from(fields.tail_overlay_current_stack_location);
                let location = guest.load_word(address + current);
                let mut own = guest.load_word(location + guest.pointer_bytes());
                // The head has 32 bytes, the head of a list has 8 bytes, and an entry has 32 bytes.
                assert_eq!(guest.load_u32(own), 32 + 8 + 2 * 32, "ListSize");
                assert_eq!(guest.load_u32(own + 0x1C), 1, "AlternativeLists");
                assert_eq!(guest.load_u32(own + 0x24), 2, "Count");
                assert_eq!(guest.load_bytes(own + 0x28, 6), [0, 1, 1, 0, 1, 0]);
                assert_eq!(guest.load_u32(own + 0x30), 2, "Length");
                assert_eq!(guest.load_u64(own + 0x38), 0x330, "MinimumAddress");
                assert_eq!(guest.load_u64(own + 0x40), 0x331, "MaximumAddress");
                assert_eq!(guest.load_u8(own + 0x49), 4, "Type");
                assert_eq!(guest.load_u32(own + 0x50), 5, "MinimumChannel");
                if replaces {
                    let bytes = guest.load_bytes(own, 104);
                    bench.call("ExFreePoolWithTag", &[own, 0]);
                    own = bench.call_for_pointer("ExAllocatePoolWithTag", &[1, 104, 0x6461_6554]);
                    guest.store(own, &bytes);
                    let block = address + u64::from(fields.io_status);
                    let information = guest.layout().io_status_block.information;
                    guest.store_word(block + u64::from(information), own);
                }
                guest.store_u32(own + 0x24, 1);
                NtStatus::SUCCESS
            });
            assert_eq!(*list.borrow(), ResourceRequirements::of(&raw[..1]), "{replaces}");
            assert_eq!(guest.kernel().pool_in_use(), [], "{replaces}");
            assert_eq!(guest.kernel().violations(), [], "{replaces}");
        }
    }
}
