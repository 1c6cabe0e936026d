//! Power requests and the states of a device.

use std::rc::Rc;

use portcls_emulator::{
    DeviceObject, DevicePowerState, DriverObject, Irp, Irql, MajorFunction, NtStatus, Parameters,
    Stop,
};

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

/// A completion routine that stores 1 at the address in its context and keeps the request.
/// mov eax, [esp+0Ch]; mov dword [eax], 1; mov eax, 0C0000016h; ret 0Ch
const KEEP_NARROW: [u8; 18] =
    [0x8B, 0x44, 0x24, 0x0C, 0xC7, 0x00, 1, 0, 0, 0, 0xB8, 0x16, 0, 0, 0xC0, 0xC2, 0x0C, 0];
/// mov dword [r8], 1; mov eax, 0C0000016h; ret
const KEEP_WIDE: [u8; 13] = [0x41, 0xC7, 0x00, 1, 0, 0, 0, 0xB8, 0x16, 0, 0, 0xC0, 0xC3];

#[test]
fn a_power_request_is_passed_down_and_comes_back_to_its_completion_routine() {
    for mode in BOTH {
        let bench = Bench::new(mode, [&KEEP_NARROW, &KEEP_WIDE]);
        let (_device, device_at) = device(&bench);
        let irp = bench.call_for_pointer("IoAllocateIrp", &[1, 0]);
        let (fields, location) =
            (&bench.guest.layout().irp, &bench.guest.layout().io_stack_location);
        let at = |base: u64, offset: u32| base + u64::from(offset);
        let current = at(irp, fields.tail_overlay_current_stack_location);
        let next = bench.guest.load_word(current) - u64::from(location.size_of);
        let called = bench.memory(4);
        // IRP_MJ_POWER, IRP_MN_SET_POWER, to D3.
        bench.guest.store_u8(at(next, location.major_function), 0x16);
        bench.guest.store_u8(at(next, location.minor_function), 0x02);
        bench.guest.store_u32(at(next, location.parameters_power_type), 1);
        bench.guest.store_u32(at(next, location.parameters_power_state), 4);
        bench.guest.store_word(at(next, location.completion_routine), bench.code());
        bench.guest.store_word(at(next, location.context), called);
        bench.guest.store_u8(at(next, location.control), 0xE0);
        bench.call("PoStartNextPowerIrp", &[irp]);
        assert_eq!(bench.status("PoCallDriver", &[device_at, irp]), NtStatus::SUCCESS);
        assert_eq!(bench.guest.load_u32(called), 1);
        assert_eq!(bench.kernel.violation_count(), 0);
    }
}

#[test]
fn power_routines_above_dispatch_level_break_a_rule() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (device, device_at) = device(&bench);
        let irp = Irp::new(Parameters::Close, None, Vec::new());
        bench.guest.with_irp(&irp, &device, bench.code(), |address| {
            bench.kernel.raise_irql(Irql(3));
            bench.call("PoStartNextPowerIrp", &[address]);
            assert_eq!(bench.kernel.violation_count(), 1);
            bench.call("PoCallDriver", &[device_at, address]);
            NtStatus::SUCCESS
        });
        let violations = bench.kernel.violations();
        let broken =
            [("irql-too-high", "PoStartNextPowerIrp"), ("call-above-dispatch", "PoCallDriver")];
        for (violation, (rule, routine)) in violations.iter().zip(broken) {
            assert_eq!(violation.rule.id, rule);
            assert!(violation.message.contains(routine), "{}", violation.message);
        }
        assert!(violations.len() >= 2, "{violations:?}");
    }
}

#[test]
fn a_new_power_state_is_reached_when_the_routine_returns_which_it_may_at_passive_level_only() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (physical, physical_at) = device(&bench);
        let adapter = bench.adapter_device(&physical);
        let adapter_at = bench.guest.device_pointer(&adapter);
        let ask = |device, state| bench.status("PcRequestNewPowerState", &[device, state]);
        assert_eq!(ask(physical_at, 4), NtStatus::INVALID_PARAMETER);
        assert_eq!(ask(adapter_at, 0), NtStatus::INVALID_PARAMETER);
        assert_eq!(ask(adapter_at, 4), NtStatus::SUCCESS);
        assert_eq!(adapter.power_state(), DevicePowerState::D3);
        assert_eq!(ask(adapter_at, 1), NtStatus::SUCCESS);
        assert_eq!(adapter.power_state(), DevicePowerState::D0);
        assert_eq!(bench.kernel.violation_count(), 0);
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        // The routine waits, and no thread can wait at this level.
        assert_eq!(bench.bug_check("PcRequestNewPowerState", &[adapter_at, 4]).0, 0xB8);
        assert_eq!(bench.kernel.violations()[0].rule.id, "PcIrqlDDIs");
    }
}
