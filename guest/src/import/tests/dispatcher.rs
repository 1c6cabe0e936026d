//! DPCs, timers, events, delays and the clocks.

use cpu_x86::Mode;
use portcls_emulator::{Irql, NtStatus, Stop};

use super::{BOTH, Bench};

/// A guest whose code is a deferred routine. The routine adds SystemArgument1 to the number that
/// its context points to.
fn bench(mode: Mode) -> Bench {
    // mov eax, [esp+8]; mov ecx, [esp+0Ch]; add [eax], ecx; ret 10h
    let narrow = [0x8B, 0x44, 0x24, 0x08, 0x8B, 0x4C, 0x24, 0x0C, 0x01, 0x08, 0xC2, 0x10, 0];
    // add [rdx], r8d; ret
    let wide = [0x44, 0x01, 0x02, 0xC3];
    Bench::new(mode, [&narrow, &wide])
}

/// A LARGE_INTEGER argument: one word on x64, two on x86.
fn large(mode: Mode, value: i64) -> Vec<u64> {
    let value = value as u64;
    match mode {
        Mode::Bits64 => vec![value],
        Mode::Bits32 => vec![value & 0xFFFF_FFFF, value >> 32],
    }
}

struct Deferred {
    dpc: u64,
    sum: u64,
}

fn deferred(bench: &Bench) -> Deferred {
    let dpc = bench.memory(u64::from(bench.guest.layout().kdpc.size_of));
    let sum = bench.memory(4);
    bench.call("KeInitializeDpc", &[dpc, bench.code(), sum]);
    Deferred { dpc, sum }
}

#[test]
fn a_dpc_is_called_with_the_arguments_of_its_queueing() {
    for mode in BOTH {
        let bench = bench(mode);
        let Deferred { dpc, sum } = deferred(&bench);
        bench.call("KeSetImportanceDpc", &[dpc, 2]);
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        assert_eq!(bench.call("KeInsertQueueDpc", &[dpc, 7, 0]) & 0xFF, 1);
        assert_eq!(bench.call("KeInsertQueueDpc", &[dpc, 9, 0]) & 0xFF, 0);
        assert_eq!(bench.guest.load_u32(sum), 0);
        let _ = bench.kernel.enter(|kernel| kernel.lower_irql(Irql::PASSIVE_LEVEL));
        assert_eq!(bench.guest.load_u32(sum), 7);
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        bench.call("KeInsertQueueDpc", &[dpc, 1, 0]);
        assert_eq!(bench.call("KeRemoveQueueDpc", &[dpc]) & 0xFF, 1);
        assert_eq!(bench.call("KeRemoveQueueDpc", &[dpc]) & 0xFF, 0);
        let _ = bench.kernel.enter(|kernel| kernel.lower_irql(Irql::PASSIVE_LEVEL));
        bench.call("KeFlushQueuedDpcs", &[]);
        assert_eq!((bench.guest.load_u32(sum), bench.kernel.violation_count()), (7, 0));
    }
}

#[test]
fn a_timer_queues_its_dpc_and_ends_waits() {
    for mode in BOTH {
        let bench = bench(mode);
        let Deferred { dpc, sum } = deferred(&bench);
        let fields = &bench.guest.layout().kdpc;
        bench.guest.store_word(dpc + u64::from(fields.system_argument1), 3);
        let timer = bench.memory(u64::from(bench.guest.layout().ktimer.size_of));
        bench.call("KeInitializeTimerEx", &[timer, 0]);
        let set = [&[timer][..], &large(mode, -20_000), &[dpc]].concat();
        assert_eq!(bench.call("KeSetTimer", &set) & 0xFF, 0);
        assert_eq!(bench.call("KeSetTimer", &set) & 0xFF, 1);
        let wait = || bench.status("KeWaitForSingleObject", &[timer, 0, 0, 0, 0]);
        assert_eq!(wait(), NtStatus::SUCCESS);
        // The deferred routine's own instructions take a few ns.
        assert_eq!((bench.kernel.now_ns() / 1_000_000, bench.guest.load_u32(sum)), (2, 3));
        let periodic = [&[timer][..], &large(mode, -10_000), &[1, dpc]].concat();
        bench.call("KeSetTimerEx", &periodic);
        let _ = bench.kernel.enter(|kernel| kernel.run_until(5_500_000));
        // The timer is set a little after a clock interrupt. So it expires at the second clock
        // interrupt after that one, and at each later clock interrupt.
        assert_eq!(bench.guest.load_u32(sum), 9);
        assert_eq!(bench.call("KeCancelTimer", &[timer]) & 0xFF, 1);
        assert_eq!(bench.call("KeCancelTimer", &[timer]) & 0xFF, 0);
    }
}

