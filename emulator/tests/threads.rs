//! System threads: several wait at a time, and the waits end in any order.

mod fake;

use std::cell::Cell;
use std::rc::Rc;

use fake::{Logbook, bug_check, hang, kernel};
use portcls_emulator::trace::Event as Record;
use portcls_emulator::{
    DueTime, Event, EventKind, Irql, Kernel, Mutex, NtStatus, SYSTEM_THREADS, Step, Thread,
    Timeout, Timer, TimerKind, WaitSet, WaitType, Waitable, WorkItem,
};

/// One millisecond in the units of a time-out.
const MS_100NS: u64 = 10_000;
/// One millisecond in ns.
const MS: u64 = 1_000_000;

/// Returns a step of a thread in a test. The arguments are the kernel, the number of the step from
/// 0 on, and the status of the wait before the step.
type Steps = dyn Fn(&Kernel, u32, NtStatus) -> Step;

fn thread(kernel: &Kernel, name: &str, steps: Box<Steps>) -> Thread {
    let count = Cell::new(0);
    let body = move |kernel: &Kernel, status: NtStatus| {
        let step = count.replace(count.get() + 1);
        steps(kernel, step, status)
    };
    kernel.create_system_thread(name, Rc::new(body)).expect("there is room")
}

/// A thread that waits once for an object, writes its name and the status of the wait into the
/// logbook, and ends.
fn waiter(
    kernel: &Kernel,
    name: &'static str,
    object: Rc<dyn Waitable>,
    timeout: Timeout,
    log: &Logbook,
) -> Thread {
    let log = log.clone();
    thread(
        kernel,
        name,
        Box::new(move |kernel, step, status| match step {
            0 => Step::Waits(Rc::clone(&object), timeout),
            _ => {
                log.write(kernel, &format!("{name} {status}"));
                Step::Ends(NtStatus::SUCCESS)
            }
        }),
    )
}

fn event(name: &'static str) -> Event {
    Event::new(EventKind::Synchronization, name)
}

fn boxed(event: &Event) -> Rc<dyn Waitable> {
    Rc::new(event.clone())
}

#[test]
fn two_threads_wait_at_once_and_are_woken_in_either_order() {
    for [first, second] in [[0, 1], [1, 0]] {
        let (kernel, log) = (kernel(), Logbook::default());
        let events = [event("a"), event("b")];
        for (name, event) in ["a", "b"].into_iter().zip(&events) {
            waiter(&kernel, name, boxed(event), Timeout::Never, &log);
        }
        kernel.run_until(MS);
        kernel.set_event(&events[first]);
        kernel.run_until(2 * MS);
        kernel.set_event(&events[second]);
        kernel.run_until(3 * MS);
        let expected = [first, second].map(|index| format!("{} STATUS_SUCCESS", ["a", "b"][index]));
        assert_eq!(log.words(), expected);
    }
}

#[test]
fn a_wait_ends_at_the_first_clock_interrupt_after_its_time() {
    let (kernel, log) = (kernel(), Logbook::default());
    waiter(&kernel, "late", boxed(&event("x")), Timeout::Relative(2 * MS_100NS + 1), &log);
    kernel.run_until(10 * MS);
    assert_eq!(
        (log.words(), log.times_ns()),
        (vec!["late STATUS_TIMEOUT".to_owned()], vec![3 * MS])
    );
}

#[test]
fn a_wait_that_got_its_object_leaves_no_deadline_behind() {
    let (kernel, log) = (kernel(), Logbook::default());
    let wanted = event("x");
    waiter(&kernel, "soon", boxed(&wanted), Timeout::Relative(50 * MS_100NS), &log);
    kernel.run_until(MS);
    kernel.set_event(&wanted);
    kernel.run_until(u64::MAX);
    assert_eq!((log.words().len(), kernel.now_ns()), (1, MS));
}

