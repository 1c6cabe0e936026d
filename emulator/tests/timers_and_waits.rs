//! Timers, events, waits and work items.

mod fake;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use fake::{Logbook, PORT, bell_on_line, bug_check, connect, hang, kernel};
use portcls_emulator::{
    Claim, Dpc, DueTime, Event, EventKind, Irql, Kernel, KernelConfig, NtStatus, Progress, Stop,
    Timeout, Timer, TimerKind, TriggerMode, WorkItem,
};

/// One millisecond in the units of a due time.
const MS_100NS: u64 = 10_000;
/// One millisecond in ns.
const MS: u64 = 1_000_000;

fn writing_dpc(kernel: &Kernel, log: &Logbook) -> Dpc {
    let log = log.clone();
    Dpc::new(kernel, "timer", Rc::new(move |kernel| log.write(kernel, "dpc")))
}

fn set(kernel: &Kernel, timer: &Timer, due_100ns: u64, period_ms: u32, log: &Logbook) -> bool {
    let dpc = writing_dpc(kernel, log);
    kernel.set_timer(timer, DueTime::Relative(due_100ns), period_ms, Some(&dpc))
}

#[test]
fn a_one_shot_timer_queues_its_dpc_once() {
    let (kernel, log) = (kernel(), Logbook::default());
    let timer = Timer::new(TimerKind::Notification);
    assert!(!set(&kernel, &timer, 5 * MS_100NS, 0, &log));
    assert!(timer.is_set());
    kernel.run_until(100 * MS);
    assert_eq!(log.times_ns(), [5 * MS]);
    assert!(!timer.is_set());
}

#[test]
fn a_timer_expires_at_the_first_clock_interrupt_at_or_after_its_time() {
    let (kernel, log) = (kernel(), Logbook::default());
    let timer = Timer::new(TimerKind::Notification);
    set(&kernel, &timer, 5 * MS_100NS + 1, 0, &log);
    kernel.run_until(100 * MS);
    assert_eq!(log.times_ns(), [6 * MS]);
}

#[test]
fn a_periodic_timer_keeps_its_phase_between_the_clock_interrupts() {
    let kernel = Kernel::new(KernelConfig { clock_interval_ns: 10 * MS, ..Default::default() });
    let log = Logbook::default();
    let timer = Timer::new(TimerKind::Synchronization);
    set(&kernel, &timer, 25 * MS_100NS, 25, &log);
    kernel.run_until(129 * MS);
    assert_eq!(log.times_ns(), [30 * MS, 50 * MS, 80 * MS, 100 * MS]);
    assert!(timer.is_set());
}

#[test]
fn a_period_shorter_than_the_clock_interval_expires_once_a_clock_interrupt() {
    let kernel = Kernel::new(KernelConfig { clock_interval_ns: 10 * MS, ..Default::default() });
    let log = Logbook::default();
    let timer = Timer::new(TimerKind::Notification);
    set(&kernel, &timer, MS_100NS, 3, &log);
    kernel.run_until(45 * MS);
    assert_eq!(log.times_ns(), [10 * MS, 20 * MS, 30 * MS, 40 * MS]);
}

#[test]
fn a_cancelled_timer_does_not_expire() {
    let (kernel, log) = (kernel(), Logbook::default());
    let timer = Timer::new(TimerKind::Notification);
    set(&kernel, &timer, 5 * MS_100NS, 0, &log);
    assert!(kernel.cancel_timer(&timer));
    assert!(!kernel.cancel_timer(&timer));
    kernel.run_until(100 * MS);
    assert!(log.words().is_empty());
    assert_eq!(kernel.turn(u64::MAX), Progress::Idle, "no stale deadline keeps the machine busy");
}

#[test]
fn a_timer_that_is_set_again_forgets_its_old_time() {
    let (kernel, log) = (kernel(), Logbook::default());
    let timer = Timer::new(TimerKind::Notification);
    set(&kernel, &timer, 5 * MS_100NS, 0, &log);
    assert!(set(&kernel, &timer, 20 * MS_100NS, 0, &log), "it was set already");
    kernel.run_until(10 * MS);
    assert!(set(&kernel, &timer, 3 * MS_100NS, 0, &log));
    kernel.run_until(100 * MS);
    assert_eq!(log.times_ns(), [13 * MS]);
}

