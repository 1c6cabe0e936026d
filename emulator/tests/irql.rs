//! The IRQL and what it masks, spin locks, and code that runs for too long.

mod fake;

use std::rc::Rc;

use fake::{Bell, Logbook, PORT, answering, bell_on_line, bug_check, connect, hang, kernel};
use portcls_emulator::{
    Claim, Dpc, InterruptLine, Irql, Kernel, KernelConfig, SpinLock, Stop, TriggerMode,
};

const DRIVER_VERIFIER_DETECTED_VIOLATION: u32 = 0xC4;

#[test]
fn raising_returns_the_old_level_and_lowering_takes_it_back() {
    let kernel = kernel();
    assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
    let passive = kernel.raise_irql(Irql::DISPATCH_LEVEL);
    let dispatch = kernel.raise_irql(Irql::HIGH_LEVEL);
    assert_eq!((passive, dispatch), (Irql(0), Irql(2)));
    kernel.lower_irql(dispatch);
    assert_eq!(kernel.current_irql(), Irql(2));
    kernel.lower_irql(passive);
    assert_eq!(kernel.current_irql(), Irql(0));
}

#[test]
fn raising_to_the_same_level_is_allowed() {
    let kernel = kernel();
    let result = kernel.enter(|kernel| kernel.raise_irql(Irql::PASSIVE_LEVEL));
    assert_eq!(result, Ok(Irql::PASSIVE_LEVEL));
}

#[test]
fn raising_to_a_lower_level_is_bug_check_c4_with_30() {
    let result = kernel().enter(|kernel| {
        kernel.raise_irql(Irql::DISPATCH_LEVEL);
        kernel.raise_irql(Irql::APC_LEVEL)
    });
    assert_eq!(bug_check(result), (DRIVER_VERIFIER_DETECTED_VIOLATION, 0x30));
}

#[test]
fn lowering_to_a_higher_level_is_bug_check_c4_with_31() {
    let result = kernel().enter(|kernel| kernel.lower_irql(Irql::DISPATCH_LEVEL));
    assert_eq!(bug_check(result), (DRIVER_VERIFIER_DETECTED_VIOLATION, 0x31));
}

#[test]
fn a_bug_check_tells_the_level_and_the_time_at_which_it_was_raised() {
    let result = kernel().enter(|kernel| {
        kernel.stall_us(7);
        kernel.raise_irql(Irql::DISPATCH_LEVEL);
        kernel.raise_irql(Irql::PASSIVE_LEVEL)
    });
    let Err(Stop::BugCheck(bug)) = result else { panic!("a bug check") };
    assert_eq!((bug.irql, bug.time_ns), (Irql::DISPATCH_LEVEL, 7_000));
    assert_eq!(bug.parameters, [0x30, 2, 0, 0]);
}

#[test]
fn an_interrupt_is_masked_at_its_level_and_delivered_when_the_level_falls() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, TriggerMode::Latched, &[5_000]);
    connect(&kernel, 9, TriggerMode::Latched, answering(PORT, &log, "isr"));
    let old = kernel.raise_irql(Irql::of_line(9));
    kernel.stall_us(50);
    assert!(log.words().is_empty(), "masked at its own level");
    kernel.lower_irql(Irql(Irql::of_line(9).0 - 1));
    assert_eq!(log.times_ns(), [50_000]);
    kernel.lower_irql(old);
    assert_eq!(log.count("isr"), 1);
}

#[test]
fn a_more_urgent_line_interrupts_the_service_routine_of_a_less_urgent_one() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 5, TriggerMode::Latched, &[10_000]);
    kernel.wire_line(InterruptLine { number: 9, trigger: TriggerMode::Latched });
    kernel.attach_device(0x300, 2, Some(9), Bell::ringing_at(&[15_000]));
    connect(&kernel, 9, TriggerMode::Latched, answering(0x300, &log, "9"));
    let book = log.clone();
    let slow = Rc::new(move |kernel: &Kernel| {
        book.write(kernel, "5 begins");
        let _ = kernel.read_port_u8(PORT);
        kernel.stall_us(20);
        book.write(kernel, "5 ends");
        Claim::Mine
    });
    connect(&kernel, 5, TriggerMode::Latched, slow);
    kernel.run_until(100_000);
    assert_eq!(log.words(), ["5 begins", "9", "5 ends"]);
    assert_eq!(log.times_ns(), [10_000, 15_000, 31_000]);
}

