//! Workers of ks.sys, and the routines of ks.sys for a driver's tables.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, DriverObject, Irp, Irql, NtStatus, Parameters, Stop};

use super::{BOTH, Bench};
use crate::import::find;

/// routine(parameter): adds one to the number that the parameter points to.
/// mov eax, [esp+4]; inc dword [eax]; ret 4; on x64 with the argument in RCX
const NARROW: [u8; 9] = [0x8B, 0x44, 0x24, 0x04, 0xFF, 0x00, 0xC2, 0x04, 0];
const WIDE: [u8; 3] = [0xFF, 0x01, 0xC3];

#[test]
fn a_worker_runs_what_is_queued_and_its_end_waits_for_that() {
    for mode in BOTH {
        let bench = Bench::new(mode, [&NARROW, &WIDE]);
        let (out, count, item) = (bench.memory(8), bench.memory(4), bench.memory(32));
        assert_eq!(bench.status("KsRegisterWorker", &[7, out]), NtStatus::INVALID_PARAMETER);
        assert_eq!(bench.status("KsRegisterWorker", &[1, out]), NtStatus::SUCCESS);
        let worker = bench.guest.load_word(out);
        let word = bench.guest.pointer_bytes();
        bench.guest.store_word(item + 2 * word, bench.code());
        bench.guest.store_word(item + 3 * word, count);
        assert_eq!(bench.status("KsQueueWorkItem", &[worker, item]), NtStatus::SUCCESS);
        assert_eq!(bench.guest.load_u32(count), 0);
        bench.call("KsUnregisterWorker", &[worker]);
        assert_eq!((bench.guest.load_u32(count), bench.kernel.violation_count()), (1, 0));
        bench.call("KsUnregisterWorker", &[worker]);
        assert_eq!(bench.kernel.violations()[0].rule.id, "not-a-worker");
    }
}

#[test]
fn an_item_that_ends_its_own_worker_waits_for_itself() {
    // The parameter points to two words: the worker and a routine. The code calls the routine with
    // the worker.
    // mov eax, [esp+4]; push [eax]; call [eax+4]; ret 4
    let narrow = [0x8B, 0x44, 0x24, 0x04, 0xFF, 0x30, 0xFF, 0x50, 0x04, 0xC2, 0x04, 0x00];
    // mov rax, [rcx+8]; mov rcx, [rcx]; sub rsp, 28h; call rax; add rsp, 28h; ret
    let wide = [
        0x48, 0x8B, 0x41, 0x08, 0x48, 0x8B, 0x09, 0x48, 0x83, 0xEC, 0x28, 0xFF, 0xD0, 0x48, 0x83,
        0xC4, 0x28, 0xC3,
    ];
    for mode in BOTH {
        let bench = Bench::new(mode, [&narrow, &wide]);
        let (pair, item) = (bench.memory(16), bench.memory(32));
        assert_eq!(bench.status("KsRegisterWorker", &[1, pair]), NtStatus::SUCCESS);
        let worker = bench.guest.load_word(pair);
        let word = bench.guest.pointer_bytes();
        let routine = bench.guest.routine_address("ks.sys", "KsUnregisterWorker").unwrap();
        bench.guest.store_word(pair + word, routine);
        bench.guest.store_word(item + 2 * word, bench.code());
        bench.guest.store_word(item + 3 * word, pair);
        assert_eq!(bench.status("KsQueueWorkItem", &[worker, item]), NtStatus::SUCCESS);
        let ended = bench.kernel.enter(|kernel| kernel.run_until(1_000_000_000));
        match ended {
            Err(Stop::Hang(hang)) => assert_eq!(hang.waits_for, "the items of a KS worker"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn routines_for_a_drivers_table_do_what_they_are_called() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        bench.call("KsNullDriverUnload", &[0]);
        let device = DeviceObject::new(&Rc::clone(&DriverObject::new("bus")));
        let device_at = bench.guest.device_pointer(&device);
        let irp = Irp::new(Parameters::Close, None, Vec::new());
        let answer = bench.guest.with_irp(&irp, &device, bench.code(), |address| {
            bench.status("KsDispatchInvalidDeviceRequest", &[device_at, address])
        });
        assert_eq!(answer, NtStatus::INVALID_DEVICE_REQUEST);
        assert!(irp.is_completed());
        assert_eq!(irp.status(), NtStatus::INVALID_DEVICE_REQUEST);
    }
}

#[test]
fn what_is_not_built_is_in_no_table() {
    assert!(find("ks.sys", "KsAllocateObjectHeader").is_none());
    assert!(find("KS.SYS", "KsNullDriverUnload").is_some());
}

#[test]
fn a_routine_at_too_high_a_level_breaks_the_rule_of_its_module() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let out = bench.memory(8);
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        assert_eq!(bench.status("KsRegisterWorker", &[1, out]), NtStatus::SUCCESS);
        bench.call("ZwClose", &[0]);
        let rules = bench.kernel.violations();
        let rules: Vec<&str> = rules.iter().map(|violation| violation.rule.id).collect();
        assert_eq!(rules, ["KsIrqlDDIs", "IrqlZwPassive"]);
    }
}
