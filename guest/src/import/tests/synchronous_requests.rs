//! Requests that the system allocates for a driver, and the device below.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, DriverObject, Irp, Kernel, MajorFunction, NtStatus};

use super::{BOTH, Bench};

/// A device whose driver completes each Plug and Play request with 5 in `Information`.
fn device(bench: &Bench) -> (Rc<DeviceObject>, u64) {
    let driver = DriverObject::new("bus");
    let serve = move |kernel: &Kernel, _: &Rc<DeviceObject>, irp: &Irp| {
        irp.set_status(NtStatus::SUCCESS);
        irp.set_information(5);
        kernel.complete_request(irp);
        NtStatus::SUCCESS
    };
    driver.set_major_function(MajorFunction::Pnp, Rc::new(serve));
    let device = DeviceObject::new(&driver);
    let address = bench.guest.device_pointer(&device);
    (device, address)
}

#[test]
fn a_synchronous_request_sets_its_event_and_is_freed_by_the_system() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (_device, device_at) = device(&bench);
        let (event, block) = (bench.memory(24), bench.memory(16));
        bench.call("KeInitializeEvent", &[event, 0, 0]);
        let words = [0x1B, device_at, 0, 0, 0, event, block];
        let irp = bench.call_for_pointer("IoBuildSynchronousFsdRequest", &words);
        let place = "by IoBuildSynchronousFsdRequest before the kernel";
        assert_eq!(bench.left(), [format!("IRPs that were built and not sent: 1, {place}")]);
        let fields = &bench.guest.layout().irp;
        let current = irp + u64::from(fields.tail_overlay_current_stack_location);
        let location = bench.guest.layout().io_stack_location.size_of;
        let next = bench.guest.load_word(current) - u64::from(location);
        assert_eq!(bench.guest.load_u8(next), 0x1B);
        // The minor function that asks for an interface.
        bench.guest.store_u8(next + 1, 8);
        assert_eq!(bench.status("IofCallDriver", &[device_at, irp]), NtStatus::SUCCESS);
        assert_eq!(bench.call("KeReadStateEvent", &[event]), 1);
        let information = bench.guest.layout().io_status_block.information;
        assert_eq!(bench.guest.load_word(block + u64::from(information)), 5);
        assert_eq!(bench.guest.load_u32(block), 0);
        assert_eq!((bench.left(), bench.broken_rules()), (Vec::new(), Vec::new()));
        assert_eq!(bench.bug_check("memset", &[irp, 0, 1]).0, 0x50, "it was freed");
    }
}

#[test]
fn the_driver_must_not_free_a_synchronous_request() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (_device, device_at) = device(&bench);
        let (event, block) = (bench.memory(24), bench.memory(16));
        let words = [0x1B, device_at, 0, 0, 0, event, block];
        let irp = bench.call_for_pointer("IoBuildSynchronousFsdRequest", &words);
        bench.call("IoFreeIrp", &[irp]);
        assert_eq!(bench.broken_rules(), ["IoBuildSynchronousFsdRequestNoFree"]);
        let no_device = [0x1B, block, 0, 0, 0, event, block];
        assert_eq!(bench.call_for_pointer("IoBuildSynchronousFsdRequest", &no_device), 0);
        assert_eq!(bench.broken_rules().last(), Some(&"not-a-device"));
        let read = [3, device_at, block, 16, block, event, block];
        let stop = bench.try_call("IoBuildSynchronousFsdRequest", &read).expect_err("a stop");
        assert!(stop.to_string().contains("major function 0x3"), "{stop}");
    }
}

#[test]
fn the_device_below_is_given_with_a_reference() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (lower, lower_at) = device(&bench);
        let upper = DeviceObject::new(&DriverObject::new("test"));
        upper.attach_to(&lower);
        let upper_at = bench.guest.device_pointer(&upper);
        assert_eq!(bench.call_for_pointer("IoGetLowerDeviceObject", &[upper_at]), lower_at);
        let place = "by IoGetLowerDeviceObject before the kernel";
        assert_eq!(bench.left(), [format!("referenced kernel objects: 1, {place}")]);
        bench.call("ObfDereferenceObject", &[lower_at]);
        assert_eq!(bench.call_for_pointer("IoGetLowerDeviceObject", &[lower_at]), 0);
        assert_eq!(bench.left(), [""; 0]);
    }
}