#[test]
fn a_thread_waits_for_the_end_of_another() {
    let (kernel, log) = (kernel(), Logbook::default());
    let sleeper = thread(
        &kernel,
        "sleeper",
        Box::new(|_, step, _| match step {
            0 => Step::Delays(5 * MS_100NS),
            _ => Step::Ends(NtStatus::TIMEOUT),
        }),
    );
    waiter(&kernel, "joiner", Rc::new(sleeper.clone()), Timeout::Never, &log);
    assert_eq!(sleeper.exit_status(), None);
    assert_eq!(kernel.wait_for_single_object(&sleeper, Timeout::Never), NtStatus::SUCCESS);
    kernel.run_until(6 * MS);
    assert_eq!(
        (log.words(), log.times_ns()),
        (vec!["joiner STATUS_SUCCESS".to_owned()], vec![5 * MS])
    );
    assert_eq!(sleeper.exit_status(), Some(NtStatus::TIMEOUT));
}

#[test]
fn the_thread_that_waited_longest_gets_the_object_first() {
    let (kernel, log) = (kernel(), Logbook::default());
    let wanted = event("x");
    for name in ["first", "second"] {
        waiter(&kernel, name, boxed(&wanted), Timeout::Never, &log);
    }
    kernel.run_until(MS);
    kernel.set_event(&wanted);
    kernel.run_until(2 * MS);
    assert_eq!(log.words(), ["first STATUS_SUCCESS"]);
}

#[test]
fn an_event_that_is_set_and_cleared_at_once_wakes_all_that_wait_for_it() {
    let (kernel, log) = (kernel(), Logbook::default());
    let pulse = Event::new(EventKind::Notification, "pulse");
    for name in ["first", "second"] {
        waiter(&kernel, name, boxed(&pulse), Timeout::Never, &log);
    }
    kernel.run_until(MS);
    kernel.set_event(&pulse);
    kernel.reset_event(&pulse);
    kernel.run_until(2 * MS);
    assert_eq!(log.words(), ["first STATUS_SUCCESS", "second STATUS_SUCCESS"]);
}

#[test]
fn of_the_ready_threads_one_with_the_highest_priority_goes_on_first() {
    let (kernel, log) = (kernel(), Logbook::default());
    for (name, priority) in [("low", 4), ("high", 16), ("normal", 0), ("higher", 99)] {
        let log = log.clone();
        let body = move |kernel: &Kernel, _: NtStatus| {
            log.write(kernel, name);
            Step::Ends(NtStatus::SUCCESS)
        };
        let made = kernel.create_system_thread(name, Rc::new(body)).expect("there is room");
        if priority != 0 {
            assert_eq!(kernel.set_thread_priority(&made, priority), 8);
        }
        assert_eq!(made.priority(), [8, priority.clamp(1, 31)][usize::from(priority != 0)]);
    }
    kernel.run_until(MS);
    assert_eq!(log.words(), ["higher", "high", "normal", "low"]);
}

#[test]
fn a_thread_waits_for_the_first_of_several_objects_or_for_all() {
    let (kernel, log) = (kernel(), Logbook::default());
    let events = [event("a"), event("b")];
    let set = |kind| Rc::new(WaitSet::new(events.iter().map(boxed).collect(), kind));
    waiter(&kernel, "any", set(WaitType::Any), Timeout::Never, &log);
    waiter(&kernel, "all", set(WaitType::All), Timeout::Never, &log);
    kernel.run_until(MS);
    kernel.set_event(&events[1]);
    kernel.run_until(2 * MS);
    assert_eq!(log.words(), [format!("any {}", NtStatus(1))]);
    kernel.set_event(&events[0]);
    kernel.run_until(3 * MS);
    assert!(events[0].is_signalled(), "a wait for all takes none before all are signalled");
    kernel.set_event(&events[1]);
    kernel.run_until(4 * MS);
    assert_eq!(log.words()[1], "all STATUS_SUCCESS");
    assert!(!events[0].is_signalled() && !events[1].is_signalled());
}