#[test]
fn a_spin_lock_runs_its_owner_at_dispatch_level_and_holds_dpcs_back() {
    let (kernel, log) = (kernel(), Logbook::default());
    let book = log.clone();
    let dpc = Dpc::new(&kernel, "late", Rc::new(move |kernel| book.write(kernel, "dpc")));
    let lock = SpinLock::new();
    let old = kernel.acquire_spin_lock(&lock);
    assert!(lock.is_owned());
    assert_eq!(kernel.current_irql(), Irql::DISPATCH_LEVEL);
    kernel.insert_queue_dpc(&dpc);
    kernel.stall_us(10);
    assert_eq!(log.count("dpc"), 0);
    kernel.release_spin_lock(&lock, old);
    assert_eq!(log.times_ns(), [10_000]);
    assert!(!lock.is_owned());
}

#[test]
fn acquiring_an_owned_spin_lock_is_bug_check_0f_and_freeing_a_free_one_is_10() {
    let twice = kernel().enter(|kernel| {
        let lock = SpinLock::new();
        kernel.acquire_spin_lock(&lock);
        kernel.acquire_spin_lock_at_dpc_level(&lock);
    });
    assert_eq!(bug_check(twice), (0x0F, 0));
    let free = kernel().enter(|kernel| {
        kernel.release_spin_lock(&SpinLock::new(), Irql::PASSIVE_LEVEL);
    });
    assert_eq!(bug_check(free), (0x10, 0));
}

#[test]
fn taking_a_lock_the_dpc_way_at_passive_level_is_a_violation() {
    let kernel = kernel();
    let lock = SpinLock::new();
    kernel.acquire_spin_lock_at_dpc_level(&lock);
    assert_eq!(kernel.violations()[0].rule.id, "dpc-level-lock-below-dispatch");
}

#[test]
fn twenty_seconds_in_one_dpc_are_bug_check_133() {
    let result = kernel().enter(|kernel| {
        let endless = Rc::new(|kernel: &Kernel| {
            while !kernel.is_frozen() {
                kernel.stall_us(1_000);
            }
        });
        kernel.insert_queue_dpc(&Dpc::new(kernel, "endless", endless));
        kernel.run_until(60_000_000_000);
    });
    let Err(Stop::BugCheck(bug)) = &result else { panic!("a bug check") };
    assert_eq!(bug.time_ns, 20_000_000_000);
    assert_eq!(bug_check(result), (0x133, 0));
}

#[test]
fn twenty_seconds_at_dispatch_level_outside_a_dpc_are_bug_check_133_too() {
    let result = kernel().enter(|kernel| {
        kernel.raise_irql(Irql::DISPATCH_LEVEL);
        for _ in 0..20_000 {
            kernel.stall_us(1_000);
        }
    });
    assert_eq!(bug_check(result).0, 0x133);
}

#[test]
fn time_at_dispatch_level_counts_anew_after_each_return_to_passive_level() {
    let result = kernel().enter(|kernel| {
        for _ in 0..5 {
            let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
            kernel.stall_us(15_000_000);
            kernel.lower_irql(old);
        }
    });
    assert_eq!(result, Ok(()));
}

#[test]
fn many_short_dpcs_in_a_row_do_not_add_up_for_the_watchdog() {
    let kernel = kernel();
    let result = kernel.enter(|kernel| {
        let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
        let dpcs: Vec<Dpc> = (0..5)
            .map(|_| Dpc::new(kernel, "long", Rc::new(|kernel| kernel.stall_us(15_000_000))))
            .collect();
        for dpc in &dpcs {
            kernel.insert_queue_dpc(dpc);
        }
        kernel.lower_irql(old);
    });
    assert_eq!(result, Ok(()));
    assert_eq!(kernel.now_ns(), 75_000_000_000);
}

#[test]
fn the_watchdog_ends_with_the_level_and_leaves_a_long_passive_stall_alone() {
    let kernel = Kernel::new(KernelConfig { dpc_watchdog_ns: 1_000_000, ..Default::default() });
    let result = kernel.enter(|kernel| {
        let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
        kernel.stall_us(999);
        kernel.lower_irql(old);
        kernel.stall_us(5_000);
    });
    assert_eq!(result, Ok(()));
}

#[test]
fn an_endless_loop_at_passive_level_in_a_driver_call_is_a_hang_that_names_the_call() {
    let result = kernel().enter(|kernel| {
        kernel.call_driver_code("IMiniportMidi::Init", || {
            loop {
                let _ = kernel.read_port_u8(PORT);
                kernel.stall_us(100_000);
            }
        })
    });
    let what: Result<(), Stop> = result;
    assert!(hang(what).contains("IMiniportMidi::Init"));
}

#[test]
fn a_nested_driver_call_gives_the_outer_call_its_own_limit_back() {
    let result = kernel().enter(|kernel| {
        kernel.call_driver_code("outer", || {
            for _ in 0..100 {
                kernel.call_driver_code("inner", || kernel.stall_us(10_000_000));
            }
        });
    });
    assert!(hang(result).contains("outer"));
}