#[test]
fn a_timer_cancelled_and_set_again_at_once_expires_at_the_new_time_only() {
    let (kernel, log) = (kernel(), Logbook::default());
    let timer = Timer::new(TimerKind::Notification);
    set(&kernel, &timer, 5 * MS_100NS, 5, &log);
    kernel.cancel_timer(&timer);
    set(&kernel, &timer, 7 * MS_100NS, 0, &log);
    kernel.run_until(100 * MS);
    assert_eq!(log.times_ns(), [7 * MS]);
}

#[test]
fn deadlines_of_timers_that_were_set_anew_do_not_pile_up() {
    let kernel = kernel();
    let routine: Rc<dyn Fn(&Kernel)> = Rc::new(|_| ());
    for _ in 0..10_000 {
        let dpc = Dpc::new(&kernel, "far", Rc::clone(&routine));
        let timer = Timer::new(TimerKind::Notification);
        kernel.set_timer(&timer, DueTime::Relative(u64::MAX / 1_000), 0, Some(&dpc));
        kernel.cancel_timer(&timer);
    }
    assert!(Rc::strong_count(&routine) < 1_000, "{} are held", Rc::strong_count(&routine));
}

#[test]
fn an_absolute_due_time_is_a_system_time() {
    let (kernel, log) = (kernel(), Logbook::default());
    kernel.stall_us(2_000);
    let timer = Timer::new(TimerKind::Notification);
    let dpc = writing_dpc(&kernel, &log);
    let due = DueTime::Absolute(kernel.system_time_100ns() + 3 * MS_100NS);
    kernel.set_timer(&timer, due, 0, Some(&dpc));
    kernel.run_until(100 * MS);
    assert_eq!(log.times_ns(), [5 * MS]);
}

#[test]
fn an_absolute_due_time_in_the_past_expires_at_the_next_clock_interrupt() {
    let (kernel, log) = (kernel(), Logbook::default());
    kernel.stall_us(2_500);
    let timer = Timer::new(TimerKind::Notification);
    let dpc = writing_dpc(&kernel, &log);
    kernel.set_timer(&timer, DueTime::Absolute(1), 0, Some(&dpc));
    kernel.run_until(100 * MS);
    assert_eq!(log.times_ns(), [3 * MS]);
}

#[test]
fn setting_a_timer_above_dispatch_level_is_a_violation() {
    let kernel = kernel();
    kernel.raise_irql(Irql::of_line(9));
    let timer = Timer::new(TimerKind::Notification);
    kernel.set_timer(&timer, DueTime::Relative(1), 0, None);
    kernel.cancel_timer(&timer);
    assert_eq!(kernel.violation_count(), 2);
}

#[test]
fn a_notification_timer_stays_signalled_and_a_synchronization_timer_ends_one_wait() {
    for (kind, second) in [
        (TimerKind::Notification, NtStatus::SUCCESS),
        (TimerKind::Synchronization, NtStatus::TIMEOUT),
    ] {
        let kernel = kernel();
        let timer = Timer::new(kind);
        kernel.set_timer(&timer, DueTime::Relative(MS_100NS), 0, None);
        assert_eq!(kernel.wait_for_single_object(&timer, Timeout::Never), NtStatus::SUCCESS);
        assert_eq!(kernel.wait_for_single_object(&timer, Timeout::Relative(0)), second);
    }
}

#[test]
fn a_wait_ends_when_the_dpc_of_an_interrupt_sets_its_event() {
    let kernel = kernel();
    bell_on_line(&kernel, 9, TriggerMode::Latched, &[5_000]);
    let done = Event::new(EventKind::Synchronization, "done");
    let setter = done.clone();
    let dpc = Dpc::new(
        &kernel,
        "set",
        Rc::new(move |kernel| {
            kernel.set_event(&setter);
        }),
    );
    let routine = Rc::new(move |kernel: &Kernel| {
        let _ = kernel.read_port_u8(PORT);
        kernel.insert_queue_dpc(&dpc);
        Claim::Mine
    });
    connect(&kernel, 9, TriggerMode::Latched, routine);
    assert_eq!(kernel.wait_for_single_object(&done, Timeout::Never), NtStatus::SUCCESS);
    assert_eq!(kernel.now_ns(), 6_000);
    assert!(!done.is_signalled(), "the wait took it");
}