#[test]
fn the_event_loop_waits_for_several_objects_too() {
    let kernel = kernel();
    let timer = Timer::new(TimerKind::Notification);
    kernel.set_timer(&timer, DueTime::Relative(MS_100NS), 0, None);
    let objects = || vec![boxed(&event("never")), Rc::new(timer.clone()) as Rc<dyn Waitable>];
    let any = WaitSet::new(objects(), WaitType::Any);
    assert_eq!(kernel.wait_for_multiple_objects(&any, Timeout::Never), NtStatus(1));
    let all = WaitSet::new(objects(), WaitType::All);
    let limit = Timeout::Relative(MS_100NS);
    assert_eq!(kernel.wait_for_multiple_objects(&all, limit), NtStatus::TIMEOUT);
}

#[test]
fn the_thread_that_waits_gets_the_mutex_and_not_the_thread_that_released_it() {
    let kernel = kernel();
    let (mutex, log) = (Mutex::new(&kernel), Logbook::default());
    kernel.wait_for_single_object(&mutex, Timeout::Never);
    let (wanted, book) = (mutex.clone(), log.clone());
    thread(
        &kernel,
        "owner",
        Box::new(move |kernel, step, _| match step {
            0 => Step::Waits(Rc::new(wanted.clone()), Timeout::Never),
            _ => {
                book.write(kernel, "has it");
                assert!(!kernel.release_mutex(&wanted));
                Step::Ends(NtStatus::SUCCESS)
            }
        }),
    );
    kernel.run_until(MS);
    assert!(!kernel.release_mutex(&mutex) && !mutex.is_free());
    let look = kernel.wait_for_single_object(&mutex, Timeout::Relative(0));
    assert_eq!((look, log.words().len()), (NtStatus::TIMEOUT, 0));
    kernel.run_until(2 * MS);
    assert_eq!((log.words(), mutex.is_free()), (vec!["has it".to_owned()], true));
}

#[test]
fn a_thread_knows_itself_also_below_a_work_item() {
    let (kernel, log) = (kernel(), Logbook::default());
    let book = log.clone();
    let item = WorkItem::new(Rc::new(move |kernel: &Kernel| {
        let thread = kernel.current_system_thread().map(|thread| thread.number());
        book.write(kernel, &format!("{}: {thread:?}", kernel.running()));
    }));
    let book = log.clone();
    let made = thread(
        &kernel,
        "waits inside",
        Box::new(move |kernel, _, _| {
            kernel.queue_work_item(&item);
            kernel.delay_execution_thread(MS_100NS);
            let thread = kernel.current_system_thread().map(|thread| thread.number());
            book.write(kernel, &format!("{}: {thread:?}", kernel.running()));
            Step::Ends(NtStatus::SUCCESS)
        }),
    );
    kernel.run_until(5 * MS);
    assert_eq!(log.words(), ["a work item: None", "system thread 1: Some(1)"]);
    assert_eq!(
        (made.exit_status(), kernel.current_system_thread().is_none()),
        (Some(NtStatus::SUCCESS), true)
    );
}

#[test]
fn the_report_of_a_hang_tells_which_threads_wait_for_what() {
    let kernel = kernel();
    let result = kernel.enter(|kernel| {
        let log = Logbook::default();
        let set = WaitSet::new(vec![boxed(&event("stop")), boxed(&event("work"))], WaitType::Any);
        let made = waiter(kernel, "worker", Rc::new(set), Timeout::Never, &log);
        kernel.wait_for_single_object(&made, Timeout::Never);
    });
    let expected = "the end of system thread 1; system thread 1 'worker' waits for one of the \
                    event 'stop' or the event 'work'";
    assert_eq!(hang(result), expected);
    let queues = kernel.inspect_queues();
    let told = "1 'worker', priority 8: waits for one of the event 'stop' or the event 'work', \
                since 0.000 us";
    assert_eq!(queues.value("threads"), Some(told));
}

#[test]
fn a_thread_that_waits_at_dispatch_level_is_bug_check_b8() {
    let result = kernel().enter(|kernel| {
        let body = |kernel: &Kernel, _: NtStatus| {
            kernel.raise_irql(Irql::DISPATCH_LEVEL);
            Step::Delays(MS_100NS)
        };
        kernel.create_system_thread("high", Rc::new(body)).expect("there is room");
        kernel.run_until(MS);
    });
    assert_eq!(bug_check(result).0, 0xB8);
}

