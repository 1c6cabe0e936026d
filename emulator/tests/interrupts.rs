//! Interrupt lines: edges, levels, sharing, storms, synchronisation.

mod fake;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use TriggerMode::{Latched, Level};
use fake::{
    Bell, Logbook, PORT, Switch, answering, bell_on_line, bug_check, connect, hang, kernel,
};
use portcls_emulator::trace::{self, Argument, Event, Layer, Regions, TraceConfig};
use portcls_emulator::{
    Claim, Interrupt, InterruptLine, Irql, Kernel, KernelConfig, LineState, NtStatus, Share,
    TriggerMode,
};

/// A second device's port.
const SECOND: u16 = 0x300;

fn wire(kernel: &Kernel, number: u8, trigger: TriggerMode) {
    kernel.wire_line(InterruptLine { number, trigger });
}

#[test]
fn a_level_line_calls_until_it_falls() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, Level, &[5_000, 5_000, 5_000]);
    connect(&kernel, 9, Level, answering(PORT, &log, "isr"));
    kernel.run_until(100_000);
    assert_eq!(log.times_ns(), [5_000, 6_000, 7_000]);
    assert_eq!(kernel.counters().interrupts, 3);
}

#[test]
fn a_latched_line_calls_once_an_edge_however_long_it_stays_up() {
    let (kernel, log) = (kernel(), Logbook::default());
    wire(&kernel, 9, Latched);
    let hand = Switch::attach(&kernel, 9);
    hand.set_at(&kernel, 5_000, LineState::Up);
    hand.set_at(&kernel, 50_000, LineState::Down);
    hand.set_at(&kernel, 60_000, LineState::Up);
    connect(&kernel, 9, Latched, answering(PORT, &log, "isr"));
    kernel.run_until(100_000);
    assert_eq!(log.times_ns(), [5_000, 60_000]);
}

#[test]
fn an_edge_that_has_gone_is_remembered_and_a_level_that_has_gone_is_not() {
    for (trigger, calls) in [(Latched, 1), (Level, 0)] {
        let (kernel, log) = (kernel(), Logbook::default());
        wire(&kernel, 9, trigger);
        let hand = Switch::attach(&kernel, 9);
        connect(&kernel, 9, trigger, answering(PORT, &log, "isr"));
        let old = kernel.raise_irql(Irql::HIGH_LEVEL);
        hand.pulse(&kernel);
        hand.pulse(&kernel);
        kernel.lower_irql(old);
        assert_eq!(log.count("isr"), calls, "{trigger:?}");
    }
}

#[test]
fn an_edge_inside_the_service_routine_brings_it_back() {
    let (kernel, log) = (kernel(), Logbook::default());
    wire(&kernel, 9, Latched);
    let hand = Switch::attach(&kernel, 9);
    let (book, first) = (log.clone(), Cell::new(true));
    let line = hand.clone();
    let routine = Rc::new(move |kernel: &Kernel| {
        book.write(kernel, "isr");
        line.set(kernel, LineState::Down);
        if first.replace(false) {
            line.set(kernel, LineState::Up);
        }
        Claim::Mine
    });
    connect(&kernel, 9, Latched, routine);
    hand.set(&kernel, LineState::Up);
    kernel.stall_us(1);
    assert_eq!(log.count("isr"), 2);
}

#[test]
fn what_came_before_connect_is_delivered_before_connect_returns() {
    for trigger in [Latched, Level] {
        let (kernel, log) = (kernel(), Logbook::default());
        bell_on_line(&kernel, 9, trigger, &[5_000]);
        kernel.run_until(50_000);
        connect(&kernel, 9, trigger, answering(PORT, &log, "isr"));
        assert_eq!(log.times_ns(), [50_000], "{trigger:?}");
    }
}

#[test]
fn two_devices_that_share_a_level_line_are_both_served() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, Level, &[5_000]);
    kernel.attach_device(SECOND, 2, Some(9), Bell::ringing_at(&[5_000, 40_000]));
    connect(&kernel, 9, Level, answering(PORT, &log, "first"));
    connect(&kernel, 9, Level, answering(SECOND, &log, "second"));
    kernel.run_until(100_000);
    assert_eq!(log.words(), ["first", "first", "second", "first", "second"]);
    assert_eq!(kernel.counters().interrupts, 3, "a claim ends the round");
}