#[test]
fn a_timer_that_is_set_keeps_its_memory() {
    for mode in BOTH {
        let bench = bench(mode);
        let timer = bench.memory(u64::from(bench.guest.layout().ktimer.size_of));
        bench.call("KeInitializeTimer", &[timer]);
        bench.call("KeSetTimer", &[&[timer][..], &large(mode, -20_000), &[0]].concat());
        assert_eq!(bench.bug_check("ExFreePool", &[timer]), (0xC7, 0));
    }
}

#[test]
fn a_timer_of_the_image_must_not_be_set_at_unload() {
    for mode in BOTH {
        let bench = bench(mode);
        let timer = bench.guest.loaded().base + 0x2800;
        bench.call("KeInitializeTimer", &[timer]);
        assert_eq!(bench.kernel.enter(|_| bench.guest.check_unload()), Ok(()));
        bench.call("KeInitializeTimer", &[timer]);
        bench.call("KeSetTimer", &[&[timer][..], &large(mode, -20_000), &[0]].concat());
        match bench.kernel.enter(|_| bench.guest.check_unload()) {
            Err(Stop::BugCheck(bug)) => {
                assert_eq!((bug.code.number(), bug.parameters[1]), (0xC7, timer))
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_event_is_waited_for_until_it_is_set() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let event = bench.memory(u64::from(bench.guest.layout().kevent.size_of));
        bench.call("KeInitializeEvent", &[event, 1, 0]);
        let limit = bench.bytes(&(-30_000_i64).to_le_bytes());
        let wait = || bench.status("KeWaitForSingleObject", &[event, 0, 0, 0, limit]);
        assert_eq!((wait(), bench.kernel.now_ns()), (NtStatus::TIMEOUT, 3_000_000));
        assert_eq!(bench.call("KeSetEvent", &[event, 0, 0]), 0);
        assert_eq!(bench.call("KeSetEvent", &[event, 0, 0]), 1);
        assert_eq!([wait(), wait()], [NtStatus::SUCCESS, NtStatus::TIMEOUT]);
        bench.call("KeSetEvent", &[event, 0, 0]);
        assert_eq!(bench.call("KeResetEvent", &[event]), 1);
        bench.call("KeClearEvent", &[event]);
        assert_eq!(wait(), NtStatus::TIMEOUT);
    }
}

#[test]
fn a_delay_ends_at_a_clock_interrupt_and_a_wait_at_dispatch_level_is_b8() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let interval = bench.bytes(&(-15_000_i64).to_le_bytes());
        let words = [0, 0, interval];
        assert_eq!(bench.status("KeDelayExecutionThread", &words), NtStatus::SUCCESS);
        assert_eq!(bench.kernel.now_ns(), 2_000_000);
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        assert_eq!(bench.bug_check("KeDelayExecutionThread", &words).0, 0xB8);
    }
}

#[test]
fn the_clocks_agree() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        bench.call("KeStallExecutionProcessor", &[50]);
        let time = bench.memory(8);
        assert_eq!(bench.try_call("KeQueryInterruptTime", &[]), Ok(500));
        assert_eq!(bench.try_call("KeQueryPerformanceCounter", &[time]), Ok(500));
        assert_eq!(bench.guest.load_u64(time), 10_000_000);
        bench.call("KeQuerySystemTime", &[time]);
        assert_eq!(bench.guest.load_u64(time), bench.kernel.system_time_100ns());
        assert_eq!(bench.call("KeQueryTimeIncrement", &[]), 10_000);
    }
}
