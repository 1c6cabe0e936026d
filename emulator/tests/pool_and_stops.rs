//! Pool, stops, the frozen kernel, counts of violations, debug messages.

mod fake;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use fake::{Bell, Logbook, PORT, bug_check, hang, kernel};
use portcls_emulator::trace::{Event as Fact, TraceLog};
use portcls_emulator::{
    BugCheckCode, Dpc, DueTime, Event, EventKind, Irp, Irql, Kernel, KernelConfig, LONGEST_RUN_NS,
    NtStatus, Parameters, PoolLeak, PoolType, SpinLock, Stop, Timeout, Timer, TimerKind, WorkItem,
    rules,
};

const TAG: [u8; 4] = *b"MidU";

fn last_note(log: &TraceLog) -> String {
    let last = log.events().last().expect("something was recorded");
    match last.event {
        Fact::Note(text) => log.text(text).to_owned(),
        other => panic!("not a note: {other:?}"),
    }
}

#[test]
fn pool_is_zeroed_and_keeps_what_is_written() {
    let kernel = kernel();
    let block = kernel.allocate_pool(PoolType::NonPagedNx, 4, TAG).expect("small blocks fit");
    assert_eq!(kernel.with_pool(block, |bytes| bytes.to_vec()), Some(vec![0; 4]));
    kernel.with_pool(block, |bytes| bytes[2] = 7);
    assert_eq!(kernel.with_pool(block, |bytes| bytes[2]), Some(7));
    kernel.free_pool(block, TAG);
    assert_eq!(kernel.with_pool(block, |bytes| bytes.len()), None);
}

#[test]
fn what_was_not_freed_is_listed_by_tag() {
    let kernel = kernel();
    for (length, tag) in [(10, TAG), (20, TAG), (5, *b"a\0b ")] {
        kernel.allocate_pool(PoolType::Paged, length, tag);
    }
    let freed = kernel.allocate_pool(PoolType::NonPagedNx, 99, TAG).expect("it fits");
    kernel.free_pool(freed, TAG);
    let leak = |tag: &str, blocks, bytes| PoolLeak { tag: tag.to_owned(), blocks, bytes };
    assert_eq!(kernel.pool_in_use(), [leak("MidU", 2, 30), leak("a.b.", 1, 5)]);
}

#[test]
fn freeing_twice_is_bug_check_c2_with_7() {
    let result = kernel().enter(|kernel| {
        let block = kernel.allocate_pool(PoolType::NonPagedNx, 8, TAG).expect("it fits");
        kernel.free_pool(block, TAG);
        kernel.free_pool(block, TAG);
    });
    assert_eq!(bug_check(result), (0xC2, 7));
}

#[test]
fn freeing_with_a_wrong_tag_is_bug_check_c2_with_a() {
    let result = kernel().enter(|kernel| {
        let block = kernel.allocate_pool(PoolType::NonPagedNx, 8, TAG).expect("it fits");
        kernel.free_pool(block, *b"oops");
    });
    assert_eq!(bug_check(result), (0xC2, 0xA));
}

#[test]
fn nothing_is_allocated_for_zero_bytes_or_more_than_a_gibibyte() {
    let kernel = kernel();
    assert_eq!(kernel.allocate_pool(PoolType::NonPagedNx, 0, TAG), None);
    assert_eq!(kernel.allocate_pool(PoolType::NonPagedNx, (1 << 30) + 1, TAG), None);
    assert_eq!(kernel.violations()[0].rule.id, "zero-allocation");
}

#[test]
fn paged_pool_at_dispatch_level_is_a_violation() {
    let kernel = kernel();
    kernel.raise_irql(Irql::DISPATCH_LEVEL);
    kernel.allocate_pool(PoolType::NonPagedNx, 1, TAG);
    assert_eq!(kernel.violation_count(), 0);
    kernel.allocate_pool(PoolType::Paged, 1, TAG);
    assert_eq!(kernel.violation_count(), 1);
}

#[test]
fn work_on_a_block_may_use_the_pool_itself() {
    let kernel = kernel();
    let block = kernel.allocate_pool(PoolType::NonPagedNx, 1, TAG).expect("it fits");
    let inner = kernel.with_pool(block, |bytes| {
        bytes[0] = 9;
        kernel.allocate_pool(PoolType::NonPagedNx, 2, TAG)
    });
    assert!(inner.flatten().is_some());
    assert_eq!(kernel.with_pool(block, |bytes| bytes[0]), Some(9));
}