#[test]
fn two_devices_that_share_one_edge_are_both_served() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, Latched, &[5_000]);
    kernel.attach_device(SECOND, 2, Some(9), Bell::ringing_at(&[5_000]));
    connect(&kernel, 9, Latched, answering(PORT, &log, "first"));
    connect(&kernel, 9, Latched, answering(SECOND, &log, "second"));
    kernel.run_until(100_000);
    assert_eq!(log.words(), ["first", "second", "first", "second"], "until nobody claims");
    assert_eq!(kernel.counters().interrupts, 1);
}

#[test]
fn a_device_that_rings_on_a_shared_edge_line_during_the_pass_is_not_lost() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, Latched, &[5_000, 5_500]);
    kernel.attach_device(SECOND, 2, Some(9), Bell::ringing_at(&[5_000, 7_500, 8_000]));
    connect(&kernel, 9, Latched, answering(PORT, &log, "first"));
    connect(&kernel, 9, Latched, answering(SECOND, &log, "second"));
    kernel.run_until(100_000);
    let old = kernel.raise_irql(Irql::HIGH_LEVEL);
    assert_eq!((kernel.read_port_u8(PORT), kernel.read_port_u8(SECOND)), (0, 0));
    kernel.lower_irql(old);
}

#[test]
fn a_level_line_that_its_routines_leave_up_is_a_storm_that_names_the_line() {
    let kernel = kernel();
    wire(&kernel, 9, Level);
    let hand = Switch::attach(&kernel, 9);
    let result = kernel.enter(|kernel| {
        connect(kernel, 9, Level, Rc::new(|_| Claim::Mine));
        hand.set(kernel, LineState::Up);
        kernel.stall_us(1);
    });
    assert!(hang(result).contains("irq 9"));
    assert_eq!(kernel.counters().interrupts, 10_000);
}

#[test]
fn a_shared_edge_line_whose_routine_always_claims_is_a_storm() {
    let kernel = kernel();
    wire(&kernel, 9, Latched);
    let hand = Switch::attach(&kernel, 9);
    let result = kernel.enter(|kernel| {
        connect(kernel, 9, Latched, Rc::new(|_| Claim::Mine));
        connect(kernel, 9, Latched, Rc::new(|_| Claim::NotMine));
        hand.set(kernel, LineState::Up);
        kernel.stall_us(1);
    });
    assert!(hang(result).contains("shared latched line"));
}

#[test]
fn an_interrupt_that_nobody_claims_is_counted_and_traced() {
    let kernel = kernel();
    wire(&kernel, 9, Latched);
    let hand = Switch::attach(&kernel, 9);
    connect(&kernel, 9, Latched, Rc::new(|_| Claim::NotMine));
    hand.set(&kernel, LineState::Up);
    kernel.stall_us(1);
    assert_eq!(kernel.counters().unclaimed_interrupts, 1);
    let log = kernel.trace().log();
    let answers: Vec<&str> = log
        .events()
        .filter_map(|timed| match timed.event {
            Event::Return { argument: Argument::Word(word), .. } => Some(log.name(word)),
            _ => None,
        })
        .collect();
    assert_eq!(answers, ["not mine"]);
}

#[test]
fn a_service_routine_that_returns_at_another_irql_is_bug_check_c8() {
    let kernel = kernel();
    bell_on_line(&kernel, 9, Latched, &[5_000]);
    let result = kernel.enter(|kernel| {
        let routine = Rc::new(|kernel: &Kernel| {
            kernel.raise_irql(Irql::HIGH_LEVEL);
            Claim::Mine
        });
        connect(kernel, 9, Latched, routine);
        kernel.run_until(50_000);
    });
    assert_eq!(bug_check(result), (0xC8, 15));
}