#[test]
fn a_thread_that_ends_at_a_raised_level_breaks_a_rule() {
    let kernel = kernel();
    let body = |kernel: &Kernel, _: NtStatus| {
        kernel.raise_irql(Irql::APC_LEVEL);
        Step::Ends(NtStatus::SUCCESS)
    };
    kernel.create_system_thread("high", Rc::new(body)).expect("there is room");
    kernel.run_until(MS);
    assert_eq!((kernel.violation_count(), kernel.current_irql()), (1, Irql::PASSIVE_LEVEL));
}

#[test]
fn a_thread_goes_on_at_the_level_at_which_it_waited() {
    let (kernel, log) = (kernel(), Logbook::default());
    let book = log.clone();
    thread(
        &kernel,
        "apc",
        Box::new(move |kernel, step, _| {
            if step == 0 {
                kernel.raise_irql(Irql::APC_LEVEL);
                return Step::Delays(MS_100NS);
            }
            book.write(kernel, &kernel.current_irql().to_string());
            kernel.lower_irql(Irql::PASSIVE_LEVEL);
            Step::Ends(NtStatus::SUCCESS)
        }),
    );
    kernel.run_until(500_000);
    assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
    kernel.run_until(3 * MS);
    assert_eq!(log.words(), ["APC_LEVEL"]);
    assert_eq!(kernel.violation_count(), 0);
}

#[test]
fn threads_that_wake_each_other_and_take_no_time_are_a_hang() {
    let result = kernel().enter(|kernel| {
        let events = [event("a"), event("b")];
        for index in [0, 1] {
            let events = events.clone();
            let body = move |kernel: &Kernel, _: NtStatus| {
                kernel.set_event(&events[1 - index]);
                Step::Waits(boxed(&events[index]), Timeout::Never)
            };
            kernel.create_system_thread("one of two", Rc::new(body)).expect("there is room");
        }
        kernel.run_until(MS);
    });
    assert!(hang(result).contains("a system thread wakes for ever"));
}

#[test]
fn the_number_of_threads_has_a_limit_and_an_ended_thread_makes_room() {
    let kernel = kernel();
    let body: Rc<dyn portcls_emulator::ThreadBody> =
        Rc::new(|_: &Kernel, _: NtStatus| Step::Ends(NtStatus::SUCCESS));
    for number in 1..=SYSTEM_THREADS {
        let made = kernel.create_system_thread("many", Rc::clone(&body)).expect("there is room");
        assert_eq!(made.number(), number);
    }
    let refused = kernel.create_system_thread("one more", Rc::clone(&body)).err();
    assert_eq!(refused, Some(NtStatus::INSUFFICIENT_RESOURCES));
    kernel.run_until(MS);
    let made = kernel.create_system_thread("again", body).expect("there is room");
    assert_eq!(made.number(), 1);
}

#[test]
fn the_trace_tells_of_the_beginning_and_the_end_of_a_thread() {
    let kernel = kernel();
    thread(&kernel, "short", Box::new(|_, _, _| Step::Ends(NtStatus::SUCCESS)));
    kernel.run_until(MS);
    let log = kernel.trace().log();
    let notes = log.events().filter_map(|timed| match timed.event {
        Record::Note(text) => Some(log.text(text)),
        _ => None,
    });
    let expected = [
        "system thread 1 'short' was created",
        "system thread 1 'short' ended with STATUS_SUCCESS",
    ];
    assert_eq!(notes.collect::<Vec<_>>(), expected);
}

#[test]
fn a_kernel_that_ends_lets_go_of_threads_that_wait_for_each_other() {
    let kernel = kernel();
    let kept = Rc::new(());
    let held = Rc::clone(&kept);
    let (own, log) = (kernel.clone(), Logbook::default());
    let first = thread(
        &kernel,
        "first",
        Box::new(move |_, _, _| {
            let _ = (&held, &own);
            Step::Waits(boxed(&event("never")), Timeout::Never)
        }),
    );
    waiter(&kernel, "second", Rc::new(first), Timeout::Never, &log);
    kernel.run_until(MS);
    kernel.end();
    assert_eq!(Rc::strong_count(&kept), 1);
}