#[test]
fn a_driver_can_stop_the_machine_with_its_own_code() {
    let result = kernel().enter(|kernel| {
        kernel.bug_check(BugCheckCode::of_driver(0xDEAD), [1, 2, 3, 4]);
    });
    let Err(Stop::BugCheck(bug)) = result else { panic!("a bug check") };
    assert_eq!((bug.code.number(), bug.parameters), (0xDEAD, [1, 2, 3, 4]));
}

#[test]
fn every_later_enter_returns_the_same_stop_and_runs_nothing() {
    let kernel = kernel();
    let first = kernel.enter(|kernel| kernel.bug_check(BugCheckCode::of_driver(1), [0; 4]));
    kernel.bug_check(BugCheckCode::of_driver(2), [0; 4]);
    let second = kernel.enter(|_| unreachable!("a frozen kernel runs nothing"));
    assert_eq!(first, second);
    assert_eq!(kernel.stopped(), first.err());
}

#[test]
fn an_enter_inside_an_enter_is_a_plain_call() {
    let kernel = kernel();
    let result = kernel.enter(|kernel| {
        let inner = kernel.enter(|kernel| kernel.bug_check(BugCheckCode::of_driver(1), [0; 4]));
        unreachable!("the stop ends the outermost enter, not {inner:?}")
    });
    let code: (u32, u64) = bug_check::<()>(result);
    assert_eq!(code.0, 1);
}

#[test]
fn a_stop_outside_enter_freezes_without_unwinding() {
    let kernel = kernel();
    kernel.hang("nothing");
    assert!(kernel.is_frozen());
    assert!(hang::<()>(kernel.enter(|_| ())).contains("nothing"));
}

#[test]
fn the_stop_is_the_last_word_of_the_trace() {
    let kernel = kernel();
    let result = kernel.enter(|kernel| kernel.raise_irql(Irql(2)).max(kernel.raise_irql(Irql(0))));
    let stop = result.expect_err("raised downwards");
    assert_eq!(last_note(&kernel.trace().log()), format!("stop: {stop}"));
}

#[test]
fn a_panic_of_a_driver_is_a_driver_failure_that_names_the_call_and_ends_the_trace() {
    let kernel = kernel();
    let result = kernel.enter(|kernel| {
        kernel.stall_us(3);
        kernel.call_driver_code("IMiniportMidi::Init", || panic!("no such register"));
    });
    let failure = Stop::DriverFailure {
        function: "IMiniportMidi::Init".to_owned(),
        message: "no such register".to_owned(),
        time_ns: 3_000,
    };
    assert_eq!(result, Err(failure.clone()));
    assert_eq!(last_note(&kernel.trace().log()), format!("stop: {failure}"));
}

#[test]
fn a_stop_inside_driver_code_is_no_driver_failure() {
    let result = kernel().enter(|kernel| {
        kernel.call_driver_code("Init", || kernel.bug_check(BugCheckCode::of_driver(5), [0; 4]));
    });
    assert_eq!(bug_check(result), (5, 0));
}

#[test]
#[should_panic(expected = "our own bug")]
fn a_panic_outside_driver_code_passes_through() {
    let _ = kernel().enter(|_| panic!("our own bug"));
}

#[test]
fn whoever_observes_a_stop_is_told_once_in_order_while_the_frames_of_the_driver_stand() {
    let kernel = kernel();
    let told = Rc::new(RefCell::new(Vec::new()));
    let in_driver = Rc::new(Cell::new(false));
    let (log, frame) = (Rc::clone(&told), Rc::clone(&in_driver));
    kernel.observe_stop(Rc::new(move |kernel, stop| {
        log.borrow_mut().push((1, stop.clone(), kernel.is_frozen(), frame.get()));
        kernel.abandon();
    }));
    let log = Rc::clone(&told);
    kernel.observe_stop(Rc::new(move |kernel, stop| {
        log.borrow_mut().push((2, stop.clone(), kernel.is_frozen(), true));
    }));
    let result = kernel.enter(|kernel| {
        let frame = Frame(Rc::clone(&in_driver));
        frame.0.set(true);
        kernel.bug_check(BugCheckCode::of_driver(5), [0; 4]);
    });
    assert_eq!(bug_check(result.clone()), (5, 0));
    let stop = result.unwrap_err();
    assert_eq!(*told.borrow(), [(1, stop.clone(), true, true), (2, stop, true, true)]);
    assert!(!in_driver.get(), "the frame was unwound");
}

/// A frame of a driver. The frame clears its flag when it is dropped.
struct Frame(Rc<Cell<bool>>);