#[test]
fn synchronize_execution_keeps_the_service_routine_out_and_lets_it_in_afterwards() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, Latched, &[5_000]);
    let interrupt = connect(&kernel, 9, Latched, answering(PORT, &log, "isr"));
    let answer = kernel.synchronize_execution(&interrupt, |kernel| {
        assert_eq!(kernel.current_irql(), Irql::of_line(9));
        kernel.stall_us(20);
        log.write(kernel, "synchronised");
        42
    });
    assert_eq!(answer, 42);
    assert_eq!(log.words(), ["synchronised", "isr"]);
    assert_eq!(log.times_ns(), [20_000, 20_000]);
    assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
}

#[test]
fn a_synchronised_region_is_in_the_trace_when_it_is_asked_for() {
    for (regions, events) in [(Regions::Hidden, 0), (Regions::Shown, 2)] {
        let trace = TraceConfig { regions, ..TraceConfig::default() };
        let kernel = Kernel::new(KernelConfig { trace, ..KernelConfig::default() });
        wire(&kernel, 9, Latched);
        let interrupt = connect(&kernel, 9, Latched, Rc::new(|_| Claim::NotMine));
        kernel.synchronize_execution(&interrupt, |_| ());
        let log = kernel.trace().log();
        let raised = log.events().filter(|event| event.level == trace::Level::Raised);
        assert_eq!(raised.count(), events);
    }
}

#[test]
fn the_level_in_a_trace_tells_a_region_from_a_service_routine() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, Latched, &[5_000]);
    let interrupt = connect(&kernel, 9, Latched, answering(PORT, &log, "isr"));
    kernel.synchronize_execution(&interrupt, |kernel| kernel.read_port_u8(PORT));
    kernel.stall_us(20);
    let traced = kernel.trace().log();
    let accesses = traced.events().filter(|event| matches!(event.event, Event::Access(_)));
    let levels: Vec<_> = accesses.map(|event| event.level).collect();
    assert_eq!(levels, [trace::Level::Raised, trace::Level::Device]);
}

#[test]
fn synchronize_execution_inside_its_own_service_routine_is_bug_check_0f() {
    let kernel = kernel();
    bell_on_line(&kernel, 9, Latched, &[5_000]);
    let own: Rc<RefCell<Option<Interrupt>>> = Rc::default();
    let result = kernel.enter(|kernel| {
        let inside = Rc::clone(&own);
        let routine = Rc::new(move |kernel: &Kernel| {
            let interrupt = inside.borrow().clone().expect("it was connected before");
            kernel.synchronize_execution(&interrupt, |_| Claim::Mine)
        });
        *own.borrow_mut() = Some(connect(kernel, 9, Latched, routine));
        kernel.run_until(50_000);
    });
    assert_eq!(bug_check(result).0, 0x0F);
}

#[test]
fn connect_refuses_what_does_not_fit_the_line() {
    let kernel = kernel();
    wire(&kernel, 9, Latched);
    let connect_as = |vector, mode, share| {
        let routine = Rc::new(|_: &Kernel| Claim::NotMine);
        kernel.connect_interrupt(vector, mode, share, routine).map(|_| ())
    };
    let refused = Err(NtStatus::INVALID_PARAMETER);
    let vector = InterruptLine::vector_of(9);
    assert_eq!(connect_as(InterruptLine::vector_of(5), Latched, Share::Shared), refused);
    assert_eq!(connect_as(0, Latched, Share::Shared), refused);
    assert_eq!(connect_as(vector, Level, Share::Shared), refused);
    assert_eq!(connect_as(vector, Latched, Share::Shared), Ok(()));
    assert_eq!(connect_as(vector, Latched, Share::Exclusive), refused);
}

#[test]
fn an_exclusive_line_is_free_again_after_disconnect() {
    let kernel = kernel();
    wire(&kernel, 9, Latched);
    let connect_alone = || {
        let routine = Rc::new(|_: &Kernel| Claim::NotMine);
        kernel.connect_interrupt(InterruptLine::vector_of(9), Latched, Share::Exclusive, routine)
    };
    let first = connect_alone().expect("the line is free");
    assert_eq!(connect_alone().err(), Some(NtStatus::INVALID_PARAMETER));
    kernel.disconnect_interrupt(&first);
    assert!(connect_alone().is_ok());
}