#[test]
fn a_wait_times_out_at_its_time() {
    let kernel = kernel();
    let never = Event::new(EventKind::Notification, "never");
    let status = kernel.wait_for_single_object(&never, Timeout::Relative(3 * MS_100NS));
    assert_eq!((status, kernel.now_ns()), (NtStatus::TIMEOUT, 3 * MS));
}

#[test]
fn an_event_set_again_tells_that_it_was_signalled_and_reset_takes_it_away() {
    let kernel = kernel();
    let event = Event::new(EventKind::Notification, "event");
    assert!(!kernel.set_event(&event));
    assert!(kernel.set_event(&event));
    assert!(kernel.reset_event(&event));
    assert!(!kernel.reset_event(&event));
}

#[test]
fn a_wait_at_dispatch_level_is_bug_check_b8() {
    let result = kernel().enter(|kernel| {
        kernel.raise_irql(Irql::DISPATCH_LEVEL);
        let event = Event::new(EventKind::Notification, "event");
        kernel.wait_for_single_object(&event, Timeout::Relative(1))
    });
    assert_eq!(bug_check(result).0, 0xB8);
}

#[test]
fn a_delay_at_dispatch_level_is_bug_check_b8() {
    let result = kernel().enter(|kernel| {
        kernel.raise_irql(Irql::DISPATCH_LEVEL);
        kernel.delay_execution_thread(1);
    });
    assert_eq!(bug_check(result).0, 0xB8);
}

#[test]
fn looking_with_a_zero_timeout_is_allowed_at_dispatch_level() {
    let kernel = kernel();
    let event = Event::new(EventKind::Synchronization, "event");
    let result = kernel.enter(|kernel| {
        kernel.raise_irql(Irql::DISPATCH_LEVEL);
        let before = kernel.wait_for_single_object(&event, Timeout::Relative(0));
        kernel.set_event(&event);
        (before, kernel.wait_for_single_object(&event, Timeout::Relative(0)))
    });
    assert_eq!(result, Ok((NtStatus::TIMEOUT, NtStatus::SUCCESS)));
}

#[test]
fn a_wait_that_nothing_can_end_is_a_hang_that_names_the_object() {
    let result = kernel().enter(|kernel| {
        let event = Event::new(EventKind::Notification, "reset acknowledged");
        kernel.wait_for_single_object(&event, Timeout::Never)
    });
    assert_eq!(hang(result), "the event 'reset acknowledged'");
}

#[test]
fn a_wait_beside_a_timer_that_never_helps_is_a_hang_after_the_longest_wait() {
    let kernel = Kernel::new(KernelConfig { longest_wait_ns: 5 * MS, ..Default::default() });
    let result = kernel.enter(|kernel| {
        let timer = Timer::new(TimerKind::Notification);
        kernel.set_timer(&timer, DueTime::Relative(MS_100NS), 1, None);
        let event = Event::new(EventKind::Notification, "never");
        kernel.wait_for_single_object(&event, Timeout::Never)
    });
    let Err(stop @ Stop::Hang(_)) = result else { panic!("{result:?}") };
    assert_eq!(stop.time_ns(), 5 * MS);
    assert_eq!(
        stop.to_string(),
        "hang: the wait for the event 'never' passed 5 ms, the limit of a wait without a time-out"
    );
}

#[test]
fn a_work_item_runs_while_the_thread_waits_and_may_wait_itself() {
    let (kernel, log) = (kernel(), Logbook::default());
    let outer = Event::new(EventKind::Notification, "outer");
    let (book, end) = (log.clone(), outer.clone());
    let item = WorkItem::new(Rc::new(move |kernel| {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        book.write(kernel, "item begins");
        kernel.set_event(&end);
        kernel.delay_execution_thread(5 * MS_100NS);
        book.write(kernel, "item ends");
    }));
    kernel.queue_work_item(&item);
    kernel.wait_for_single_object(&outer, Timeout::Never);
    log.write(&kernel, "thread");
    assert_eq!(log.words(), ["item begins", "item ends", "thread"], "last in, first out");
    assert_eq!(log.times_ns(), [0, 5 * MS, 5 * MS]);
}