impl Drop for Frame {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

#[test]
fn an_abandoned_run_unwinds_and_says_so() {
    let result: Result<(), Stop> = kernel().enter(|kernel| {
        kernel.stall_us(3);
        kernel.abandon();
        unreachable!("the run was given up");
    });
    assert_eq!(result, Err(Stop::Abandoned { time_ns: 3_000 }));
}

#[test]
fn the_time_limit_stops_the_run_at_its_time() {
    let kernel = Kernel::new(KernelConfig { until_ns: Some(5_500), ..Default::default() });
    let result = kernel.enter(|kernel| kernel.run_until(1_000_000));
    assert_eq!(result, Err(Stop::TimeLimit { time_ns: 5_500 }));
}

#[test]
fn no_run_is_longer_than_the_longest_run() {
    for until_ns in [None, Some(LONGEST_RUN_NS + 1)] {
        let kernel = Kernel::new(KernelConfig { until_ns, ..Default::default() });
        let result = kernel.enter(|kernel| kernel.run_until(u64::MAX - 1));
        assert_eq!(result, Err(Stop::TimeLimit { time_ns: LONGEST_RUN_NS }));
    }
}

#[test]
fn the_time_limit_is_reached_inside_a_poll_loop_too() {
    let kernel = Kernel::new(KernelConfig { until_ns: Some(5_500), ..Default::default() });
    let result: Result<(), Stop> = kernel.enter(|kernel| {
        loop {
            let _ = kernel.read_port_u8(PORT);
        }
    });
    assert_eq!(result, Err(Stop::TimeLimit { time_ns: 5_500 }));
    assert_eq!(kernel.counters().port_reads, 5);
}

#[test]
fn an_access_during_which_the_machine_stops_does_not_reach_the_device() {
    let kernel = Kernel::new(KernelConfig { until_ns: Some(1_500), ..Default::default() });
    kernel.attach_device(PORT, 2, None, Bell::ringing_at(&[]));
    kernel.write_port_u8(PORT, 1);
    kernel.write_port_u8(PORT, 1);
    assert!(kernel.is_frozen());
    assert_eq!(kernel.counters().port_writes, 1);
    let end = kernel.trace().log().events().last().expect("the stop").time_ns;
    assert_eq!(end, 1_500);
}

/// An object that calls many routines of the kernel when it is dropped, as a careless destructor
/// might do.
struct Careless(Kernel);

impl Drop for Careless {
    fn drop(&mut self) {
        let kernel = &self.0;
        let old = kernel.raise_irql(Irql::HIGH_LEVEL);
        kernel.lower_irql(old);
        kernel.lower_irql(Irql::HIGH_LEVEL);
        kernel.raise_irql(Irql::PASSIVE_LEVEL);
        kernel.write_port_u8(PORT, 0xFF);
        assert_eq!(kernel.read_port_u16(PORT), 0xFFFF);
        kernel.stall_us(10);
        let lock = SpinLock::new();
        let old = kernel.acquire_spin_lock(&lock);
        kernel.release_spin_lock(&lock, old);
        kernel.release_spin_lock(&lock, old);
        let dpc = Dpc::new(kernel, "late", Rc::new(|_| unreachable!("nothing runs any more")));
        assert!(!kernel.insert_queue_dpc(&dpc));
        assert!(!kernel.remove_queue_dpc(&dpc));
        kernel.flush_queued_dpcs();
        let timer = Timer::new(TimerKind::Notification);
        assert!(!kernel.set_timer(&timer, DueTime::Relative(0), 1, Some(&dpc)));
        assert!(!kernel.cancel_timer(&timer));
        let event = Event::new(EventKind::Notification, "late");
        assert!(!kernel.set_event(&event));
        let status = kernel.wait_for_single_object(&event, Timeout::Never);
        assert_eq!(status, NtStatus::UNSUCCESSFUL);
        kernel.delay_execution_thread(10);
        kernel.queue_work_item(&WorkItem::new(Rc::new(|_| unreachable!("nothing runs"))));
        assert_eq!(kernel.allocate_pool(PoolType::Paged, 1, TAG), None);
        let irp = Irp::new(Parameters::Close, None, Vec::new());
        kernel.complete_request(&irp);
        assert!(!kernel.cancel_request(&irp));
        kernel.bug_check(BugCheckCode::of_driver(0xBAD), [0; 4]);
        kernel.hang("a destructor");
        kernel.report_violation(&rules::IRQL_RETURN, "after the end");
        kernel.debug_print(format_args!("late"));
        kernel.run_until(u64::MAX);
        assert!(kernel.enter(|_| ()).is_err());
    }
}

#[test]
fn destructors_that_call_the_kernel_while_a_stop_unwinds_are_harmless() {
    let kernel = kernel();
    let result = kernel.enter(|kernel| {
        let _careless = Careless(kernel.clone());
        kernel.stall_us(5);
        kernel.bug_check(BugCheckCode::of_driver(7), [0; 4]);
    });
    assert_eq!(bug_check(result), (7, 0));
    assert_eq!(kernel.violation_count(), 0);
    let end = kernel.trace().log().events().last().expect("the stop").time_ns;
    assert_eq!(end, 5_000, "nothing was recorded after the stop");
}

#[test]
fn a_stop_in_a_destructor_while_the_drivers_panic_unwinds_does_not_abort() {
    struct BadDestructor(Kernel);
    impl Drop for BadDestructor {
        fn drop(&mut self) {
            self.0.raise_irql(Irql::DISPATCH_LEVEL);
            self.0.raise_irql(Irql::PASSIVE_LEVEL);
        }
    }
    let kernel = kernel();
    let result = kernel.enter(|kernel| {
        kernel.call_driver_code("Init", || {
            let _bad = BadDestructor(kernel.clone());
            panic!("first cause");
        });
    });
    assert!(
        matches!(&result, Err(Stop::DriverFailure { message, .. }) if message == "first cause")
    );
    assert_eq!(kernel.enter(|_| ()), result);
}

#[test]
fn a_destructor_that_polls_for_a_time_ends_on_a_frozen_kernel() {
    struct Polling(Kernel);
    impl Drop for Polling {
        fn drop(&mut self) {
            let end_ns = self.0.now_ns() + 50_000_000;
            while self.0.now_ns() < end_ns && self.0.read_port_u8(PORT) != 0 {
                self.0.stall_us(10);
            }
        }
    }
    let result = kernel().enter(|kernel| {
        let _polling = Polling(kernel.clone());
        kernel.bug_check(BugCheckCode::of_driver(7), [0; 4]);
    });
    assert_eq!(bug_check(result), (7, 0));
}

#[test]
fn driver_code_that_panics_after_the_stop_does_not_change_the_reason() {
    let kernel = kernel();
    kernel.hang("the first reason");
    let late = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        kernel.call_driver_code("Release", || panic!("too late"))
    }));
    assert!(late.is_err());
    assert!(hang::<()>(kernel.enter(|_| ())).contains("the first reason"));
}