#[test]
fn nothing_is_delivered_after_disconnect_and_the_wait_is_over_at_the_next_connect() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, Level, &[5_000]);
    let first = connect(&kernel, 9, Level, answering(PORT, &log, "first"));
    kernel.disconnect_interrupt(&first);
    kernel.run_until(50_000);
    assert!(log.words().is_empty());
    connect(&kernel, 9, Level, answering(PORT, &log, "second"));
    assert_eq!(log.words(), ["second"]);
}

#[test]
fn a_routine_may_disconnect_itself_and_another_may_be_connected_meanwhile() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, Level, &[5_000]);
    let own: Rc<RefCell<Option<Interrupt>>> = Rc::default();
    let (inside, book) = (Rc::clone(&own), log.clone());
    let routine = Rc::new(move |kernel: &Kernel| {
        book.write(kernel, "leaving");
        let interrupt = inside.borrow_mut().take().expect("it leaves once");
        kernel.disconnect_interrupt(&interrupt);
        connect(kernel, 9, Level, answering(PORT, &book, "successor"));
        Claim::NotMine
    });
    *own.borrow_mut() = Some(connect(&kernel, 9, Level, routine));
    kernel.run_until(50_000);
    assert_eq!(log.words(), ["leaving", "successor"]);
    let rules: Vec<&str> = kernel.violations().iter().map(|breach| breach.rule.id).collect();
    assert_eq!(rules, ["IrqlIoPassive4", "IrqlIoPassive2"], "both belong to PASSIVE_LEVEL");
}

#[test]
fn of_two_waiting_lines_the_more_urgent_is_served_first() {
    let (kernel, log) = (kernel(), Logbook::default());
    for (line, port) in [(7, 0x100), (9, 0x110), (5, 0x120), (3, 0x130)] {
        wire(&kernel, line, Latched);
        kernel.attach_device(port, 2, Some(line), Bell::ringing_at(&[5_000]));
    }
    connect(&kernel, 7, Latched, answering(0x100, &log, "7"));
    connect(&kernel, 9, Latched, answering(0x110, &log, "9"));
    connect(&kernel, 5, Latched, answering(0x120, &log, "5"));
    connect(&kernel, 3, Latched, answering(0x130, &log, "3"));
    let old = kernel.raise_irql(Irql::HIGH_LEVEL);
    kernel.stall_us(10);
    kernel.lower_irql(old);
    assert_eq!(log.words(), ["9", "3", "5", "7"], "the order of the two 8259 controllers");
}

#[test]
fn a_line_shows_in_the_trace_when_it_rises_and_when_it_falls() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, Latched, &[5_000]);
    connect(&kernel, 9, Latched, answering(PORT, &log, "isr"));
    kernel.run_until(50_000);
    let trace = kernel.trace().log();
    let signals: Vec<(u64, &str, u32)> = trace
        .events()
        .filter_map(|timed| match timed.event {
            Event::Signal { signal, value } => {
                assert_eq!(trace.layer(timed.who), Some(Layer::Hardware));
                Some((timed.time_ns, trace.name(signal), value))
            }
            _ => None,
        })
        .collect();
    assert_eq!(signals, [(5_000, "irq 9", 1), (6_000, "irq 9", 0)]);
}

#[test]
fn a_level_line_falls_only_when_its_last_device_lets_go() {
    let (kernel, log) = (kernel(), Logbook::default());
    wire(&kernel, 9, Level);
    let (one, two) = (Switch::attach(&kernel, 9), Switch::attach(&kernel, 9));
    one.set(&kernel, LineState::Up);
    two.set(&kernel, LineState::Up);
    one.set(&kernel, LineState::Down);
    let (book, last) = (log.clone(), two.clone());
    let routine = Rc::new(move |kernel: &Kernel| {
        book.write(kernel, "isr");
        last.set(kernel, LineState::Down);
        Claim::Mine
    });
    connect(&kernel, 9, Level, routine);
    assert_eq!(log.count("isr"), 1);
}