#[test]
fn a_work_item_ends_the_wait_of_a_thread_at_apc_level() {
    let result = kernel().enter(|kernel| {
        let done = Event::new(EventKind::Notification, "done");
        let setter = done.clone();
        let item = WorkItem::new(Rc::new(move |kernel| {
            assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
            kernel.set_event(&setter);
        }));
        kernel.queue_work_item(&item);
        kernel.raise_irql(Irql::APC_LEVEL);
        let status = kernel.wait_for_single_object(&done, Timeout::Never);
        (status, kernel.current_irql())
    });
    assert_eq!(result, Ok((NtStatus::SUCCESS, Irql::APC_LEVEL)));
}

#[test]
fn a_work_item_that_returns_at_another_irql_is_a_violation_and_the_thread_goes_on() {
    let kernel = kernel();
    let item = WorkItem::new(Rc::new(|kernel| {
        kernel.raise_irql(Irql::DISPATCH_LEVEL);
    }));
    kernel.queue_work_item(&item);
    kernel.run_until(MS);
    assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
    assert_eq!(kernel.violations()[0].rule.id, "IrqlReturn");
}

#[test]
fn a_work_item_queued_twice_is_a_violation_and_runs_once() {
    let (kernel, log) = (kernel(), Logbook::default());
    let book = log.clone();
    let item = WorkItem::new(Rc::new(move |kernel| book.write(kernel, "item")));
    kernel.queue_work_item(&item);
    kernel.queue_work_item(&item);
    kernel.run_until(MS);
    assert_eq!((log.count("item"), kernel.violation_count()), (1, 1));
}

/// A work item that queues itself again each time it has run.
fn endless_item(work: impl Fn(&Kernel) + 'static) -> WorkItem {
    let own: Rc<RefCell<Option<WorkItem>>> = Rc::default();
    let inside = Rc::clone(&own);
    let item = WorkItem::new(Rc::new(move |kernel| {
        work(kernel);
        kernel.queue_work_item(&inside.borrow().clone().expect("set before the first run"));
    }));
    *own.borrow_mut() = Some(item.clone());
    item
}

#[test]
fn a_work_item_that_queues_itself_and_takes_time_does_not_hold_the_clock() {
    let kernel = kernel();
    let result = kernel.enter(|kernel| {
        kernel.queue_work_item(&endless_item(|kernel| kernel.stall_us(1)));
        kernel.run_until(MS);
    });
    assert_eq!((result, kernel.now_ns()), (Ok(()), MS));
}

#[test]
fn a_work_item_that_queues_itself_and_takes_no_time_is_a_hang() {
    let result = kernel().enter(|kernel| {
        kernel.queue_work_item(&endless_item(|_| ()));
        kernel.run_until(MS);
    });
    assert!(hang(result).contains("work item"));
}

#[test]
fn sixty_five_waits_on_each_other_are_a_hang() {
    fn nest(kernel: &Kernel, left: Rc<Cell<u32>>) {
        left.set(left.get() - 1);
        let event = Event::new(EventKind::Notification, "deep");
        if left.get() > 0 {
            let item = WorkItem::new(Rc::new(move |kernel| nest(kernel, Rc::clone(&left))));
            kernel.queue_work_item(&item);
        }
        kernel.wait_for_single_object(&event, Timeout::Relative(MS_100NS));
    }
    let fits = kernel().enter(|kernel| nest(kernel, Rc::new(Cell::new(64))));
    assert_eq!(fits, Ok(()));
    let deep = kernel().enter(|kernel| nest(kernel, Rc::new(Cell::new(65))));
    assert!(hang(deep).contains("64 waits stand on each other"));
}

#[test]
fn the_report_of_a_nested_hang_says_that_outer_waits_stand_below_it() {
    let result = kernel().enter(|kernel| {
        let outer = Event::new(EventKind::Notification, "outer");
        let item = WorkItem::new(Rc::new(|kernel: &Kernel| {
            let inner = Event::new(EventKind::Notification, "inner");
            kernel.wait_for_single_object(&inner, Timeout::Never);
        }));
        kernel.queue_work_item(&item);
        kernel.wait_for_single_object(&outer, Timeout::Never)
    });
    let words = hang(result);
    assert!(words.contains("inner") && words.contains("1 outer wait"), "{words}");
}
