use std::rc::Rc;

use portcls_emulator::{DeviceObject, DriverObject, MajorFunction, NtStatus, Stop};

use super::{BOTH, Bench};

/// A device whose driver agrees to every power request, and its address.
fn device(bench: &Bench) -> (Rc<DeviceObject>, u64) {
    let driver = DriverObject::new("bus");
    driver.set_major_function(
        MajorFunction::Power,
        Rc::new(|kernel, _, irp| {
            irp.set_status(NtStatus::SUCCESS);
            kernel.complete_request(irp);
            NtStatus::SUCCESS
        }),
    );
    let device = DeviceObject::new(&driver);
    let address = bench.guest.device_pointer(&device);
    (device, address)
}

#[test]
fn a_power_request_ends_in_the_drivers_completion_routine() {
    // routine(device, minor, state, context, block): stores the state where the context points.
    // mov eax, [esp+10h]; mov ecx, [esp+0Ch]; mov [eax], ecx; ret 14h
    let narrow = [0x8B, 0x44, 0x24, 0x10, 0x8B, 0x4C, 0x24, 0x0C, 0x89, 0x08, 0xC2, 0x14, 0];
    // mov [r9], r8d; ret
    let wide = [0x45, 0x89, 0x01, 0xC3];
    for mode in BOTH {
        let bench = Bench::new(mode, [&narrow, &wide]);
        let (_device, device_at) = device(&bench);
        let told = bench.memory(4);
        let words = [device_at, 2, 4, bench.code(), told, 0];
        assert_eq!(bench.status("PoRequestPowerIrp", &words), NtStatus::PENDING);
        assert_eq!(bench.guest.load_u32(told), 4);
        let wake = bench.try_call("PoRequestPowerIrp", &[device_at, 0, 1, 0, 0, 0]);
        assert!(matches!(wake, Err(Stop::Unsupported { .. })), "{wake:?}");
    }
}

#[test]
fn the_power_manager_remembers_the_state_of_a_device() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (_device, device_at) = device(&bench);
        assert_eq!(bench.call("PoSetPowerState", &[device_at, 1, 4]), 1);
        assert_eq!(bench.call("PoSetPowerState", &[device_at, 1, 1]), 4);
    }
}
