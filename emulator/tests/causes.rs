//! Facts that say why something happened: DPCs, timers, waits, delays.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::trace::{
    DpcChange, Event, Level, TimedEvent, TimerChange, TraceLog, WaitEnd,
};
use portcls_emulator::{
    Dpc, DueTime, Event as KernelEvent, EventKind, Irql, Kernel, KernelConfig, NtStatus, Step,
    Timeout, Timer, TimerKind,
};

fn kernel() -> Kernel {
    Kernel::new(KernelConfig::default())
}

fn facts(kernel: &Kernel) -> Vec<(u64, Level, String)> {
    let log = kernel.trace().log();
    log.events().filter_map(|event| fact(&log, &event)).collect()
}

fn fact(log: &TraceLog, event: &TimedEvent) -> Option<(u64, Level, String)> {
    let words = match event.event {
        Event::Dpc { dpc, change } => format!("{} {change:?}", log.name(dpc)),
        Event::Timer { timer, change } => format!("{} {change:?}", log.name(timer)),
        Event::Wait { object, end, counted_ns } => {
            format!("{} {end:?} {counted_ns}", log.name(object))
        }
        Event::Delay { asked_ns, taken_ns } => format!("delay {asked_ns} {taken_ns}"),
        Event::Call { function, .. } => format!("call {}", log.name(function)),
        _ => return None,
    };
    Some((event.time_ns, event.level, words))
}

fn quiet(kernel: &Kernel, name: &str) -> Dpc {
    Dpc::new(kernel, name, Rc::new(|_| ()))
}

#[test]
fn a_dpc_tells_when_it_was_queued_found_queued_and_removed() {
    let kernel = kernel();
    let (first, second) = (quiet(&kernel, "first"), quiet(&kernel, "second"));
    let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
    kernel.insert_queue_dpc(&first);
    kernel.insert_queue_dpc(&first);
    kernel.insert_queue_dpc(&second);
    kernel.remove_queue_dpc(&second);
    kernel.remove_queue_dpc(&second);
    kernel.lower_irql(old);
    let at_dispatch = |words: &str| (0, Level::Dispatch, words.to_owned());
    let expected = [
        at_dispatch(&format!("first {:?}", DpcChange::Queued)),
        at_dispatch(&format!("first {:?}", DpcChange::AlreadyQueued)),
        at_dispatch(&format!("second {:?}", DpcChange::Queued)),
        at_dispatch(&format!("second {:?}", DpcChange::Removed)),
        at_dispatch("call first"),
    ];
    assert_eq!(facts(&kernel), expected);
}

#[test]
fn a_timer_tells_its_due_time_its_clock_interrupt_and_its_end() {
    let kernel = kernel();
    let tick = quiet(&kernel, "tick");
    let (timer, other) = (Timer::new(TimerKind::Notification), Timer::new(TimerKind::Notification));
    kernel.stall_us(400);
    kernel.set_timer(&timer, DueTime::Relative(5_000), 0, Some(&tick));
    kernel.set_timer(&other, DueTime::Relative(25_000), 0, None);
    kernel.run_until(2_000_000);
    kernel.cancel_timer(&other);
    kernel.cancel_timer(&other);
    let set = |due_in_ns, tick_in_ns| TimerChange::Set { due_in_ns, tick_in_ns };
    let expected = [
        (400_000, Level::Passive, format!("tick {:?}", set(500_000, 600_000))),
        (400_000, Level::Passive, format!("without a DPC {:?}", set(2_500_000, 2_600_000))),
        (1_000_000, Level::Hardware, format!("tick {:?}", TimerChange::Expired)),
        (1_000_000, Level::Dispatch, "call tick".to_owned()),
        (2_000_000, Level::Passive, format!("without a DPC {:?}", TimerChange::Cancelled)),
    ];
    assert_eq!(facts(&kernel), expected);
}

#[test]
fn a_wait_and_a_delay_tell_how_they_ended_and_a_look_is_no_wait() {
    let kernel = kernel();
    let event = KernelEvent::new(EventKind::Notification, "a bell");
    let timeout = Timeout::Relative(15_000);
    assert_eq!(kernel.wait_for_single_object(&event, timeout), NtStatus::TIMEOUT);
    kernel.stall_us(300);
    kernel.delay_execution_thread(9_000);
    let _ = kernel.wait_for_single_object(&event, Timeout::Relative(0));
    let setter = event.clone();
    kernel.at(5_000_000, move |kernel| {
        kernel.set_event(&setter);
    });
    assert_eq!(kernel.wait_for_single_object(&event, Timeout::Never), NtStatus::SUCCESS);
    let _ = kernel.wait_for_single_object(&event, Timeout::Never);
    let ends: Vec<_> =
        facts(&kernel).into_iter().map(|(time_ns, _, words)| (time_ns, words)).collect();
    let told = |end: WaitEnd, counted_ns: u64| format!("the event 'a bell' {end:?} {counted_ns}");
    let expected = [
        (2_000_000, told(WaitEnd::TimedOut, 2_000_000)),
        (4_000_000, "delay 900000 1700000".to_owned()),
        (5_000_000, told(WaitEnd::Over, 0)),
    ];
    assert_eq!(ends, expected);
}

#[test]
fn a_delay_of_a_system_thread_tells_how_long_it_was() {
    let kernel = kernel();
    let steps = Cell::new(0);
    let body = move |_: &Kernel, status: NtStatus| {
        assert_eq!(status, NtStatus::SUCCESS);
        match steps.replace(steps.get() + 1) {
            0 => Step::Delays(25_000),
            _ => Step::Ends(NtStatus::SUCCESS),
        }
    };
    kernel.create_system_thread("worker", Rc::new(body)).expect("a thread");
    kernel.run_until(10_000_000);
    let delay = (3_000_000, Level::Passive, "delay 2500000 3000000".to_owned());
    assert_eq!(facts(&kernel), [delay]);
}