#[test]
fn nothing_that_was_queued_runs_after_the_stop() {
    let (kernel, log) = (kernel(), Logbook::default());
    let book = log.clone();
    let dpc = Dpc::new(&kernel, "late", Rc::new(move |kernel| book.write(kernel, "dpc")));
    let book = log.clone();
    kernel.at(1_000, move |kernel| book.write(kernel, "callback"));
    let timer = Timer::new(TimerKind::Notification);
    kernel.set_timer(&timer, DueTime::Relative(10), 0, Some(&dpc));
    let _ = kernel.enter(|kernel| {
        kernel.raise_irql(Irql::DISPATCH_LEVEL);
        kernel.insert_queue_dpc(&dpc);
        kernel.bug_check(BugCheckCode::of_driver(7), [0; 4]);
    });
    kernel.lower_irql(Irql::PASSIVE_LEVEL);
    kernel.run_until(100_000_000);
    kernel.flush_queued_dpcs();
    assert!(log.words().is_empty());
}

#[test]
fn violations_are_kept_up_to_a_thousand_and_counted_beyond() {
    let kernel = kernel();
    for _ in 0..1_500 {
        kernel.report_violation(&rules::IRQL_RETURN, "again");
    }
    assert_eq!((kernel.violations().len(), kernel.violation_count()), (1_000, 1_500));
}

#[test]
fn a_debug_message_is_cut_at_512_bytes_and_loses_its_line_break() {
    let kernel = kernel();
    kernel.debug_print(format_args!("ready\r\n"));
    kernel.debug_print(format_args!("{}", "\u{e9}".repeat(300)));
    let log = kernel.trace().log();
    let texts: Vec<&str> = log
        .events()
        .filter_map(|timed| match timed.event {
            Fact::Note(text) => Some(log.text(text)),
            _ => None,
        })
        .collect();
    assert_eq!(texts[0], "ready");
    assert_eq!(texts[1].len(), 512);
}

#[test]
fn every_stop_reads_as_a_sentence() {
    let kernel = kernel();
    let result =
        kernel.enter(|kernel| kernel.bug_check(BugCheckCode::of_driver(0x44), [1, 2, 3, 0xA]));
    let text = result.expect_err("a bug check").to_string();
    assert!(text.starts_with("MULTIPLE_IRP_COMPLETE_REQUESTS (44), parameters 1 2 3 A"), "{text}");
    let limit = Stop::TimeLimit { time_ns: 12_034_000 };
    assert_eq!(limit.to_string(), "the time limit of 12.034 ms was reached");
}
